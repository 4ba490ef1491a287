package store_test

import (
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/store"
)

func TestJobComesBackAsItWasAdded(t *testing.T) {
	s := open(t)
	course := addCourse(t, s, "cs101")
	first, second := addJob(t, s, course.ID), addJob(t, s, course.ID)
	if first.ID == "" || first.Number != 1 || second.Number != 2 || first.State != assay.Queued || time.Since(first.CreatedAt) > time.Minute {
		t.Fatalf("not filled in: %+v, %+v", first, second)
	}
	got, err := s.Job(t.Context(), first.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, got); diff != "" {
		t.Error(diff)
	}
	_, err = s.Job(t.Context(), "nothing")
	wantCode(t, err, assay.NotFound)
}

func TestAttemptThatIsGivenBackDoesNotCount(t *testing.T) {
	s := open(t)
	job := addJob(t, s, addCourse(t, s, "cs101").ID)
	var old string
	for range 2 * assay.MaxAttempts {
		p, a, _, err := s.BeginAttempt(t.Context(), job.ID, "w", true)
		if err != nil || p != store.Go || a.Number != 1 {
			t.Fatalf("%v %+v %v", p, a, err)
		}
		got, recorded, err := s.RecordOutcome(t.Context(), assay.Outcome{Job: job.ID, Token: a.Token, State: assay.Queued})
		if err != nil || !recorded || got.State != assay.Queued || got.Attempt != 0 || got.Worker != "" || got.StartedAt != nil || got.EndedAt != nil {
			t.Fatalf("%v %+v %v", recorded, got, err)
		}
		old = a.Token
	}
	if _, recorded, err := s.RecordOutcome(t.Context(), assay.Outcome{Job: job.ID, Token: old, State: assay.Queued}); err != nil || recorded {
		t.Errorf("given back twice: %v %v", recorded, err)
	}
	_, a, _, err := s.BeginAttempt(t.Context(), job.ID, "w", true)
	if err != nil {
		t.Fatal(err)
	}
	if _, running, err := s.Cancel(t.Context(), job.ID); err != nil || !running {
		t.Fatal(running, err)
	}
	got, recorded, err := s.RecordOutcome(t.Context(), assay.Outcome{Job: job.ID, Token: a.Token, State: assay.Queued})
	if err != nil || !recorded || got.State != assay.Cancelled || got.EndedAt == nil {
		t.Errorf("given back while it was to be cancelled: %v %+v %v", recorded, got, err)
	}
}

func TestAttemptsAreGivenOutInTurn(t *testing.T) {
	s := open(t)
	job := addJob(t, s, addCourse(t, s, "cs101").ID)
	begin := func(redelivered bool) (store.Permission, assay.Attempt, assay.Job) {
		t.Helper()
		p, a, j, err := s.BeginAttempt(t.Context(), job.ID, "w", redelivered)
		if err != nil {
			t.Fatal(err)
		}
		return p, a, j
	}
	if p, _, _, err := s.BeginAttempt(t.Context(), "nothing", "w", false); err != nil || p != store.Gone {
		t.Errorf("a job that never was: %v, %v", p, err)
	}
	p, a, j := begin(false)
	if p != store.Go || a.Number != 1 || a.Job != job.ID || a.Worker != "w" || a.Token == "" {
		t.Fatalf("first attempt: %v %+v", p, a)
	}
	if j.State != assay.Starting || j.Attempt != 1 || j.Worker != "w" || j.StartedAt == nil {
		t.Errorf("the job after it: %+v", j)
	}
	if p, _, _ := begin(false); p != store.Busy {
		t.Errorf("a second message for a job that runs: %v", p)
	}
	for n := 2; n <= assay.MaxAttempts; n++ {
		if p, a, _ := begin(true); p != store.Go || a.Number != n {
			t.Errorf("redelivered: %v, attempt %d; want %d", p, a.Number, n)
		}
	}
	p, _, j = begin(true)
	if p != store.Gone || j.State != assay.Failed || j.Verdict != assay.Infrastructure || j.Message == "" || j.EndedAt == nil || j.Score != 0 {
		t.Errorf("after the last attempt: %v %+v", p, j)
	}
	if p, _, _ := begin(true); p != store.Gone {
		t.Errorf("a message for a job that has ended: %v", p)
	}
}

func TestOneOfManyBegins(t *testing.T) {
	s := open(t)
	job := addJob(t, s, addCourse(t, s, "cs101").ID)
	permissions := make([]store.Permission, 16)
	var all sync.WaitGroup
	for i := range permissions {
		all.Go(func() {
			p, _, _, err := s.BeginAttempt(t.Context(), job.ID, "w", false)
			if err != nil {
				t.Error(err)
			}
			permissions[i] = p
		})
	}
	all.Wait()
	counts := map[store.Permission]int{}
	for _, p := range permissions {
		counts[p]++
	}
	if counts[store.Go] != 1 || counts[store.Busy] != 15 {
		t.Errorf("permissions: %v", counts)
	}
}

