package hub

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/bus"
	"github.com/assay-project/assay/internal/store"
)

func (h *Hub) buildRoutes() {
	route(h, member, op("GET", "/api/v1/builds", "list-builds", "Builds, the newest first"), h.listBuilds)
	route(h, member, op("GET", "/api/v1/builds/{id}", "get-build", "One build"), h.getBuild)
	route(h, member, op("GET", "/api/v1/builds/{id}/log", "get-build-log", "What a build's steps printed"), h.getBuildLog)
	route(h, member, op("POST", "/api/v1/builds/{id}/cancel", "cancel-build", "Cancel a build; one that runs is stopped"), h.cancelBuild)
	stream(h, member, op("GET", "/api/v1/builds/{id}/events", "watch-build", "What happens to a build, as it happens"), map[string]any{
		"reset": Reset{}, "build": assay.Build{}, "step": assay.BuildStep{}, "log": assay.BuildLog{},
	}, h.watchBuild)
}

type listBuildsInput struct {
	Course string `query:"course" maxLength:"64" doc:"Only this course's; its id"`
	Image  string `query:"image" maxLength:"64" doc:"Only this image's; its id"`
}

// BuildText is the log of a build.
type BuildText struct {
	Log string `json:"log" doc:"At most 512 KiB; while the build runs: what has arrived so far"`
}

// maxBuilds is how many builds a list has: more are not worth a page.
const maxBuilds = 100

func (h *Hub) listBuilds(ctx context.Context, in *listBuildsInput) (*body[Page[assay.Build]], error) {
	courses, err := h.narrow(ctx, in.Course)
	if err != nil {
		return nil, err
	}
	builds, err := h.cfg.Store.Builds(ctx, courses, in.Image, maxBuilds)
	return page(builds), err
}

// build finds a build that the actor reaches.
func (h *Hub) build(ctx context.Context, id string) (assay.Build, error) {
	build, err := h.cfg.Store.Build(ctx, id)
	if err != nil {
		return build, err
	}
	return build, h.allow(ctx, "build", build.Course)
}

func (h *Hub) getBuild(ctx context.Context, in *ByID) (*body[assay.Build], error) {
	build, err := h.build(ctx, in.ID)
	return answer(build), err
}

func (h *Hub) getBuildLog(ctx context.Context, in *ByID) (*body[BuildText], error) {
	if _, err := h.build(ctx, in.ID); err != nil {
		return nil, err
	}
	text, err := h.cfg.Store.BuildLog(ctx, in.ID)
	if f := h.feeds.find(in.ID); f != nil && text == "" {
		text = logSoFar(f)
	}
	return answer(BuildText{Log: text}), err
}

func logSoFar(f *feed) string {
	var text strings.Builder
	events, _, _, _ := f.after(0)
	for _, e := range events {
		var log assay.BuildLog
		if e.name == "log" && json.Unmarshal(e.data, &log) == nil {
			text.WriteString(log.Text)
		}
	}
	return text.String()
}

