package hub

import (
	"context"

	"github.com/assay-project/assay/internal/assay"
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

func (h *Hub) listBuilds(ctx context.Context, in *listBuildsInput) (*body[Page[assay.Build]], error) {
	return nil, errLater
}
func (h *Hub) getBuild(ctx context.Context, in *ByID) (*body[assay.Build], error) {
	return nil, errLater
}
func (h *Hub) getBuildLog(ctx context.Context, in *ByID) (*body[BuildText], error) {
	return nil, errLater
}
func (h *Hub) cancelBuild(ctx context.Context, in *ByID) (*body[assay.Build], error) {
	return nil, errLater
}
func (h *Hub) watchBuild(ctx context.Context, in *watchInput) (source, error) { return nil, errLater }
