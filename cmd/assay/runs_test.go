package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// remains is an engine that has sandboxes of owners.
type remains struct {
	ids    map[string][]string
	broken error
	asked  string
}

func (r *remains) of(owner string) remover { return &remains{r.ids, r.broken, owner} }

func (r *remains) List(context.Context) ([]string, error) { return r.ids[r.asked], r.broken }

func (r *remains) Remove(_ context.Context, id string) error {
	delete(r.ids, r.asked)
	return nil
}

func TestWhatDeadProgramsLeftIsRemovedOnce(t *testing.T) {
	dir := t.TempDir()
	alive, dead, err := becomeOwner(dir)
	if err != nil || len(dead) != 0 {
		t.Fatal(dead, err)
	}
	// What a program leaves that was killed: a note that nobody has locked.
	if err := os.WriteFile(filepath.Join(dir, "cli-1-1"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	engine := &remains{ids: map[string][]string{"cli-1-1": {"a", "b"}, alive.name: {"c"}}, broken: errors.New("no engine")}

	notes := func() []string {
		paths, err := filepath.Glob(filepath.Join(dir, "cli-*"))
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range paths {
			paths[i] = filepath.Base(p)
		}
		return paths
	}
	other, err := os.OpenFile(filepath.Join(dir, "cli-1-1"), os.O_RDWR, 0) // of a program that is slower
	if err != nil {
		t.Fatal(err)
	}
	for _, broken := range []bool{true, false} {
		next, dead, err := becomeOwner(dir)
		if err != nil || len(dead) != 1 || dead[0].name != "cli-1-1" {
			t.Fatalf("dead: %v, %v", dead, err)
		}
		if !broken {
			engine.broken = nil
		}
		if err := bury(t.Context(), dead, engine.of); (err != nil) != broken {
			t.Fatal(err)
		}
		if err := next.end(); err != nil {
			t.Fatal(err)
		}
	}
	if err := bury(t.Context(), []*owner{{name: "cli-1-1", file: other}}, engine.of); err != nil {
		t.Errorf("what another has buried: %v", err)
	}
	if diff := cmp.Diff(map[string][]string{alive.name: {"c"}}, engine.ids); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{alive.name}, notes()); diff != "" {
		t.Error(diff)
	}
	if err := alive.end(); err != nil {
		t.Fatal(err)
	}
	if left := notes(); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}
