package worker

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/assay-project/assay/internal/archive"
	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/bus"
)

// agent is a worker on a bus.
type agent struct {
	*Worker
	bus     *bus.Bus
	graders *cache
	jobs    cancellers
	builds  cancellers
	sick    chan struct{} // holds one when the engine did not answer
}

// Run takes jobs and builds from the bus until ctx ends. Then what is under
// way is stopped and given back to the queue, for whoever starts next. The
// caller closes the sandboxes after that.
//
// Its error, when it is not nil, is why it ended before ctx did.
func (w *Worker) Run(ctx context.Context, b *bus.Bus) error {
	// Whatever ends one part ends all.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	a := &agent{Worker: w, bus: b, sick: make(chan struct{}, 1)}
	var err error
	if a.graders, err = newCache(filepath.Join(w.cfg.DataDir, "graders"), w.log, a.fetch); err != nil {
		return err
	}
	defer a.graders.close()
	if !a.persist(ctx, "remove what an earlier worker left", w.cfg.Sandboxes.Sweep) {
		return nil
	}
	for _, watch := range []struct {
		start func(func(string)) (func(), error)
		stop  func(string)
	}{{b.WatchCancel, a.jobs.cancel}, {b.WatchCancelBuild, a.builds.cancel}} {
		unwatch, err := watch.start(watch.stop)
		if err != nil {
			return err
		}
		defer unwatch()
	}
	var parts sync.WaitGroup
	for _, part := range []func(context.Context) error{a.takeJobs, a.takeBuilds, a.publishFigures} {
		parts.Go(func() {
			if err := part(ctx); err != nil && ctx.Err() == nil {
				cancel(err)
			}
		})
	}
	parts.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) && !errors.Is(cause, context.DeadlineExceeded) {
		return cause
	}
	return nil
}

// persist does something until it succeeds, and reports whether it did before
// ctx ended or the bus was closed.
func (w *Worker) persist(ctx context.Context, what string, do func(context.Context) error) bool {
	for delay := w.retry / 5; ; delay = min(2*delay, 30*time.Second) {
		err := do(ctx)
		if err == nil {
			return true
		}
		if ctx.Err() != nil || errors.Is(err, bus.ErrClosed) {
			return false
		}
		w.log.Error("cannot "+what+", trying again", "error", err, "in", delay)
		if !wait(ctx, delay) {
			return false
		}
	}
}

func wait(ctx context.Context, delay time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(delay):
		return true
	}
}

// healthy waits until the engine answers, if it lately did not: an engine
// that is being restarted must not cost every waiting job an attempt.
func (a *agent) healthy(ctx context.Context) bool {
	select {
	case <-a.sick:
		return a.persist(ctx, "reach the Docker Engine", a.cfg.Engine.Ping)
	default:
		return ctx.Err() == nil
	}
}

// takeJobs works on as many jobs at a time as there are slots.
func (a *agent) takeJobs(ctx context.Context) error {
	queue, err := a.bus.Jobs(ctx, a.cfg.Pool)
	if err != nil {
		return err
	}
	defer queue.Close()
	var jobs sync.WaitGroup
	defer jobs.Wait()
	slots := make(chan struct{}, a.cfg.Slots)
	for {
		select {
		case <-ctx.Done():
			return nil
		case slots <- struct{}{}:
		}
		if !a.healthy(ctx) {
			return nil
		}
		d, err := queue.Next(ctx)
		if err != nil {
			return err
		}
		jobs.Go(func() {
			defer func() { <-slots }()
			keep(d, func() { a.job(ctx, d) })
		})
	}
}

// keep does something while a ticket is kept alive.
func keep[T any](d *bus.Delivery[T], do func()) {
	ctx, stop := context.WithCancel(context.Background())
	var keeper sync.WaitGroup
	keeper.Go(func() { d.KeepAlive(ctx) })
	do()
	stop()
	keeper.Wait()
}

// job sees to one ticket.
func (a *agent) job(ctx context.Context, d *bus.Delivery[assay.Ticket]) {
	t := d.Ticket
	own, supersede, done := a.jobs.add(ctx, t.Job)
	defer done()
	begin, err := a.bus.AskBegin(own, bus.BeginRequest{ID: t.Job, Worker: a.cfg.ID, Redelivered: d.Redelivered})
	if settled := answered(a, d, begin, err); settled {
		return
	}
	supersede() // an attempt whose ticket was lost, if it was here
	result, err := a.attempt(own, d)
	outcome := assay.Outcome{Job: t.Job, Token: begin.Attempt.Token, Worker: a.cfg.ID, State: assay.Done, Result: result}
	switch {
	case err == nil:
	case errors.Is(context.Cause(own), errCancelled):
		outcome.State = assay.Cancelled
	case errors.Is(context.Cause(own), errSuperseded):
		return
	case ctx.Err() != nil: // the worker ends
		outcome.State, outcome.Result = assay.Queued, nil
		a.untried(ctx, outcome)
		a.giveBack(d, 0)
		return
	case begin.Attempt.Number < assay.MaxAttempts:
		a.log.Error("a job failed and will be tried again", "job", t.Job, "attempt", begin.Attempt.Number, "error", err)
		a.giveBack(d, time.Duration(begin.Attempt.Number)*a.retry)
		return
	default:
		a.log.Error("a job failed for good", "job", t.Job, "attempt", begin.Attempt.Number, "error", err)
		outcome.State, outcome.Result = assay.Failed, infrastructure(err)
	}
	a.finish(ctx, d, func(ctx context.Context) error {
		err := a.bus.PublishOutcome(ctx, outcome)
		if err != nil && assay.CodeOf(err) != assay.Unavailable { // it never fits
			outcome.State, outcome.Result = assay.Failed, infrastructure(err)
			err = a.bus.PublishOutcome(ctx, outcome)
		}
		return err
	})
}

