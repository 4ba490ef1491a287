package worker

import (
	"context"
	"sync"
	"time"

	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/live"
	"github.com/assay-project/assay/internal/sandbox"
)

// How often figures are published: at each reading while somebody has asked
// for them lately, and else just often enough to show that the worker lives.
const (
	watchedFor = 5 * time.Second
	unwatched  = 10 * time.Second
)

// publishFigures tells the bus how this machine is.
func (a *agent) publishFigures(ctx context.Context) error {
	if a.cfg.Figures == nil {
		<-ctx.Done()
		return nil
	}
	var attention attention
	stop, err := a.bus.WatchWanted(func() {
		if attention.wanted(time.Now()) {
			a.cfg.Figures.Refresh()
		}
	})
	if err != nil {
		return err
	}
	defer stop()
	a.cfg.Figures.Run(ctx, func(f assay.Figures) {
		if !attention.due(time.Now()) {
			return
		}
		f.Worker.Slots = a.cfg.Slots
		if err := a.bus.PublishFigures(f); err != nil {
			a.log.Warn("cannot publish figures", "error", err)
		}
	})
	return nil
}

// LiveSandboxes tells internal/live which job each sandbox of a pool works on.
func LiveSandboxes(pool *sandbox.Pool) func() []live.Sandbox {
	return func() []live.Sandbox {
		snapshot := pool.Sandboxes()
		all := make([]live.Sandbox, len(snapshot))
		for i, s := range snapshot {
			all[i] = live.Sandbox{
				ID: s.ID, Running: s.State == sandbox.Running,
				Course: s.Ticket.Course, Grader: s.Ticket.GraderName, Job: s.Ticket.Job, JobNumber: s.Ticket.Number,
				Label: s.Ticket.Label, Step: s.Step, StartedAt: s.StartedAt,
			}
		}
		return all
	}
}

// attention is who looks at the figures.
type attention struct {
	mu   sync.Mutex
	last time.Time // when somebody last asked
	sent time.Time // when figures were last published
}

// wanted notes that somebody asks, and reports whether that is news.
func (a *attention) wanted(now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	news := now.Sub(a.last) > watchedFor
	a.last = now
	return news
}

// due reports whether figures are to be published now.
func (a *attention) due(now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if now.Sub(a.last) > watchedFor && now.Sub(a.sent) < unwatched {
		return false
	}
	a.sent = now
	return true
}
