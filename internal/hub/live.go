package hub

import (
	"context"
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

func (h *Hub) listContainers(ctx context.Context, _ *nothing) (*body[Page[assay.ContainerFigures]], error) {
	return nil, errLater
}
func (h *Hub) listWorkers(ctx context.Context, _ *nothing) (*body[Page[assay.Worker]], error) {
	return nil, errLater
}

type liveInput struct {
	Last string `header:"Last-Event-ID" maxLength:"64"`
}

func (h *Hub) watchLive(ctx context.Context, in *liveInput) (source, error) { return nil, errLater }
