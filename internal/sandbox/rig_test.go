package sandbox

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/assay-project/assay/internal/archive"
	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/docker"
)

// rig is a pool on the real engine, with an owner of its own.
type rig struct {
	*Pool
	t        *testing.T
	launcher *docker.Launcher
	image    string
	log      *bytes.Buffer
}

// newRig makes a pool that is closed at the test's end, and that must then
// have left nothing in the engine.
func newRig(t *testing.T, cfg PoolConfig) *rig {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a Docker Engine")
	}
	engine, err := docker.Connect(t.Context())
	if err != nil {
		t.Fatalf("this test needs a Docker Engine: %v", err)
	}
	image, err := engine.Resolve(t.Context(), "debian:bookworm")
	if err != nil {
		t.Fatalf("this test needs the image debian:bookworm (make base-image makes it): %v", err)
	}
	wardenPath, err := InstallWarden(t.TempDir(), engine.Info().Arch)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, image: image, log: &bytes.Buffer{}}
	r.launcher = engine.Launcher(docker.LauncherConfig{Owner: "test-" + assay.NewID(), WardenPath: wardenPath})
	cfg.Log = slog.New(slog.NewTextHandler(r.log, nil))
	r.Pool = NewPool(r.launcher, cfg)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := r.Close(ctx); err != nil {
			t.Errorf("closing the pool: %v", err)
		}
		if left, err := r.launcher.List(ctx); err != nil || len(left) > 0 {
			t.Errorf("left in the engine: %q, %v", left, err)
		}
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
		if strings.Contains(r.log.String(), "level=ERROR") {
			t.Errorf("log: %s", r.log)
		}
	})
	return r
}

// job is what a test grades.
type job struct {
	files  fstest.MapFS // the submission
	grader fstest.MapFS // the grader's folder
	limits func(*assay.Limits)
	rules  assay.SubmissionRules
	build  string
	tests  []assay.Test
}

// sh is a test that runs a shell script as the student.
func sh(script string) assay.Test {
	return assay.Test{Name: "test", Step: assay.Step{Command: []string{"sh", "-c", script}, Points: 1}, As: assay.AsStudent}
}

// bySh is a test that runs a shell script as the grader.
func bySh(script string) assay.Test {
	t := sh(script)
	t.As = assay.AsGrader
	return t
}

func (r *rig) assignment(j job) Assignment {
	r.t.Helper()
	g := &assay.Grader{
		Name: "test", Runtime: "runc", Network: assay.NetworkNone,
		Limits: assay.DefaultLimits, Submission: assay.DefaultSubmissionRules, Tests: j.tests,
	}
	if j.limits != nil {
		j.limits(&g.Limits)
	}
	if j.rules.MaxSize > 0 {
		g.Submission = j.rules
	}
	if j.build != "" {
		g.Build = &assay.Step{Command: []string{"sh", "-c", j.build}}
	}
	if j.files == nil {
		j.files = fstest.MapFS{"answer.txt": {Data: []byte("42\n")}}
	}
	return Assignment{
		Ticket: assay.Ticket{Job: assay.NewID()}, Grader: g, Image: r.image,
		Submission: packed(r.t, j.files), Files: j.grader,
	}
}

func packed(t *testing.T, files fstest.MapFS) io.Reader {
	t.Helper()
	for _, f := range files {
		if f.Mode == 0 {
			f.Mode = 0o644
		}
	}
	var buf bytes.Buffer
	if _, err := archive.Pack(files, &buf, archive.DefaultLimits, nil); err != nil {
		t.Fatal(err)
	}
	return &buf
}

// grade grades a job, which the machinery must not fail.
func (r *rig) grade(j job) *assay.Result {
	r.t.Helper()
	result, err := r.Grade(r.t.Context(), r.assignment(j), nil)
	if err != nil {
		r.t.Fatalf("grading: %v", err)
	}
	return result
}

// eventually waits for a condition of the world outside.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not within 30 s: %s", what)
		}
	}
}