func (h *Hub) cancelBuild(ctx context.Context, in *ByID) (*body[assay.Build], error) {
	if _, err := h.build(ctx, in.ID); err != nil {
		return nil, err
	}
	build, running, err := h.cfg.Store.CancelBuild(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if !running {
		h.announceBuild(build)
	} else if err := h.cfg.Bus.CancelBuild(build.ID); err != nil {
		h.log.WarnContext(ctx, "a build's worker has not heard of its end yet", "build", build.ID, "error", cause(err))
	}
	return answer(build), nil
}

func (h *Hub) watchBuild(ctx context.Context, in *WatchInput) (source, error) {
	build, err := h.build(ctx, in.ID)
	if err != nil || (build.State.Final() && in.Last == lastID) {
		return nil, err
	}
	return func(ctx context.Context, out *eventWriter) error {
		last := func(build assay.Build) error { return out.send("build", lastID, build) }
		f := h.feeds.open(build.ID)
		// Read again now that nothing of it can be missed.
		build, err := h.cfg.Store.Build(ctx, build.ID)
		if err != nil {
			return err
		}
		if build.State.Final() {
			h.feeds.end(build.ID)
			if err := out.send("reset", "", Reset{}); err != nil {
				return err
			}
			return last(build)
		}
		if err := out.send("build", "", build); err != nil {
			return err
		}
		look := time.NewTicker(h.cfg.Beat)
		defer look.Stop()
		err = out.follow(ctx, f, f.position(in.Last), func(e event) (bool, bool) {
			ended := e.name == "build" && json.Unmarshal(e.data, &build) == nil && build.State.Final()
			return !ended, ended
		}, look.C, func() error {
			build, err := h.cfg.Store.Build(ctx, build.ID)
			if err == nil && build.State.Final() {
				h.onBuild(build) // the news of its end was lost
			}
			return err
		})
		if err != nil {
			return err
		}
		return last(build)
	}, nil
}

// publishBuild puts a build into the queue.
func (h *Hub) publishBuild(ctx context.Context, build assay.Build) error {
	revision, err := h.cfg.Store.Revision(ctx, build.Image, build.Revision)
	if err != nil {
		return err
	}
	err = h.cfg.Bus.PublishBuild(ctx, assay.DefaultPool, assay.BuildTicket{
		Build: build.ID, Course: build.Course, Name: build.ImageName, Dockerfile: revision.Dockerfile,
	})
	if err != nil {
		return err
	}
	return h.cfg.Store.MarkBuildPublished(ctx, build.ID)
}

// sweepBuilds does for builds what sweepJobs does for jobs.
func (h *Hub) sweepBuilds(ctx context.Context) error {
	builds, err := h.cfg.Store.UnpublishedBuilds(ctx, sweepAtOnce)
	if err != nil {
		return err
	}
	for _, build := range builds {
		if err := h.publishBuild(ctx, build); err != nil {
			return err
		}
	}
	cancelled, err := h.cfg.Store.BuildsToCancel(ctx)
	if err != nil {
		return err
	}
	for _, id := range cancelled {
		if err := h.cfg.Bus.CancelBuild(id); err != nil {
			return err
		}
	}
	return nil
}

func (h *Hub) beginBuild(ctx context.Context, r bus.BeginRequest) (bus.Begin, error) {
	permission, attempt, build, err := h.cfg.Store.BeginBuild(ctx, r.ID, r.Redelivered)
	if err != nil {
		return bus.Begin{}, err
	}
	if build.ID != "" && permission != store.Busy {
		h.announceBuild(build)
	}
	return bus.Begin{Verdict: verdict(permission), Attempt: assay.Attempt{Number: attempt}}, nil
}

func (h *Hub) recordBuild(ctx context.Context, o assay.BuildOutcome) error {
	build, recorded, err := h.cfg.Store.RecordBuild(ctx, o)
	if recorded {
		h.announceBuild(build)
	}
	return err
}

// announceBuild tells every hub's pages that a build's row has changed.
func (h *Hub) announceBuild(build assay.Build) {
	if err := h.cfg.Bus.PublishBuildChange(build); err != nil {
		h.log.Warn("a build's change was not announced", "build", build.ID, "error", cause(err))
		h.onBuild(build)
	}
}

func (h *Hub) onBuild(build assay.Build) {
	e := event{name: "build", course: build.Course, data: encoded(build)}
	h.live.feed.add(e)
	if f := h.feeds.find(build.ID); f != nil {
		f.add(e)
	}
	if build.State.Final() {
		h.feeds.end(build.ID)
	}
}

func (h *Hub) onBuildProgress(ctx context.Context, p assay.BuildProgress) {
	f := h.feeds.find(p.Build)
	if f == nil {
		f = h.feeds.open(p.Build)
		// As for a job: what comes late of one that has ended leaves nothing.
		if build, err := h.cfg.Store.Build(ctx, p.Build); err != nil || build.State.Final() {
			h.feeds.end(p.Build)
			return
		}
	}
	if p.Step != nil {
		f.add(event{name: "step", data: encoded(p.Step)})
	}
	if p.Log != nil {
		f.add(event{name: "log", data: encoded(p.Log)})
	}
}
