package docker

import (
	"strings"
	"testing"

	"github.com/assay-project/assay/internal/assay"
)

func TestResolveGivesTheIDOfWhatIsThere(t *testing.T) {
	e := builderEngine(t)
	id, err := e.Resolve(t.Context(), "debian:bookworm")
	if err != nil || !strings.HasPrefix(id, "sha256:") {
		t.Fatalf("%q, %v", id, err)
	}
	for _, name := range []string{id, "docker.io/library/debian:bookworm"} {
		if again, err := e.Resolve(t.Context(), name); err != nil || again != id {
			t.Errorf("%s is %q, %v; want %s", name, again, err, id)
		}
	}
}

func TestResolveTakesNoPartOfAnIDForAName(t *testing.T) {
	e := builderEngine(t)
	id, err := e.Resolve(t.Context(), "debian:bookworm")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{id[len("sha256:"):][:12], id[:len("sha256:")+12]} {
		if got, err := e.Resolve(t.Context(), part); err == nil {
			t.Errorf("%s is %s", part, got)
		}
	}
}

func TestResolveSaysWhyThereIsNoImage(t *testing.T) {
	e := builderEngine(t)
	for _, c := range []struct {
		reference string
		code      assay.Code
	}{
		{"", assay.Invalid},
		{"Not An Image", assay.Invalid},
		{"sha256:" + strings.Repeat("0", 64), assay.NotFound},
		// A registry that nobody runs; the answer does not depend on the network.
		{"127.0.0.1:1/nothing:1", assay.Unavailable},
	} {
		_, err := e.Resolve(t.Context(), c.reference)
		if assay.CodeOf(err) != c.code || (c.reference != "" && !strings.Contains(err.Error(), c.reference)) {
			t.Errorf("%q: %s: %v", c.reference, assay.CodeOf(err), err)
		}
	}
}
