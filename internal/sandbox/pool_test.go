package sandbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/warden"
)

// hello is the smallest job.
func hello() job { return job{tests: []assay.Test{sh("cat answer.txt")}} }

// count counts the sandboxes in a state.
func (r *rig) count(s State) int {
	n := 0
	for _, one := range r.Sandboxes() {
		if one.State == s {
			n++
		}
	}
	return n
}

func (r *rig) inEngine() []string {
	r.t.Helper()
	ids, err := r.launcher.List(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return ids
}

func TestSandboxIsUsedOnce(t *testing.T) {
	r := newRig(t, PoolConfig{Budget: 1})
	mark := job{tests: []assay.Test{sh("echo mine > /work/mark; echo mine > /tmp/mark")}}
	look := job{tests: []assay.Test{sh("ls /work /tmp; id -u")}}
	seen := map[string]bool{}
	for range 2 {
		if got := r.grade(mark); got.Verdict != assay.Passed {
			t.Fatalf("%+v", got)
		}
		out := r.grade(look).Tests[0].Stdout
		if strings.Contains(out, "mark") {
			t.Errorf("another job's files: %q", out)
		}
		if seen[out] {
			t.Errorf("another job's uid: %q", out)
		}
		seen[out] = true
	}
}

func TestPoolHandsJobsToParkedSandboxes(t *testing.T) {
	r := newRig(t, PoolConfig{Budget: 2})
	r.Prepare(r.assignment(hello()).Shape())
	var took []float64
	for range 5 {
		eventually(t, "a sandbox is parked", func() bool { return r.count(Parked) > 0 })
		started := time.Now()
		var running time.Time
		a := r.assignment(hello())
		result, err := r.Grade(t.Context(), a, func(p assay.Progress) {
			if p.Stage == assay.StageTests && p.Done != nil && running.IsZero() {
				running = p.At
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if result.Verdict != assay.Passed || result.Tests[0].Stdout != "42\n" {
			t.Fatalf("%+v", result)
		}
		if got := result.Timeline[0]; got.Stage != assay.StageSandbox || got.Detail != "parked" {
			t.Errorf("timeline %+v", result.Timeline)
		}
		took = append(took, float64(running.Sub(started).Microseconds())/1000)
	}
	slices.Sort(took)
	t.Logf("job to first test's end over a parked sandbox: %.1f ms (median of %d)", took[len(took)/2], len(took))
}

func TestPoolKeepsToItsBudget(t *testing.T) {
	r := newRig(t, PoolConfig{Budget: 3})
	other := hello()
	other.limits = func(l *assay.Limits) { l.Memory = 64 << 20 }
	for range 4 {
		r.Prepare(r.assignment(hello()).Shape())
		r.Prepare(r.assignment(other).Shape())
	}
	eventually(t, "the budget is used", func() bool { return r.count(Parked) == 3 })
	if n := len(r.inEngine()); n > 4 {
		t.Errorf("%d sandboxes exist with a budget of 3", n)
	}
	shapes := map[assay.Shape]bool{}
	for _, s := range r.Sandboxes() {
		shapes[s.Shape] = true
	}
	if len(shapes) != 2 {
		t.Errorf("only %d of 2 shapes have a sandbox parked", len(shapes))
	}
}

func TestUnwantedSandboxIsRemoved(t *testing.T) {
	r := newRig(t, PoolConfig{Budget: 1, Keep: 500 * time.Millisecond})
	r.Prepare(r.assignment(hello()).Shape())
	eventually(t, "a sandbox is parked", func() bool { return r.count(Parked) == 1 })
	eventually(t, "it is gone", func() bool { return len(r.inEngine()) == 0 && len(r.Sandboxes()) == 0 })
}

func TestParkedSandboxThatDiedIsReplaced(t *testing.T) {
	r := newRig(t, PoolConfig{Budget: 1})
	r.Prepare(r.assignment(hello()).Shape())
	eventually(t, "a sandbox is parked", func() bool { return r.count(Parked) == 1 })
	dead := r.inEngine()[0]
	if err := r.launcher.Remove(t.Context(), dead); err != nil {
		t.Fatal(err)
	}
	if got := r.grade(hello()); got.Verdict != assay.Passed {
		t.Errorf("%+v", got)
	}
	eventually(t, "another is parked", func() bool {
		ids := r.inEngine()
		return r.count(Parked) == 1 && len(ids) == 1 && ids[0] != dead
	})
}

func TestCancelledJobsSandboxDiesAtOnce(t *testing.T) {
	r := newRig(t, PoolConfig{})
	ctx, cancel := context.WithCancel(t.Context())
	started := make(chan struct{})
	var cancelled time.Time
	go func() {
		<-started
		cancelled = time.Now()
		cancel()
	}()
	_, err := r.Grade(ctx, r.assignment(job{tests: []assay.Test{sh("sleep 60")}}), func(p assay.Progress) {
		if p.Stage == assay.StageTests {
			close(started)
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	if took := time.Since(cancelled); took > 5*time.Second {
		t.Errorf("returned after %s", took)
	}
	eventually(t, "the sandbox is gone", func() bool { return len(r.inEngine()) == 0 })
}

func TestCutStreamLeavesNothing(t *testing.T) {
	// What is left when a worker is killed: the kernel closes its connection.
	r := newRig(t, PoolConfig{})
	for name, run := range map[string]*warden.Run{
		"parked":  nil,
		"running": {Argv: []string{"sh", "-c", `trap "" TERM HUP; (setsid sleep 600 &); echo started; sleep 600`}, As: warden.Student, Wall: time.Hour, CPU: time.Hour, Output: 1 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := open(t.Context(), r.launcher, r.assignment(hello()).Shape(), users{firstUser, firstUser + 1})
			if err != nil {
				t.Fatal(err)
			}
			if run != nil {
				if err := b.send(*run, nil); err != nil {
					t.Fatal(err)
				}
				if f, err := b.next(t.Context()); err != nil || f.kind != warden.KindOut {
					t.Fatalf("%+v, %v", f, err)
				}
			}
			if len(r.inEngine()) != 1 {
				t.Fatalf("in the engine: %q", r.inEngine())
			}
			b.close()
			eventually(t, "the engine has removed it", func() bool { return len(r.inEngine()) == 0 })
		})
	}
}

func TestSweepRemovesWhatADeadWorkerLeft(t *testing.T) {
	r := newRig(t, PoolConfig{Budget: 1})
	r.Prepare(r.assignment(hello()).Shape())
	eventually(t, "a sandbox is parked", func() bool { return r.count(Parked) == 1 })
	ours := r.inEngine()[0]
	left, err := r.launcher.Launch(t.Context(), r.assignment(hello()).Shape())
	if err != nil {
		t.Fatal(err)
	}
	defer left.Stream.Close() //nolint:errcheck // swept
	if err := r.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if ids := r.inEngine(); !slices.Equal(ids, []string{ours}) {
		t.Errorf("in the engine: %q, not %q", ids, ours)
	}
}

func TestCloseEndsRunningJobs(t *testing.T) {
	r := newRig(t, PoolConfig{Budget: 1})
	started, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		_, err := r.Grade(context.Background(), r.assignment(job{tests: []assay.Test{sh("sleep 60")}}), func(p assay.Progress) {
			if p.Stage == assay.StageTests {
				close(started)
			}
		})
		ended <- err
	}()
	<-started
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; assay.CodeOf(err) != assay.Unavailable {
		t.Errorf("the job ended with %v", err)
	}
	if ids := r.inEngine(); len(ids) != 0 {
		t.Errorf("left: %q", ids)
	}
	if _, err := r.Grade(t.Context(), r.assignment(hello()), nil); assay.CodeOf(err) != assay.Unavailable {
		t.Errorf("a job after Close: %v", err)
	}
}

func TestManyJobsAtOnce(t *testing.T) {
	r := newRig(t, PoolConfig{Budget: 4})
	var all sync.WaitGroup
	for i := range 24 {
		all.Go(func() {
			j := hello()
			j.files = fstest.MapFS{"answer.txt": {Data: fmt.Appendf(nil, "%d\n", i)}}
			result, err := r.Grade(t.Context(), r.assignment(j), nil)
			if err != nil || result.Tests[0].Stdout != fmt.Sprintf("%d\n", i) {
				t.Errorf("job %d: %+v, %v", i, result, err)
			}
		})
	}
	all.Wait()
}

func TestMachineryFailuresAreNoResult(t *testing.T) {
	r := newRig(t, PoolConfig{Budget: 1})
	gone := r.assignment(hello())
	gone.Image = "sha256:" + strings.Repeat("0", 64)
	if _, err := r.Grade(t.Context(), gone, nil); assay.CodeOf(err) != assay.NotFound || !strings.Contains(err.Error(), "build it again") {
		t.Errorf("missing image: %v", err)
	}
	odd := r.assignment(hello())
	odd.Grader.Runtime = "no-such-runtime"
	if _, err := r.Grade(t.Context(), odd, nil); assay.CodeOf(err) != assay.Unavailable || !strings.Contains(err.Error(), "no-such-runtime") {
		t.Errorf("missing runtime: %v", err)
	}
	// A sandbox that somebody kills is no student's failure.
	killed := r.assignment(job{tests: []assay.Test{sh("sleep 60")}})
	_, err := r.Grade(t.Context(), killed, func(p assay.Progress) {
		if p.Stage != assay.StageTests {
			return
		}
		for _, id := range r.inEngine() {
			if err := r.launcher.Remove(t.Context(), id); err != nil {
				t.Error(err)
			}
		}
	})
	if assay.CodeOf(err) != assay.Unavailable {
		t.Errorf("killed sandbox: %v", err)
	}
}
