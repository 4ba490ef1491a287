package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"github.com/uptrace/bun/migrate"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/assay-project/assay/internal/assay"
)

//go:embed migrations
var migrations embed.FS

// Store is a database of records. Its methods may be called from several
// goroutines and take domain types; their errors are assay.Error with
// NotFound, Conflict, Unavailable (the disk is full or fails) or Internal.
type Store struct {
	// One connection writes: who wants to write waits in line, instead of
	// asking SQLite again and again whether the lock is free. Any number of
	// others read meanwhile.
	db        *bun.DB
	read      *bun.DB
	path      string
	passwords passwords
}

// readers is how many connections read at a time.
const readers = 8

// options of every connection. WAL: readers do not wait for writers.
// synchronous FULL: with WAL, NORMAL may forget the last transactions when
// the power fails, and what was accepted must not be lost; it costs one
// fsync for each write. Transactions take the write lock when they begin, so
// that none fails half way because another wrote meanwhile.
var options = url.Values{
	"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)"},
	"_txlock": {"immediate"},
}.Encode()

// Open opens the database file at path, makes it when absent, and brings its
// tables up to date.
func Open(ctx context.Context, path string) (*Store, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	s := &Store{path: path, passwords: newPasswords()}
	if s.db, err = connect(abs, options); err != nil {
		return nil, err
	}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(s.failed("open", err), s.db.Close())
	}
	s.db.SetMaxOpenConns(1)
	if s.read, err = connect(abs, options+"&_pragma=query_only(ON)"); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	s.read.SetMaxOpenConns(readers)
	s.read.SetMaxIdleConns(readers)
	return s, nil
}

func connect(path, options string) (*bun.DB, error) {
	uri := url.URL{Scheme: "file", Path: path, RawQuery: options}
	db, err := sql.Open("sqlite", uri.String())
	if err != nil {
		return nil, err
	}
	return bun.NewDB(db, sqlitedialect.New()), nil
}

func (s *Store) migrate(ctx context.Context) error {
	known := migrate.NewMigrations()
	if err := known.Discover(migrations); err != nil {
		return err
	}
	// Marked after it succeeded: a migration that was cut off is done again,
	// and being one transaction it has left nothing behind.
	m := migrate.NewMigrator(s.db, known, migrate.WithMarkAppliedOnSuccess(true))
	if err := m.Init(ctx); err != nil {
		return err
	}
	_, err := m.Migrate(ctx)
	return err
}

// Close waits for what is being written and closes the file.
func (s *Store) Close() error { return errors.Join(s.read.Close(), s.db.Close()) }

// Check says whether the database answers.
func (s *Store) Check(ctx context.Context) error {
	if _, err := s.read.ExecContext(ctx, "SELECT 1"); err != nil {
		return s.failed("read", err)
	}
	return nil
}

// failed is what a database error is for people. An assay.Error stays as it is.
func (s *Store) failed(doing string, err error) error {
	var said *assay.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &said), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	var problem *sqlite.Error
	if errors.As(err, &problem) {
		switch problem.Code() & 0xff { // the primary code; the rest tells variants apart
		case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR:
			return assay.Errorf(assay.Unavailable, "The disk with %s is full or failing (%w); free some space and try again.", s.path, err)
		case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
			return assay.Errorf(assay.Unavailable, "The database %s cannot be written (%w); check that its folder exists and belongs to us.", s.path, err)
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			return assay.Errorf(assay.Unavailable, "The database %s is busy (%w); try again.", s.path, err)
		case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
			return assay.Errorf(assay.Unavailable, "The file %s is not a database or is damaged (%w); restore it from a backup.", s.path, err)
		}
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// is reports whether err is a violated constraint of the kind.
func is(err error, kind int) bool {
	var problem *sqlite.Error
	return errors.As(err, &problem) && problem.Code() == kind
}

func duplicate(err error) bool {
	return is(err, sqlite3.SQLITE_CONSTRAINT_UNIQUE) || is(err, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}

// missing turns the absence of a row into NotFound.
func (s *Store) missing(what string, err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return assay.Errorf(assay.NotFound, "There is no such %s, or it is not yours to see.", what)
	}
	return s.failed("read a "+what, err)
}

func (s *Store) write(ctx context.Context, doing string, f func(ctx context.Context, tx bun.Tx) error) error {
	return s.failed(doing, s.db.RunInTx(ctx, nil, f))
}

// now is the moment as it is stored: microseconds, UTC.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// affected reports whether a statement changed a row.
func affected(r sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := r.RowsAffected()
	return n > 0, err
}

// contains is a LIKE pattern for text that contains q.
func contains(q string) string {
	return "%" + strings.NewReplacer("%", `\%`, "_", `\_`, `\`, `\\`).Replace(q) + "%"
}

// ignoreMissing passes over the absence of a row.
func ignoreMissing(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}
