package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/docker"
	"github.com/assay-project/assay/internal/format"
	"github.com/assay-project/assay/internal/sandbox"
	"github.com/assay-project/assay/internal/worker"
)

// removal bounds how long the engine may take to remove the sandbox.
const removal = 30 * time.Second

type gradeOptions struct {
	json, runtime string
	check         bool
}

func newGradeCommand() *cobra.Command {
	var o gradeOptions
	cmd := &cobra.Command{
		Use:   "grade GRADER SUBMISSION",
		Short: "Grade a submission on this machine",
		Long: `Grade a submission on this machine, with nothing but a Docker Engine.

GRADER is a folder with a grader.yaml in it, or an archive of one. SUBMISSION
is a folder, an archive (zip, tar, tar.gz) or a single file.

Exit status: 0 graded, whatever the score; 1 the grader or the submission
cannot be used; 2 wrong usage; 3 the machine or the engine failed.`,
		Example: `  assay grade examples/fizzbuzz-python examples/fizzbuzz-python/submissions/correct
  assay grade --json - fizz.zip homework.py
  assay grade --check fizz`,
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case o.check && len(args) != 1:
				return errors.New("grade --check takes one argument, the grader")
			case !o.check && len(args) != 2:
				return errors.New("grade takes two arguments, the grader and the submission")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			scratch, err := os.MkdirTemp("", "assay-grade-")
			if err != nil {
				return assay.Errorf(assay.Unavailable, "there is no room for temporary files: %w", err)
			}
			defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
			files, err := openGrader(args[0], scratch)
			if err != nil {
				return err
			}
			grader, err := format.Load(files)
			if err != nil {
				return inFolder(args[0], err)
			}
			if o.check {
				return check(cmd, o, grader)
			}
			return grade(cmd, o, grader, files, args[1], scratch)
		},
	}
	addJSONFlag(cmd, &o.json)
	cmd.Flags().StringVar(&o.runtime, "runtime", "", "run sandboxes under runtime `NAME` instead of the grader's")
	cmd.Flags().BoolVar(&o.check, "check", false, "only check whether the grader can be used")
	return cmd
}

// inFolder gives findings the path that the user knows.
func inFolder(folder string, err error) error {
	var found assay.Diagnostics
	if !errors.As(err, &found) {
		return prefix(folder, err)
	}
	placed := make(assay.Diagnostics, len(found))
	for i, d := range found {
		d.File = filepath.Join(folder, d.File)
		placed[i] = d
	}
	return placed
}

func check(cmd *cobra.Command, o gradeOptions, g *assay.Grader) error {
	if o.json != "" {
		if err := writeJSON(cmd, o.json, g); err != nil || o.json == "-" {
			return err
		}
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s can be used: %s, %s points.\n",
		assay.Printable(g.Name, 100), count(len(g.Tests), "test"), number(g.MaxScore()))
	return nil
}

func grade(cmd *cobra.Command, o gradeOptions, g *assay.Grader, files fs.FS, submission, scratch string) (err error) {
	packed, err := openSubmission(submission, scratch)
	if err != nil {
		return err
	}
	defer packed.Close()

	progress := newProgress(cmd.ErrOrStderr(), g)
	result, err := runHere(cmd.Context(), cmd.ErrOrStderr(), worker.GradeRequest{
		Ticket: assay.Ticket{Job: assay.NewID(), GraderName: g.Name, Label: filepath.Base(submission), Runtime: o.runtime},
		Grader: files, Submission: packed,
	}, progress.report)
	progress.clear()
	if err != nil {
		return err
	}
	if o.json != "" {
		if err := writeJSON(cmd, o.json, result); err != nil {
			return err
		}
	}
	if result.Verdict == assay.Rejected {
		if result.Image == "" {
			progress.showTail()
		}
		return assay.Errorf(assay.Invalid, "%s", result.Message)
	}
	if o.json != "-" {
		printResult(cmd.OutOrStdout(), g, result)
	}
	return nil
}

// runHere does a worker's job for one submission: engine, warden, sandbox.
func runHere(ctx context.Context, stderr io.Writer, r worker.GradeRequest, report func(assay.Progress)) (_ *assay.Result, err error) {
	engine, err := docker.Connect(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, assay.Errorf(assay.Unavailable, "there is no folder for caches: set HOME or XDG_CACHE_HOME: %w", err)
	}
	self, dead, err := becomeOwner(filepath.Join(cache, "assay", "running"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, self.end()) }()
	wardenPath, err := sandbox.InstallWarden(filepath.Join(cache, "assay"), engine.Info().Arch)
	if err != nil {
		return nil, err
	}
	launcher := func(owner string) *docker.Launcher {
		return engine.Launcher(docker.LauncherConfig{Owner: owner, WardenPath: wardenPath})
	}
	if err := bury(ctx, dead, func(owner string) remover { return launcher(owner) }); err != nil {
		return nil, err
	}
	pool := sandbox.NewPool(launcher(self.name), sandbox.PoolConfig{
		Log: slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	defer func() {
		// Also when ctx has ended: that is what Close is for.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removal)
		defer cancel()
		err = errors.Join(err, pool.Close(ctx))
	}()
	return worker.New(worker.Config{ID: self.name, Engine: engine, Sandboxes: pool}).Grade(ctx, r, report)
}
