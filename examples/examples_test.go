package examples_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assay-project/assay/examples"
	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/format"
)

var update = flag.Bool("update", false, "write the golden files anew")

// samples are what each example is tried with.
var samples = []string{"correct", "crashing", "endless", "hostile", "partly-wrong"}

// names are those of the graders' folders.
func names(t *testing.T) []string {
	t.Helper()
	folders, err := fs.ReadDir(examples.Files, ".")
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(folders))
	for i, folder := range folders {
		names[i] = folder.Name()
	}
	return names
}

func TestExamplesCanBeUsed(t *testing.T) {
	for _, name := range names(t) {
		folder, err := fs.Sub(examples.Files, name)
		if err != nil {
			t.Fatal(err)
		}
		g, err := format.Load(folder)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if g.MaxScore() != 10 {
			t.Errorf("%s gives %v points; examples give 10, so that their scores compare", name, g.MaxScore())
		}
		got, err := format.Samples(folder)
		if diff := cmp.Diff(samples, got); diff != "" || err != nil {
			t.Errorf("%s: samples: %s %v", name, diff, err)
		}
	}
}

// TestGolden grades every submission of every example with the real program
// on the real engine.
func TestGolden(t *testing.T) {
	if testing.Short() {
		t.Skip("it needs a Docker Engine")
	}
	program := filepath.Join(t.TempDir(), "assay")
	if out, err := exec.Command("go", "build", "-o", program, "../cmd/assay").CombinedOutput(); err != nil {
		t.Fatalf("the program cannot be built: %v\n%s", err, out)
	}
	for _, name := range names(t) {
		for _, sample := range samples {
			t.Run(name+"/"+sample, func(t *testing.T) {
				if sample != "correct" { // which builds the image for the others
					t.Parallel()
				}
				got := grade(t, program, name, sample)
				golden := filepath.Join("golden", name, sample+".json")
				if *update {
					if err := errors.Join(os.MkdirAll(filepath.Dir(golden), 0o755), os.WriteFile(golden, got, 0o644)); err != nil {
						t.Fatal(err)
					}
					return
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatalf("%v\nmake it with go test ./examples -update", err)
				}
				if diff := cmp.Diff(string(want), string(got)); diff != "" {
					t.Errorf("%s; when that is right, go test ./examples -update\n%s", golden, diff)
				}
			})
		}
	}
}

func grade(t *testing.T, program, grader, sample string) []byte {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, "grade", "--json", "-", grader, filepath.Join(grader, "submissions", sample))
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	var r assay.Result
	if err := json.Unmarshal(stdout.Bytes(), &r); err != nil {
		t.Fatalf("%v in\n%s", err, stdout.Bytes())
	}
	if r.Usage.WallMS <= 0 || r.Image == "" || len(r.Timeline) == 0 {
		t.Errorf("the result does not say what was used, where and when: %s", stdout.Bytes())
	}
	// Whatever the golden files say.
	if sample == "correct" && r.Verdict != assay.Passed || sample == "hostile" && r.Score > 0 {
		t.Errorf("%s gets %s, %v points: %s", sample, r.Verdict, r.Score, stdout.Bytes())
	}
	normalize(&r)
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// normalize takes out of a result what differs from run to run: what was
// used, and where a program was when it ran into a limit.
func normalize(r *assay.Result) {
	r.Usage, r.Image, r.Timeline = assay.Usage{}, "", nil
	steps := make([]*assay.TestResult, 0, len(r.Tests)+1)
	if r.Build != nil {
		steps = append(steps, r.Build)
	}
	for i := range r.Tests {
		steps = append(steps, &r.Tests[i])
	}
	for _, t := range steps {
		t.Usage = assay.Usage{}
		if t.Verdict == assay.Timeout {
			t.Message = "…" // on a busy machine the wall's clock may run out before the processor's
		}
		switch t.Verdict {
		case assay.Timeout, assay.OutOfMemory, assay.TooMuchOutput, assay.DiskFull, assay.TooManyProcs:
			t.Exit, t.Signal, t.Stdout, t.Stderr, t.Cut = nil, "", "", "", false
		}
		for _, text := range []*string{&t.Stdin, &t.Stdout, t.Expected} {
			if text != nil && len(*text) > 2000 {
				*text = fmt.Sprintf("%s… (%d bytes)", (*text)[:100], len(*text))
			}
		}
	}
}

func TestCopiesOfTheExamplesShowNoOtherResults(t *testing.T) {
	err := fs.WalkDir(examples.Files, ".", func(name string, _ fs.DirEntry, err error) error {
		if strings.Contains(name, "golden") || strings.Contains(name, "__pycache__") {
			t.Errorf("%s is part of an example", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
