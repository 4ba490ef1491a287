package hub_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/bus"
)

// fakeWorker speaks the real bus and grades nothing: it does with a job what
// a test says.
type fakeWorker struct {
	*rig
	cancelled chan string
	did       chan string // jobs that it has seen to
}

// attempt is a job in the worker's hands.
type attempt struct {
	t        *testing.T
	bus      *bus.Bus
	delivery *bus.Delivery[assay.Ticket]
	assay.Attempt
}

func (a *attempt) progress(stage assay.Stage, test int) {
	if err := a.bus.PublishProgress(assay.Progress{Job: a.Job, Stage: stage, Test: test, At: time.Now()}); err != nil {
		a.t.Error(err)
	}
}

func (a *attempt) outcome(state assay.State, score float64) {
	o := assay.Outcome{Job: a.Job, Token: a.Token, Worker: a.Worker, State: state}
	if state == assay.Done {
		o.Result = &assay.Result{
			Verdict: assay.Passed, Score: score, MaxScore: 2,
			Tests: []assay.TestResult{{Name: "says hello", Verdict: assay.Passed, Points: score, MaxPoints: 2}},
		}
	}
	if err := a.bus.PublishOutcome(context.Background(), o); err != nil {
		a.t.Error(err)
	}
}

// worker starts a worker that has do see to each job, and then acknowledges
// it unless do says no.
func (r *rig) worker(name string, do func(*attempt) (ack bool)) *fakeWorker {
	r.t.Helper()
	w := &fakeWorker{rig: r, cancelled: make(chan string, 100), did: make(chan string, 100)}
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.t.Context()))
	stop, err := r.bus.WatchCancel(func(id string) { w.cancelled <- id })
	if err != nil {
		r.t.Fatal(err)
	}
	queue, err := r.bus.Jobs(ctx, "main")
	if err != nil {
		r.t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			d, err := queue.Next(ctx)
			if err != nil {
				if !errors.Is(err, context.Canceled) {
					r.t.Error(err)
				}
				return
			}
			all.Go(func() { w.see(ctx, d, name, do) })
		}
	})
	r.t.Cleanup(func() {
		cancel()
		all.Wait()
		queue.Close()
		stop()
	})
	return w
}

func (w *fakeWorker) see(ctx context.Context, d *bus.Delivery[assay.Ticket], name string, do func(*attempt) bool) {
	begin, err := w.bus.AskBegin(ctx, bus.BeginRequest{ID: d.Ticket.Job, Worker: name, Redelivered: d.Redelivered})
	if err != nil {
		if ctx.Err() == nil {
			w.t.Error(err)
		}
		return
	}
	if begin.Verdict == bus.Go && !do(&attempt{t: w.t, bus: w.bus, delivery: d, Attempt: begin.Attempt}) {
		return
	}
	if err := d.Ack(context.WithoutCancel(ctx)); err != nil {
		w.t.Error(err)
	}
	w.did <- d.Ticket.Job
}

// passes is a worker that gives full score.
func passes(a *attempt) bool {
	a.outcome(assay.Done, 2)
	return true
}

func TestJobIsGraded(t *testing.T) {
	r := start(t)
	grader := r.root.addGrader(r.course.ID)
	r.worker("w1", func(a *attempt) bool {
		for _, d := range []assay.Digest{a.delivery.Ticket.Files, a.delivery.Ticket.Submission} {
			object, err := r.bus.GetObject(t.Context(), d)
			if err != nil {
				t.Error(err)
				continue
			}
			if _, err := io.Copy(io.Discard, object); err != nil {
				t.Error(err)
			}
		}
		return passes(a)
	})
	job := r.root.submit(grader.ID)
	until(t, "the job is done", func() bool { return r.root.job(job.ID).Job.State == assay.Done })
	d := r.root.job(job.ID)
	if d.Job.Verdict != assay.Passed || d.Job.Score != 2 || d.Job.Worker != "w1" || d.Job.Attempt != 1 || d.Result == nil || d.Result.Tests[0].Name != "says hello" {
		t.Errorf("%+v", d)
	}
}

