package store

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/assay-project/assay/internal/assay"
)

type buildRow struct {
	bun.BaseModel `bun:"table:builds"`
	assay.Build
	Log             string
	Attempt         int
	CancelRequested bool
	Published       bool
}

// The columns of assay.Build: a list leaves out the log.
var buildInternals = []string{"log", "attempt", "cancel_requested", "published"}

// AddBuild keeps the wish to build an image's newest revision.
func (s *Store) AddBuild(ctx context.Context, image assay.Image, by string) (assay.Build, error) {
	row := buildRow{Build: assay.Build{
		ID: assay.NewID(), Course: image.Course, Image: image.ID, ImageName: image.Name, Revision: image.Revision,
		State: assay.Queued, Steps: []assay.BuildStep{}, By: by, CreatedAt: now(),
	}}
	_, err := s.db.NewInsert().Model(&row).Exec(ctx)
	return row.Build, s.failed("add a build", err)
}

// Build is one build.
func (s *Store) Build(ctx context.Context, id string) (assay.Build, error) {
	var row buildRow
	err := s.read.NewSelect().Model(&row).ExcludeColumn(buildInternals...).Where("id = ?", id).Scan(ctx)
	return row.Build, s.missing("build", err)
}

// BuildLog is what a build's steps printed; empty until it has ended.
func (s *Store) BuildLog(ctx context.Context, id string) (string, error) {
	var row buildRow
	err := s.read.NewSelect().Model(&row).Column("log").Where("id = ?", id).Scan(ctx)
	return row.Log, s.missing("build", err)
}

// Builds lists builds, the newest first: those of the courses (all when nil)
// and of the image (all when empty), at most limit.
func (s *Store) Builds(ctx context.Context, courses []string, image string, limit int) ([]assay.Build, error) {
	var rows []buildRow
	q := within(s.read.NewSelect().Model(&rows).ExcludeColumn(buildInternals...), courses).Order("id DESC").Limit(int64(limit))
	if image != "" {
		q = q.Where("image = ?", image)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, s.failed("list builds", err)
	}
	return onlyBuilds(rows), nil
}

func onlyBuilds(rows []buildRow) []assay.Build {
	builds := make([]assay.Build, len(rows))
	for i, row := range rows {
		builds[i] = row.Build
	}
	return builds
}

// UnpublishedBuilds lists builds whose message is not known to be in the
// queue.
func (s *Store) UnpublishedBuilds(ctx context.Context, limit int) ([]assay.Build, error) {
	var rows []buildRow
	err := s.read.NewSelect().Model(&rows).ExcludeColumn(buildInternals...).
		Where("NOT published AND state = ?", assay.Queued).Order("id").Limit(int64(limit)).Scan(ctx)
	return onlyBuilds(rows), s.failed("look for builds that are not in the queue", err)
}

// MarkBuildPublished notes that a build's message is in the queue.
func (s *Store) MarkBuildPublished(ctx context.Context, id string) error {
	_, err := s.db.NewUpdate().Model((*buildRow)(nil)).Set("published = TRUE").Where("id = ?", id).Exec(ctx)
	return s.failed("note that a build is in the queue", err)
}

