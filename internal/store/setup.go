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
	exists, err := s.read.NewSelect().Model((*userRow)(nil)).Where("administrator").Exists(ctx)
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
	// Looked at first: hashing a password is dear, and nobody is signed in.
	if err := s.checkLink(ctx, s.read, secret); err != nil {
		return assay.User{}, assay.Course{}, err
	}
	row := s.newUser(name, password, true)
	var course assay.Course
	err := s.write(ctx, "set up", func(ctx context.Context, tx bun.Tx) error {
		if err := s.checkLink(ctx, tx, secret); err != nil {
			return err
		}
		if _, err := tx.NewDelete().Model((*settingRow)(nil)).Where("key = ?", setupKey).Exec(ctx); err != nil {
			return err
		}
		if err := s.insertUser(ctx, tx, row); err != nil {
			return err
		}
		var err error
		course, err = s.addCourse(ctx, tx, slug, title)
		return err
	})
	return row.User, course, err
}

// checkLink refuses a set-up that was done, or is tried with another secret.
func (s *Store) checkLink(ctx context.Context, db bun.IDB, secret string) error {
	exists, err := db.NewSelect().Model((*userRow)(nil)).Where("administrator").Exists(ctx)
	if err != nil {
		return s.failed("look for the administrator", err)
	}
	if exists {
		return assay.Errorf(assay.Conflict, "Assay is set up already; sign in.")
	}
	var want settingRow
	if err := db.NewSelect().Model(&want).Where("key = ?", setupKey).Scan(ctx); err != nil {
		return s.stranger(wrongLink, err)
	}
	if subtle.ConstantTimeCompare([]byte(want.Value), []byte(assay.Fingerprint(secret))) != 1 {
		return assay.Errorf(assay.Unauthenticated, wrongLink)
	}
	return nil
}

const wrongLink = "This set-up link is not the newest one; use the link that assay serve printed last."
