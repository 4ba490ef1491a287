package store

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/uptrace/bun"

	"github.com/assay-project/assay/internal/assay"
)

type jobRow struct {
	bun.BaseModel `bun:"table:jobs"`
	assay.Job
	Token           string // fingerprint of the newest attempt's
	CancelRequested bool
	Published       bool
}

type resultRow struct {
	bun.BaseModel `bun:"table:results"`
	Job           string
	Result        string
}

// AddJob keeps a job that has been accepted, and gives it id, number, state
// and time.
func (s *Store) AddJob(ctx context.Context, job assay.Job) (assay.Job, error) {
	row := jobRow{Job: job}
	row.ID, row.State, row.CreatedAt = assay.NewID(), assay.Queued, now()
	_, err := s.db.NewInsert().Model(&row).ExcludeColumn("number").Returning("number").Exec(ctx)
	return row.Job, s.failed("add a job", err)
}

// Job is one job.
func (s *Store) Job(ctx context.Context, id string) (assay.Job, error) {
	var row jobRow
	err := s.read.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx)
	return row.Job, s.missing("job", err)
}

// Result is what a job gave; nil when it has no result (yet).
func (s *Store) Result(ctx context.Context, job string) (*assay.Result, error) {
	var row resultRow
	err := s.missing("result", s.read.NewSelect().Model(&row).Where("job = ?", job).Scan(ctx))
	switch {
	case err == nil:
		result := new(assay.Result)
		return result, s.failed("read a result", json.Unmarshal([]byte(row.Result), result))
	case assay.CodeOf(err) == assay.NotFound:
		return nil, nil
	}
	return nil, err
}

// JobFilter narrows a list of jobs; what is empty narrows nothing.
type JobFilter struct {
	Courses []string // ids; nil is all
	Grader  string
	State   assay.State
	Verdict assay.Verdict
	Q       string // in the label or the grader's name, or the number itself
	Before  int64  // only numbers below this one
	Limit   int    // at most this many; must be positive
}

// Jobs lists jobs, the newest first.
func (s *Store) Jobs(ctx context.Context, f JobFilter) ([]assay.Job, error) {
	jobs := []assay.Job{}
	q := within(s.read.NewSelect().Model((*jobRow)(nil)).ExcludeColumn("token", "cancel_requested", "published"), f.Courses).
		Order("number DESC").Limit(int64(f.Limit))
	if f.Grader != "" {
		q = q.Where("grader = ?", f.Grader)
	}
	if f.State != "" {
		q = q.Where("state = ?", f.State)
	}
	if f.Verdict != "" {
		q = q.Where("verdict = ?", f.Verdict)
	}
	if f.Before > 0 {
		q = q.Where("number < ?", f.Before)
	}
	if f.Q != "" {
		number, err := strconv.ParseInt(f.Q, 10, 64)
		if err != nil {
			number = -1
		}
		q = q.Where(`(label LIKE ? ESCAPE '\' OR grader_name LIKE ? ESCAPE '\' OR number = ?)`, contains(f.Q), contains(f.Q), number)
	}
	return jobs, s.failed("list jobs", q.Scan(ctx, &jobs))
}

// Queue counts the jobs that wait and those that a worker has, and says
// since when the first of the waiting ones waits.
func (s *Store) Queue(ctx context.Context) (queued, running int, oldest *time.Time, err error) {
	var row struct {
		Queued, Running int
	}
	err = s.read.NewSelect().Table("jobs").
		ColumnExpr("count(*) FILTER (WHERE state = 'queued') AS queued").
		ColumnExpr("count(*) FILTER (WHERE state <> 'queued') AS running").
		Where("state IN ('queued', 'starting', 'running')").Scan(ctx, &row)
	if err == nil && row.Queued > 0 {
		var first jobRow
		err = s.read.NewSelect().Model(&first).Column("created_at").
			Where("state = 'queued'").Order("number").Limit(1).Scan(ctx)
		if first.CreatedAt != (time.Time{}) {
			oldest = &first.CreatedAt
		}
	}
	return row.Queued, row.Running, oldest, s.failed("count jobs", ignoreMissing(err))
}

