package worker

import (
	"cmp"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"time"

	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/docker"
	"github.com/assay-project/assay/internal/sandbox"
)

// Engine builds and finds images.
type Engine interface {
	// Ensure builds an image unless there is one of equal content.
	Ensure(ctx context.Context, spec docker.BuildSpec, report func(assay.BuildProgress)) (assay.BuildOutcome, error)
	// Build builds an image.
	Build(ctx context.Context, spec docker.BuildSpec, report func(assay.BuildProgress)) (assay.BuildOutcome, error)
	// Resolve gives the id of a named image: NotFound or Invalid when there
	// is none, anything else when that cannot be found out.
	Resolve(ctx context.Context, name string) (id string, err error)
	// Ping reports as an error that it does not answer.
	Ping(ctx context.Context) error
}

// Sandboxes grades submissions in sandboxes.
type Sandboxes interface {
	Grade(ctx context.Context, a sandbox.Assignment, report func(assay.Progress)) (*assay.Result, error)
	// Sweep removes what a dead predecessor left.
	Sweep(ctx context.Context) error
}

// Figures reads how this machine and its containers are.
type Figures interface {
	// Run calls publish each second until ctx ends.
	Run(ctx context.Context, publish func(assay.Figures))
	// Refresh makes the next call come at once.
	Refresh()
}

// Config is what a worker is made from.
type Config struct {
	ID        string // stable over restarts: see ID
	Engine    Engine
	Sandboxes Sandboxes // closed by who made it, after Run has returned
	Figures   Figures   // nil publishes none
	Pool      string    // whose queue it serves; empty is assay.DefaultPool
	DataDir   string    // where graders are unpacked; of this worker alone
	Slots     int       // jobs at one time; 0 is one for each core
	Log       *slog.Logger
}

// Worker grades submissions.
type Worker struct {
	cfg Config
	log *slog.Logger
	// retry is how long a job waits after its first failed attempt, and a
	// fifth of how long the engine is left alone after it did not answer.
	retry time.Duration
	// longest is how long the build of one image may take.
	longest time.Duration
}

// New makes a worker. It does nothing before Grade or Run.
func New(cfg Config) *Worker {
	cfg.Pool = cmp.Or(cfg.Pool, assay.DefaultPool)
	cfg.Slots = cmp.Or(cfg.Slots, runtime.NumCPU())
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	return &Worker{cfg: cfg, log: cfg.Log, retry: 5 * time.Second, longest: 30 * time.Minute}
}

var idForm = regexp.MustCompile(`^[0-9a-z]{26}$`)

// ID is the identity of the worker whose data is in dataDir, made at first
// use. What the worker makes in an engine carries it, so that after a crash
// its successor knows what to remove.
func ID(dataDir string) (string, error) {
	file := filepath.Join(dataDir, "worker-id")
	content, err := os.ReadFile(file)
	if err == nil && idForm.Match(content) {
		return string(content), nil
	}
	if err != nil && !os.IsNotExist(err) {
		return "", assay.Errorf(assay.Unavailable, "Cannot read the worker's identity: %w.", err)
	}
	id := assay.NewID()
	if err := os.MkdirAll(dataDir, 0o700); err != nil {
		return "", assay.Errorf(assay.Unavailable, "Cannot make the worker's folder: %w.", err)
	}
	// Written beside and renamed: a full disk must not leave half an identity.
	temporary := file + ".new"
	if err := os.WriteFile(temporary, []byte(id), 0o600); err != nil {
		return "", assay.Errorf(assay.Unavailable, "Cannot write the worker's identity: %w.", err)
	}
	if err := os.Rename(temporary, file); err != nil {
		return "", assay.Errorf(assay.Unavailable, "Cannot write the worker's identity: %w.", err)
	}
	return id, nil
}
