package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/uptrace/bun"

	"github.com/assay-project/assay/internal/assay"
)

// Upload is what an upload of a grader's folder says, as its page shows it.
type Upload struct {
	Files   assay.Digest  `json:"-"`
	By      string        `json:"-"`
	Spec    *assay.Grader `json:"spec"`
	Samples []string      `json:"samples"`
	Listing []File        `json:"files"`
	YAML    string        `json:"yaml"`
}

// File is one file of a grader's folder.
type File struct {
	Path string `json:"path"`
	Size int64  `json:"size" doc:"Bytes"`
}

type graderRow struct {
	bun.BaseModel `bun:"table:graders"`
	assay.StoredGrader
}

type uploadRow struct {
	bun.BaseModel `bun:"table:uploads"`
	Grader        string
	Revision      int
	Files         assay.Digest
	By            string
	CreatedAt     time.Time
	Content       string // Upload as JSON
}

// AddGrader keeps the first revision of a grader. Conflict: the course has
// one of that name.
func (s *Store) AddGrader(ctx context.Context, course string, u Upload) (assay.StoredGrader, error) {
	at := now()
	row := graderRow{StoredGrader: assay.StoredGrader{
		ID: assay.NewID(), Course: course, Name: u.Spec.Name, Revision: 1, Files: u.Files,
		Tests: len(u.Spec.Tests), MaxScore: u.Spec.MaxScore(), By: u.By, CreatedAt: at, UpdatedAt: at,
	}}
	err := s.write(ctx, "add a grader", func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return sameName(u, err)
		}
		return addUpload(ctx, tx, row.StoredGrader, u)
	})
	return row.StoredGrader, err
}

// AddUpload keeps a grader's next revision.
func (s *Store) AddUpload(ctx context.Context, grader string, u Upload) (assay.StoredGrader, error) {
	var row graderRow
	err := s.write(ctx, "add a grader's revision", func(ctx context.Context, tx bun.Tx) error {
		err := tx.NewUpdate().Model(&row).
			Set("name = ?", u.Spec.Name).Set("revision = revision + 1").Set("files = ?", u.Files).
			Set("tests = ?", len(u.Spec.Tests)).Set("max_score = ?", u.Spec.MaxScore()).
			Set(`"by" = ?`, u.By).Set("updated_at = ?", now()).
			Where("id = ?", grader).Returning("*").Scan(ctx)
		if err != nil {
			return s.missing("grader", sameName(u, err))
		}
		return addUpload(ctx, tx, row.StoredGrader, u)
	})
	return row.StoredGrader, err
}

func sameName(u Upload, err error) error {
	if duplicate(err) {
		return assay.Errorf(assay.Conflict, "The course has a grader %q already; upload to that one, or change name in grader.yaml.", u.Spec.Name)
	}
	return err
}

func addUpload(ctx context.Context, tx bun.Tx, g assay.StoredGrader, u Upload) error {
	content, err := json.Marshal(u)
	if err != nil {
		return err
	}
	_, err = tx.NewInsert().Model(&uploadRow{
		Grader: g.ID, Revision: g.Revision, Files: u.Files, By: u.By, CreatedAt: g.UpdatedAt, Content: string(content),
	}).Exec(ctx)
	return err
}

// Grader is one grader.
func (s *Store) Grader(ctx context.Context, id string) (assay.StoredGrader, error) {
	var row graderRow
	err := s.read.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx)
	return row.StoredGrader, s.missing("grader", err)
}

// Upload is what a grader's newest revision says.
func (s *Store) Upload(ctx context.Context, g assay.StoredGrader) (Upload, error) {
	var row uploadRow
	err := s.read.NewSelect().Model(&row).Where("grader = ? AND revision = ?", g.ID, g.Revision).Scan(ctx)
	if err != nil {
		return Upload{}, s.missing("grader", err)
	}
	u := Upload{Files: row.Files, By: row.By}
	return u, s.failed("read a grader", json.Unmarshal([]byte(row.Content), &u))
}

// Graders lists graders by name: those of the courses (all when nil) whose
// name contains q.
func (s *Store) Graders(ctx context.Context, courses []string, q string) ([]assay.StoredGrader, error) {
	graders := []assay.StoredGrader{}
	query := within(s.read.NewSelect().Table("graders"), courses).Order("name", "id")
	if q != "" {
		query = query.Where(`name LIKE ? ESCAPE '\'`, contains(q))
	}
	return graders, s.failed("list graders", query.Scan(ctx, &graders))
}

// DeleteGrader removes a grader and its revisions; its jobs stay.
func (s *Store) DeleteGrader(ctx context.Context, id string) error {
	_, err := s.db.NewDelete().Model((*graderRow)(nil)).Where("id = ?", id).Exec(ctx)
	return s.failed("delete a grader", err)
}

// within confines a query to courses; nil is all of them.
func within(q *bun.SelectQuery, courses []string) *bun.SelectQuery {
	if courses == nil {
		return q
	}
	return q.Where("course IN (?)", bun.List(courses))
}
