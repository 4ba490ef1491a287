package live

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/assay-project/assay/internal/assay"
)

// script is an engine whose containers the test starts and ends.
type script struct {
	mu      sync.Mutex
	running map[string]assay.Container
	events  chan assay.ContainerEvent
	down    bool
}

func (s *script) Running(context.Context) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for id := range s.running {
		ids = append(ids, id)
	}
	return ids, nil
}

func (s *script) Container(_ context.Context, id string) (assay.Container, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, ok := s.running[id]; ok {
		return c, nil
	}
	return assay.Container{}, assay.Errorf(assay.NotFound, "container %s does not exist", id)
}

func (s *script) Events(context.Context) (<-chan assay.ContainerEvent, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return nil, errors.New("the engine is down")
	}
	s.events = make(chan assay.ContainerEvent, 100)
	return s.events, nil
}

// start starts a container whose process is the recorded one; tell says
// whether there is an event.
func (s *script) start(id string, tell bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running[id] = assay.Container{ID: id, PID: recordedPID, StartedAt: time.Now()}
	if tell {
		s.events <- assay.ContainerEvent{ID: id, Running: true}
	}
}

func (s *script) end(id string, tell bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, id)
	if tell {
		s.events <- assay.ContainerEvent{ID: id}
	}
}

// lose ends the stream of events; while down there is no other.
func (s *script) lose(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
	if s.events != nil {
		close(s.events)
		s.events = nil
	}
}

func newScript() *script { return &script{running: map[string]assay.Container{}} }

// put makes the rows of the engine's containers, as Run would.
func put(t *testing.T, c *Collector) {
	t.Helper()
	if err := c.reconcile(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.clear)
}

func TestCPUIsUsedTimeOverElapsedTime(t *testing.T) {
	root := copyTree(t, "v2-systemd")
	stat := filepath.Join(root, "sys/fs/cgroup/system.slice/docker-"+recordedID+".scope/cpu.stat")
	engine := newScript()
	engine.start(recordedID, false)
	c := NewCollector(Config{Engine: engine, Root: root, DataDir: root})
	put(t, c)

	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, tick := range []struct {
		name    string
		elapsed time.Duration
		usec    int
		want    float64
	}{
		{"the first reading has nothing to compare with", 0, 1_000_000, 0},
		{"a second", time.Second, 2_500_000, 1.5},
		{"a late tick", 4 * time.Second, 4_500_000, 0.5},
		{"too soon to say anything new", 100 * time.Millisecond, 4_600_000, 0.5},
		{"since the last reading, not the last sample", 900 * time.Millisecond, 4_750_000, 0.25},
		{"a counter that went backwards says nothing", time.Second, 0, 0.25},
		{"and is the new beginning", time.Second, 1_000_000, 1},
	} {
		at = at.Add(tick.elapsed)
		write(t, stat, fmt.Sprintf("usage_usec %d\n", tick.usec))
		got := c.Sample(at)
		if len(got.Containers) != 1 || got.Containers[0].CPU != tick.want || !got.At.Equal(at) {
			t.Errorf("%s: got %+v, want %v cores", tick.name, got, tick.want)
		}
	}
}

func TestFiguresJoinWhatThePoolKnows(t *testing.T) {
	engine := newScript()
	made := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	base := assay.Container{ID: recordedID, PID: recordedPID, Image: "img", Runtime: "runc", CPULimit: 1, MemoryLimit: 64 << 20, StartedAt: made}
	engine.running[recordedID] = base
	var sandboxes []Sandbox
	c := NewCollector(Config{
		Engine: engine, Root: filepath.Join("testdata", "v2-systemd"), DataDir: t.TempDir(),
		Sandboxes: func() []Sandbox { return sandboxes }, Worker: assay.Worker{ID: "w1", Slots: 4},
	})
	put(t, c)

	row := assay.ContainerFigures{
		ID: recordedID, Worker: "w1", State: "parked", Image: "img", Runtime: "runc",
		CPULimit: 1, Memory: 40 << 20, MemoryLimit: 64 << 20, Processes: 7, StartedAt: made,
	}
	working := row
	working.State, working.StartedAt = "running", made.Add(time.Hour)
	working.Course, working.Grader, working.Job = "c1", "fizzbuzz", "j1"
	working.JobNumber, working.Label, working.Step = 12, "ada", "compile"
	job := Sandbox{
		ID: recordedID, Running: true, Course: "c1", Grader: "fizzbuzz", Job: "j1", JobNumber: 12,
		Label: "ada", Step: "compile", StartedAt: working.StartedAt,
	}
	for _, c2 := range []struct {
		name          string
		sandboxes     []Sandbox
		want          assay.ContainerFigures
		slots, parked int
	}{
		{"nothing is known", nil, row, 0, 0},
		{"parked", []Sandbox{{ID: recordedID}}, row, 0, 1},
		{"working", []Sandbox{job, {ID: "not started yet"}}, working, 1, 1},
	} {
		sandboxes = c2.sandboxes
		got := c.Sample(time.Now())
		if diff := cmp.Diff([]assay.ContainerFigures{c2.want}, got.Containers); diff != "" {
			t.Errorf("%s: %s", c2.name, diff)
		}
		want := assay.Worker{ID: "w1", Slots: 4, SlotsUsed: c2.slots, Parked: c2.parked}
		ignored := cmpopts.IgnoreFields(assay.Worker{}, "Cores", "Load", "CPU", "Memory", "MemoryTotal", "Disk", "DiskTotal")
		if diff := cmp.Diff(want, got.Worker, ignored); diff != "" {
			t.Errorf("%s: %s", c2.name, diff)
		}
	}
}

