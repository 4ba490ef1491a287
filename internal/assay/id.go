package assay

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"time"
)

var idEncoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewID makes an identifier: 26 characters [0-9a-z] that sort by the
// millisecond of their making and cannot be guessed (80 random bits), the
// layout of a ULID in lower case.
func NewID() string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(time.Now().UnixMilli())<<16)
	// crypto/rand.Read never fails: it ends the program instead.
	rand.Read(b[6:])
	return idEncoding.EncodeToString(b[:])
}

// NewSecret makes a token, session key or one-time link: 32 random bytes in
// 52 characters. Store Fingerprint of it, never the secret.
func NewSecret() string {
	var b [32]byte
	rand.Read(b[:])
	return idEncoding.EncodeToString(b[:])
}

// Fingerprint is what is stored of a secret: its SHA-256 in hexadecimal.
// Secrets made by NewSecret have 256 random bits, so no salt is needed.
func Fingerprint(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// Digest names bytes by their content: "sha256:" and 64 hexadecimal digits.
type Digest string

// DigestOf hashes b.
func DigestOf(b []byte) Digest {
	h := sha256.New()
	h.Write(b)
	return SumDigest(h)
}

// SumDigest is the digest of what was written to h, a SHA-256.
func SumDigest(h hash.Hash) Digest { return Digest("sha256:" + hex.EncodeToString(h.Sum(nil))) }

// Valid reports whether d has a digest's form, so that it may be used as a
// file or object name.
func (d Digest) Valid() bool {
	const prefix = "sha256:"
	if len(d) != len(prefix)+64 || d[:len(prefix)] != prefix {
		return false
	}
	for _, c := range d[len(prefix):] {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// Hex is the digest without its prefix, fit for a file name.
func (d Digest) Hex() string {
	if !d.Valid() {
		return ""
	}
	return string(d[len("sha256:"):])
}
