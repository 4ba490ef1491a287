package hub

import (
	"context"

	"github.com/assay-project/assay/internal/assay"
)

func (h *Hub) graderRoutes() {
	route(h, member, op("GET", "/api/v1/graders", "list-graders", "Graders, by name"), h.listGraders)
	route(h, member, h.upload(graderForm{}, creates(op("POST", "/api/v1/graders", "create-grader", "Upload a grader: an archive of its folder"))), h.createGrader)
	route(h, member, op("GET", "/api/v1/graders/{id}", "get-grader", "One grader with what its grader.yaml says"), h.getGrader)
	route(h, member, op("DELETE", "/api/v1/graders/{id}", "delete-grader", "Remove a grader; its jobs stay"), h.deleteGrader)
	route(h, member, h.upload(graderFilesForm{}, op("PUT", "/api/v1/graders/{id}/files", "put-grader-files", "Upload a grader's folder anew: the next revision")), h.putGraderFiles)
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
	Files   []GraderFile       `json:"files"`
	YAML    string             `json:"yaml" doc:"The text of grader.yaml"`
}

// GraderFile is one file of a grader's folder.
type GraderFile struct {
	Path string `json:"path"`
	Size int64  `json:"size" doc:"Bytes"`
}

// ListInput narrows a list.
type ListInput struct {
	Course string `query:"course" maxLength:"64" doc:"Only this course's; its id"`
	Q      string `query:"q" maxLength:"200" doc:"Only names that contain this"`
}

func (h *Hub) listGraders(ctx context.Context, in *ListInput) (*body[Page[assay.StoredGrader]], error) {
	return nil, errLater
}
func (h *Hub) createGrader(ctx context.Context, _ *nothing) (*body[assay.StoredGrader], error) {
	return nil, errLater
}
func (h *Hub) getGrader(ctx context.Context, in *ByID) (*body[GraderDetail], error) {
	return nil, errLater
}
func (h *Hub) deleteGrader(ctx context.Context, in *ByID) (*nothing, error) { return nil, errLater }
func (h *Hub) putGraderFiles(ctx context.Context, in *ByID) (*body[assay.StoredGrader], error) {
	return nil, errLater
}
