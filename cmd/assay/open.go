package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/assay-project/assay/internal/archive"
	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/format"
)

// openGrader gives the files of a grader, a folder or an archive, from where
// its grader.yaml is. An archive is unpacked below scratch.
func openGrader(name, scratch string) (fs.FS, error) {
	info, err := stat(name, "grader")
	if err != nil {
		return nil, err
	}
	dir := name
	if !info.IsDir() {
		packed, err := normalize(name, scratch)
		if err != nil {
			return nil, err
		}
		defer packed.Close()
		if dir, err = os.MkdirTemp(scratch, "grader-"); err != nil {
			return nil, err
		}
		if err := archive.Unpack(packed, dir, archive.DefaultLimits); err != nil {
			return nil, err
		}
	}
	// Nothing is read through links that lead out. The root stays open as
	// long as the program grades.
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, assay.Errorf(assay.Invalid, "the grader cannot be opened: %w", err)
	}
	files, err := format.Root(root.FS())
	if err != nil {
		return nil, prefix(name, err)
	}
	return files, nil
}

// openSubmission gives the canonical archive of a submission: a folder, an
// archive or a single file.
func openSubmission(name, scratch string) (*os.File, error) {
	info, err := stat(name, "submission")
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return normalize(name, scratch)
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, assay.Errorf(assay.Invalid, "the submission cannot be opened: %w", err)
	}
	defer root.Close()
	return spool(scratch, func(packed *os.File) error {
		_, err := archive.Pack(root.FS(), packed, archive.DefaultLimits, nil)
		return prefix(name, err)
	})
}

func stat(name, what string) (fs.FileInfo, error) {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, assay.Errorf(assay.Invalid, "the %s %s does not exist", what, assay.Quote(name, 200))
	case err != nil:
		return nil, assay.Errorf(assay.Invalid, "the %s cannot be opened: %w", what, err)
	case !info.IsDir() && !info.Mode().IsRegular():
		return nil, assay.Errorf(assay.Invalid, "the %s %s is neither a folder nor a file", what, assay.Quote(name, 200))
	}
	return info, nil
}

// normalize gives the canonical archive of a file.
func normalize(name, scratch string) (*os.File, error) {
	in, err := os.Open(name)
	if err != nil {
		return nil, assay.Errorf(assay.Invalid, "%s cannot be opened: %w", assay.Quote(name, 200), err)
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return nil, err
	}
	return spool(scratch, func(packed *os.File) error {
		_, err := archive.Normalize(in, info.Size(), filepath.Base(name), packed, archive.DefaultLimits)
		return err
	})
}

// spool has a temporary file written and gives it from its beginning.
func spool(scratch string, write func(*os.File) error) (*os.File, error) {
	f, err := os.CreateTemp(scratch, "packed-")
	if err != nil {
		return nil, err
	}
	if err = write(f); err == nil {
		_, err = f.Seek(0, 0)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// prefix says which file or folder an error is about.
func prefix(name string, err error) error {
	var e *assay.Error
	if !errors.As(err, &e) {
		return err
	}
	return &assay.Error{Code: e.Code, Message: assay.Quote(name, 200) + ": " + e.Message, Err: err}
}
