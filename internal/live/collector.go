package live

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/assay-project/assay/internal/assay"
)

// Engine tells which containers there are.
type Engine interface {
	// Running lists the ids of the running containers that are ours.
	Running(ctx context.Context) ([]string, error)
	// Container describes a running container; assay.NotFound when it does
	// not run (any more).
	Container(ctx context.Context, id string) (assay.Container, error)
	// Events tells of every start and end of a container of ours from now
	// on. The channel is closed when ctx ends or the connection is lost.
	Events(ctx context.Context) (<-chan assay.ContainerEvent, error)
}

// Sandbox is what the pool knows about a container: which job it works on.
type Sandbox struct {
	ID        string // the container's
	Running   bool   // it has a job; otherwise it is parked
	Course    string
	Grader    string
	Job       string
	JobNumber int64
	Label     string
	Step      string
	StartedAt time.Time // of the job
}

// Config says what a Collector reads.
type Config struct {
	Engine    Engine
	Sandboxes func() []Sandbox // nil: nothing is known about jobs
	Worker    assay.Worker     // what does not change: id, name, versions, slots
	DataDir   string           // whose file system's use is shown
	Every     time.Duration    // between two readings; 0 is a second
	Root      string           // where proc and the cgroup mounts are found; empty is /
	Log       *slog.Logger     // nil is slog.Default()
}

// Collector keeps the figures of one worker and its containers. It is safe
// for concurrent use.
type Collector struct {
	cfg     Config
	changed chan struct{} // holds one when rows came or went since the last publication

	mu      sync.Mutex
	rows    map[string]*row
	machine machine
	worker  assay.Worker
	buf     []byte
	told    map[string]string // by subject, what has been logged
}

// row is a container that is shown.
type row struct {
	container assay.Container
	cgroup    *cgroup // nil when the figures cannot be read
	used      usage
	cpu       float64
	at        time.Time // of used; zero before the first reading
}

// Limits of a Collector.
const (
	// soon bounds how often figures are published because something changed;
	// it leaves a third of the 300 ms within which a row must appear to the
	// engine's event and to the reading.
	soon = 200 * time.Millisecond
	// largestFile is room for the largest file read, memory.stat, four times over.
	largestFile = 16 << 10
)

// NewCollector makes a Collector. It reads nothing before Run or Sample.
func NewCollector(cfg Config) *Collector {
	cfg.Every = cmp.Or(cfg.Every, time.Second)
	cfg.Root = cmp.Or(cfg.Root, "/")
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	return &Collector{
		cfg: cfg, changed: make(chan struct{}, 1),
		rows: map[string]*row{}, machine: machine{dataDir: cfg.DataDir}, worker: cfg.Worker,
		buf: make([]byte, largestFile), told: map[string]string{},
	}
}

// Run follows the engine and publishes figures at each tick, and soon after a
// container came or went or Refresh was called, until ctx ends. It calls
// publish from one goroutine. Afterwards nothing is kept open.
func (c *Collector) Run(ctx context.Context, publish func(assay.Figures)) {
	var follower sync.WaitGroup
	follower.Go(func() { c.follow(ctx) })
	defer c.clear()
	defer follower.Wait()

	tick := time.NewTicker(c.cfg.Every)
	defer tick.Stop()
	var last time.Time
	var due <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.changed:
			if due == nil {
				due = time.After(time.Until(last.Add(soon)))
			}
			continue
		case <-due:
		case <-tick.C:
		}
		due, last = nil, time.Now()
		publish(c.Sample(last))
	}
}