// untried tells the hub that an attempt does not count. If that cannot be told
// now, the job merely has one attempt less.
func (a *agent) untried(ctx context.Context, o assay.Outcome) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := a.bus.PublishOutcome(ctx, o); err != nil {
		a.log.Warn("cannot give an attempt back", "job", o.Job, "error", err)
	}
}

func infrastructure(err error) *assay.Result {
	return &assay.Result{Verdict: assay.Infrastructure, Message: err.Error(), Tests: []assay.TestResult{}}
}

// answered does what the hub says about a ticket, and reports whether that
// was all.
func answered[T any](a *agent, d *bus.Delivery[T], begin bus.Begin, err error) bool {
	switch {
	case err != nil:
		a.log.Warn("cannot ask the hub whether to begin; the ticket goes back", "error", err)
		a.giveBack(d, a.retry)
	case begin.Verdict == bus.Gone:
		if err := d.Ack(context.Background()); err != nil {
			a.log.Warn("cannot drop a ticket", "error", err)
		}
	default:
		return false
	}
	return true
}

// finish publishes how a ticket's work ended and then, not before, takes it
// out of the queue. While the bus cannot be reached it keeps trying: the work
// has been done. When the worker ends it gives up soon. Without success the
// ticket comes back by itself.
func (a *agent) finish(ctx context.Context, d interface{ Ack(context.Context) error }, publish func(context.Context) error) {
	patient, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Minute)
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(5*time.Second, cancel) })()
	if !a.persist(patient, "publish an outcome", publish) {
		return
	}
	if err := d.Ack(patient); err != nil {
		a.log.Warn("cannot acknowledge a ticket; it comes back and is dropped then", "error", err)
	}
}

func (a *agent) giveBack(d interface{ Nak(time.Duration) error }, delay time.Duration) {
	if err := d.Nak(delay); err != nil {
		a.log.Warn("cannot give a ticket back; it comes back by itself", "error", err)
	}
}

// attempt grades one job.
func (a *agent) attempt(ctx context.Context, d *bus.Delivery[assay.Ticket]) (*assay.Result, error) {
	t := d.Ticket
	report := func(p assay.Progress) {
		if err := a.bus.PublishProgress(p); err != nil {
			a.log.Warn("cannot tell how far a job is", "error", err)
		}
		if a.cfg.Figures != nil && p.Log == "" {
			a.cfg.Figures.Refresh()
		}
	}
	tell := func(line string) {
		report(assay.Progress{Job: t.Job, Stage: assay.StageImage, Log: line, At: time.Now()})
	}
	began := time.Now()
	report(assay.Progress{Job: t.Job, Stage: assay.StageImage, At: began})
	p, release, err := a.graders.get(ctx, t.Files, tell)
	if err != nil {
		a.suspect(ctx, err)
		return rejected(err)
	}
	defer release()
	submission, err := a.bus.GetObject(ctx, t.Submission)
	if err != nil {
		return nil, err
	}
	defer submission.Close()
	request := GradeRequest{Ticket: t, Submission: submission, Accepted: d.Stored}
	result, err := a.run(ctx, p, request, time.Since(began), report)
	if err != nil && ctx.Err() == nil {
		// The image may have been removed from the engine: have it looked for
		// the next time.
		a.graders.forget(p)
		a.suspect(ctx, err)
	}
	return result, err
}

// suspect notes that the engine may be down.
func (a *agent) suspect(ctx context.Context, err error) {
	if ctx.Err() != nil || assay.CodeOf(err) != assay.Unavailable {
		return
	}
	select {
	case a.sick <- struct{}{}:
	default:
	}
}

// fetch gets a grader's files from the bus and prepares it.
func (a *agent) fetch(ctx context.Context, files assay.Digest, dir string, log func(string)) (*prepared, error) {
	r, err := a.bus.GetObject(ctx, files)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if err := archive.Unpack(r, dir, archive.DefaultLimits); err != nil {
		return nil, assay.Errorf(assay.Unavailable, "Cannot unpack the grader's files: %w", err)
	}
	return a.prepare(ctx, os.DirFS(dir), log)
}

// Why a job's or a build's context has ended.
var (
	errCancelled  = errors.New("cancelled by its owner")
	errSuperseded = errors.New("a later attempt has begun")
)

// cancellers end jobs or builds by id. The zero value is ready.
type cancellers struct {
	mu   sync.Mutex
	ends map[string][]*context.CancelCauseFunc // more than one while an earlier attempt is not over
}

// add makes a context that cancel(id) ends. supersede ends the others of the
// same id. Call done when the context is not needed any more.
func (c *cancellers) add(parent context.Context, id string) (ctx context.Context, supersede, done func()) {
	ctx, end := context.WithCancelCause(parent)
	own := &end
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ends == nil {
		c.ends = make(map[string][]*context.CancelCauseFunc)
	}
	c.ends[id] = append(c.ends[id], own)
	supersede = func() { c.each(id, errSuperseded, own) }
	done = func() {
		end(nil)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.ends[id] = slices.DeleteFunc(c.ends[id], func(e *context.CancelCauseFunc) bool { return e == own })
		if len(c.ends[id]) == 0 {
			delete(c.ends, id)
		}
	}
	return ctx, supersede, done
}

// cancel ends everything of an id.
func (c *cancellers) cancel(id string) { c.each(id, errCancelled, nil) }

func (c *cancellers) each(id string, cause error, but *context.CancelCauseFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, end := range c.ends[id] {
		if end != but {
			(*end)(cause)
		}
	}
}
