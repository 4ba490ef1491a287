package hub

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/assay-project/assay/internal/archive"
	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/format"
	"github.com/assay-project/assay/internal/store"
)

func (h *Hub) jobRoutes() {
	route(h, member, op("GET", "/api/v1/jobs", "list-jobs", "Jobs, the newest first"), h.listJobs)
	upload(h, member, jobForm{}, creates(op("POST", "/api/v1/jobs", "create-job", "Submit something to be graded")), h.createJob)
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
	courses, err := h.narrow(ctx, in.Course)
	if err != nil {
		return nil, err
	}
	before := int64(0)
	if in.Before != "" {
		if before, err = strconv.ParseInt(in.Before, 10, 64); err != nil || before < 1 {
			return nil, assay.Errorf(assay.Invalid, "before is not a place in the list; give next of an earlier answer.")
		}
	}
	jobs, err := h.cfg.Store.Jobs(ctx, store.JobFilter{
		Courses: courses, Grader: in.Grader, State: in.State, Verdict: in.Verdict, Q: in.Q, Before: before, Limit: in.Limit,
	})
	if err != nil {
		return nil, err
	}
	out := page(jobs)
	if len(jobs) == in.Limit {
		out.Body.Next = strconv.FormatInt(jobs[len(jobs)-1].Number, 10)
	}
	return out, nil
}

// job finds a job that the actor reaches.
func (h *Hub) job(ctx context.Context, id string) (assay.Job, error) {
	job, err := h.cfg.Store.Job(ctx, id)
	if err != nil {
		return job, err
	}
	return job, h.allow(ctx, "job", job.Course)
}

