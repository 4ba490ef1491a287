package store

import (
	"context"
	"crypto/subtle"

	"github.com/uptrace/bun"

	"github.com/assay-project/assay/internal/assay"
)

type settingRow struct {
	bun.BaseModel `bun:"table:settings"`
	Key           string
	Value         string
}

const setupKey = "setup" // the fingerprint of the set-up link's token

// SetupNeeded reports whether there is no administrator yet.
func (s *Store) SetupNeeded(ctx context.Context) (bool, error) {
	exists, err := s.db.NewSelect().Model((*userRow)(nil)).Where("administrator").Exists(ctx)
	return !exists, s.failed("look for the administrator", err)
}

// NewSetupToken makes the secret of a set-up link, which replaces an earlier
// one. Empty: there is an administrator already.
func (s *Store) NewSetupToken(ctx context.Context) (string, error) {
	needed, err := s.SetupNeeded(ctx)
	if err != nil || !needed {
		return "", err
	}
	secret := assay.NewSecret()
	_, err = s.db.NewInsert().Model(&settingRow{Key: setupKey, Value: assay.Fingerprint(secret)}).
		On("CONFLICT (key) DO UPDATE").Set("value = EXCLUDED.value").Exec(ctx)
	return secret, s.failed("make the set-up link", err)
}

// SetUp makes the administrator and the first course, once, for whoever has
// the set-up link's secret. Conflict: it was done; Unauthenticated: the
// secret is wrong.
func (s *Store) SetUp(ctx context.Context, secret, name, password, slug, title string) (assay.User, assay.Course, error) {
	row := s.newUser(name, password, true)
	var course assay.Course
	err := s.write(ctx, "set up", func(ctx context.Context, tx bun.Tx) error {
		exists, err := tx.NewSelect().Model((*userRow)(nil)).Where("administrator").Exists(ctx)
		if err != nil {
			return err
		}
		if exists {
			return assay.Errorf(assay.Conflict, "Assay is set up already; sign in.")
		}
		var want settingRow
		err = tx.NewSelect().Model(&want).Where("key = ?", setupKey).Scan(ctx)
		if err := s.stranger(wrongLink, err); err != nil {
			return err
		}
		if subtle.ConstantTimeCompare([]byte(want.Value), []byte(assay.Fingerprint(secret))) != 1 {
			return assay.Errorf(assay.Unauthenticated, wrongLink)
		}
		if _, err := tx.NewDelete().Model(&want).Where("key = ?", setupKey).Exec(ctx); err != nil {
			return err
		}
		if err := s.insertUser(ctx, tx, row); err != nil {
			return err
		}
		course, err = s.addCourse(ctx, tx, slug, title)
		return err
	})
	return row.User, course, err
}

const wrongLink = "This set-up link is not the newest one; use the link that assay serve printed last."
