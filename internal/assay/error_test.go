package assay

import (
	"errors"
	"fmt"
	"io/fs"
	"testing"
)

func TestCodeOf(t *testing.T) {
	missing := Errorf(NotFound, "there is no course %q", "x")
	for _, test := range []struct {
		name string
		err  error
		want Code
	}{
		{"an error of ours", missing, NotFound},
		{"wrapped", fmt.Errorf("while looking: %w", missing), NotFound},
		{"joined", errors.Join(errors.New("x"), missing), NotFound},
		{"diagnostics", Diagnostics{{File: "grader.yaml"}}, Invalid},
		{"wrapped diagnostics", fmt.Errorf("reading: %w", Diagnostics{{}}), Invalid},
		{"somebody else's", fs.ErrNotExist, Internal},
		{"none", nil, Internal},
	} {
		if got := CodeOf(test.err); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

func TestTheCauseIsKept(t *testing.T) {
	err := Errorf(Unavailable, "the disk: %w", fs.ErrPermission)
	if !errors.Is(err, fs.ErrPermission) || err.Error() != "the disk: permission denied" {
		t.Errorf("got %v, cause %v", err, errors.Unwrap(err))
	}
}

func TestDiagnosticsHaveAPlace(t *testing.T) {
	found := Diagnostics{{File: "a", Message: "x"}, {File: "a", Line: 2, Message: "y"}, {File: "a", Line: 2, Column: 3, Message: "z"}}
	if got, want := found.Error(), "a: x\na:2: y\na:2:3: z"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
