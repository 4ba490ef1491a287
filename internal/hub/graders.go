package hub

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/assay-project/assay/internal/archive"
	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/format"
	"github.com/assay-project/assay/internal/store"
)

func (h *Hub) graderRoutes() {
	route(h, member, op("GET", "/api/v1/graders", "list-graders", "Graders, by name"), h.listGraders)
	upload(h, member, graderForm{}, creates(op("POST", "/api/v1/graders", "create-grader", "Upload a grader: an archive of its folder")), h.createGrader)
	route(h, member, op("GET", "/api/v1/graders/{id}", "get-grader", "One grader with what its grader.yaml says"), h.getGrader)
	route(h, member, op("DELETE", "/api/v1/graders/{id}", "delete-grader", "Remove a grader; its jobs stay"), h.deleteGrader)
	upload(h, member, graderFilesForm{}, op("PUT", "/api/v1/graders/{id}/files", "put-grader-files", "Upload a grader's folder anew: the next revision"), h.putGraderFiles)
}

type graderForm struct {
	Course  string `json:"course" maxLength:"64" doc:"The course's id"`
	Archive string `json:"archive" format:"binary" doc:"zip, tar or tar.gz of the folder with grader.yaml, at most 64 MiB"`
}

type graderFilesForm struct {
	Archive string `json:"archive" format:"binary" doc:"zip, tar or tar.gz of the folder with grader.yaml, at most 64 MiB"`
}

// GraderDetail is a grader with everything its page shows.
type GraderDetail struct {
	Grader  assay.StoredGrader `json:"grader"`
	Spec    assay.Grader       `json:"spec" doc:"What grader.yaml says, defaults filled in"`
	Samples []string           `json:"samples" doc:"Names of sample submissions, for POST /api/v1/jobs"`
	Files   []store.File       `json:"files"`
	YAML    string             `json:"yaml" doc:"The text of grader.yaml"`
}

// ListInput narrows a list.
type ListInput struct {
	Course string `query:"course" maxLength:"64" doc:"Only this course's; its id"`
	Q      string `query:"q" maxLength:"200" doc:"Only names that contain this"`
}

func (h *Hub) listGraders(ctx context.Context, in *ListInput) (*body[Page[assay.StoredGrader]], error) {
	courses, err := h.narrow(ctx, in.Course)
	if err != nil {
		return nil, err
	}
	graders, err := h.cfg.Store.Graders(ctx, courses, in.Q)
	return page(graders), err
}

// grader finds a grader that the actor reaches.
func (h *Hub) grader(ctx context.Context, id string) (assay.StoredGrader, error) {
	grader, err := h.cfg.Store.Grader(ctx, id)
	if err != nil {
		return grader, err
	}
	return grader, h.allow(ctx, "grader", grader.Course)
}

func (h *Hub) createGrader(ctx context.Context, _ *nothing) (*body[assay.StoredGrader], error) {
	course, err := h.course(ctx, formOf(ctx).fields["course"])
	if err != nil {
		return nil, err
	}
	upload, err := h.acceptGrader(ctx)
	if err != nil {
		return nil, err
	}
	grader, err := h.cfg.Store.AddGrader(ctx, course.ID, upload)
	return answer(grader), err
}

func (h *Hub) putGraderFiles(ctx context.Context, in *ByID) (*body[assay.StoredGrader], error) {
	if _, err := h.grader(ctx, in.ID); err != nil {
		return nil, err
	}
	upload, err := h.acceptGrader(ctx)
	if err != nil {
		return nil, err
	}
	grader, err := h.cfg.Store.AddUpload(ctx, in.ID, upload)
	return answer(grader), err
}

func (h *Hub) getGrader(ctx context.Context, in *ByID) (*body[GraderDetail], error) {
	grader, err := h.grader(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	upload, err := h.cfg.Store.Upload(ctx, grader)
	if err != nil {
		return nil, err
	}
	return answer(GraderDetail{Grader: grader, Spec: *upload.Spec, Samples: upload.Samples, Files: upload.Listing, YAML: upload.YAML}), nil
}

func (h *Hub) deleteGrader(ctx context.Context, in *ByID) (*nothing, error) {
	if _, err := h.grader(ctx, in.ID); err != nil {
		return nil, err
	}
	return nil, h.cfg.Store.DeleteGrader(ctx, in.ID)
}

// acceptGrader checks and stores the grader that was sent.
func (h *Hub) acceptGrader(ctx context.Context) (store.Upload, error) {
	f := formOf(ctx)
	if f.file == nil {
		return store.Upload{}, assay.Errorf(assay.Invalid, "There is no archive in the form; send the grader's folder as the field archive.")
	}
	summary, canonical, err := h.accept(ctx, "grader", f)
	if err != nil {
		return store.Upload{}, err
	}
	upload, err := h.readGrader(summary, canonical, actor(ctx).User.Name)
	return upload, joined(err, canonical.Close())
}

// readGrader reads what a canonical archive says as a grader. Its errors are
// those of format.Load.
func (h *Hub) readGrader(summary archive.Summary, canonical io.Reader, by string) (upload store.Upload, err error) {
	err = h.unpacked(canonical, func(files fs.FS) error {
		upload = store.Upload{Files: summary.Digest, By: by}
		root, err := format.Root(files)
		if err != nil {
			return err
		}
		if upload.Spec, err = format.Load(root); err != nil {
			return err
		}
		if upload.Samples, err = format.Samples(root); err != nil {
			return err
		}
		text, err := fs.ReadFile(root, "grader.yaml")
		upload.YAML = string(text)
		return err
	})
	if upload.Samples == nil {
		upload.Samples = []string{}
	}
	upload.Listing = make([]store.File, len(summary.Files))
	for i, f := range summary.Files {
		upload.Listing[i] = store.File{Path: f.Path, Size: f.Size}
	}
	return upload, err
}

// unpacked calls f with the files of a canonical archive, which are gone
// afterwards.
func (h *Hub) unpacked(canonical io.Reader, f func(fs.FS) error) error {
	dir, err := os.MkdirTemp(h.cfg.Temp, "files-*")
	if err != nil {
		return h.diskFailed(err)
	}
	err = archive.Unpack(canonical, dir, archive.DefaultLimits)
	if err == nil {
		var root *os.Root
		if root, err = os.OpenRoot(dir); err == nil {
			err = f(root.FS())
			err = joined(err, root.Close())
		}
	}
	return joined(err, os.RemoveAll(dir))
}

// joined keeps err as it is (a Diagnostics, an assay.Error) unless later
// failed as well.
func joined(err, later error) error {
	if later == nil {
		return err
	}
	return errors.Join(err, later)
}