func done(a assay.Attempt, score float64) assay.Outcome {
	return assay.Outcome{Job: a.Job, Token: a.Token, Worker: a.Worker, State: assay.Done, Result: &assay.Result{
		Verdict: assay.Partial, Score: score, MaxScore: 10,
		Tests: []assay.TestResult{{Name: "prints", Verdict: assay.Passed, Points: score, MaxPoints: 10, Stdout: "1\n2\n"}},
	}}
}

func TestResultIsRecordedOnce(t *testing.T) {
	s := open(t)
	job := addJob(t, s, addCourse(t, s, "cs101").ID)
	_, attempt, _, err := s.BeginAttempt(t.Context(), job.ID, "w", false)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var winners []assay.Job
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			j, recorded, err := s.RecordOutcome(t.Context(), done(attempt, float64(i)))
			if err != nil {
				t.Error(err)
			}
			if recorded {
				mu.Lock()
				defer mu.Unlock()
				winners = append(winners, j)
			}
		})
	}
	all.Wait()
	if len(winners) != 1 {
		t.Fatalf("%d outcomes were recorded", len(winners))
	}
	got, err := s.Job(t.Context(), job.ID)
	if err != nil {
		t.Fatal(err)
	}
	result, err := s.Result(t.Context(), job.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(done(attempt, winners[0].Score).Result, result); diff != "" {
		t.Errorf("result: %s", diff)
	}
	if got.State != assay.Done || got.Verdict != assay.Partial || got.Score != winners[0].Score || got.EndedAt == nil {
		t.Errorf("job: %+v", got)
	}
}

