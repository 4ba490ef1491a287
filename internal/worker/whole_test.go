package worker

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/bus"
	"github.com/assay-project/assay/internal/docker"
	"github.com/assay-project/assay/internal/live"
	"github.com/assay-project/assay/internal/sandbox"
)

// newOwner is an owner of sandboxes that must have none at the test's end.
func newOwner(t *testing.T, engine *docker.Engine) string {
	t.Helper()
	owner := "test-" + assay.NewID()
	t.Cleanup(func() {
		left, err := engine.Containers(docker.LabelOwner + "=" + owner).Running(context.Background())
		if err != nil || len(left) > 0 {
			t.Errorf("sandboxes are left: %v %v", left, err)
		}
	})
	return owner
}

// openPool makes a pool of real sandboxes.
func openPool(t *testing.T, engine *docker.Engine, owner string) *sandbox.Pool {
	t.Helper()
	warden, err := sandbox.InstallWarden(t.TempDir(), engine.Info().Arch)
	if err != nil {
		t.Fatal(err)
	}
	pool := sandbox.NewPool(engine.Launcher(docker.LauncherConfig{Owner: owner, WardenPath: warden}), sandbox.PoolConfig{Budget: 2, Log: logger(t)})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := pool.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return pool
}

func TestJobGoesAllTheWay(t *testing.T) {
	engine := connect(t)
	b := startBus(t, bus.DefaultAckWait)
	o := openOffice(t, b)
	pool := openPool(t, engine, newOwner(t, engine))
	hire(t, b, Config{Engine: engine, Sandboxes: pool})
	for job, c := range map[string]struct {
		script  string
		verdict assay.Verdict
		score   float64
	}{
		"right": {"echo hello", assay.Passed, 2},
		"wrong": {"echo bye", assay.Wrong, 0},
	} {
		o.submit(job, grader("debian:bookworm", nil), solution(c.script))
		got := o.outcome(job)
		if got.State != assay.Done || got.Worker != "worker" || got.Result.Verdict != c.verdict || got.Result.Score != c.score || got.Result.MaxScore != 2 {
			t.Fatalf("%s: %+v %+v", job, got, got.Result)
		}
		var stages []string
		for _, m := range got.Result.Timeline {
			if m.Millis < 0 {
				t.Errorf("%s: %s took %v ms", job, m.Stage, m.Millis)
			}
			stages = append(stages, string(m.Stage))
		}
		if line := strings.Join(stages, " "); !strings.HasPrefix(line, "queued image sandbox files tests") {
			t.Errorf("%s: timeline %s", job, line)
		}
		o.mu.Lock()
		heard := make(map[assay.Stage]bool)
		for _, p := range o.progress[job] {
			heard[p.Stage] = true
		}
		o.mu.Unlock()
		if !heard[assay.StageImage] || !heard[assay.StageTests] {
			t.Errorf("%s: heard only of %v", job, heard)
		}
	}
	o.empty()
}