// BeginBuild asks to begin a build, as BeginAttempt does for a job, and tells
// which attempt it is. A build
// that nobody brings to an end fails after assay.MaxAttempts.
func (s *Store) BeginBuild(ctx context.Context, id string, redelivered bool) (_ Permission, attempt int, _ assay.Build, _ error) {
	var row buildRow
	permission := Gone
	err := s.write(ctx, "begin a build", func(ctx context.Context, tx bun.Tx) error {
		begun, err := affected(tx.NewUpdate().Model(&row).
			Set("state = ?", assay.Running).Set("attempt = attempt + 1").
			Set("started_at = coalesce(started_at, ?)", now()).Set("published = TRUE").
			Where("id = ? AND attempt < ? AND NOT cancel_requested", id, assay.MaxAttempts).
			Where("state = ? OR (? AND state = ?)", assay.Queued, redelivered, assay.Running).
			Returning("*").Exec(ctx))
		if err != nil {
			return err
		}
		if begun {
			permission = Go
			return nil
		}
		if redelivered {
			ended, err := affected(tx.NewUpdate().Model(&row).
				Set("state = CASE WHEN cancel_requested THEN ? ELSE ? END", assay.Cancelled, assay.Failed).
				Set("message = CASE WHEN cancel_requested THEN '' ELSE ? END", exhausted).Set("ended_at = ?", now()).
				Where("id = ? AND state = ?", id, assay.Running).Returning("*").Exec(ctx))
			if err != nil || ended {
				return err
			}
		}
		err = ignoreMissing(tx.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx))
		if err == nil && row.ID != "" && !row.State.Final() {
			permission = Busy
		}
		return err
	})
	return permission, row.Attempt, row.Build, err
}

// RecordBuild ends a build that runs, and notes the digest that it yielded
// with its image; it reports whether that was news.
func (s *Store) RecordBuild(ctx context.Context, o assay.BuildOutcome) (assay.Build, bool, error) {
	if !o.State.Final() {
		return assay.Build{}, false, assay.Errorf(assay.Invalid, "The outcome of build %.64q says %.20q, which is no end.", o.Build, o.State)
	}
	if o.Steps == nil {
		o.Steps = []assay.BuildStep{}
	}
	log := o.Log
	if len(log) > assay.MaxBuildLog {
		log = log[:assay.MaxBuildLog]
	}
	var row buildRow
	recorded := false
	err := s.write(ctx, "record a build", func(ctx context.Context, tx bun.Tx) error {
		ended := now()
		row = buildRow{Log: log, Build: assay.Build{State: o.State, Digest: o.Digest, Message: o.Message, Line: o.Line, Steps: o.Steps, EndedAt: &ended}}
		var err error
		recorded, err = affected(tx.NewUpdate().Model(&row).Column("state", "digest", "message", "line", "steps", "ended_at", "log").
			Where("id = ? AND state = ?", o.Build, assay.Running).Returning("*").Exec(ctx))
		if err != nil || !recorded || o.State != assay.Done {
			return err
		}
		_, err = tx.NewUpdate().Model((*imageRow)(nil)).Set("digest = ?", o.Digest).Where("id = ?", row.Image).Exec(ctx)
		return err
	})
	return row.Build, recorded && err == nil, err
}

// BuildsToCancel lists the builds that still run though they are to end: a
// worker may have missed it.
func (s *Store) BuildsToCancel(ctx context.Context) ([]string, error) {
	var ids []string
	err := s.read.NewSelect().Model((*buildRow)(nil)).Column("id").
		Where("cancel_requested AND state = ?", assay.Running).Scan(ctx, &ids)
	return ids, s.failed("look for cancelled builds", err)
}

// CancelBuild ends a build that waits, and asks for the end of one that runs.
// It reports whether a worker must be told. Conflict: it has ended.
func (s *Store) CancelBuild(ctx context.Context, id string) (_ assay.Build, running bool, _ error) {
	var row buildRow
	err := s.write(ctx, "cancel a build", func(ctx context.Context, tx bun.Tx) error {
		changed, err := affected(tx.NewUpdate().Model(&row).Set("cancel_requested = TRUE").
			Set("ended_at = CASE WHEN state = ? THEN ? END", assay.Queued, now()).
			Set("state = CASE WHEN state = ? THEN ? ELSE state END", assay.Queued, assay.Cancelled).
			Where("id = ? AND state IN (?, ?)", id, assay.Queued, assay.Running).Returning("*").Exec(ctx))
		if err != nil || changed {
			return err
		}
		if err := tx.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx); err != nil {
			return s.missing("build", err)
		}
		return assay.Errorf(assay.Conflict, "This build has ended already; there is nothing to cancel.")
	})
	return row.Build, err == nil && !row.State.Final(), err
}