// Unpublished lists jobs whose message is not known to be in the queue.
func (s *Store) Unpublished(ctx context.Context, limit int) ([]assay.Job, error) {
	jobs := []assay.Job{}
	err := s.read.NewSelect().Model((*jobRow)(nil)).ExcludeColumn("token", "cancel_requested", "published").
		Where("NOT published AND state = 'queued'").Order("number").Limit(int64(limit)).Scan(ctx, &jobs)
	return jobs, s.failed("look for jobs that are not in the queue", err)
}

// MarkPublished notes that a job's message is in the queue.
func (s *Store) MarkPublished(ctx context.Context, job string) error {
	_, err := s.db.NewUpdate().Model((*jobRow)(nil)).Set("published = TRUE").Where("id = ?", job).Exec(ctx)
	return s.failed("note that a job is in the queue", err)
}

// Permission is the answer to a worker that wants to begin.
type Permission string

// The permissions there are.
const (
	Go   Permission = "go"
	Gone Permission = "gone" // it has ended, or never was: forget the message
	Busy Permission = "busy" // another message's worker is at it: forget this one
)

// BeginAttempt asks for the next attempt at a job. redelivered says that the
// queue gave the message out before: whoever had it then is dead or has
// given it back. When the job cannot go on (it was cancelled meanwhile, or
// has had assay.MaxAttempts attempts) it ends here, and the answer is Gone.
//
// The job is given as it is afterwards; its ID is empty when there is none.
func (s *Store) BeginAttempt(ctx context.Context, job, worker string, redelivered bool) (Permission, assay.Attempt, assay.Job, error) {
	var row jobRow
	var attempt assay.Attempt
	permission := Gone
	err := s.write(ctx, "begin an attempt", func(ctx context.Context, tx bun.Tx) error {
		token := assay.NewSecret()
		begun, err := affected(tx.NewUpdate().Model(&row).
			Set("state = ?", assay.Starting).Set("attempt = attempt + 1").Set("token = ?", assay.Fingerprint(token)).
			Set("worker = ?", worker).Set("started_at = coalesce(started_at, ?)", now()).Set("published = TRUE").
			Where("id = ? AND attempt < ? AND NOT cancel_requested", job, assay.MaxAttempts).
			Where("state = ? OR (? AND state IN (?, ?))", assay.Queued, redelivered, assay.Starting, assay.Running).
			Returning("*").Exec(ctx))
		if err != nil {
			return err
		}
		if begun {
			permission = Go
			attempt = assay.Attempt{Job: job, Number: row.Attempt, Worker: worker, Token: token}
			return nil
		}
		if redelivered {
			ended, err := affected(tx.NewUpdate().Model(&row).
				Set("state = CASE WHEN cancel_requested THEN ? ELSE ? END", assay.Cancelled, assay.Failed).
				Set("verdict = CASE WHEN cancel_requested THEN '' ELSE ? END", assay.Infrastructure).
				Set("message = CASE WHEN cancel_requested THEN message ELSE ? END", exhausted).
				Set("ended_at = ?", now()).Set("token = ''").
				Where("id = ? AND state IN (?, ?)", job, assay.Starting, assay.Running).
				Returning("*").Exec(ctx))
			if err != nil || ended {
				return err
			}
		}
		err = ignoreMissing(tx.NewSelect().Model(&row).Where("id = ?", job).Scan(ctx))
		if err == nil && row.ID != "" && !row.State.Final() {
			permission = Busy
		}
		return err
	})
	return permission, attempt, row.Job, err
}

const exhausted = "It was tried 3 times and no worker brought it to an end; see the workers' logs, then run it again."

// MarkRunning notes that a worker has started on the submission itself. It
// reports whether that was news.
func (s *Store) MarkRunning(ctx context.Context, job string) (assay.Job, bool, error) {
	var row jobRow
	news, err := affected(s.db.NewUpdate().Model(&row).Set("state = ?", assay.Running).
		Where("id = ? AND state = ?", job, assay.Starting).Returning("*").Exec(ctx))
	return row.Job, news, s.failed("note that a job runs", err)
}

