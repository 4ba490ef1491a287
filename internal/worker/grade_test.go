package worker

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/assay-project/assay/internal/archive"
	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/sandbox"
)

func pack(t *testing.T, files fstest.MapFS) io.Reader {
	t.Helper()
	var packed bytes.Buffer
	if _, err := archive.Pack(files, &packed, archive.DefaultLimits, nil); err != nil {
		t.Fatal(err)
	}
	return &packed
}

// A build that never ends must not hold its worker for ever.
func TestBuildOfAGradersImageHasALimit(t *testing.T) {
	w := New(Config{Engine: connect(t), Sandboxes: play{}, Log: logger(t)})
	w.longest = 3 * time.Second
	files := grader("./Dockerfile", fstest.MapFS{"Dockerfile": text("FROM debian:bookworm\nRUN --network=none sleep 1000 # " + assay.NewID() + "\n")})
	result, err := w.Grade(t.Context(), GradeRequest{Grader: files, Submission: pack(t, solution("echo hello"))}, nil)
	if err != nil || result.Verdict != assay.Rejected || !strings.Contains(result.Message, "longer than is allowed") {
		t.Errorf("%+v %v", result, err)
	}
}

func TestGradeWithoutAHub(t *testing.T) {
	engine := connect(t)
	pool := openPool(t, engine, newOwner(t, engine))
	w := New(Config{Engine: engine, Sandboxes: pool, Log: logger(t)})
	nested := fstest.MapFS{}
	for name, file := range grader("./Dockerfile", fstest.MapFS{"Dockerfile": text("FROM debian:bookworm\nENV KEY=" + assay.NewID() + "\n")}) {
		nested["hello-grader/"+name] = file
	}
	var image string
	var stages []string
	for _, detail := range []string{"image built", "image cached"} {
		result, err := w.Grade(t.Context(), GradeRequest{Grader: nested, Submission: pack(t, solution("echo hello"))}, func(p assay.Progress) {
			stages = append(stages, string(p.Stage))
		})
		if err != nil || result.Verdict != assay.Passed || result.Score != 2 {
			t.Fatalf("%+v %v", result, err)
		}
		image = result.Image
		if m := result.Timeline[1]; m.Stage != assay.StageImage || m.Detail != detail {
			t.Errorf("timeline %+v, want %s", result.Timeline, detail)
		}
	}
	if heard := strings.Join(stages, " "); !strings.HasPrefix(heard, "image") || !strings.Contains(heard, "tests") {
		t.Errorf("heard of %s", heard)
	}
	if err := pool.Close(t.Context()); err != nil { // so that the image is not in use
		t.Error(err)
	}
	forget(t, image)
	// Nobody has to listen.
	result, err := w.Grade(t.Context(), GradeRequest{Grader: fstest.MapFS{}, Submission: pack(t, solution(""))}, nil)
	if err != nil || result.Verdict != assay.Rejected || !strings.Contains(result.Message, "grader.yaml") {
		t.Errorf("an empty grader: %+v %v", result, err)
	}
}

func TestJobMayAskForAnotherRuntime(t *testing.T) {
	engine := connect(t)
	var got []string
	w := New(Config{Engine: engine, Log: logger(t), Sandboxes: play{grade: func(_ context.Context, a sandbox.Assignment) (*assay.Result, error) {
		got = append(got, a.Grader.Runtime)
		return passed(), nil
	}}})
	for _, runtime := range []string{"", "other", ""} {
		if _, err := w.Grade(t.Context(), GradeRequest{Ticket: assay.Ticket{Runtime: runtime}, Grader: grader("debian:bookworm", nil)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Join(got, " ") != "runc other runc" {
		t.Errorf("runtimes %v", got)
	}
}

func TestTroubleIsNotTheGradersFault(t *testing.T) {
	for name, c := range map[string]struct {
		err      error
		rejected bool
	}{
		"engine down":     {assay.Errorf(assay.Unavailable, "the Docker Engine does not answer"), false},
		"cancelled":       {context.Canceled, false},
		"our own mistake": {errors.New("index out of range"), false},
		"no such image":   {assay.Errorf(assay.NotFound, "there is no image x"), true},
		"findings":        {assay.Diagnostics{{File: "grader.yaml", Line: 3, Message: "unknown key"}}, true},
	} {
		result, err := rejected(blame(c.err, 7))
		switch {
		case c.rejected && (err != nil || result.Verdict != assay.Rejected || result.MaxScore != 7 || !strings.Contains(result.Message, c.err.Error())):
			t.Errorf("%s: %+v %v", name, result, err)
		case !c.rejected && (result != nil || !errors.Is(err, c.err)):
			t.Errorf("%s: %+v %v", name, result, err)
		}
	}
}
