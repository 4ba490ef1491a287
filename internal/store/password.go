package store

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Parameters of argon2id: the second recommendation of RFC 9106, section 4
// (64 MiB, 3 passes, 4 lanes), above the minimum of OWASP's Password Storage
// Cheat Sheet. They stand in every stored password, so they can be raised
// without locking anybody out.
const (
	argonMemory = 64 << 10 // KiB
	argonPasses = 3
	argonLanes  = 4
	saltLength  = 16
	keyLength   = 32
)

// passwords hashes, at most two at a time: each takes 64 MiB and tens of
// milliseconds, and signing in must not be a way to exhaust the hub.
type passwords struct{ turn chan struct{} }

func newPasswords() passwords { return passwords{turn: make(chan struct{}, 2)} }

// hash is the password as a PHC string.
func (p passwords) hash(password string) string {
	var salt [saltLength]byte
	rand.Read(salt[:]) //nolint:errcheck // never fails: it ends the program instead
	key := p.key(password, salt[:], argonPasses, argonMemory, argonLanes, keyLength)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonPasses, argonLanes,
		b64.EncodeToString(salt[:]), b64.EncodeToString(key))
}

// match compares in constant time. A string that is no PHC of ours matches
// nothing, and takes as long as one that is.
func (p passwords) match(phc, password string) bool {
	var version int
	var memory, passes uint32
	var lanes uint8
	var rest string
	salt, want := make([]byte, saltLength), make([]byte, keyLength)
	known := false
	if n, err := fmt.Sscanf(phc, "$argon2id$v=%d$m=%d,t=%d,p=%d$%s", &version, &memory, &passes, &lanes, &rest); err == nil && n == 5 {
		known = decode(rest, &salt, &want) && version == argon2.Version && memory <= 1<<20 && passes > 0 && passes <= 16 && lanes > 0
	}
	if !known {
		memory, passes, lanes = argonMemory, argonPasses, argonLanes
	}
	got := p.key(password, salt, passes, memory, lanes, uint32(len(want))) //nolint:gosec // decoded from a short string
	return subtle.ConstantTimeCompare(got, want) == 1 && known
}

func decode(rest string, salt, key *[]byte) bool {
	first, second, _ := strings.Cut(rest, "$")
	s, err1 := base64.RawStdEncoding.DecodeString(first)
	k, err2 := base64.RawStdEncoding.DecodeString(second)
	if err1 != nil || err2 != nil || len(s) == 0 || len(k) < 16 || len(k) > 128 {
		return false
	}
	*salt, *key = s, k
	return true
}

func (p passwords) key(password string, salt []byte, passes, memory uint32, lanes uint8, length uint32) []byte {
	p.turn <- struct{}{}
	defer func() { <-p.turn }()
	return argon2.IDKey([]byte(password), salt, passes, memory, lanes, length)
}