// A job that is submitted while there is no worker waits for one.
func TestWaitingJobsAreAllGraded(t *testing.T) {
	r := start(t)
	grader := r.root.addGrader(r.course.ID)
	jobs := map[string]bool{}
	for range 20 {
		jobs[r.root.submit(grader.ID).ID] = true
	}
	r.worker("w1", passes)
	until(t, "all are done", func() bool {
		for id := range jobs {
			if r.root.job(id).Job.State == assay.Done {
				delete(jobs, id)
			}
		}
		return len(jobs) == 0
	})
}

// What is delivered twice, or comes from a worker that was given up, changes
// nothing.
func TestJobEndsOnce(t *testing.T) {
	r := start(t)
	grader := r.root.addGrader(r.course.ID)
	var mu sync.Mutex
	var first *attempt
	w := r.worker("w1", func(a *attempt) bool {
		mu.Lock()
		defer mu.Unlock()
		if first == nil {
			first = a
			return false // it dies
		}
		first.outcome(assay.Done, 1) // it was alive after all
		a.outcome(assay.Done, 2)
		a.outcome(assay.Done, 1)
		first.outcome(assay.Failed, 0)
		return true
	})
	job := r.root.submit(grader.ID)
	<-w.did
	until(t, "the job is done", func() bool { return r.root.job(job.ID).Job.State == assay.Done })
	last := r.root.submit(grader.ID) // its outcome comes after all of those
	until(t, "the next job is done", func() bool { return r.root.job(last.ID).Job.State == assay.Done })
	if d := r.root.job(job.ID); d.Job.Score != 2 || d.Job.Attempt != 2 || d.Job.State != assay.Done {
		t.Errorf("%+v", d.Job)
	}
}

func TestJobFailsWhenNoWorkerSurvivesIt(t *testing.T) {
	r := start(t)
	grader := r.root.addGrader(r.course.ID)
	r.worker("w1", func(*attempt) bool { return false })
	job := r.root.submit(grader.ID)
	until(t, "the job has failed", func() bool { return r.root.job(job.ID).Job.State == assay.Failed })
	if d := r.root.job(job.ID); d.Job.Verdict != assay.Infrastructure || d.Job.Attempt != assay.MaxAttempts || d.Job.Message == "" || d.Result != nil {
		t.Errorf("%+v", d)
	}
}

// A row that was written while the queue could not be is published later.
func TestAcceptedJobReachesTheQueueByItself(t *testing.T) {
	r := start(t)
	grader := r.root.addGrader(r.course.ID)
	r.worker("w1", passes)
	job, err := r.store.AddJob(t.Context(), assay.Job{
		Course: r.course.ID, Grader: grader.ID, GraderName: grader.Name, Files: grader.Files, Submission: grader.Files,
		Priority: assay.Low, Runtime: "runc", By: "root",
	})
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the job is done", func() bool { return r.root.job(job.ID).Job.State == assay.Done })
}

