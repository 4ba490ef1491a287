package worker

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/assay-project/assay/internal/archive"
	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/bus"
	"github.com/assay-project/assay/internal/docker"
	"github.com/assay-project/assay/internal/sandbox"
)

// connect reaches the engine of these tests.
func connect(t *testing.T) *docker.Engine {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a Docker Engine")
	}
	e, err := docker.Connect(t.Context())
	if err != nil {
		t.Fatalf("this test needs a Docker Engine: run make engine (%v)", err)
	}
	t.Cleanup(func() { _ = e.Close() })
	if _, err := e.Resolve(t.Context(), "debian:bookworm"); err != nil {
		t.Fatalf("this test needs the image debian:bookworm: run make base-image (%v)", err)
	}
	return e
}

// forget removes an image that the test built.
func forget(t *testing.T, image string) {
	t.Helper()
	t.Cleanup(func() {
		if out, err := exec.Command("docker", "rmi", "--force", image).CombinedOutput(); err != nil {
			t.Errorf("removing %s: %v\n%s", image, err, out)
		}
	})
}

// startBus starts an embedded bus; wait is how long the dead keep a ticket.
func startBus(t *testing.T, wait time.Duration) *bus.Bus {
	t.Helper()
	b, err := bus.Start(bus.Config{Dir: t.TempDir(), AckWait: wait, Log: logger(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// logger shows a worker's log with its test. Debug lines are left out.
func logger(t *testing.T) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelInfo}))
}

// office stands for the hub: it hands out attempts and records outcomes by
// the rules of the store, in memory.
type office struct {
	t   *testing.T
	bus *bus.Bus

	mu       sync.Mutex
	changed  chan struct{}
	attempts map[string]assay.Attempt
	outcomes map[string]assay.Outcome
	builds   map[string]assay.BuildOutcome
	progress map[string][]assay.Progress
	silent   bool // it answers nobody
}

func openOffice(t *testing.T, b *bus.Bus) *office {
	t.Helper()
	o := &office{
		t: t, bus: b, changed: make(chan struct{}), attempts: make(map[string]assay.Attempt), outcomes: make(map[string]assay.Outcome),
		builds: make(map[string]assay.BuildOutcome), progress: make(map[string][]assay.Progress),
	}
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() { _ = b.Outcomes(ctx, o.record) })
	work.Go(func() { _ = b.BuildOutcomes(ctx, o.recordBuild) })
	stop := must(b.ServeBegin(o.begin))
	begun := map[string]int{}
	stopBuilds := must(b.ServeBeginBuild(func(_ context.Context, r bus.BeginRequest) (bus.Begin, error) {
		o.mu.Lock()
		defer o.mu.Unlock()
		begun[r.ID]++
		return bus.Begin{Verdict: bus.Go, Attempt: assay.Attempt{Number: begun[r.ID]}}, nil
	}))
	stopProgress := must(b.WatchProgress(func(p assay.Progress) {
		o.change(func() { o.progress[p.Job] = append(o.progress[p.Job], p) })
	}))
	t.Cleanup(func() {
		for _, end := range []func(){cancel, work.Wait, stop, stopBuilds, stopProgress} {
			end()
		}
	})
	return o
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func (o *office) begin(_ context.Context, r bus.BeginRequest) (begin bus.Begin, err error) {
	o.change(func() {
		a, known := o.attempts[r.ID]
		_, ended := o.outcomes[r.ID]
		switch {
		case o.silent:
			err = assay.Errorf(assay.Unavailable, "the hub's disk is full")
		case ended || a.Number >= assay.MaxAttempts || known && !r.Redelivered:
			begin.Verdict = bus.Gone
		default:
			a = assay.Attempt{Job: r.ID, Number: a.Number + 1, Worker: r.Worker, Token: assay.NewSecret()}
			o.attempts[r.ID] = a
			begin = bus.Begin{Verdict: bus.Go, Attempt: a}
		}
	})
	return begin, err
}

func (o *office) record(_ context.Context, got assay.Outcome) error {
	o.change(func() {
		a := o.attempts[got.Job]
		if _, ended := o.outcomes[got.Job]; ended || a.Token != got.Token {
			return
		}
		if got.GivenBack() {
			o.attempts[got.Job] = assay.Attempt{Number: a.Number - 1}
			return
		}
		o.outcomes[got.Job] = got
	})
	return nil
}

