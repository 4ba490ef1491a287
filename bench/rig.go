package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/assay-project/assay/internal/archive"
	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/docker"
	"github.com/assay-project/assay/internal/sandbox"
)

// image is what both sides run in.
const image = "debian:bookworm"

// rig is our side: a pool on the engine, as a worker has it, and one grader
// with one test.
type rig struct {
	engine     *docker.Engine
	launcher   *docker.Launcher
	pool       *sandbox.Pool
	dir        string // the warden's
	imageID    string
	grader     *assay.Grader
	submission []byte
}

// newRig makes a rig whose test runs command. The pool parks at most budget
// and tells log what goes wrong.
func newRig(ctx context.Context, log io.Writer, budget int, command ...string) (*rig, error) {
	zero := 0
	r := &rig{grader: &assay.Grader{
		Name: "bench", Image: assay.ImageSource{Reference: image}, Runtime: "runc", Network: assay.NetworkNone,
		Limits: assay.DefaultLimits, Submission: assay.DefaultSubmissionRules,
		Tests: []assay.Test{{
			Name: strings.Join(command, " "), Step: assay.Step{Command: command, Points: 1},
			As: assay.AsStudent, Exit: &zero,
		}},
	}}
	if err := r.open(ctx, log, budget); err != nil {
		return nil, errors.Join(err, r.close(ctx))
	}
	return r, nil
}

func (r *rig) open(ctx context.Context, log io.Writer, budget int) (err error) {
	if r.engine, err = docker.Connect(ctx); err != nil {
		return err
	}
	if r.imageID, err = r.engine.Resolve(ctx, image); err != nil {
		return fmt.Errorf("the base image is missing (make base-image gets it): %w", err)
	}
	if r.dir, err = os.MkdirTemp("", "assay-bench-"); err != nil {
		return err
	}
	warden, err := sandbox.InstallWarden(r.dir, r.engine.Info().Arch)
	if err != nil {
		return err
	}
	r.launcher = r.engine.Launcher(docker.LauncherConfig{Owner: "bench-" + assay.NewID(), WardenPath: warden})
	r.pool = sandbox.NewPool(r.launcher, sandbox.PoolConfig{Budget: budget, Log: slog.New(slog.NewTextHandler(log, nil))})
	var packed bytes.Buffer
	program := []byte("print('hello')\n")
	if _, err := archive.Normalize(bytes.NewReader(program), int64(len(program)), "main.py", &packed, archive.DefaultLimits); err != nil {
		return err
	}
	r.submission = packed.Bytes()
	return nil
}

// grade grades the submission and gives what its test wrote. Everything but a
// passed test is an error: it would be quick, and prove nothing.
func (r *rig) grade(ctx context.Context) (string, error) {
	id := assay.NewID()
	result, err := r.pool.Grade(ctx, sandbox.Assignment{
		Ticket: assay.Ticket{Job: id, Runtime: r.grader.Runtime, GraderName: r.grader.Name},
		Grader: r.grader, Image: r.imageID, Submission: bytes.NewReader(r.submission), Accepted: time.Now(),
	}, nil)
	if err != nil {
		return "", err
	}
	if result.Verdict != assay.Passed {
		return "", fmt.Errorf("the trivial job ended as %s: %s %+v", result.Verdict, result.Message, result.Tests)
	}
	return result.Tests[0].Stdout, nil
}

// parked counts the sandboxes that wait for a job.
func (r *rig) parked() int {
	n := 0
	for _, s := range r.pool.Sandboxes() {
		if s.State == sandbox.Parked {
			n++
		}
	}
	return n
}

// prepare has a sandbox parked.
func (r *rig) prepare() {
	r.pool.Prepare(sandbox.Assignment{Grader: r.grader, Image: r.imageID}.Shape())
}

// settle waits until every sandbox that exists is parked, and at least as
// many as asked for.
func (r *rig) settle(ctx context.Context, parked int) error {
	ctx, cancel := context.WithTimeoutCause(ctx, 30*time.Second, errors.New("the pool did not come to rest in 30 s"))
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		// The engine is asked last: its answers cost what is measured.
		if n := r.parked(); n >= parked && n == len(r.pool.Sandboxes()) {
			ids, err := r.launcher.List(ctx)
			if err != nil {
				return err
			}
			if len(ids) == n {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// close removes all that the rig has made.
func (r *rig) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	var errs []error
	if r.pool != nil {
		errs = append(errs, r.pool.Close(ctx))
	}
	if r.engine != nil {
		errs = append(errs, r.engine.Close())
	}
	if r.dir != "" {
		errs = append(errs, os.RemoveAll(r.dir))
	}
	return errors.Join(errs...)
}
