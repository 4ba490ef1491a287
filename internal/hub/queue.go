package hub

import (
	"context"
	"encoding/json"

	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/bus"
	"github.com/assay-project/assay/internal/store"
)

// sweepAtOnce is how many jobs a sweep takes from the store at a time.
const sweepAtOnce = 500

// publishJob puts a job into the queue. Doing it twice does no harm: the
// queue drops the second, and if it comes too late for that, BeginAttempt
// does.
func (h *Hub) publishJob(ctx context.Context, job assay.Job) error {
	err := h.cfg.Bus.PublishJob(ctx, assay.Ticket{
		Job: job.ID, Pool: assay.DefaultPool, Priority: job.Priority, Files: job.Files, Submission: job.Submission, Runtime: job.Runtime,
		Course: job.Course, GraderName: job.GraderName, Label: job.Label, Number: job.Number,
	})
	if err != nil {
		return err
	}
	return h.cfg.Store.MarkPublished(ctx, job.ID)
}

// sweepJobs publishes what is not in the queue, and tells workers again of
// the jobs that are to end.
func (h *Hub) sweepJobs(ctx context.Context) error {
	jobs, err := h.cfg.Store.Unpublished(ctx, sweepAtOnce)
	if err != nil {
		return err
	}
	for _, job := range jobs {
		if err := h.publishJob(ctx, job); err != nil {
			return err
		}
	}
	cancelled, err := h.cfg.Store.JobsToCancel(ctx)
	if err != nil {
		return err
	}
	for _, id := range cancelled {
		if err := h.cfg.Bus.Cancel(id); err != nil {
			return err
		}
	}
	return nil
}

// beginJob answers a worker that has taken a job's message.
func (h *Hub) beginJob(ctx context.Context, r bus.BeginRequest) (bus.Begin, error) {
	permission, attempt, job, err := h.cfg.Store.BeginAttempt(ctx, r.ID, r.Worker, r.Redelivered)
	if err != nil {
		return bus.Begin{}, err
	}
	if f := h.feeds.find(r.ID); f != nil && permission == store.Go {
		f.running.Store(false) // of an earlier attempt; before this one can tell anything
	}
	if job.ID != "" && permission != store.Busy {
		h.announce(job)
	}
	return bus.Begin{Verdict: verdict(permission), Attempt: attempt}, nil
}

// verdict is a permission in the words of the bus. A message for a job that
// runs under another message is superfluous: the other one comes back if its
// worker dies. Given back, this one would come again as redelivered and take
// the job from the worker that has it; so it is to be forgotten.
func verdict(p store.Permission) bus.BeginVerdict {
	if p == store.Go {
		return bus.Go
	}
	return bus.Gone
}

// recordOutcome ends a job. Outcomes that come twice, or from an attempt that
// was given up, change nothing.
func (h *Hub) recordOutcome(ctx context.Context, o assay.Outcome) error {
	job, recorded, err := h.cfg.Store.RecordOutcome(ctx, o)
	if err != nil {
		return err
	}
	if !recorded {
		h.log.InfoContext(ctx, "an outcome came too late or twice and was dropped", "job", o.Job, "worker", o.Worker)
		return nil
	}
	h.announce(job)
	return nil
}

// announce tells every hub's pages that a job's row has changed.
func (h *Hub) announce(job assay.Job) {
	if err := h.cfg.Bus.PublishChange(job); err != nil {
		h.log.Warn("a job's change was not announced", "job", job.ID, "error", cause(err))
		h.onJob(job)
	}
}

func (h *Hub) onJob(job assay.Job) {
	e := event{name: "job", course: job.Course, data: encoded(job)}
	h.live.feed.add(e)
	if f := h.feeds.find(job.ID); f != nil {
		f.add(e)
	}
	if job.State.Final() {
		h.feeds.end(job.ID)
	}
}

func (h *Hub) onProgress(ctx context.Context, p assay.Progress) {
	f := h.feeds.find(p.Job)
	if f == nil {
		f = h.feeds.open(p.Job)
		// The first of it, or what comes late of one that has ended. Looked at
		// now that its end cannot be missed.
		if job, err := h.cfg.Store.Job(ctx, p.Job); err != nil || job.State.Final() {
			h.feeds.end(p.Job)
			return
		}
	}
	if runs(p.Stage) && !f.running.Load() {
		job, news, err := h.cfg.Store.MarkRunning(ctx, p.Job)
		if err != nil {
			h.log.WarnContext(ctx, "a job's progress was not recorded", "job", p.Job, "error", cause(err))
		}
		f.running.Store(err == nil)
		if news {
			h.announce(job)
		}
	}
	f.add(event{name: "progress", data: encoded(p)})
}

// runs reports whether the submission itself is at work in a stage.
func runs(s assay.Stage) bool {
	return s == assay.StageFiles || s == assay.StageBuild || s == assay.StageTests
}

// encoded is a value of the domain as JSON, which cannot fail.
func encoded(v any) json.RawMessage {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}
