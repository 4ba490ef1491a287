// Package archive turns what strangers send (zip, tar, tar.gz, a single file)
// and folders of this machine into one canonical form: a gzip-compressed tar
// of regular files, sorted by path, mode 0644 or 0755, without times, owners,
// links, devices or folders of their own. Equal files give equal bytes, so
// the digest of a canonical archive names its content.
//
// Everything is bounded while it streams; no length that an archive states is
// believed.
package archive

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/assay-project/assay/internal/assay"
)

// Limits bound an archive.
type Limits struct {
	Size     int64 // bytes of the archive as it is sent
	Expanded int64 // bytes of all its files
	Files    int   // entries, folders and what is passed over included
	Depth    int   // parts of a path
}

// DefaultLimits is what a hub accepts.
var DefaultLimits = Limits{Size: 64 << 20, Expanded: 512 << 20, Files: 10000, Depth: 64}

// Bounds of names, in bytes: those of Linux file systems, and enough for
// every path that people make.
const (
	maxPart = 255
	maxPath = 1024
)

// File is one file of an archive.
type File struct {
	Path       string `json:"path"`
	Size       int64  `json:"size"`
	Executable bool   `json:"executable,omitempty"`
}

// Summary describes a canonical archive.
type Summary struct {
	Digest assay.Digest // of its bytes
	Size   int64        // its bytes
	Files  []File       // sorted by path
}

// Pack writes the canonical archive of dir's files to dst. Folders and files
// for which skip reports true stay out; links and devices are refused. Give
// the FS of an os.Root when others may change the folder meanwhile.
func Pack(dir fs.FS, dst io.Writer, lim Limits, skip func(path string) bool) (Summary, error) {
	l := newListing(lim)
	err := fs.WalkDir(dir, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name == ".":
			return nil
		case skip != nil && skip(name) && d.IsDir():
			return fs.SkipDir
		case skip != nil && skip(name):
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return l.add(name, info.Mode(), info.Size(), func() (io.ReadCloser, error) { return dir.Open(name) })
	})
	var summary Summary
	if err == nil {
		summary, err = l.write(dst)
	}
	var refused *assay.Error
	if err != nil && !errors.As(err, &refused) {
		err = assay.Errorf(assay.Invalid, "the folder cannot be read: %w", err)
	}
	return summary, err
}

// Unpack writes the files of a canonical archive into dir, an existing empty
// folder, and nowhere else. What it wrote before an error stays.
func Unpack(src io.Reader, dir string, lim Limits) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	defer root.Close()
	return Each(src, lim, func(f File, content io.Reader) error {
		if parent := path.Dir(f.Path); parent != "." {
			if err := root.MkdirAll(parent, 0o755); err != nil {
				return fmt.Errorf("unpack: %w", err)
			}
		}
		out, err := root.OpenFile(f.Path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return fmt.Errorf("unpack: %w", err)
		}
		_, err = io.Copy(out, content)
		// Chmod because what OpenFile gives depends on the umask.
		return errors.Join(err, out.Chmod(mode(f)), out.Close())
	})
}

// Each calls f for each file of a canonical archive, in order. It ends at f's
// first error and returns it. Without one it reads src to its end, where
// readers check sums; an error of src is returned as it is.
func Each(src io.Reader, lim Limits, f func(File, io.Reader) error) error {
	from := &origin{r: src}
	zr, err := gzip.NewReader(from)
	if err != nil {
		return from.blame(err)
	}
	l := newListing(lim)
	stream := &limited{r: zr, left: lim.stream(), lim: lim}
	tr := tar.NewReader(stream)
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			if _, err := io.Copy(io.Discard, stream); err != nil {
				return from.blame(err)
			}
			return nil
		}
		if err != nil {
			return from.blame(err)
		}
		before := len(l.entries)
		if err := l.add(h.Name, tarMode(h), h.Size, nil); err != nil {
			return err
		}
		if len(l.entries) == before {
			return assay.Errorf(assay.Invalid, "%s is not part of a canonical archive", quote(h.Name))
		}
		if err := f(l.entries[before].File, tr); err != nil {
			return err
		}
	}
}

// entry is a file that is to be written, and where its content is.
type entry struct {
	File
	open func() (io.ReadCloser, error)
}

// listing collects the entries of an archive or a folder and refuses what
// does not belong.
type listing struct {
	lim     Limits
	count   int   // entries seen, whatever became of them
	total   int64 // bytes of entries
	entries []entry
	files   map[string]bool // path → whether it is a file; else a folder
}

func newListing(lim Limits) *listing { return &listing{lim: lim, files: map[string]bool{}} }

