package hub

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/assay-project/assay/internal/assay"
)

func (h *Hub) liveRoutes() {
	route(h, member, op("GET", "/api/v1/containers", "list-containers", "Running containers of one's courses, and what they use, all at one time"), h.listContainers)
	route(h, member, op("GET", "/api/v1/workers", "list-workers", "Workers, and how they are"), h.listWorkers)
	stream(h, member, op("GET", "/api/v1/live", "watch", "Everything that changes, for pages: figures each second, jobs and builds when they change"), map[string]any{
		"figures": LiveFrame{}, "job": assay.Job{}, "build": assay.Build{}, "reset": Reset{},
	}, h.watchLive)
}

// LiveFrame is how everything is at one moment, as far as the viewer may see it.
type LiveFrame struct {
	At         time.Time                `json:"at"`
	Workers    []assay.Worker           `json:"workers"`
	Containers []assay.ContainerFigures `json:"containers"`
	Queue      Queue                    `json:"queue"`
}

// Queue is the work that waits and runs, over all courses.
type Queue struct {
	Queued   int        `json:"queued" doc:"Jobs that wait"`
	Running  int        `json:"running" doc:"Jobs that a worker has"`
	OldestAt *time.Time `json:"oldest_at,omitempty" doc:"When the longest waiting job was submitted"`
}

type liveInput struct {
	Last string `header:"Last-Event-ID" maxLength:"64" doc:"The id of the last event seen: the stream goes on after it"`
}

// Workers publish each second only while somebody looks: who asks again and
// again counts as looking, and has figures of the last second from the second
// time on.
func (h *Hub) listContainers(ctx context.Context, _ *nothing) (*body[Page[assay.ContainerFigures]], error) {
	h.refresh(ctx)
	reach, err := h.reach(ctx, actor(ctx))
	return page(h.live.frame(reach).Containers), err
}

func (h *Hub) listWorkers(ctx context.Context, _ *nothing) (*body[Page[assay.Worker]], error) {
	h.refresh(ctx)
	return page(h.live.frame(nil).Workers), nil
}

const (
	liveTick = time.Second
	// A worker that says nothing for so long is gone: unwatched ones speak
	// every ten seconds.
	workerPatience = 25 * time.Second
	// A row that comes or goes is shown at once, but a page gets no more
	// frames than this.
	liveSoonest = 200 * time.Millisecond
	// How old what a stream knows of its reader's courses may get.
	reachLife = 10 * time.Second
)

func (h *Hub) watchLive(ctx context.Context, in *liveInput) (source, error) {
	me := actor(ctx)
	reach, err := h.reach(ctx, me)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, out *eventWriter) error {
		defer h.live.watch()()
		h.refresh(ctx)
		var sent json.RawMessage
		looked := time.Now()
		onTick := func() error {
			if time.Since(looked) > reachLife {
				if reach, err = h.reach(ctx, me); err != nil {
					return err
				}
				looked = time.Now()
			}
			frame := encoded(h.live.frame(reach))
			if slices.Equal(frame, sent) {
				return nil
			}
			sent = frame
			return out.send("figures", "", frame)
		}
		if err := onTick(); err != nil {
			return err
		}
		n := h.live.feed.position(in.Last)
		if n < 0 {
			// Who has just come has read the lists; what changed before is in them.
			if err := out.send("reset", "", Reset{}); err != nil {
				return err
			}
			_, n, _, _ = h.live.feed.after(0)
		}
		return out.follow(ctx, h.live.feed, n, func(e event) (bool, bool) {
			return within(reach, e.course), false
		}, h.live.ticks(ctx), onTick)
	}, nil
}

// live is how everything is now: what the workers said last, and the newest
// changes of jobs and builds.
type live struct {
	feed     *feed
	mu       sync.Mutex
	workers  map[string]heard
	queue    Queue
	watchers int
	rows     chan struct{} // closed when a row has come or gone
}

