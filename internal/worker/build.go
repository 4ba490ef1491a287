package worker

import (
	"context"
	"errors"
	"time"

	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/bus"
	"github.com/assay-project/assay/internal/docker"
)

// takeBuilds works on one build at a time: BuildKit uses every core for it.
func (a *agent) takeBuilds(ctx context.Context) error {
	queue, err := a.bus.Builds(ctx, a.cfg.Pool)
	if err != nil {
		return err
	}
	defer queue.Close()
	for a.healthy(ctx) {
		d, err := queue.Next(ctx)
		if err != nil {
			return err
		}
		keep(d, func() { a.buildImage(ctx, d) })
	}
	return nil
}

// buildImage sees to one build's ticket.
func (a *agent) buildImage(ctx context.Context, d *bus.Delivery[assay.BuildTicket]) {
	t := d.Ticket
	own, _, done := a.builds.add(ctx, t.Build)
	defer done()
	begin, err := a.bus.AskBeginBuild(own, bus.BeginRequest{ID: t.Build, Worker: a.cfg.ID, Redelivered: d.Redelivered})
	if settled := answered(a, d, begin, err); settled {
		return
	}
	limited, cancel := context.WithTimeout(own, a.longest)
	defer cancel()
	outcome, err := a.cfg.Engine.Build(limited, docker.BuildSpec{
		Build: t.Build, Dockerfile: t.Dockerfile, Tag: "assay/" + t.Course + "/" + t.Name, Scope: t.Course,
	}, func(p assay.BuildProgress) {
		if err := a.bus.PublishBuildProgress(p); err != nil {
			a.log.Warn("cannot tell how far a build is", "error", err)
		}
	})
	switch {
	case errors.Is(context.Cause(own), errCancelled) && (err != nil || outcome.State != assay.Done):
		outcome.State = assay.Cancelled
	case ctx.Err() != nil && (err != nil || outcome.State != assay.Done): // the worker ends
		a.giveBack(d, 0)
		return
	case err != nil && begin.Attempt.Number < assay.MaxAttempts:
		a.log.Error("a build failed and will be tried again", "build", t.Build, "attempt", begin.Attempt.Number, "error", err)
		a.suspect(ctx, err)
		a.giveBack(d, time.Duration(begin.Attempt.Number)*a.retry)
		return
	case err != nil:
		a.log.Error("a build failed for good", "build", t.Build, "attempt", begin.Attempt.Number, "error", err)
		outcome.State, outcome.Message = assay.Failed, err.Error()
	}
	outcome.Build = t.Build
	a.finish(ctx, d, func(ctx context.Context) error { return a.bus.PublishBuildOutcome(ctx, outcome) })
}
