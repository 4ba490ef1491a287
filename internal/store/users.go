package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/assay-project/assay/internal/assay"
)

// SessionLife is how long somebody stays signed in.
const SessionLife = 14 * 24 * time.Hour

type userRow struct {
	bun.BaseModel `bun:"table:users"`
	assay.User
	Password string
}

type sessionRow struct {
	bun.BaseModel `bun:"table:sessions"`
	Fingerprint   string
	User          string
	ExpiresAt     time.Time
}

type tokenRow struct {
	bun.BaseModel `bun:"table:tokens"`
	assay.Token
	Course      *string // none is NULL, so that the reference to courses holds
	Fingerprint string
}

// AddUser makes a user. Conflict: the name is taken.
func (s *Store) AddUser(ctx context.Context, name, password string, administrator bool) (assay.User, error) {
	row := s.newUser(name, password, administrator)
	return row.User, s.insertUser(ctx, s.db, row)
}

func (s *Store) newUser(name, password string, administrator bool) *userRow {
	return &userRow{
		User:     assay.User{ID: assay.NewID(), Name: name, Administrator: administrator, CreatedAt: now()},
		Password: s.passwords.hash(password),
	}
}

func (s *Store) insertUser(ctx context.Context, db bun.IDB, row *userRow) error {
	_, err := db.NewInsert().Model(row).Exec(ctx)
	if duplicate(err) {
		return assay.Errorf(assay.Conflict, "There is a user %q already; choose another name.", row.Name)
	}
	return s.failed("add a user", err)
}

// Users lists all users by name.
func (s *Store) Users(ctx context.Context) ([]assay.User, error) {
	var users []assay.User
	err := s.read.NewSelect().Model((*userRow)(nil)).Column("id", "name", "administrator", "created_at").Order("name").Scan(ctx, &users)
	return users, s.failed("list users", err)
}

// User finds a user by id or by name.
func (s *Store) User(ctx context.Context, idOrName string) (assay.User, error) {
	row, err := s.user(ctx, idOrName)
	return row.User, err
}

func (s *Store) user(ctx context.Context, idOrName string) (userRow, error) {
	var row userRow
	// An id first: somebody may be called like another's id.
	err := s.read.NewSelect().Model(&row).Where("id = ? OR name = ?", idOrName, idOrName).OrderExpr("id = ? DESC", idOrName).Limit(1).Scan(ctx)
	return row, s.missing("user", err)
}

// Authenticate finds the user whose name and password these are. An unknown
// name takes as long as a wrong password and is told the same.
func (s *Store) Authenticate(ctx context.Context, name, password string) (assay.User, error) {
	var row userRow
	err := s.missing("user", s.read.NewSelect().Model(&row).Where("name = ?", name).Scan(ctx))
	if err != nil && assay.CodeOf(err) != assay.NotFound {
		return assay.User{}, err
	}
	if !s.passwords.match(row.Password, password) {
		return assay.User{}, assay.Errorf(assay.Unauthenticated, "Name or password is wrong.")
	}
	return row.User, nil
}

// SetPassword changes a password and ends the user's sessions.
func (s *Store) SetPassword(ctx context.Context, user, password string) error {
	hash := s.passwords.hash(password)
	return s.write(ctx, "change a password", func(ctx context.Context, tx bun.Tx) error {
		found, err := affected(tx.NewUpdate().Model((*userRow)(nil)).Set("password = ?", hash).Where("id = ?", user).Exec(ctx))
		if err != nil {
			return err
		}
		if !found {
			return assay.Errorf(assay.NotFound, "There is no such user.")
		}
		_, err = tx.NewDelete().Model((*sessionRow)(nil)).Where(`"user" = ?`, user).Exec(ctx)
		return err
	})
}

// DeleteUser removes a user with sessions, tokens and memberships. Conflict:
// it is the last administrator.
func (s *Store) DeleteUser(ctx context.Context, user string) error {
	return s.write(ctx, "delete a user", func(ctx context.Context, tx bun.Tx) error {
		left, err := tx.NewSelect().Model((*userRow)(nil)).Where("administrator AND id <> ?", user).Exists(ctx)
		if err != nil {
			return err
		}
		if !left {
			return assay.Errorf(assay.Conflict, "This is the last administrator; make another one first.")
		}
		found, err := affected(tx.NewDelete().Model((*userRow)(nil)).Where("id = ?", user).Exec(ctx))
		if err == nil && !found {
			return assay.Errorf(assay.NotFound, "There is no such user.")
		}
		return err
	})
}