// heard is what a worker said, and when we heard it: its clock may be wrong.
type heard struct {
	assay.Figures
	at time.Time
}

// maxChanges is how many bytes of changes are kept for pages that were away.
const maxChanges = 1 << 20

func newLive() *live {
	return &live{feed: newFeed(maxChanges), workers: map[string]heard{}, rows: make(chan struct{})}
}

func (l *live) onFigures(f assay.Figures) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !sameRows(l.workers[f.Worker.ID].Containers, f.Containers) {
		close(l.rows)
		l.rows = make(chan struct{})
	}
	l.workers[f.Worker.ID] = heard{f, time.Now()}
}

// sameRows reports whether the same containers do the same work.
func sameRows(a, b []assay.ContainerFigures) bool {
	return slices.EqualFunc(a, b, func(a, b assay.ContainerFigures) bool { return a.ID == b.ID && a.Job == b.Job && a.State == b.State })
}

// rowsChange is closed when a row comes or goes.
func (l *live) rowsChange() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rows
}

// ticks tells when a page is to get a frame: each second, and sooner when a
// row has come or gone.
func (l *live) ticks(ctx context.Context) <-chan time.Time {
	out := make(chan time.Time)
	go func() {
		ticker := time.NewTicker(liveTick)
		defer ticker.Stop()
		rows := l.rowsChange()
		for {
			var at time.Time
			select {
			case <-ctx.Done():
				return
			case at = <-ticker.C:
			case <-rows:
				at = time.Now()
			}
			rows = l.rowsChange() // before the frame is made: none is missed
			select {
			case <-ctx.Done():
				return
			case out <- at:
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(liveSoonest):
			}
		}
	}()
	return out
}

// current forgets workers that are gone. The caller holds the lock.
func (l *live) current() {
	for id, h := range l.workers {
		if time.Since(h.at) > workerPatience {
			delete(l.workers, id)
		}
	}
}

func (l *live) ready() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.current()
	return len(l.workers) > 0
}

// frame is everything as somebody sees it who reaches the courses (all when
// nil). Containers that belong to no course are the administrators'.
func (l *live) frame(reach []string) LiveFrame {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.current()
	f := LiveFrame{Workers: []assay.Worker{}, Containers: []assay.ContainerFigures{}, Queue: l.queue}
	for _, h := range l.workers {
		f.Workers = append(f.Workers, h.Worker)
		for _, c := range h.Containers {
			if within(reach, c.Course) {
				f.Containers = append(f.Containers, c)
			}
		}
		if h.at.After(f.At) {
			f.At = h.at
		}
	}
	slices.SortFunc(f.Workers, func(a, b assay.Worker) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	slices.SortFunc(f.Containers, func(a, b assay.ContainerFigures) int {
		return cmp.Or(a.StartedAt.Compare(b.StartedAt), cmp.Compare(a.ID, b.ID))
	})
	return f
}

// watch says that somebody looks, until the returned function is called.
func (l *live) watch() (leave func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watchers++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.watchers--
	}
}

func (l *live) watched() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.watchers > 0
}

// tick keeps the figures fresh while somebody looks.
func (h *Hub) tick(ctx context.Context) {
	ticker := time.NewTicker(liveTick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if h.live.watched() {
				h.refresh(ctx)
			}
		}
	}
}

// refresh counts the queue and asks the workers for figures.
func (h *Hub) refresh(ctx context.Context) {
	queued, running, oldest, err := h.cfg.Store.Queue(ctx)
	if err == nil {
		err = h.cfg.Bus.WantFigures()
	}
	if err != nil {
		if ctx.Err() == nil {
			h.log.WarnContext(ctx, "the figures are old", "error", cause(err))
		}
		return
	}
	h.live.mu.Lock()
	defer h.live.mu.Unlock()
	h.live.queue = Queue{Queued: queued, Running: running, OldestAt: oldest}
}