// Refresh asks for figures to be published soon instead of at the next tick:
// a job was handed over, a step began.
func (c *Collector) Refresh() {
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

// Sample gives the figures at now, the present time. Readings of one thing
// are at least half a tick apart, because a share of CPU over less says
// little; a Sample that comes sooner repeats its figures.
func (c *Collector) Sample(now time.Time) assay.Figures {
	var sandboxes []Sandbox
	if c.cfg.Sandboxes != nil {
		sandboxes = c.cfg.Sandboxes()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.Sub(c.machine.at) >= c.cfg.Every/2 {
		c.report("machine", c.machine.read(&c.worker, now))
	}
	for _, r := range c.rows {
		if now.Sub(r.at) >= c.cfg.Every/2 {
			c.readRow(r, now)
		}
	}
	return c.figures(sandboxes, now)
}

// readRow reads one container, and drops it when it has ended.
func (c *Collector) readRow(r *row, now time.Time) {
	if r.cgroup == nil {
		return
	}
	used, err := r.cgroup.read(c.buf)
	switch {
	case errors.Is(err, errGone):
		c.drop(r.container.ID)
		return
	case err != nil:
		c.report(r.container.ID, err)
		return
	}
	if r.container.Warden {
		used.processes = max(0, used.processes-threads(c.cfg.Root, r.container.PID))
	}
	if elapsed := now.Sub(r.at); !r.at.IsZero() && elapsed > 0 && used.cpu >= r.used.cpu {
		r.cpu = float64(used.cpu-r.used.cpu) / float64(elapsed)
	}
	r.used, r.at = used, now
}

// figures joins what was read with what the pool knows.
func (c *Collector) figures(sandboxes []Sandbox, now time.Time) assay.Figures {
	f := assay.Figures{Worker: c.worker, Containers: make([]assay.ContainerFigures, 0, len(c.rows)), At: now}
	jobs := make(map[string]*Sandbox, len(sandboxes))
	for i := range sandboxes {
		s := &sandboxes[i]
		jobs[s.ID] = s
		if s.Running {
			f.Worker.SlotsUsed++
		} else {
			f.Worker.Parked++
		}
	}
	for _, r := range c.rows {
		one := r.figures()
		one.Worker = c.worker.ID
		if one.CPULimit == 0 {
			one.CPULimit = float64(c.worker.Cores)
		}
		if one.MemoryLimit == 0 {
			one.MemoryLimit = c.worker.MemoryTotal
		}
		if s := jobs[one.ID]; s != nil && s.Running {
			one.State, one.StartedAt = "running", s.StartedAt
			one.Course, one.Grader = s.Course, s.Grader
			one.Job, one.JobNumber, one.Label, one.Step = s.Job, s.JobNumber, s.Label, s.Step
		}
		f.Containers = append(f.Containers, one)
	}
	slices.SortFunc(f.Containers, func(a, b assay.ContainerFigures) int {
		return cmp.Or(a.StartedAt.Compare(b.StartedAt), cmp.Compare(a.ID, b.ID))
	})
	return f
}

// figures is the row of a container without a job.
func (r *row) figures() assay.ContainerFigures {
	return assay.ContainerFigures{
		ID: r.container.ID, State: "parked", Image: r.container.Image, Runtime: r.container.Runtime,
		CPU: r.cpu, CPULimit: r.container.CPULimit,
		Memory: r.used.memory, MemoryLimit: r.container.MemoryLimit,
		Processes: r.used.processes, StartedAt: r.container.StartedAt,
	}
}

// drop forgets a row. The caller holds mu.
func (c *Collector) drop(id string) {
	r := c.rows[id]
	if r == nil {
		return
	}
	if r.cgroup != nil {
		r.cgroup.close()
	}
	delete(c.rows, id)
	delete(c.told, id)
}

// clear forgets every row.
func (c *Collector) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id := range c.rows {
		c.drop(id)
	}
}

// report logs a problem with subject when it is new; a nil error ends it. A
// figure that cannot be read would otherwise fill the log each second. The
// caller holds mu.
func (c *Collector) report(subject string, err error) {
	if err == nil {
		delete(c.told, subject)
		return
	}
	if text := err.Error(); c.told[subject] != text {
		c.told[subject] = text
		c.cfg.Log.Warn("live figures are incomplete", "about", subject, "err", err)
	}
}
