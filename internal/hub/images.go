package hub

import (
	"context"

	"github.com/assay-project/assay/internal/assay"
)

func (h *Hub) imageRoutes() {
	route(h, member, op("GET", "/api/v1/images", "list-images", "Images, by name"), h.listImages)
	route(h, member, creates(op("POST", "/api/v1/images", "create-image", "Make an image; its Dockerfile is revision 1")), h.createImage)
	route(h, member, op("GET", "/api/v1/images/{id}", "get-image", "One image with its newest revision"), h.getImage)
	route(h, member, op("PUT", "/api/v1/images/{id}", "save-image", "Save a Dockerfile as the next revision; 409 when somebody else has saved meanwhile"), h.saveImage)
	route(h, member, op("DELETE", "/api/v1/images/{id}", "delete-image", "Remove an image with its revisions and builds"), h.deleteImage)
	route(h, member, op("GET", "/api/v1/images/{id}/revisions", "list-revisions", "An image's revisions, the newest first"), h.listRevisions)
	route(h, member, op("GET", "/api/v1/images/{id}/revisions/{n}", "get-revision", "One revision"), h.getRevision)
	route(h, member, creates(op("POST", "/api/v1/images/{id}/builds", "create-build", "Build the newest revision")), h.createBuild)
}

// ImageDetail is an image and its newest revision.
type ImageDetail struct {
	Image    assay.Image    `json:"image"`
	Revision assay.Revision `json:"revision"`
}

type createImageInput struct {
	Body struct {
		Course     string `json:"course" maxLength:"64" doc:"The course's id"`
		Name       string `json:"name" pattern:"^[a-z0-9][a-z0-9._-]{0,62}$" doc:"Lower-case letters, digits, - _ and ., at most 63 characters"`
		Dockerfile string `json:"dockerfile" maxLength:"262144"`
	}
}

type saveImageInput struct {
	ByID
	Body struct {
		Dockerfile   string `json:"dockerfile" maxLength:"262144"`
		BaseRevision int    `json:"base_revision" minimum:"1" doc:"The revision that was edited"`
	}
}

type revisionInput struct {
	ByID
	N int `path:"n" minimum:"1"`
}

func (h *Hub) listImages(ctx context.Context, in *ListInput) (*body[Page[assay.Image]], error) {
	return nil, errLater
}
func (h *Hub) createImage(ctx context.Context, in *createImageInput) (*body[assay.Image], error) {
	return nil, errLater
}
func (h *Hub) getImage(ctx context.Context, in *ByID) (*body[ImageDetail], error) {
	return nil, errLater
}
func (h *Hub) saveImage(ctx context.Context, in *saveImageInput) (*body[ImageDetail], error) {
	return nil, errLater
}
func (h *Hub) deleteImage(ctx context.Context, in *ByID) (*nothing, error) { return nil, errLater }
func (h *Hub) listRevisions(ctx context.Context, in *ByID) (*body[Page[assay.Revision]], error) {
	return nil, errLater
}
func (h *Hub) getRevision(ctx context.Context, in *revisionInput) (*body[assay.Revision], error) {
	return nil, errLater
}
func (h *Hub) createBuild(ctx context.Context, in *ByID) (*body[assay.Build], error) {
	return nil, errLater
}