// add checks one entry and keeps it when it is a file. open may give more or
// less than size bytes: that is found when they are written.
func (l *listing) add(name string, mode fs.FileMode, size int64, open func() (io.ReadCloser, error)) error {
	if l.count++; l.count > l.lim.Files {
		return assay.Errorf(assay.TooLarge, "it has more than %d files and folders", l.lim.Files)
	}
	clean, err := l.clean(name)
	if err != nil {
		return err
	}
	switch {
	case mode&fs.ModeSymlink != 0:
		return assay.Errorf(assay.Invalid, "%s is a link; send the file itself", quote(name))
	case !mode.IsDir() && !mode.IsRegular():
		return assay.Errorf(assay.Invalid, "%s is a device, pipe or socket; only files and folders are accepted", quote(name))
	case size < 0 || size > l.lim.Expanded-l.total:
		return assay.Errorf(assay.TooLarge, "it has more than %s of files", assay.Bytes(l.lim.Expanded))
	case clean == "." || passedOver(clean):
		return nil
	}
	l.total += size
	for parent := path.Dir(clean); parent != "."; parent = path.Dir(parent) {
		if l.files[parent] {
			return assay.Errorf(assay.Invalid, "%s is there as a file and as a folder", quote(parent))
		}
		l.files[parent] = false
	}
	isFile, seen := l.files[clean]
	switch {
	case mode.IsDir() && !isFile:
		l.files[clean] = false
		return nil
	case seen && isFile && !mode.IsDir():
		return assay.Errorf(assay.Invalid, "%s is in it twice", quote(name))
	case seen:
		return assay.Errorf(assay.Invalid, "%s is there as a file and as a folder", quote(name))
	}
	l.files[clean] = true
	l.entries = append(l.entries, entry{File{Path: clean, Size: size, Executable: mode&0o111 != 0}, open})
	return nil
}

// clean checks a path of a stranger and gives it in its shortest form.
func (l *listing) clean(name string) (string, error) {
	refuse := func(why string) (string, error) {
		return "", assay.Errorf(assay.Invalid, "the path %s %s", quote(name), why)
	}
	switch {
	case len(name) > maxPath:
		return refuse(fmt.Sprintf("is longer than %d bytes", maxPath))
	case name == "":
		return refuse("is empty")
	case !utf8.ValidString(name):
		return refuse("is not UTF-8")
	case strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }):
		return refuse("has control characters")
	case strings.Contains(name, `\`):
		return refuse(`has a \ in it`)
	case name[0] == '/' || len(name) > 2 && name[1] == ':' && name[2] == '/':
		return refuse("is absolute")
	}
	parts := 0
	for part := range strings.SplitSeq(name, "/") {
		switch {
		case part == "..":
			return refuse("leads out with ..")
		case len(part) > maxPart:
			return refuse(fmt.Sprintf("has a part longer than %d bytes", maxPart))
		case part != "" && part != ".":
			parts++
		}
	}
	if parts > l.lim.Depth {
		return refuse(fmt.Sprintf("is more than %d folders deep", l.lim.Depth))
	}
	return path.Clean(name), nil
}

// passedOver reports what desktop systems leave in archives.
func passedOver(name string) bool {
	return path.Base(name) == ".DS_Store" || name == "__MACOSX" || strings.HasPrefix(name, "__MACOSX/")
}

// write gives the canonical archive of what was added.
func (l *listing) write(dst io.Writer) (Summary, error) {
	if len(l.entries) == 0 {
		return Summary{}, assay.Errorf(assay.Invalid, "there are no files in it")
	}
	slices.SortFunc(l.entries, func(a, b entry) int { return strings.Compare(a.Path, b.Path) })
	out := &sink{w: dst, hash: sha256.New()}
	zw, err := gzip.NewWriterLevel(out, gzip.BestSpeed)
	if err != nil {
		return Summary{}, err
	}
	tw := tar.NewWriter(zw)
	files := make([]File, len(l.entries))
	for i, e := range l.entries {
		files[i] = e.File
		if err := tw.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: e.Path, Size: e.Size, Mode: int64(mode(e.File))}); err != nil {
			return Summary{}, out.blame(err)
		}
		if err := e.copy(tw); err != nil {
			return Summary{}, out.blame(err)
		}
	}
	if err := errors.Join(tw.Close(), zw.Close()); err != nil {
		return Summary{}, out.blame(err)
	}
	return Summary{Digest: assay.SumDigest(out.hash), Size: out.n, Files: files}, nil
}

// copy writes the entry's content, which must be as long as was stated.
func (e *entry) copy(dst io.Writer) error {
	src, err := e.open()
	if err != nil {
		return fmt.Errorf("open %s: %w", quote(e.Path), err)
	}
	defer src.Close()
	n, err := io.Copy(dst, io.LimitReader(src, e.Size))
	if err == nil {
		var more [1]byte
		// A zip's reader checks sizes and sums when it comes to the end.
		if n < e.Size {
			err = io.ErrUnexpectedEOF
		} else if _, err = io.ReadFull(src, more[:]); err == nil {
			err = errors.New("it is longer than stated")
		} else if errors.Is(err, io.EOF) {
			err = nil
		}
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", quote(e.Path), err)
	}
	return nil
}

func mode(f File) fs.FileMode {
	if f.Executable {
		return 0o755
	}
	return 0o644
}

func quote(name string) string { return assay.Quote(name, 100) }

// sink counts and hashes what is written, and remembers the error of the
// writer beneath: that one is not the archive's fault.
type sink struct {
	w    io.Writer
	hash hash.Hash
	n    int64
	err  error
}

func (s *sink) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	s.n += int64(n)
	s.hash.Write(p[:n])
	if err != nil {
		s.err = err
	}
	return n, err
}

func (s *sink) blame(err error) error {
	if s.err != nil {
		return assay.Errorf(assay.Unavailable, "the archive cannot be stored: %w", s.err)
	}
	return err
}

// origin remembers the error of the reader beneath: that one is not the
// archive's fault.
type origin struct {
	r   io.Reader
	err error
}

func (o *origin) Read(p []byte) (int, error) {
	n, err := o.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		o.err = err
	}
	return n, err
}

func (o *origin) blame(err error) error {
	if o.err != nil {
		return o.err
	}
	return damaged(err)
}
