package assay

import (
	"crypto/sha256"
	"regexp"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestIDsSortByTheirTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ids []string
		for range 100 {
			ids = append(ids, NewID())
			time.Sleep(time.Millisecond) // of the test's own clock
		}
		form := regexp.MustCompile(`^[0-9a-z]{26}$`)
		for _, id := range ids {
			if !form.MatchString(id) {
				t.Fatalf("%q is not 26 characters of [0-9a-z]", id)
			}
		}
		if !slices.IsSorted(ids) {
			t.Errorf("not sorted: %v", ids)
		}
	})
}

func TestIDsAndSecretsDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 10000 {
		for _, s := range []string{NewID(), NewSecret()} {
			if seen[s] {
				t.Fatalf("%s came twice", s)
			}
			seen[s] = true
		}
	}
	if secret := NewSecret(); len(secret) != 52 || Fingerprint(secret) == secret || len(Fingerprint(secret)) != 64 {
		t.Errorf("%q has the fingerprint %q", secret, Fingerprint(secret))
	}
}

func TestDigests(t *testing.T) {
	h := sha256.New()
	h.Write([]byte("x"))
	d := DigestOf([]byte("x"))
	if d != SumDigest(h) || !d.Valid() || "sha256:"+d.Hex() != string(d) {
		t.Errorf("%s, %s", d, SumDigest(h))
	}
	for _, bad := range []Digest{"", "sha256:", "sha256:../../etc/passwd", d[:70], d + "0", "sha256:" + Digest(regexp.MustCompile(`[a-f]`).ReplaceAllString(d.Hex(), "A")), "sha512:" + Digest(d.Hex())} {
		if bad.Valid() || bad.Hex() != "" {
			t.Errorf("%q is taken for a digest", bad)
		}
	}
}