func TestOutcomeNeedsTheNewestAttemptsToken(t *testing.T) {
	s := open(t)
	course := addCourse(t, s, "cs101").ID
	job, other := addJob(t, s, course), addJob(t, s, course)
	begin := func(id string, redelivered bool) assay.Attempt {
		t.Helper()
		_, a, _, err := s.BeginAttempt(t.Context(), id, "w", redelivered)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	old := begin(job.ID, false)
	newest := begin(job.ID, true)
	foreign := begin(other.ID, false)
	foreign.Job = job.ID
	for name, a := range map[string]assay.Attempt{
		"an earlier attempt's": old,
		"another job's":        foreign,
		"a guessed one":        {Job: job.ID, Token: "guess"},
	} {
		if _, recorded, err := s.RecordOutcome(t.Context(), done(a, 10)); recorded || err != nil {
			t.Errorf("%s token: recorded %v, %v", name, recorded, err)
		}
	}
	for name, o := range map[string]assay.Outcome{
		"no token":  {Job: job.ID, State: assay.Failed},
		"no result": {Job: job.ID, Token: newest.Token, State: assay.Done},
		"no end":    {Job: job.ID, Token: newest.Token, State: assay.Running},
	} {
		_, _, err := s.RecordOutcome(t.Context(), o)
		if assay.CodeOf(err) != assay.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, recorded, err := s.RecordOutcome(t.Context(), done(newest, 10)); !recorded || err != nil {
		t.Errorf("the newest: recorded %v, %v", recorded, err)
	}
}

func TestFailedOutcomeIsNoScore(t *testing.T) {
	s := open(t)
	job := addJob(t, s, addCourse(t, s, "cs101").ID)
	_, a, _, err := s.BeginAttempt(t.Context(), job.ID, "w", false)
	if err != nil {
		t.Fatal(err)
	}
	got, recorded, err := s.RecordOutcome(t.Context(), assay.Outcome{Job: a.Job, Token: a.Token, State: assay.Failed})
	if err != nil || !recorded {
		t.Fatal(recorded, err)
	}
	if got.State != assay.Failed || got.Verdict != assay.Infrastructure || got.Message == "" || got.MaxScore != 10 {
		t.Errorf("%+v", got)
	}
	if r, err := s.Result(t.Context(), job.ID); r != nil || err != nil {
		t.Errorf("result %v, %v", r, err)
	}
}

func TestCancel(t *testing.T) {
	s := open(t)
	course := addCourse(t, s, "cs101").ID

	waiting := addJob(t, s, course)
	got, running, err := s.Cancel(t.Context(), waiting.ID)
	if err != nil || running || got.State != assay.Cancelled || got.EndedAt == nil {
		t.Errorf("waiting: %+v running %v, %v", got, running, err)
	}
	if p, _, _, err := s.BeginAttempt(t.Context(), waiting.ID, "w", false); err != nil || p != store.Gone {
		t.Errorf("begin after it: %v, %v", p, err)
	}
	_, _, err = s.Cancel(t.Context(), waiting.ID)
	wantCode(t, err, assay.Conflict)
	_, _, err = s.Cancel(t.Context(), "nothing")
	wantCode(t, err, assay.NotFound)

	begun := addJob(t, s, course)
	_, a, _, err := s.BeginAttempt(t.Context(), begun.ID, "w", false)
	if err != nil {
		t.Fatal(err)
	}
	got, running, err = s.Cancel(t.Context(), begun.ID)
	if err != nil || !running || got.State != assay.Starting || got.EndedAt != nil {
		t.Errorf("begun: %+v running %v, %v", got, running, err)
	}
	ids, err := s.JobsToCancel(t.Context())
	if diff := cmp.Diff([]string{begun.ID}, ids); err != nil || diff != "" {
		t.Errorf("requested: %v, %v", diff, err)
	}
	got, recorded, err := s.RecordOutcome(t.Context(), assay.Outcome{Job: a.Job, Token: a.Token, State: assay.Cancelled})
	if err != nil || !recorded || got.State != assay.Cancelled || got.Verdict != "" {
		t.Errorf("the worker's answer: %+v, %v, %v", got, recorded, err)
	}

	orphan := addJob(t, s, course)
	if _, _, _, err := s.BeginAttempt(t.Context(), orphan.ID, "w", false); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Cancel(t.Context(), orphan.ID); err != nil {
		t.Fatal(err)
	}
	p, _, got, err := s.BeginAttempt(t.Context(), orphan.ID, "w2", true)
	if err != nil || p != store.Gone || got.State != assay.Cancelled || got.Verdict != "" {
		t.Errorf("its worker died: %v %+v, %v", p, got, err)
	}
}

func TestUnpublishedJobsAreFound(t *testing.T) {
	s := open(t)
	course := addCourse(t, s, "cs101").ID
	first, second, third := addJob(t, s, course), addJob(t, s, course), addJob(t, s, course)
	if err := s.MarkPublished(t.Context(), second.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Cancel(t.Context(), third.ID); err != nil {
		t.Fatal(err)
	}
	got, err := s.Unpublished(t.Context(), 10)
	if diff := cmp.Diff([]assay.Job{first}, got); err != nil || diff != "" {
		t.Errorf("%v, %v", diff, err)
	}
}

func TestJobsAreListedAndFiltered(t *testing.T) {
	s := open(t)
	mine, other := addCourse(t, s, "cs101").ID, addCourse(t, s, "cs102").ID
	var jobs []assay.Job
	for range 5 {
		jobs = append(jobs, addJob(t, s, mine))
	}
	jobs = append(jobs, addJob(t, s, other))
	if _, _, err := s.Cancel(t.Context(), jobs[1].ID); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		filter store.JobFilter
		want   []int64
	}{
		"everything":         {store.JobFilter{}, []int64{6, 5, 4, 3, 2, 1}},
		"a course":           {store.JobFilter{Courses: []string{mine}}, []int64{5, 4, 3, 2, 1}},
		"no course":          {store.JobFilter{Courses: []string{}}, nil},
		"a part":             {store.JobFilter{Limit: 2, Before: 4}, []int64{3, 2}},
		"a state":            {store.JobFilter{State: assay.Cancelled}, []int64{2}},
		"a verdict":          {store.JobFilter{Verdict: assay.Passed}, nil},
		"a label":            {store.JobFilter{Q: "ADA.z", Courses: []string{other}}, []int64{6}},
		"a grader's name":    {store.JobFilter{Q: "fizz", Limit: 1}, []int64{6}},
		"a number":           {store.JobFilter{Q: "3"}, []int64{3}},
		"a wildcard is text": {store.JobFilter{Q: "%"}, nil},
		"a grader":           {store.JobFilter{Grader: "other"}, nil},
	} {
		if test.filter.Limit == 0 {
			test.filter.Limit = 100
		}
		got, err := s.Jobs(t.Context(), test.filter)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var numbers []int64
		for _, j := range got {
			numbers = append(numbers, j.Number)
		}
		if diff := cmp.Diff(test.want, numbers); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestQueueIsCounted(t *testing.T) {
	s := open(t)
	if queued, running, oldest, err := s.Queue(t.Context()); queued != 0 || running != 0 || oldest != nil || err != nil {
		t.Errorf("empty: %d, %d, %v, %v", queued, running, oldest, err)
	}
	course := addCourse(t, s, "cs101").ID
	first, second, _ := addJob(t, s, course), addJob(t, s, course), addJob(t, s, course)
	if _, _, _, err := s.BeginAttempt(t.Context(), first.ID, "w", false); err != nil {
		t.Fatal(err)
	}
	if _, news, err := s.MarkRunning(t.Context(), first.ID); !news || err != nil {
		t.Errorf("running: %v, %v", news, err)
	}
	if _, news, err := s.MarkRunning(t.Context(), first.ID); news || err != nil {
		t.Errorf("running again: %v, %v", news, err)
	}
	queued, running, oldest, err := s.Queue(t.Context())
	if queued != 2 || running != 1 || oldest == nil || !oldest.Equal(second.CreatedAt) || err != nil {
		t.Errorf("%d, %d, %v, %v", queued, running, oldest, err)
	}
}

// The process that wrote is killed: nothing is closed, and the file is
// opened by another.
func TestWhatWasWrittenSurvivesAKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "assay.db")
	killed := openAt(t, path)
	job := addJob(t, killed, addCourse(t, killed, "cs101").ID)
	again := openAt(t, path)
	got, err := again.Job(t.Context(), job.ID)
	if diff := cmp.Diff(job, got); err != nil || diff != "" {
		t.Errorf("%v, %v", diff, err)
	}
}