func (h *Hub) getJob(ctx context.Context, in *ByID) (*body[JobDetail], error) {
	job, err := h.job(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	result, err := h.cfg.Store.Result(ctx, job.ID)
	return answer(JobDetail{Job: job, Result: result}), err
}

func (h *Hub) createJob(ctx context.Context, _ *nothing) (*body[assay.Job], error) {
	f := formOf(ctx)
	grader, err := h.grader(ctx, f.fields["grader"])
	if err != nil {
		return nil, err
	}
	job := assay.Job{Priority: assay.Priority(f.fields["priority"]), Runtime: f.fields["runtime"], Label: f.fields["label"]}
	sample := f.fields["sample"]
	switch {
	case f.file != nil && sample != "":
		return nil, assay.Errorf(assay.Invalid, "Send either an archive or a sample's name, not both.")
	case f.file != nil:
		job.Submission, err = h.acceptSubmission(ctx, f)
		job.Label = cmp.Or(job.Label, f.name)
	case sample != "":
		job.Submission, err = h.acceptSample(ctx, grader, sample)
		job.Label = cmp.Or(job.Label, sample)
	default:
		err = assay.Errorf(assay.Invalid, "There is nothing to grade; send the submission as the field archive, or the name of a sample.")
	}
	if err != nil {
		return nil, err
	}
	return h.submit(ctx, grader, job)
}

var runtimeName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// submit accepts a job: it fills in what the grader decides, keeps the row
// and puts the job into the queue. Once the row is kept nothing can lose it:
// when the queue fails, the sweep tries again.
func (h *Hub) submit(ctx context.Context, grader assay.StoredGrader, job assay.Job) (*body[assay.Job], error) {
	upload, err := h.cfg.Store.Upload(ctx, grader)
	if err != nil {
		return nil, err
	}
	job.Course, job.Grader, job.GraderName = grader.Course, grader.ID, grader.Name
	job.Files, job.MaxScore, job.By = grader.Files, grader.MaxScore, actor(ctx).User.Name
	job.Runtime = cmp.Or(job.Runtime, upload.Spec.Runtime)
	job.Label = assay.Printable(job.Label, 200)
	if job.Priority == "" {
		job.Priority = assay.Normal
	}
	if !slices.Contains(assay.Priorities[:], job.Priority) {
		return nil, assay.Errorf(assay.Invalid, "%s is not a priority; use high, normal or low.", assay.Quote(string(job.Priority), 20))
	}
	if !runtimeName.MatchString(job.Runtime) {
		return nil, assay.Errorf(assay.Invalid, "%s is not a runtime's name.", assay.Quote(job.Runtime, 20))
	}
	if job, err = h.cfg.Store.AddJob(ctx, job); err != nil {
		return nil, err
	}
	h.announce(job)
	if err := h.publishJob(ctx, job); err != nil {
		h.log.WarnContext(ctx, "a job is not in the queue yet", "job", job.ID, "error", cause(err))
		h.wakeSweep()
	}
	return answer(job), nil
}

func (h *Hub) acceptSubmission(ctx context.Context, f *form) (assay.Digest, error) {
	summary, canonical, err := h.accept(ctx, "submission", f)
	if err != nil {
		return "", err
	}
	return summary.Digest, canonical.Close()
}

// acceptSample takes a submission from the grader's own folder.
func (h *Hub) acceptSample(ctx context.Context, grader assay.StoredGrader, sample string) (assay.Digest, error) {
	upload, err := h.cfg.Store.Upload(ctx, grader)
	if err != nil {
		return "", err
	}
	if !slices.Contains(upload.Samples, sample) {
		return "", assay.Errorf(assay.NotFound, "The grader has no sample %s; those it has are folders and files in submissions.", assay.Quote(sample, 60))
	}
	files, err := h.cfg.Bus.GetObject(ctx, grader.Files)
	if err != nil {
		return "", err
	}
	var summary archive.Summary
	err = h.unpacked(files, func(files fs.FS) error {
		root, err := format.Root(files)
		if err != nil {
			return err
		}
		summary, err = h.packSample(ctx, root, path.Join("submissions", sample))
		return err
	})
	return summary.Digest, joined(err, files.Close())
}

// packSample stores a folder, or a single file, as a submission.
func (h *Hub) packSample(ctx context.Context, root fs.FS, name string) (archive.Summary, error) {
	packed, err := h.scratch()
	if err != nil {
		return archive.Summary{}, err
	}
	defer packed.Close() //nolint:errcheck // it was only read, and is gone
	info, err := fs.Stat(root, name)
	if err != nil {
		return archive.Summary{}, err
	}
	var summary archive.Summary
	if info.IsDir() {
		var folder fs.FS
		if folder, err = fs.Sub(root, name); err == nil {
			summary, err = archive.Pack(folder, packed, archive.DefaultLimits, nil)
		}
	} else {
		summary, err = normalizeFile(root, name, packed)
	}
	if err != nil {
		return summary, about("sample", err)
	}
	return summary, h.keep(ctx, summary, packed)
}

// normalizeFile reads the file in pieces: a grader's may be larger than what
// memory is to be had for.
func normalizeFile(root fs.FS, name string, to io.Writer) (archive.Summary, error) {
	file, err := root.Open(name)
	if err != nil {
		return archive.Summary{}, err
	}
	var summary archive.Summary
	info, err := file.Stat()
	if content, ok := file.(io.ReaderAt); ok && err == nil {
		summary, err = archive.Normalize(content, info.Size(), path.Base(name), to, archive.DefaultLimits)
	} else if err == nil {
		err = fmt.Errorf("%s cannot be read in pieces", name)
	}
	return summary, joined(err, file.Close())
}

func (h *Hub) repeatJob(ctx context.Context, in *ByID) (*body[assay.Job], error) {
	job, err := h.job(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	grader, err := h.grader(ctx, job.Grader)
	if assay.CodeOf(err) == assay.NotFound {
		return nil, assay.Errorf(assay.Conflict, "The grader of this job was removed; upload it again and submit the files to it.")
	}
	if err != nil {
		return nil, err
	}
	return h.submit(ctx, grader, assay.Job{Submission: job.Submission, Label: job.Label, Priority: job.Priority, Runtime: job.Runtime})
}

func (h *Hub) cancelJob(ctx context.Context, in *ByID) (*body[assay.Job], error) {
	if _, err := h.job(ctx, in.ID); err != nil {
		return nil, err
	}
	job, running, err := h.cfg.Store.Cancel(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if !running {
		h.announce(job)
	} else if err := h.cfg.Bus.Cancel(job.ID); err != nil {
		h.log.WarnContext(ctx, "a job's worker has not heard of its end yet", "job", job.ID, "error", cause(err))
	}
	return answer(job), nil
}

func (h *Hub) getSubmission(ctx context.Context, in *ByID) (*huma.StreamResponse, error) {
	job, err := h.job(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	files, err := h.cfg.Bus.GetObject(ctx, job.Submission)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		defer files.Close() //nolint:errcheck // nothing was written
		c.SetHeader("Content-Type", "application/gzip")
		c.SetHeader("Content-Disposition", fmt.Sprintf(`attachment; filename="submission-%d.tar.gz"`, job.Number))
		err := requestOf(ctx).control.SetWriteDeadline(time.Now().Add(uploadTimeout))
		if err == nil {
			_, err = io.Copy(c.BodyWriter(), files)
		}
		if err != nil {
			h.log.DebugContext(ctx, "submission not delivered", "request", requestID(ctx), "error", err)
			panic(http.ErrAbortHandler) // so that the reader does not take it for whole
		}
	}}, nil
}

func (h *Hub) watchJob(ctx context.Context, in *WatchInput) (source, error) {
	job, err := h.job(ctx, in.ID)
	if err != nil || (job.State.Final() && in.Last == lastID) {
		return nil, err
	}
	return func(ctx context.Context, out *eventWriter) error {
		f := h.feeds.open(job.ID)
		// Read again now that nothing of it can be missed.
		job, err := h.cfg.Store.Job(ctx, job.ID)
		if err != nil {
			return err
		}
		if job.State.Final() {
			h.feeds.end(job.ID)
			if err := out.send("reset", "", Reset{}); err != nil {
				return err
			}
			return h.sendEnd(ctx, out, job)
		}
		if err := out.send("job", "", job); err != nil {
			return err
		}
		look := time.NewTicker(h.cfg.Beat)
		defer look.Stop()
		err = out.follow(ctx, f, f.position(in.Last), func(e event) (bool, bool) {
			ended := e.name == "job" && json.Unmarshal(e.data, &job) == nil && job.State.Final()
			return !ended, ended
		}, look.C, func() error {
			job, err := h.cfg.Store.Job(ctx, job.ID)
			if err == nil && job.State.Final() {
				h.onJob(job) // the news of its end was lost
			}
			return err
		})
		if err != nil {
			return err
		}
		return h.sendEnd(ctx, out, job)
	}, nil
}

// sendEnd writes the last events of a job's stream.
func (h *Hub) sendEnd(ctx context.Context, out *eventWriter, job assay.Job) error {
	result, err := h.cfg.Store.Result(ctx, job.ID)
	if err != nil {
		return err
	}
	if result == nil {
		return out.send("job", lastID, job)
	}
	if err := out.send("job", "", job); err != nil {
		return err
	}
	return out.send("result", lastID, result)
}
