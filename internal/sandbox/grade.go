package sandbox

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/assay-project/assay/internal/archive"
	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/warden"
)

// Assignment is a job as a pool needs it.
type Assignment struct {
	Ticket     assay.Ticket
	Grader     *assay.Grader
	Image      string    // id or digest of the grader's image, which the engine has
	Submission io.Reader // a canonical tar.gz
	Files      fs.FS     // the grader's folder; needed when a test runs as the grader
	Accepted   time.Time // when set, the timeline begins with the wait since then
}

// What a sandbox may take for its part before it is ended from outside.
const (
	// handOver is for receiving the files.
	handOver = 2 * time.Minute
	// lastWords is for the reason of a warden that has hung up.
	lastWords = 5 * time.Second
)

// grace is what a step gets beyond its wall time: the warden's time to kill, to
// collect, and to put back as many files as the limits allow, on a slow and
// busy machine.
func grace(l assay.Limits) time.Duration {
	const bytesASecond, filesASecond = 32 << 20, 2000
	return 15*time.Second + time.Duration(l.Disk/bytesASecond)*time.Second + time.Duration(l.Files/filesASecond)*time.Second
}

// errDeadline tells the worker's own deadline from the job's cancellation.
var errDeadline = errors.New("it did not do so in time")

// Grade grades a submission in a sandbox of its own. It returns a result
// whatever the submission did. An error means that there is none: ctx has
// ended, and then the sandbox was killed at once, or the machinery failed, and
// then it is an *assay.Error that says what to do.
//
// report is called from this goroutine and must not block; nil is allowed.
func (p *Pool) Grade(ctx context.Context, a Assignment, report func(assay.Progress)) (*assay.Result, error) {
	if report == nil {
		report = func(assay.Progress) {}
	}
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(p.ctx, func() { cancel(errClosed) })()
	g := &grading{
		pool: p, a: a, report: report, last: time.Now(),
		result: &assay.Result{MaxScore: a.Grader.MaxScore(), Image: a.Image, Runtime: a.Grader.Runtime, Tests: []assay.TestResult{}},
	}
	if !a.Accepted.IsZero() {
		g.last = a.Accepted
		g.moment(assay.StageQueued, "")
	}
	if err := g.grade(ctx); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return nil, cause
		}
		return nil, err
	}
	return g.result, nil
}

// grading is one job on its way.
type grading struct {
	pool   *Pool
	a      Assignment
	report func(assay.Progress)
	result *assay.Result
	box    *box
	last   time.Time // when the last moment ended
	texts  int       // bytes of the steps' texts so far
}

// rejection is why a submission cannot be graded, for people.
type rejection struct{ message string }

func (r *rejection) Error() string { return r.message }

// shape is what a sandbox for the grader must be made as.
func shape(image string, g *assay.Grader) assay.Shape {
	return assay.Shape{
		Image: image, Runtime: g.Runtime, Network: g.Network,
		Memory: g.Limits.Memory, Processes: g.Limits.Processes, Disk: g.Limits.Disk, Files: g.Limits.Files,
	}
}

// Shape is what a sandbox for the assignment is made as, for Prepare.
func (a Assignment) Shape() assay.Shape { return shape(a.Image, a.Grader) }

func (g *grading) grade(ctx context.Context) error {
	g.progress(assay.Progress{Stage: assay.StageSandbox})
	b, parked, err := g.pool.take(ctx, g.a.Shape())
	if err != nil {
		return err
	}
	g.box = b
	defer g.pool.discard(b)
	// A cancelled job's sandbox dies at once, whatever it is doing.
	defer context.AfterFunc(ctx, b.close)()
	g.pool.update(b, func(s *Sandbox) { s.State, s.Ticket, s.StartedAt = Running, g.a.Ticket, time.Now() })
	detail := "made for this job"
	if parked {
		detail = "parked"
	}
	g.moment(assay.StageSandbox, detail)

	err = g.work(ctx)
	if rejected, ok := errors.AsType[*rejection](err); ok {
		g.result.Verdict, g.result.Message = assay.Rejected, rejected.message
		return nil
	}
	if err != nil {
		return err
	}
	g.result.Conclude()
	return nil
}

