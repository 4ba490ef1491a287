// Package format reads a grader's folder: its grader.yaml and the files that
// it names become an assay.Grader. docs/grader-yaml.md is the reference of
// the format for instructors.
//
// A grader's folder comes from somebody who may be hostile or mistaken, so
// everything is bounded before it is read, nothing is read through links, and
// all findings are given at once, each with its line and column.
package format

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/assay-project/assay/internal/assay"
)

// FileName is what a grader's description is called.
const FileName = "grader.yaml"

// SamplesFolder is where a grader keeps submissions to try it with.
const SamplesFolder = "submissions"

// Bounds of a grader.
const (
	maxYAML       = 1 << 20  // bytes of grader.yaml
	maxDockerfile = 1 << 20  // bytes
	maxNamedFile  = 4 << 20  // bytes of one expected output or stdin
	maxNamedFiles = 16 << 20 // bytes of all of them
	maxTests      = 1000
	maxFindings   = 50 // more are counted only
)

// Load reads grader.yaml at the top of grader, fills in the defaults and
// reads the files that it names. The error is assay.Diagnostics with all that
// is wrong in grader.yaml, or an *assay.Error when there is none to read. Use
// Root first for a folder that may hold the grader one level down, and give
// the FS of an os.Root when the folder is not ours.
func Load(grader fs.FS) (*assay.Grader, error) {
	text, err := readBeneath(grader, FileName, maxYAML)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noGrader(grader)
	}
	if err != nil {
		return nil, assay.Errorf(assay.Invalid, "%s %w", FileName, err)
	}
	r := &reader{files: grader}
	g := r.grader(text)
	if len(r.found) > 0 {
		return nil, r.diagnostics()
	}
	return g, nil
}

// Root gives the folder that holds grader.yaml: the top one, or the only
// folder in it, as in archives of a whole folder.
func Root(grader fs.FS) (fs.FS, error) {
	if _, err := fs.Stat(grader, FileName); err == nil {
		return grader, nil
	}
	entries, err := fs.ReadDir(grader, ".")
	if err != nil {
		return nil, assay.Errorf(assay.Invalid, "the grader's folder cannot be read: %w", err)
	}
	var only string
	for _, e := range entries {
		switch {
		case strings.HasPrefix(e.Name(), "."):
		case only != "" || !e.IsDir():
			return nil, noGrader(grader)
		default:
			only = e.Name()
		}
	}
	if only == "" {
		return nil, noGrader(grader)
	}
	sub, err := fs.Sub(grader, only)
	if err != nil {
		return nil, assay.Errorf(assay.Invalid, "the grader's folder cannot be read: %w", err)
	}
	if _, err := fs.Stat(sub, FileName); err != nil {
		return nil, noGrader(grader)
	}
	return sub, nil
}

func noGrader(grader fs.FS) error {
	if _, err := fs.Stat(grader, "grader.yml"); err == nil {
		return assay.Errorf(assay.Invalid, "there is a grader.yml; rename it to %s", FileName)
	}
	return assay.Errorf(assay.Invalid, "there is no %s; a grader is a folder with that file in it", FileName)
}

// Samples names the folders and files in submissions/, sorted; none is no
// error.
func Samples(grader fs.FS) ([]string, error) {
	entries, err := fs.ReadDir(grader, SamplesFolder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, assay.Errorf(assay.Invalid, "the folder %s cannot be read: %w", SamplesFolder, err)
	}
	var names []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && (e.IsDir() || e.Type().IsRegular()) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// ContextSkip says what never enters the image's build context, by its path
// in the grader's folder: grader.yaml, the samples, and the files that tests
// name. So no COPY shows a student what is expected.
func ContextSkip(g *assay.Grader) func(name string) bool {
	skipped := map[string]bool{FileName: true, SamplesFolder: true}
	for _, name := range g.Files {
		skipped[name] = true
	}
	return func(name string) bool { return skipped[path.Clean(name)] }
}

// readBeneath reads a file of at most limit bytes whose path leads through no
// link. Its errors continue a sentence that begins with the file's name.
func readBeneath(files fs.FS, name string, limit int64) ([]byte, error) {
	for end := 0; end < len(name); {
		if next := strings.IndexByte(name[end+1:], '/'); next < 0 {
			end = len(name)
		} else {
			end += 1 + next
		}
		info, err := fs.Lstat(files, name[:end])
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, missing{}
		case err != nil:
			return nil, fmt.Errorf("cannot be read: %w", err)
		case info.Mode()&fs.ModeSymlink != 0:
			return nil, errors.New("is a link or lies behind one; put the file itself there")
		case end == len(name) && !info.Mode().IsRegular():
			return nil, errors.New("is not a file")
		case end == len(name) && info.Size() > limit:
			return nil, fmt.Errorf("has %d bytes, at most %d are read", info.Size(), limit)
		}
	}
	f, err := files.Open(name)
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	defer f.Close() //nolint:errcheck // only read
	// What was looked at may have changed: the bound holds for what is read.
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("cannot be read: %w", err)
	case int64(len(b)) > limit:
		return nil, fmt.Errorf("has more than %d bytes", limit)
	}
	return b, nil
}

// missing is a file that is not there.
type missing struct{}

func (missing) Error() string { return "does not exist in the grader's folder" }
func (missing) Unwrap() error { return fs.ErrNotExist }
