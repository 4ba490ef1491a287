package hub

import (
	"context"

	"github.com/assay-project/assay/internal/assay"
	"github.com/danielgtaylor/huma/v2"
)

func (h *Hub) jobRoutes() {
	route(h, member, op("GET", "/api/v1/jobs", "list-jobs", "Jobs, the newest first"), h.listJobs)
	route(h, member, h.upload(jobForm{}, creates(op("POST", "/api/v1/jobs", "create-job", "Submit something to be graded"))), h.createJob)
	route(h, member, op("GET", "/api/v1/jobs/{id}", "get-job", "One job, with its result when it has one"), h.getJob)
	route(h, member, op("POST", "/api/v1/jobs/{id}/cancel", "cancel-job", "Cancel a job; one that runs is stopped"), h.cancelJob)
	route(h, member, creates(op("POST", "/api/v1/jobs/{id}/again", "repeat-job", "Grade the same submission once more, with the grader as it is now")), h.repeatJob)
	route(h, member, op("GET", "/api/v1/jobs/{id}/submission", "get-submission", "The submitted files, as tar.gz"), h.getSubmission)
	stream(h, member, op("GET", "/api/v1/jobs/{id}/events", "watch-job", "What happens to a job, as it happens"), map[string]any{
		"reset": Reset{}, "job": assay.Job{}, "progress": assay.Progress{}, "result": assay.Result{},
	}, h.watchJob)
}

type jobForm struct {
	Grader   string         `json:"grader" maxLength:"64" doc:"The grader's id"`
	Archive  string         `json:"archive,omitempty" format:"binary" doc:"The submission: zip, tar, tar.gz or a single file, at most 64 MiB"`
	Sample   string         `json:"sample,omitempty" maxLength:"255" doc:"Instead of an archive: one of the grader's samples"`
	Priority assay.Priority `json:"priority,omitempty" enum:"high,normal,low" doc:"normal when absent"`
	Label    string         `json:"label,omitempty" maxLength:"200" doc:"What you call the submission; the file's name when absent"`
	Runtime  string         `json:"runtime,omitempty" maxLength:"64" doc:"How the sandbox is isolated; the grader's own when absent"`
}

type listJobsInput struct {
	ListInput
	Grader  string        `query:"grader" maxLength:"64" doc:"The grader's id"`
	State   assay.State   `query:"state" enum:"queued,starting,running,done,failed,cancelled"`
	Verdict assay.Verdict `query:"verdict" enum:"passed,partial,failed,timeout,memory,output,disk,processes,crashed,rejected,infrastructure"`
	Before  string        `query:"before" maxLength:"64" doc:"Only jobs before this one: next of the previous part"`
	Limit   int           `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

// JobDetail is a job and, once it is done, its result.
type JobDetail struct {
	Job    assay.Job     `json:"job"`
	Result *assay.Result `json:"result,omitempty"`
}

func (h *Hub) listJobs(ctx context.Context, in *listJobsInput) (*body[Page[assay.Job]], error) {
	return nil, errLater
}
func (h *Hub) createJob(ctx context.Context, _ *nothing) (*body[assay.Job], error) {
	return nil, errLater
}
func (h *Hub) getJob(ctx context.Context, in *ByID) (*body[JobDetail], error) { return nil, errLater }
func (h *Hub) cancelJob(ctx context.Context, in *ByID) (*body[assay.Job], error) {
	return nil, errLater
}
func (h *Hub) repeatJob(ctx context.Context, in *ByID) (*body[assay.Job], error) {
	return nil, errLater
}
func (h *Hub) getSubmission(ctx context.Context, in *ByID) (*huma.StreamResponse, error) {
	return nil, errLater
}
func (h *Hub) watchJob(ctx context.Context, in *watchInput) (source, error) { return nil, errLater }