func TestCancellationThatWasLostIsToldAgain(t *testing.T) {
	r := start(t)
	heard := make(chan string, 1000)
	for _, watch := range []func(func(string)) (func(), error){r.bus.WatchCancel, r.bus.WatchCancelBuild} {
		stop, err := watch(func(id string) { heard <- id })
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(stop)
	}
	files := assay.DigestOf(nil)
	job, err := r.store.AddJob(t.Context(), assay.Job{Course: r.course.ID, Files: files, Submission: files, Priority: assay.Low, Runtime: "runc"})
	if err != nil {
		t.Fatal(err)
	}
	image, _, err := r.store.AddImage(t.Context(), r.course.ID, "python", "FROM a", "root")
	if err != nil {
		t.Fatal(err)
	}
	build, err := r.store.AddBuild(t.Context(), image, "root")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := r.store.BeginAttempt(t.Context(), job.ID, "w", false); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := r.store.BeginBuild(t.Context(), build.ID, false); err != nil {
		t.Fatal(err)
	}
	// Recorded, and nobody told.
	if _, _, err := r.store.Cancel(t.Context(), job.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.store.CancelBuild(t.Context(), build.ID); err != nil {
		t.Fatal(err)
	}
	missing := map[string]bool{job.ID: true, build.ID: true}
	for len(missing) > 0 {
		delete(missing, <-heard)
	}
}

func TestCancelInEveryState(t *testing.T) {
	r := start(t)
	grader := r.root.addGrader(r.course.ID)
	cancel := func(id string, status int) {
		t.Helper()
		r.root.do("POST", "/api/v1/jobs/"+id+"/cancel", nil, status, nil)
	}
	state := func(id string) assay.State { return r.root.job(id).Job.State }

	waiting := r.root.submit(grader.ID)
	cancel(waiting.ID, 200)
	if s := state(waiting.ID); s != assay.Cancelled {
		t.Errorf("waiting: %s", s)
	}
	cancel(waiting.ID, 409)

	held := make(chan *attempt)
	w := r.worker("w1", func(a *attempt) bool {
		held <- a // the test publishes the outcome
		return true
	})
	if id := <-w.did; id != waiting.ID {
		t.Errorf("the worker saw to %s", id)
	}

	starting := r.root.submit(grader.ID)
	a := <-held
	cancel(starting.ID, 200)
	if id := <-w.cancelled; id != starting.ID {
		t.Errorf("the worker heard of %s", id)
	}
	a.outcome(assay.Cancelled, 0)
	until(t, "a starting job is cancelled", func() bool { return state(starting.ID) == assay.Cancelled })

	running := r.root.submit(grader.ID)
	a = <-held
	a.progress(assay.StageTests, 0)
	until(t, "the job runs", func() bool { return state(running.ID) == assay.Running })
	cancel(running.ID, 200)
	// It had ended already: then its result counts.
	a.outcome(assay.Done, 2)
	until(t, "a job that was faster is done", func() bool { return state(running.ID) == assay.Done })
	cancel(running.ID, 409)
	cancel("nothing", 404)
}

func TestEveryAttemptIsSeenToRun(t *testing.T) {
	r := start(t)
	grader := r.root.addGrader(r.course.ID)
	seen := make(chan struct{})
	r.worker("w1", func(a *attempt) bool {
		a.progress(assay.StageTests, 0)
		select {
		case <-seen:
		case <-t.Context().Done(): // the test has failed
			return false
		}
		if a.Number == 1 {
			if err := a.delivery.Nak(0); err != nil {
				t.Error(err)
			}
			return false
		}
		return passes(a)
	})
	job := r.root.submit(grader.ID)
	for n := range 2 {
		until(t, fmt.Sprintf("attempt %d runs", n+1), func() bool {
			got := r.root.job(job.ID).Job
			return got.Attempt == n+1 && got.State == assay.Running
		})
		seen <- struct{}{}
	}
	until(t, "the job is done", func() bool { return r.root.job(job.ID).Job.State == assay.Done })
}

func TestJobIsRepeated(t *testing.T) {
	r := start(t)
	grader := r.root.addGrader(r.course.ID)
	r.worker("w1", passes)
	job := r.root.submit(grader.ID)
	var again assay.Job
	r.root.do("POST", "/api/v1/jobs/"+job.ID+"/again", nil, 201, &again)
	if again.ID == job.ID || again.Submission != job.Submission || again.Label != job.Label || again.Number != job.Number+1 {
		t.Errorf("%+v", again)
	}
	r.root.do("DELETE", "/api/v1/graders/"+grader.ID, nil, 204, nil)
	r.root.do("POST", "/api/v1/jobs/"+job.ID+"/again", nil, 409, nil)
	r.root.job(job.ID) // it is still there
}