// RecordOutcome ends a job, if the outcome is the newest attempt's and the
// job has not ended; it reports whether that was so.
func (s *Store) RecordOutcome(ctx context.Context, o assay.Outcome) (assay.Job, bool, error) {
	if o.GivenBack() && o.Token != "" {
		return s.takeBack(ctx, o)
	}
	if !o.State.Final() || (o.State == assay.Done && o.Result == nil) || o.Token == "" {
		return assay.Job{}, false, assay.Errorf(assay.Invalid, "The outcome of job %.64q says %.20q without what belongs to it.", o.Job, o.State)
	}
	var row jobRow
	recorded := false
	err := s.write(ctx, "record a result", func(ctx context.Context, tx bun.Tx) error {
		q := tx.NewUpdate().Model(&row).Set("state = ?", o.State).Set("ended_at = ?", now()).Set("token = ''").
			Where("id = ? AND token = ? AND state IN (?, ?)", o.Job, assay.Fingerprint(o.Token), assay.Starting, assay.Running).
			Returning("*")
		switch {
		case o.State == assay.Failed:
			q = q.Set("verdict = ?", assay.Infrastructure).Set("message = ?", failure(o.Result))
		case o.State == assay.Done:
			q = q.Set("verdict = ?", o.Result.Verdict).Set("message = ?", o.Result.Message).
				Set("score = ?", o.Result.Score).Set("max_score = ?", o.Result.MaxScore)
		}
		var err error
		if recorded, err = affected(q.Exec(ctx)); err != nil || !recorded || o.Result == nil {
			return err
		}
		if o.Result.Tests == nil {
			o.Result.Tests = []assay.TestResult{}
		}
		text, err := json.Marshal(o.Result)
		if err != nil {
			return err
		}
		_, err = tx.NewInsert().Model(&resultRow{Job: o.Job, Result: string(text)}).Exec(ctx)
		return err
	})
	return row.Job, recorded && err == nil, err
}

// takeBack makes a job wait again whose worker ended, as if the attempt had
// not been. One that was to be cancelled meanwhile is.
func (s *Store) takeBack(ctx context.Context, o assay.Outcome) (assay.Job, bool, error) {
	var row jobRow
	taken := false
	err := s.write(ctx, "take a job back", func(ctx context.Context, tx bun.Tx) error {
		var err error
		taken, err = affected(tx.NewUpdate().Model(&row).
			Set("state = CASE WHEN cancel_requested THEN ? ELSE ? END", assay.Cancelled, assay.Queued).
			Set("ended_at = CASE WHEN cancel_requested THEN ? END", now()).
			Set("attempt = attempt - 1").Set("token = ''").Set("worker = ''").Set("started_at = NULL").
			Where("id = ? AND token = ? AND state IN (?, ?)", o.Job, assay.Fingerprint(o.Token), assay.Starting, assay.Running).
			Returning("*").Exec(ctx))
		return err
	})
	return row.Job, taken && err == nil, err
}

func failure(r *assay.Result) string {
	if r != nil && r.Message != "" {
		return r.Message
	}
	return "The worker could not grade it; see its log, then run it again."
}

// Cancel ends a job that waits, and asks for the end of one that runs. It
// reports whether a worker must be told. Conflict: it has ended.
func (s *Store) Cancel(ctx context.Context, job string) (_ assay.Job, running bool, _ error) {
	var row jobRow
	err := s.write(ctx, "cancel a job", func(ctx context.Context, tx bun.Tx) error {
		changed, err := affected(tx.NewUpdate().Model(&row).Set("cancel_requested = TRUE").
			Set("ended_at = CASE WHEN state = ? THEN ? END", assay.Queued, now()).
			Set("state = CASE WHEN state = ? THEN ? ELSE state END", assay.Queued, assay.Cancelled).
			Where("id = ? AND state IN (?, ?, ?)", job, assay.Queued, assay.Starting, assay.Running).
			Returning("*").Exec(ctx))
		if err != nil || changed {
			return err
		}
		if err := tx.NewSelect().Model(&row).Where("id = ?", job).Scan(ctx); err != nil {
			return s.missing("job", err)
		}
		return assay.Errorf(assay.Conflict, "Job %d has ended already; there is nothing to cancel.", row.Number)
	})
	return row.Job, err == nil && !row.State.Final(), err
}

// JobsToCancel lists the jobs that still run though they are to end: a
// worker may have missed it.
func (s *Store) JobsToCancel(ctx context.Context) ([]string, error) {
	var ids []string
	err := s.read.NewSelect().Model((*jobRow)(nil)).Column("id").
		Where("cancel_requested AND state IN (?, ?)", assay.Starting, assay.Running).Scan(ctx, &ids)
	return ids, s.failed("look for cancelled jobs", err)
}
