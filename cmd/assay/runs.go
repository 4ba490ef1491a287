package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/assay-project/assay/internal/assay"
)

// owner is who a command line's sandboxes belong to. Its name is that of a
// file that the program keeps locked; the kernel unlocks it however the
// program ends, so an unlocked file names sandboxes that nobody needs any more.
type owner struct {
	name string
	file *os.File
}

const ownerPrefix = "cli-"

// becomeOwner makes the file and gives the names of owners that are dead.
func becomeOwner(dir string) (self *owner, dead []*owner, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, assay.Errorf(assay.Unavailable, "the folder for notes on running programs cannot be made: %w", err)
	}
	name := fmt.Sprintf("%s%d-%d", ownerPrefix, os.Getpid(), time.Now().UnixNano())
	// Locked before it has its name: nobody must find it unlocked.
	f, err := os.CreateTemp(dir, "new-")
	if err != nil {
		return nil, nil, assay.Errorf(assay.Unavailable, "a note on this program cannot be made: %w", err)
	}
	self = &owner{name: name, file: f}
	if err := errors.Join(lock(f), os.Rename(f.Name(), filepath.Join(dir, name))); err != nil {
		return nil, nil, errors.Join(assay.Errorf(assay.Unavailable, "a note on this program cannot be made: %w", err), f.Close())
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, errors.Join(assay.Errorf(assay.Unavailable, "the notes on running programs cannot be read: %w", err), self.end())
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ownerPrefix) || e.Name() == name {
			continue
		}
		f, err := os.OpenFile(filepath.Join(dir, e.Name()), os.O_RDWR, 0)
		if err != nil {
			continue // it has just ended properly
		}
		if lock(f) != nil {
			f.Close()
			continue // it lives
		}
		dead = append(dead, &owner{name: e.Name(), file: f})
	}
	return self, dead, nil
}

// end says that nothing is left of an owner.
func (o *owner) end() error {
	err := os.Remove(filepath.Join(filepath.Dir(o.file.Name()), o.name))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil // another program has buried it just before us
	}
	return errors.Join(err, o.file.Close())
}

func lock(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) }

// remover removes what an owner left in the engine.
type remover interface {
	List(ctx context.Context) ([]string, error)
	Remove(ctx context.Context, id string) error
}

// bury removes what dead owners left. What cannot be removed now is left to
// the next program.
func bury(ctx context.Context, dead []*owner, of func(owner string) remover) error {
	var errs []error
	for _, o := range dead {
		left := of(o.name)
		ids, err := left.List(ctx)
		for _, id := range ids {
			err = errors.Join(err, left.Remove(ctx, id))
		}
		if err != nil {
			errs = append(errs, err, o.file.Close())
			continue
		}
		errs = append(errs, o.end())
	}
	return errors.Join(errs...)
}