func TestWithoutLimitsTheMachineIsTheLimit(t *testing.T) {
	engine := newScript()
	engine.start(recordedID, false)
	c := NewCollector(Config{Engine: engine, Root: filepath.Join("testdata", "v2-systemd"), DataDir: t.TempDir()})
	put(t, c)
	got := c.Sample(time.Now())
	w, row := got.Worker, got.Containers[0]
	if w.Cores == 0 || w.MemoryTotal == 0 || row.CPULimit != float64(w.Cores) || row.MemoryLimit != w.MemoryTotal {
		t.Errorf("got limits %v and %d on %+v", row.CPULimit, row.MemoryLimit, w)
	}
}

func TestMachineFigures(t *testing.T) {
	c := NewCollector(Config{Engine: newScript(), DataDir: t.TempDir()})
	first := time.Now()
	if w := c.Sample(first).Worker; w.CPU != 0 || w.Memory <= 0 || w.Memory >= w.MemoryTotal || w.Disk <= 0 || w.Disk > w.DiskTotal || w.Load < 0 {
		t.Errorf("first: %+v", w)
	}
	for time.Since(first) < time.Second { //nolint:revive // keeps a core busy
	}
	second := time.Now()
	w := c.Sample(second).Worker
	// On a machine that has much to do, the readings come later than their
	// moments, and what was used meanwhile counts.
	most := float64(w.Cores) * 1.1 * float64(time.Since(first)) / float64(second.Sub(first))
	if w.CPU < 0.1 || w.CPU > most {
		t.Errorf("a busy second: %v of %d cores, at most %v", w.CPU, w.Cores, most)
	}
}