// AddSession signs a user in and returns the session's secret.
func (s *Store) AddSession(ctx context.Context, user string) (secret string, expires time.Time, err error) {
	secret, expires = assay.NewSecret(), now().Add(SessionLife)
	err = s.write(ctx, "add a session", func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewDelete().Model((*sessionRow)(nil)).Where("expires_at < ?", now()).Exec(ctx); err != nil {
			return err
		}
		_, err := tx.NewInsert().Model(&sessionRow{Fingerprint: assay.Fingerprint(secret), User: user, ExpiresAt: expires}).Exec(ctx)
		return err
	})
	return secret, expires, err
}

// SessionActor is who signed in with the session.
func (s *Store) SessionActor(ctx context.Context, secret string) (assay.Actor, error) {
	var row userRow
	err := s.read.NewSelect().Model(&row).
		Where(`id = (SELECT "user" FROM sessions WHERE fingerprint = ? AND expires_at > ?)`, assay.Fingerprint(secret), now()).Scan(ctx)
	return assay.Actor{User: row.User}, s.stranger("The session has ended; sign in again.", err)
}

// DeleteSession signs out. One that is gone already is no error.
func (s *Store) DeleteSession(ctx context.Context, secret string) error {
	_, err := s.db.NewDelete().Model((*sessionRow)(nil)).Where("fingerprint = ?", assay.Fingerprint(secret)).Exec(ctx)
	return s.failed("end a session", err)
}

// AddToken makes an API token and returns its secret. An empty course makes
// one for everything its user reaches.
func (s *Store) AddToken(ctx context.Context, user, course, name string) (assay.Token, string, error) {
	secret := assay.NewSecret()
	row := tokenRow{
		Token:       assay.Token{ID: assay.NewID(), User: user, Course: course, Name: name, CreatedAt: now()},
		Fingerprint: assay.Fingerprint(secret),
	}
	if course != "" {
		row.Course = &course
	}
	_, err := s.db.NewInsert().Model(&row).Exec(ctx)
	return row.Token, secret, s.failed("add a token", err)
}

// Tokens lists a user's API tokens, the newest first.
func (s *Store) Tokens(ctx context.Context, user string) ([]assay.Token, error) {
	var rows []tokenRow
	err := s.read.NewSelect().Model(&rows).Where(`"user" = ?`, user).Order("id DESC").Scan(ctx)
	tokens := make([]assay.Token, len(rows))
	for i, row := range rows {
		tokens[i] = row.token()
	}
	return tokens, s.failed("list tokens", err)
}

func (r *tokenRow) token() assay.Token {
	t := r.Token
	if r.Course != nil {
		t.Course = *r.Course
	}
	return t
}

// DeleteToken revokes one of a user's tokens.
func (s *Store) DeleteToken(ctx context.Context, user, id string) error {
	found, err := affected(s.db.NewDelete().Model((*tokenRow)(nil)).Where(`id = ? AND "user" = ?`, id, user).Exec(ctx))
	if err == nil && !found {
		return assay.Errorf(assay.NotFound, "There is no such token of yours.")
	}
	return s.failed("delete a token", err)
}

// TokenActor is who acts through an API token.
func (s *Store) TokenActor(ctx context.Context, secret string) (assay.Actor, error) {
	var row tokenRow
	err := s.read.NewSelect().Model(&row).Where("fingerprint = ?", assay.Fingerprint(secret)).Scan(ctx)
	if err != nil {
		return assay.Actor{}, s.stranger("The token is wrong or was revoked; make a new one in Settings.", err)
	}
	user, err := s.User(ctx, row.Token.User)
	if err != nil {
		return assay.Actor{}, err
	}
	// Once a minute is enough to know whether a token is in use.
	if row.LastUsedAt == nil || time.Since(*row.LastUsedAt) > time.Minute {
		_, err = s.db.NewUpdate().Model((*tokenRow)(nil)).Set("last_used_at = ?", now()).Where("id = ?", row.ID).Exec(ctx)
	}
	return assay.Actor{User: user, Course: row.token().Course}, s.failed("note a token's use", err)
}

// stranger turns the absence of a row into Unauthenticated.
func (s *Store) stranger(sentence string, err error) error {
	if assay.CodeOf(s.missing("row", err)) == assay.NotFound {
		return assay.Errorf(assay.Unauthenticated, "%s", sentence)
	}
	return s.failed("find out who asks", err)
}