// work hands the files over and runs the steps.
func (g *grading) work(ctx context.Context) error {
	g.progress(assay.Progress{Stage: assay.StageFiles})
	if err := g.put(ctx); err != nil {
		return err
	}
	g.moment(assay.StageFiles, "")
	spec := g.a.Grader
	if spec.Build != nil {
		g.progress(assay.Progress{Stage: assay.StageBuild})
		built, err := g.step(ctx, assay.Test{Name: "build", Step: *spec.Build, As: assay.AsStudent}, "")
		if err != nil {
			return err
		}
		g.result.Build = &built
		g.moment(assay.StageBuild, "")
		if built.Verdict != assay.Passed {
			g.result.Message = "The compile step failed, so no test was run."
			return nil
		}
	}
	for i, test := range spec.Tests {
		g.progress(assay.Progress{Stage: assay.StageTests, Test: i})
		done, err := g.step(ctx, test, g.before(i))
		if err != nil {
			return err
		}
		g.result.Tests = append(g.result.Tests, done)
		g.progress(assay.Progress{Stage: assay.StageTests, Test: i, Done: &done})
	}
	g.moment(assay.StageTests, "")
	return nil
}

// before is what happens to the files ahead of test i: each begins with what
// the compile step left.
func (g *grading) before(i int) warden.Before {
	switch {
	case i > 0:
		return warden.Restore
	case len(g.a.Grader.Tests) > 1:
		return warden.Keep
	}
	return ""
}

func (g *grading) progress(p assay.Progress) {
	p.Job, p.At = g.a.Ticket.Job, time.Now()
	g.report(p)
}

// moment ends a stage.
func (g *grading) moment(stage assay.Stage, detail string) {
	now := time.Now()
	g.result.Timeline = append(g.result.Timeline, assay.Moment{Stage: stage, Millis: millis(now.Sub(g.last)), Detail: detail})
	g.last = now
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// within bounds what is said to the sandbox: after d it is closed, and with it
// whatever waits for it, be it to read or to write.
func (g *grading) within(ctx context.Context, d time.Duration) (_ context.Context, done func()) {
	ctx, cancel := context.WithTimeoutCause(ctx, d, errDeadline)
	stop := context.AfterFunc(ctx, g.box.close)
	return ctx, func() { stop(); cancel() }
}

// put hands over the submission, and the grader's folder if a test needs it.
func (g *grading) put(ctx context.Context) error {
	ctx, done := g.within(ctx, handOver)
	defer done()
	err := g.box.put(warden.Student, func(w io.Writer) error {
		out := tar.NewWriter(w)
		rules := inspector{rules: g.a.Grader.Submission}
		err := archive.Each(g.a.Submission, archive.DefaultLimits, func(f archive.File, content io.Reader) error {
			if err := rules.check(f); err != nil {
				return err
			}
			return writeFile(out, f, content)
		})
		if code := assay.CodeOf(err); err != nil && (code == assay.Invalid || code == assay.TooLarge) {
			err = &rejection{err.Error()}
		}
		return errors.Join(err, out.Close())
	})
	if err != nil {
		return g.failed(ctx, "receiving the submission", err)
	}
	for _, t := range g.a.Grader.Tests {
		if t.As == assay.AsGrader {
			return g.putGrader(ctx)
		}
	}
	return nil
}

func (g *grading) putGrader(ctx context.Context) error {
	if g.a.Files == nil {
		return assay.Errorf(assay.Internal, "the grader's folder is missing, and a test runs in it")
	}
	err := g.box.put(warden.Grader, func(w io.Writer) error {
		out := tar.NewWriter(w)
		err := fs.WalkDir(g.a.Files, ".", func(name string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && (name == "submissions" || name == ".git"):
				return fs.SkipDir
			case !d.Type().IsRegular():
				return nil
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			f, err := g.a.Files.Open(name)
			if err != nil {
				return err
			}
			err = writeFile(out, archive.File{Path: name, Size: info.Size(), Executable: info.Mode()&0o111 != 0}, f)
			return errors.Join(err, f.Close())
		})
		return errors.Join(err, out.Close())
	})
	if err != nil {
		return g.failed(ctx, "receiving the grader's files", err)
	}
	return nil
}

func writeFile(out *tar.Writer, f archive.File, content io.Reader) error {
	mode := int64(0o644)
	if f.Executable {
		mode = 0o755
	}
	if err := out.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: f.Path, Size: f.Size, Mode: mode}); err != nil {
		return err
	}
	_, err := io.Copy(out, content)
	return err
}

