package store

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/assay-project/assay/internal/assay"
)

type imageRow struct {
	bun.BaseModel `bun:"table:images"`
	assay.Image
}

type revisionRow struct {
	bun.BaseModel `bun:"table:revisions"`
	assay.Revision
}

// AddImage makes an image with its first revision. Conflict: the course has
// one of that name.
func (s *Store) AddImage(ctx context.Context, course, name, dockerfile, by string) (assay.Image, assay.Revision, error) {
	at := now()
	image := imageRow{Image: assay.Image{ID: assay.NewID(), Course: course, Name: name, Revision: 1, CreatedAt: at, UpdatedAt: at}}
	revision := revisionRow{Revision: assay.Revision{Image: image.ID, Number: 1, Dockerfile: dockerfile, By: by, CreatedAt: at}}
	err := s.write(ctx, "add an image", func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewInsert().Model(&image).Exec(ctx)
		if duplicate(err) {
			return assay.Errorf(assay.Conflict, "The course has an image %q already; choose another name.", name)
		}
		if err != nil {
			return err
		}
		_, err = tx.NewInsert().Model(&revision).Exec(ctx)
		return err
	})
	return image.Image, revision.Revision, err
}

// SaveImage keeps a Dockerfile as the revision after base. Conflict: base is
// no longer the newest.
func (s *Store) SaveImage(ctx context.Context, id, dockerfile, by string, base int) (assay.Image, assay.Revision, error) {
	var image imageRow
	var revision revisionRow
	err := s.write(ctx, "save an image", func(ctx context.Context, tx bun.Tx) error {
		saved, err := affected(tx.NewUpdate().Model(&image).Set("revision = revision + 1").Set("updated_at = ?", now()).
			Where("id = ? AND revision = ?", id, base).Returning("*").Exec(ctx))
		if err != nil {
			return err
		}
		if !saved {
			if err := tx.NewSelect().Model(&image).Where("id = ?", id).Scan(ctx); err != nil {
				return s.missing("image", err)
			}
			return assay.Errorf(assay.Conflict, "Somebody saved revision %d meanwhile, and this was made from revision %d; compare and save again.", image.Revision, base)
		}
		revision.Revision = assay.Revision{Image: id, Number: image.Revision, Dockerfile: dockerfile, By: by, CreatedAt: image.UpdatedAt}
		_, err = tx.NewInsert().Model(&revision).Exec(ctx)
		return err
	})
	return image.Image, revision.Revision, err
}

// Image is one image.
func (s *Store) Image(ctx context.Context, id string) (assay.Image, error) {
	var row imageRow
	err := s.read.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx)
	return row.Image, s.missing("image", err)
}

// Images lists images by name: those of the courses (all when nil) whose
// name contains q.
func (s *Store) Images(ctx context.Context, courses []string, q string) ([]assay.Image, error) {
	images := []assay.Image{}
	query := within(s.read.NewSelect().Table("images"), courses).Order("name", "id")
	if q != "" {
		query = query.Where(`name LIKE ? ESCAPE '\'`, contains(q))
	}
	return images, s.failed("list images", query.Scan(ctx, &images))
}

// Revision is one revision of an image.
func (s *Store) Revision(ctx context.Context, image string, number int) (assay.Revision, error) {
	var row revisionRow
	err := s.read.NewSelect().Model(&row).Where("image = ? AND number = ?", image, number).Scan(ctx)
	return row.Revision, s.missing("revision", err)
}

// Revisions lists an image's revisions, the newest first.
func (s *Store) Revisions(ctx context.Context, image string) ([]assay.Revision, error) {
	revisions := []assay.Revision{}
	err := s.read.NewSelect().Table("revisions").Where("image = ?", image).Order("number DESC").Scan(ctx, &revisions)
	return revisions, s.failed("list revisions", err)
}

// DeleteImage removes an image with its revisions and builds.
func (s *Store) DeleteImage(ctx context.Context, id string) error {
	_, err := s.db.NewDelete().Model((*imageRow)(nil)).Where("id = ?", id).Exec(ctx)
	return s.failed("delete an image", err)
}