func TestCancelKillsTheSandbox(t *testing.T) {
	engine := connect(t)
	b := startBus(t, bus.DefaultAckWait)
	o := openOffice(t, b)
	pool := openPool(t, engine, newOwner(t, engine))
	hire(t, b, Config{Engine: engine, Sandboxes: pool})
	o.submit("job", grader("debian:bookworm", nil), solution("sleep 1000"))
	o.until("the test to run", func() bool {
		for _, p := range o.progress["job"] {
			if p.Stage == assay.StageTests {
				return true
			}
		}
		return false
	})
	began := time.Now()
	if err := b.Cancel("job"); err != nil {
		t.Fatal(err)
	}
	if got := o.outcome("job"); got.State != assay.Cancelled {
		t.Errorf("%+v", got)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
	o.empty()
}

func TestTwentyJobsSurviveTheDeathOfEverything(t *testing.T) {
	engine := connect(t)
	dir, owner := t.TempDir(), newOwner(t, engine)
	// Nothing comes back because of a wait: with the process died its queue,
	// and the next one knows that nobody holds anything.
	cfg := bus.Config{Dir: dir, AckWait: time.Hour, Log: logger(t)}
	b, err := bus.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	o := openOffice(t, b)
	const jobs = 20
	want := make(map[string]assay.Verdict)
	for i := range jobs {
		job := fmt.Sprint("job", i)
		script := fmt.Sprintf("sleep 0.2; echo hello # %d", i)
		want[job] = assay.Passed
		if i%4 == 3 {
			script, want[job] = fmt.Sprintf("echo %d", i), assay.Wrong
		}
		o.submit(job, grader("debian:bookworm", nil), solution(script))
	}
	// The queue goes away under the worker: nothing it holds is given back and
	// nothing that it finishes is heard of.
	first := New(Config{ID: owner, Engine: engine, Sandboxes: openPool(t, engine, owner), Slots: 3, DataDir: filepath.Join(t.TempDir(), "worker"), Log: logger(t)})
	ended := make(chan error, 1)
	go func() { ended <- first.Run(context.Background(), b) }()
	o.until("five outcomes", func() bool { return len(o.outcomes) >= 5 })
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; assay.CodeOf(err) != assay.Unavailable {
		t.Errorf("without a queue the worker ended with %v", err)
	}

	b, err = bus.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	again := openOffice(t, b)
	again.attempts, again.outcomes = o.attempts, o.outcomes // what is in the database
	hire(t, b, Config{Engine: engine, Sandboxes: openPool(t, engine, owner), Slots: 3})
	for job, verdict := range want {
		if got := again.outcome(job); got.State != assay.Done || got.Result.Verdict != verdict {
			t.Errorf("%s: %+v, want %s", job, got, verdict)
		}
	}
	again.empty()
}

func TestFiguresShowTheRunningJob(t *testing.T) {
	engine := connect(t)
	b := startBus(t, bus.DefaultAckWait)
	o := openOffice(t, b)
	owner := newOwner(t, engine)
	pool := openPool(t, engine, owner)
	figures := make(chan assay.Figures, 1000)
	stop, err := b.WatchFigures(func(f assay.Figures) { figures <- f })
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	collector := live.NewCollector(live.Config{
		Engine: engine.Containers(docker.LabelOwner + "=" + owner), Sandboxes: LiveSandboxes(pool), Worker: assay.Worker{ID: "worker", Cores: 2}, DataDir: t.TempDir(), Log: logger(t),
	})
	hire(t, b, Config{Engine: engine, Sandboxes: pool, Figures: collector, Slots: 7})
	if err := b.WantFigures(); err != nil {
		t.Fatal(err)
	}
	o.submit("job", grader("debian:bookworm", nil), solution("echo hello; sleep 1000"))
	deadline := time.After(30 * time.Second)
	for {
		select {
		case f := <-figures:
			for _, c := range f.Containers {
				if c.Job == "job" && c.State == "running" && c.Step == "hello" && f.Worker.Slots == 7 && f.Worker.SlotsUsed == 1 {
					if err := b.Cancel("job"); err != nil {
						t.Fatal(err)
					}
					o.outcome("job")
					return
				}
			}
			if err := b.WantFigures(); err != nil {
				t.Fatal(err)
			}
		case <-deadline:
			t.Fatalf("the job never appeared: %+v", o.progress["job"])
		}
	}
}

func TestAttention(t *testing.T) {
	var a attention
	now := time.Now()
	at := func(seconds int) time.Time { return now.Add(time.Duration(seconds) * time.Second) }
	for _, step := range []struct {
		second    int
		wants     bool
		news, due bool
	}{
		{second: 0, due: true}, // the first shows that the worker lives
		{second: 1},
		{second: 9},
		{second: 10, due: true},
		{second: 11, wants: true, news: true, due: true},
		{second: 12, due: true},
		{second: 13, wants: true, due: true},
		{second: 18, due: true},
		{second: 19},
		{second: 28, due: true},
	} {
		if step.wants {
			if news := a.wanted(at(step.second)); news != step.news {
				t.Errorf("second %d: news %v", step.second, news)
			}
		}
		if due := a.due(at(step.second)); due != step.due {
			t.Errorf("second %d: due %v", step.second, due)
		}
	}
}
