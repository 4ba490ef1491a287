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
	courses, err := h.narrow(ctx, in.Course)
	if err != nil {
		return nil, err
	}
	images, err := h.cfg.Store.Images(ctx, courses, in.Q)
	return page(images), err
}

// image finds an image that the actor reaches.
func (h *Hub) image(ctx context.Context, id string) (assay.Image, error) {
	image, err := h.cfg.Store.Image(ctx, id)
	if err != nil {
		return image, err
	}
	return image, h.allow(ctx, "image", image.Course)
}

func (h *Hub) createImage(ctx context.Context, in *createImageInput) (*body[assay.Image], error) {
	if _, err := h.course(ctx, in.Body.Course); err != nil {
		return nil, err
	}
	image, _, err := h.cfg.Store.AddImage(ctx, in.Body.Course, in.Body.Name, in.Body.Dockerfile, actor(ctx).User.Name)
	return answer(image), err
}

func (h *Hub) getImage(ctx context.Context, in *ByID) (*body[ImageDetail], error) {
	image, err := h.image(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	revision, err := h.cfg.Store.Revision(ctx, image.ID, image.Revision)
	return answer(ImageDetail{Image: image, Revision: revision}), err
}

func (h *Hub) saveImage(ctx context.Context, in *saveImageInput) (*body[ImageDetail], error) {
	if _, err := h.image(ctx, in.ID); err != nil {
		return nil, err
	}
	image, revision, err := h.cfg.Store.SaveImage(ctx, in.ID, in.Body.Dockerfile, actor(ctx).User.Name, in.Body.BaseRevision)
	return answer(ImageDetail{Image: image, Revision: revision}), err
}

func (h *Hub) deleteImage(ctx context.Context, in *ByID) (*nothing, error) {
	if _, err := h.image(ctx, in.ID); err != nil {
		return nil, err
	}
	return nil, h.cfg.Store.DeleteImage(ctx, in.ID)
}

func (h *Hub) listRevisions(ctx context.Context, in *ByID) (*body[Page[assay.Revision]], error) {
	if _, err := h.image(ctx, in.ID); err != nil {
		return nil, err
	}
	revisions, err := h.cfg.Store.Revisions(ctx, in.ID)
	return page(revisions), err
}

func (h *Hub) getRevision(ctx context.Context, in *revisionInput) (*body[assay.Revision], error) {
	if _, err := h.image(ctx, in.ID); err != nil {
		return nil, err
	}
	revision, err := h.cfg.Store.Revision(ctx, in.ID, in.N)
	return answer(revision), err
}

func (h *Hub) createBuild(ctx context.Context, in *ByID) (*body[assay.Build], error) {
	image, err := h.image(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	build, err := h.cfg.Store.AddBuild(ctx, image, actor(ctx).User.Name)
	if err != nil {
		return nil, err
	}
	h.announceBuild(build)
	if err := h.publishBuild(ctx, build); err != nil {
		h.log.WarnContext(ctx, "a build is not in the queue yet", "build", build.ID, "error", cause(err))
		h.wakeSweep()
	}
	return answer(build), nil
}