// inspector holds a submission to its grader's rules, file by file.
type inspector struct {
	rules assay.SubmissionRules
	files int
	size  int64
}

func (i *inspector) check(f archive.File) error {
	i.files++
	i.size += f.Size
	switch {
	case i.rules.MaxFiles > 0 && i.files > i.rules.MaxFiles:
		return &rejection{fmt.Sprintf("The submission has more than %d files, the most that this grader takes.", i.rules.MaxFiles)}
	case i.rules.MaxSize > 0 && i.size > i.rules.MaxSize:
		return &rejection{fmt.Sprintf("The submission is larger than %s after unpacking, the most that this grader takes.", assay.Bytes(i.rules.MaxSize))}
	case !included(i.rules.Include, f.Path):
		return &rejection{fmt.Sprintf("The file %s is not one that this grader takes: only %s.", assay.Quote(f.Path, 200), strings.Join(i.rules.Include, ", "))}
	}
	return nil
}

func included(patterns []string, name string) bool {
	for _, pattern := range patterns {
		for _, candidate := range []string{name, path.Base(name)} {
			if ok, err := path.Match(pattern, candidate); ok && err == nil {
				return true
			}
		}
	}
	return len(patterns) == 0
}

// failed makes of an error in the talk with a sandbox what it means: a
// failure that the submission's files caused rejects it.
func (g *grading) failed(ctx context.Context, doing string, err error) error {
	if rejected, ok := errors.AsType[*rejection](err); ok {
		return rejected
	}
	if said, ok := errors.AsType[*assay.Error](err); ok {
		return said // what was to be handed over could not be read
	}
	if cause := context.Cause(ctx); cause != nil {
		return g.box.trouble(doing, cause)
	}
	var failure *failureError
	if !errors.As(err, &failure) {
		// The write failed because the warden had given up: it says why.
		ctx, cancel := context.WithTimeout(ctx, lastWords)
		defer cancel()
		_, last := g.box.next(ctx)
		errors.As(last, &failure)
		err = errors.Join(err, last)
	}
	if failure != nil && failure.Why != "" {
		limits := g.a.Grader.Limits
		return &rejection{fmt.Sprintf("The files do not fit into the sandbox (limits: memory %s, disk %s, files %d).", assay.Bytes(limits.Memory), assay.Bytes(limits.Disk), limits.Files)}
	}
	return g.box.trouble(doing, err)
}

// step runs one command and judges it.
func (g *grading) step(ctx context.Context, test assay.Test, before warden.Before) (assay.TestResult, error) {
	g.pool.update(g.box, func(s *Sandbox) { s.Step = test.Name })
	limits := g.a.Grader.Limits
	run := warden.Run{
		Argv: test.Command, As: warden.Student, Before: before,
		Wall: limits.Wall, CPU: limits.CPU, Output: limits.Output,
	}
	if test.As == assay.AsGrader {
		run.As = warden.Grader
	}
	// A sandbox that the warden cannot end (a process that the kernel does not
	// let die, say) ends from outside, and the job with it.
	ctx, done := g.within(ctx, limits.Wall+grace(limits))
	defer done()
	capture := capture{left: limits.Output}
	exited, err := g.box.run(ctx, run, test.Stdin, capture.take)
	if err != nil {
		return assay.TestResult{}, g.failed(ctx, "running "+assay.Quote(test.Name, 100), err)
	}
	result := judge(test, limits, exited, &capture)
	g.shorten(&result)
	g.account(result.Usage, exited.Usage.Sandbox)
	return result, nil
}

// account adds a step's usage to the job's.
func (g *grading) account(step assay.Usage, sandbox int64) {
	u := &g.result.Usage
	u.WallMS += step.WallMS
	u.CPUMS += step.CPUMS
	u.Output += step.Output
	u.Memory = max(u.Memory, step.Memory, sandbox)
}
