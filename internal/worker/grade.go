package worker

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/docker"
	"github.com/assay-project/assay/internal/format"
	"github.com/assay-project/assay/internal/sandbox"
)

// GradeRequest is a submission and the grader for it.
type GradeRequest struct {
	Ticket     assay.Ticket // who it is for; may be empty
	Grader     fs.FS        // the grader's files
	Submission io.Reader    // a canonical tar.gz
	Accepted   time.Time    // zero is now
}

// Grade grades a submission: it reads the grader, gets its image and gives
// both to a sandbox. report, unless nil, hears how far it is, one call at a
// time.
//
// A grader that cannot be used gives a rejected result that says so. An error
// is the end of ctx, or infrastructure: nobody's submission is to blame.
func (w *Worker) Grade(ctx context.Context, r GradeRequest, report func(assay.Progress)) (*assay.Result, error) {
	if r.Accepted.IsZero() {
		r.Accepted = time.Now()
	}
	if report == nil {
		report = func(assay.Progress) {}
	}
	tell := func(p assay.Progress) {
		p.Job, p.At = r.Ticket.Job, time.Now()
		report(p)
	}
	began := time.Now()
	tell(assay.Progress{Stage: assay.StageImage})
	p, err := w.prepare(ctx, r.Grader, func(line string) { tell(assay.Progress{Stage: assay.StageImage, Log: line}) })
	if err != nil {
		return rejected(err)
	}
	return w.run(ctx, p, r, time.Since(began), report)
}

// run gives a submission to a sandbox. waited is how long the image took.
func (w *Worker) run(ctx context.Context, p *prepared, r GradeRequest, waited time.Duration, report func(assay.Progress)) (*assay.Result, error) {
	result, err := w.cfg.Sandboxes.Grade(ctx, sandbox.Assignment{
		Ticket: r.Ticket, Grader: p.withRuntime(r.Ticket.Runtime), Image: p.image,
		Submission: r.Submission, Files: p.files,
		// The sandbox's timeline begins with the wait since then; what the
		// image took is told apart from it.
		Accepted: r.Accepted.Add(waited),
	}, report)
	if err != nil {
		return nil, err
	}
	moment := assay.Moment{Stage: assay.StageImage, Millis: float64(waited) / float64(time.Millisecond), Detail: p.detail}
	result.Timeline = insertMoment(result.Timeline, moment)
	return result, nil
}

// insertMoment puts the image's moment after the queue's, where it belongs.
func insertMoment(timeline []assay.Moment, m assay.Moment) []assay.Moment {
	at := 0
	if len(timeline) > 0 && timeline[0].Stage == assay.StageQueued {
		at = 1
	}
	return slices.Insert(timeline, at, m)
}

// prepared is a grader that is ready to be used.
type prepared struct {
	grader *assay.Grader
	files  fs.FS  // the folder where grader.yaml is
	image  string // id
	detail string // how the image was had, for the timeline
}

// withRuntime is the grader with the runtime that a job asks for.
func (p *prepared) withRuntime(runtime string) *assay.Grader {
	if runtime == "" || runtime == p.grader.Runtime {
		return p.grader
	}
	g := *p.grader
	g.Runtime = runtime
	return &g
}

// graderError is a grader that cannot be used; the text is for its author.
type graderError struct {
	text     string
	maxScore float64
}

func (e *graderError) Error() string { return e.text }

// rejected makes a result of a grader's fault and leaves other errors alone.
func rejected(err error) (*assay.Result, error) {
	var broken *graderError
	if !errors.As(err, &broken) {
		return nil, err
	}
	return &assay.Result{
		Verdict: assay.Rejected, MaxScore: broken.maxScore, Tests: []assay.TestResult{},
		Message: "The grader cannot be used, the submission is not to blame: " + broken.text,
	}, nil
}

// prepare reads a grader and gets its image.
func (w *Worker) prepare(ctx context.Context, files fs.FS, log func(line string)) (*prepared, error) {
	root, err := format.Root(files)
	if err != nil {
		return nil, blame(err, 0)
	}
	g, err := format.Load(root)
	if err != nil {
		return nil, blame(err, 0)
	}
	p := &prepared{grader: g, files: root}
	if g.Image.Dockerfile != "" {
		return p, w.build(ctx, p, log)
	}
	p.detail = "image " + g.Image.Reference
	if p.image, err = w.cfg.Engine.Resolve(ctx, g.Image.Reference); err != nil {
		return nil, blame(err, g.MaxScore())
	}
	return p, nil
}

// blame tells a grader's own fault from what is not.
func blame(err error, maxScore float64) error {
	switch assay.CodeOf(err) {
	case assay.Invalid, assay.NotFound, assay.TooLarge:
		return &graderError{text: err.Error(), maxScore: maxScore}
	}
	return err
}

// build gets the image of a grader's own Dockerfile.
func (w *Worker) build(ctx context.Context, p *prepared, log func(line string)) error {
	name, dir := p.grader.Image.Dockerfile, path.Dir(p.grader.Image.Dockerfile)
	text, err := fs.ReadFile(p.files, name)
	if err != nil {
		return &graderError{text: "Cannot read " + name + ": " + err.Error(), maxScore: p.grader.MaxScore()}
	}
	files, err := fs.Sub(p.files, dir)
	if err != nil {
		return &graderError{text: "Cannot use " + dir + " as the build context: " + err.Error(), maxScore: p.grader.MaxScore()}
	}
	p.detail = "image cached"
	limited, cancel := context.WithTimeout(ctx, w.longest)
	defer cancel()
	outcome, err := w.cfg.Engine.Ensure(limited, docker.BuildSpec{
		Dockerfile: string(text), DockerfileName: path.Base(name), Context: files,
		Skip: format.ContextSkip(p.grader),
	}, func(progress assay.BuildProgress) {
		p.detail = "image built"
		for _, line := range lines(progress) {
			log(line)
		}
	})
	switch {
	case err != nil:
		return err
	case outcome.State == assay.Cancelled:
		return errors.Join(ctx.Err(), assay.Errorf(assay.Unavailable, "The image's build was stopped."))
	case outcome.State != assay.Done:
		return &graderError{text: "the image of " + name + " cannot be built: " + outcome.Message, maxScore: p.grader.MaxScore()}
	}
	p.image = outcome.Digest
	return nil
}

// maxLine is how much of one piece of a build's log is passed on, in bytes.
const maxLine = 8 << 10

// lines is what a build's progress says to somebody who waits for it.
func lines(p assay.BuildProgress) []string {
	switch {
	case p.Log != nil:
		text := p.Log.Text[:min(len(p.Log.Text), maxLine)]
		return strings.Split(strings.TrimRight(text, "\n"), "\n")
	case p.Step != nil && p.Step.State == assay.StepRunning:
		return []string{p.Step.Name}
	}
	return nil
}