func (o *office) recordBuild(_ context.Context, got assay.BuildOutcome) error {
	o.change(func() { o.builds[got.Build] = got })
	return nil
}

func (o *office) change(f func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f()
	close(o.changed)
	o.changed = make(chan struct{})
}

// until waits until something is so.
func (o *office) until(what string, so func() bool) {
	o.t.Helper()
	deadline := time.After(time.Minute)
	for {
		o.mu.Lock()
		done, changed := so(), o.changed
		o.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			o.t.Fatalf("waited a minute for %s; outcomes: %+v", what, o.outcomes)
		}
	}
}

// outcome waits for a job's end.
func (o *office) outcome(job string) assay.Outcome {
	o.t.Helper()
	o.until("the outcome of "+job, func() bool { return o.outcomes[job].Job != "" })
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.outcomes[job]
}

// empty fails when a ticket is left.
func (o *office) empty() {
	o.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		queued, err := o.bus.Queued(context.Background(), assay.DefaultPool)
		if err != nil {
			o.t.Fatal(err)
		}
		left := 0
		for _, n := range queued {
			left += n
		}
		if left == 0 {
			return
		}
		if time.Now().After(deadline) {
			o.t.Fatalf("tickets are left in the queue: %v", queued)
		}
	}
}

// store puts files on the bus and gives their digest.
func (o *office) store(files fstest.MapFS) assay.Digest {
	o.t.Helper()
	var packed bytes.Buffer
	summary, err := archive.Pack(files, &packed, archive.DefaultLimits, nil)
	if err != nil {
		o.t.Fatal(err)
	}
	if err := o.bus.PutObject(context.Background(), summary.Digest, &packed); err != nil {
		o.t.Fatal(err)
	}
	return summary.Digest
}

// submit queues a job.
func (o *office) submit(job string, grader, submission fstest.MapFS) {
	o.t.Helper()
	err := o.bus.PublishJob(context.Background(), assay.Ticket{
		Job: job, Pool: assay.DefaultPool, Priority: assay.Normal, Files: o.store(grader), Submission: o.store(submission),
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

// grader is a grader with one test; its image is as given.
func grader(image string, more fstest.MapFS) fstest.MapFS {
	files := fstest.MapFS{"grader.yaml": text(fmt.Sprintf("name: Hello\nimage: %s\nlimits: {wall: 20s}\ntests:\n  - {name: hello, run: sh hello.sh, stdout: {equal: \"hello\\n\"}, points: 2}\n", image))}
	for name, file := range more {
		files[name] = file
	}
	return files
}

func text(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }

func solution(script string) fstest.MapFS { return fstest.MapFS{"hello.sh": text(script)} }

// hire starts a worker; the function it returns ends and awaits it.
func hire(t *testing.T, b *bus.Bus, cfg Config) (dismiss func()) {
	t.Helper()
	if cfg.DataDir == "" {
		cfg.DataDir = filepath.Join(t.TempDir(), "worker")
	}
	cfg.ID, cfg.Log = "worker", logger(t)
	w := New(cfg)
	w.retry = 100 * time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx, b) }()
	dismiss = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("the worker ended with %v", err)
			}
		case <-time.After(30 * time.Second):
			t.Error("the worker does not end")
		}
	})
	t.Cleanup(dismiss)
	return dismiss
}

// play stands for sandboxes where a test must decide what happens in them.
type play struct {
	grade func(ctx context.Context, a sandbox.Assignment) (*assay.Result, error)
	sweep func() error
}

func (p play) Grade(ctx context.Context, a sandbox.Assignment, report func(assay.Progress)) (*assay.Result, error) {
	report(assay.Progress{Job: a.Ticket.Job, Stage: assay.StageTests, At: time.Now()})
	return p.grade(ctx, a)
}

func (p play) Sweep(context.Context) error {
	if p.sweep != nil {
		return p.sweep()
	}
	return nil
}

func passed() *assay.Result {
	return &assay.Result{Verdict: assay.Passed, Score: 2, MaxScore: 2, Tests: []assay.TestResult{{Name: "hello", Verdict: assay.Passed, Points: 2}}}
}