func TestProblemsAreLoggedOnce(t *testing.T) {
	var log bytes.Buffer
	engine := newScript()
	engine.running["unrelated"] = assay.Container{ID: "unrelated", PID: recordedPID}
	c := NewCollector(Config{
		Engine: engine, Root: filepath.Join("testdata", "v2-systemd"), DataDir: filepath.Join(t.TempDir(), "gone"),
		Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	put(t, c)
	at := time.Now()
	for i := range 5 {
		if rows := c.Sample(at.Add(time.Duration(i) * time.Second)).Containers; len(rows) != 1 {
			t.Errorf("a container that cannot be read is not shown: %v", rows)
		}
	}
	for _, about := range []string{"about=machine", "about=unrelated"} {
		if n := strings.Count(log.String(), about); n != 1 {
			t.Errorf("%s was logged %d times:\n%s", about, n, &log)
		}
	}
}

// following runs a collector beside f, in a bubble with its own clock, and
// gives f the figures it publishes.
func following(t *testing.T, every time.Duration, f func(engine *script, c *Collector, published *[]assay.Figures)) {
	synctest.Test(t, func(t *testing.T) {
		engine := newScript()
		c := NewCollector(Config{
			Engine: engine, Root: filepath.Join("testdata", "v2-systemd"), DataDir: ".", Every: every,
			Log: slog.New(slog.DiscardHandler),
		})
		ctx, cancel := context.WithCancel(t.Context())
		var published []assay.Figures
		var running sync.WaitGroup
		running.Go(func() { c.Run(ctx, func(f assay.Figures) { published = append(published, f) }) })
		synctest.Wait()
		f(engine, c, &published)
		cancel()
		running.Wait()
		if len(c.rows) != 0 {
			t.Errorf("%d rows kept after Run", len(c.rows))
		}
	})
}

// pass lets d go by, and everything happen that is due.
func pass(d time.Duration) {
	time.Sleep(d) // the bubble's clock: takes no time
	synctest.Wait()
}

func TestRowsComeAndGoAtOnce(t *testing.T) {
	following(t, time.Hour, func(engine *script, _ *Collector, published *[]assay.Figures) {
		engine.start(recordedID, true)
		pass(soon)
		if n := len(*published); n != 1 || len((*published)[0].Containers) != 1 {
			t.Fatalf("after the start: %+v", *published)
		}
		engine.end(recordedID, true)
		pass(soon)
		if n := len(*published); n != 2 || len((*published)[1].Containers) != 0 {
			t.Errorf("after the end: %+v", *published)
		}
	})
}

func TestManyChangesArePublishedTogether(t *testing.T) {
	following(t, time.Hour, func(engine *script, c *Collector, published *[]assay.Figures) {
		for range 100 {
			engine.start(recordedID, true)
			pass(5 * time.Millisecond)
			engine.end(recordedID, true)
			pass(5 * time.Millisecond)
		}
		pass(soon)
		if n := len(*published); n < 4 || n > 7 {
			t.Errorf("published %d times in 1.2 s", n)
		}
		if last := (*published)[len(*published)-1]; len(last.Containers) != 0 {
			t.Errorf("ends with %+v", last)
		}
	})
}

func TestTickPublishes(t *testing.T) {
	following(t, time.Second, func(_ *script, _ *Collector, published *[]assay.Figures) {
		pass(10*time.Second + time.Millisecond)
		if n := len(*published); n != 10 {
			t.Errorf("published %d times in 10 s", n)
		}
	})
}

func TestRefreshPublishesSoon(t *testing.T) {
	following(t, time.Hour, func(_ *script, c *Collector, published *[]assay.Figures) {
		c.Refresh()
		pass(soon)
		if n := len(*published); n != 1 {
			t.Errorf("published %d times", n)
		}
	})
}

func TestLostEventsAreMadeUpFor(t *testing.T) {
	following(t, time.Hour, func(engine *script, _ *Collector, published *[]assay.Figures) {
		engine.start(recordedID, false)
		pass(listEvery + soon)
		if n := len(*published); n != 1 || len((*published)[0].Containers) != 1 {
			t.Fatalf("the start was not noticed: %+v", *published)
		}
		engine.end(recordedID, false)
		pass(listEvery + soon)
		if n := len(*published); n != 2 || len((*published)[1].Containers) != 0 {
			t.Errorf("the end was not noticed: %+v", *published)
		}
	})
}

func TestEngineThatWentAwayIsFollowedAgain(t *testing.T) {
	following(t, time.Hour, func(engine *script, _ *Collector, published *[]assay.Figures) {
		engine.lose(true)
		pass(10 * retryAfter)
		engine.start(recordedID, false)
		engine.lose(false)
		pass(retryAfter + soon)
		if n := len(*published); n != 1 || len((*published)[0].Containers) != 1 {
			t.Errorf("got %+v", *published)
		}
	})
}

func TestNoDescriptorIsKept(t *testing.T) {
	before := descriptors(t)
	engine := newScript()
	engine.start(recordedID, false)
	c := NewCollector(Config{Engine: engine, Root: filepath.Join("testdata", "v2-systemd"), DataDir: "."})
	for range 3 {
		put(t, c)
		if got := descriptors(t); got != before+4 {
			t.Errorf("%d descriptors for one container", got-before)
		}
		c.remove(recordedID)
	}
	if got := descriptors(t); got != before {
		t.Errorf("%d descriptors kept", got-before)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// BenchmarkTick is one reading of a hundred containers and the machine, on
// made-up files; the kernel takes longer to write a memory.stat than a file
// system to give one back.
func BenchmarkTick(b *testing.B) {
	const containers = 100
	root := b.TempDir()
	engine := newScript()
	from := filepath.Join("testdata", "v2-systemd")
	if err := os.CopyFS(filepath.Join(root, "proc/self"), os.DirFS(filepath.Join(from, "proc/self"))); err != nil {
		b.Fatal(err)
	}
	for i := range containers {
		id, pid := fmt.Sprintf("%064x", i+1), i+1
		engine.running[id] = assay.Container{ID: id, PID: pid, CPULimit: 1, MemoryLimit: 64 << 20}
		cgroup := filepath.Join("system.slice", "docker-"+id+".scope")
		if err := os.MkdirAll(filepath.Join(root, "proc", strconv.Itoa(pid)), 0o755); err != nil {
			b.Fatal(err)
		}
		write(b, filepath.Join(root, "proc", strconv.Itoa(pid), "cgroup"), "0::/"+cgroup+"\n")
		files := os.DirFS(filepath.Join(from, "sys/fs/cgroup/system.slice/docker-"+recordedID+".scope"))
		if err := os.CopyFS(filepath.Join(root, "sys/fs/cgroup", cgroup), files); err != nil {
			b.Fatal(err)
		}
	}
	c := NewCollector(Config{Engine: engine, Root: root, DataDir: root})
	if err := c.reconcile(b.Context()); err != nil {
		b.Fatal(err)
	}
	defer c.clear()
	at := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		at = at.Add(time.Second)
		if got := len(c.Sample(at).Containers); got != containers {
			b.Fatalf("%d rows", got)
		}
	}
}
