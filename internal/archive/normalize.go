package archive

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path"
	"strings"

	"github.com/assay-project/assay/internal/assay"
)

// Normalize writes the canonical archive of what was sent to dst: of a zip,
// tar or tar.gz, told by its content, its files; of any other file, an
// archive of that one, called name. It returns one *assay.Error that names
// what is wrong: Invalid, TooLarge, or Unavailable when dst or src failed.
// What was written before an error is worthless.
func Normalize(src io.ReaderAt, size int64, name string, dst io.Writer, lim Limits) (Summary, error) {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	in := &meter{r: src, left: math.MaxInt64}
	summary, err := normalize(in, size, name, dst, lim)
	if err == nil {
		return summary, nil
	}
	var refused *assay.Error
	switch {
	case in.err != nil:
		refused = assay.Errorf(assay.Unavailable, "it cannot be read: %w", in.err)
	case !errors.As(err, &refused):
		refused = damaged(err)
	}
	return Summary{}, &assay.Error{Code: refused.Code, Message: quote(name) + ": " + refused.Message, Err: err}
}

func normalize(src *meter, size int64, name string, dst io.Writer, lim Limits) (Summary, error) {
	switch {
	case size <= 0:
		return Summary{}, assay.Errorf(assay.Invalid, "it is empty")
	case size > lim.Size:
		return Summary{}, assay.Errorf(assay.TooLarge, "it has %d bytes, at most %s are accepted", size, assay.Bytes(lim.Size))
	}
	head := make([]byte, min(size, 512))
	if _, err := src.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return Summary{}, err
	}
	l := newListing(lim)
	switch kind := detect(head, name); kind {
	case "zip":
		if err := l.addZip(src, size); err != nil {
			return Summary{}, err
		}
		return l.write(dst)
	case "tar":
		return l.writeTar(io.NewSectionReader(src, 0, size), dst)
	case "gzip":
		zr, err := gzip.NewReader(io.NewSectionReader(src, 0, size))
		if err != nil {
			return Summary{}, err
		}
		return l.writeTar(zr, dst)
	case "":
		open := func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(src, 0, size)), nil }
		if err := l.add(name, 0o644, size, open); err != nil {
			return Summary{}, err
		}
		return l.write(dst)
	default:
		return Summary{}, assay.Errorf(assay.Invalid, "%s archives are not supported: send a zip or a tar.gz", kind)
	}
}

// detect tells what a file is from its first bytes: an archive's kind, or ""
// for a file that is none. A name that promises an archive is held to it.
func detect(head []byte, name string) string {
	for _, magic := range []struct{ prefix, kind string }{
		{"PK\x03\x04", "zip"}, {"PK\x05\x06", "zip"}, {"\x1f\x8b", "gzip"},
		{"7z\xbc\xaf\x27\x1c", "7z"}, {"Rar!\x1a\x07", "rar"}, {"\xfd7zXZ\x00", "xz"},
		{"\x28\xb5\x2f\xfd", "zstd"}, {"BZh", "bzip2"},
	} {
		if bytes.HasPrefix(head, []byte(magic.prefix)) {
			return magic.kind
		}
	}
	if len(head) >= 262 && string(head[257:262]) == "ustar" {
		return "tar"
	}
	lower := strings.ToLower(name)
	for _, promise := range []struct{ suffix, kind string }{
		{".zip", "zip"}, {".tar", "tar"}, {".tar.gz", "gzip"}, {".tgz", "gzip"},
	} {
		if strings.HasSuffix(lower, promise.suffix) {
			return promise.kind
		}
	}
	return ""
}

// addZip lists the entries of a zip.
func (l *listing) addZip(src *meter, size int64) error {
	// The directory's reader makes ~300 bytes of each 46 in the file and
	// believes no count, so what it may read is bounded: 512 bytes for each
	// entry that is allowed, and the search for the directory's end.
	src.left = 512*int64(l.lim.Files) + 256<<10
	zr, err := zip.NewReader(src, size)
	if errors.Is(err, errSpent) {
		return assay.Errorf(assay.TooLarge, "it has more than %d files and folders", l.lim.Files)
	}
	if err != nil {
		return err
	}
	src.left = math.MaxInt64
	for _, f := range zr.File {
		switch {
		case f.Flags&1 != 0:
			return assay.Errorf(assay.Invalid, "%s is encrypted: send it without a password", quote(f.Name))
		case f.Method != zip.Store && f.Method != zip.Deflate:
			return assay.Errorf(assay.Invalid, "%s is compressed by method %d: use deflate, as common zip programs do", quote(f.Name), f.Method)
		case f.UncompressedSize64 > uint64(l.lim.Expanded):
			return assay.Errorf(assay.TooLarge, "it has more than %s of files", assay.Bytes(l.lim.Expanded))
		}
		// Old Windows programs write \ between the parts of a path.
		name := strings.ReplaceAll(f.Name, `\`, "/")
		if err := l.add(name, f.Mode(), int64(f.UncompressedSize64), f.Open); err != nil {
			return err
		}
	}
	return nil
}

// writeTar writes the canonical archive of a tar. A tar's entries come in any
// order and only once, so they wait for their turn in a nameless file.
func (l *listing) writeTar(src io.Reader, dst io.Writer) (Summary, error) {
	spool, err := os.CreateTemp("", "assay-archive-*")
	if err != nil {
		return Summary{}, assay.Errorf(assay.Unavailable, "no room to unpack it: %w", err)
	}
	defer spool.Close()
	if err := os.Remove(spool.Name()); err != nil {
		return Summary{}, assay.Errorf(assay.Unavailable, "no room to unpack it: %w", err)
	}
	tr := tar.NewReader(&limited{r: src, left: l.lim.stream(), lim: l.lim})
	var offset int64
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return l.write(dst)
		}
		if err != nil {
			return Summary{}, err
		}
		start, size := offset, h.Size
		if h.Typeflag == tar.TypeXGlobalHeader { // git archive writes one: the commit
			continue
		}
		open := func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(spool, start, size)), nil }
		before := len(l.entries)
		if err := l.add(h.Name, tarMode(h), size, open); err != nil {
			return Summary{}, err
		}
		if len(l.entries) == before {
			continue
		}
		held := &holder{w: spool}
		n, err := io.Copy(held, tr)
		if held.err != nil {
			return Summary{}, assay.Errorf(assay.Unavailable, "no room to unpack it: %w", held.err)
		}
		if err != nil {
			return Summary{}, err
		}
		offset += n
	}
}

// tarMode is what kind of thing a tar's entry is. Header.FileInfo follows the
// mode bits, which need not agree with the type.
func tarMode(h *tar.Header) fs.FileMode {
	switch h.Typeflag {
	case tar.TypeReg:
		return fs.FileMode(h.Mode) & fs.ModePerm
	case tar.TypeDir:
		return fs.ModeDir
	case tar.TypeSymlink, tar.TypeLink:
		return fs.ModeSymlink
	}
	return fs.ModeIrregular
}

// stream is how long a tar within the limits can be: each entry has a header,
// often a second one for what does not fit, and padding.
func (l Limits) stream() int64 { return l.Expanded + 4096*int64(l.Files) + 1<<20 }

// limited ends a stream that is longer than a tar within lim can be.
type limited struct {
	r    io.Reader
	left int64
	lim  Limits
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, assay.Errorf(assay.TooLarge, "it has more than %s of files", assay.Bytes(l.lim.Expanded))
	}
	n, err := l.r.Read(p[:min(int64(len(p)), l.left)])
	l.left -= int64(n)
	return n, err
}

var errSpent = errors.New("more was read than is allowed")

// meter bounds what is read from a file in all, and remembers the file's own
// error: that one is not the archive's fault.
type meter struct {
	r    io.ReaderAt
	left int64
	err  error
}

func (m *meter) ReadAt(p []byte, off int64) (int, error) {
	switch {
	case off < 0: // a zip may name a place before its beginning
		return 0, zip.ErrFormat
	case m.left < int64(len(p)):
		return 0, errSpent
	}
	m.left -= int64(len(p))
	n, err := m.r.ReadAt(p, off)
	if err != nil && !errors.Is(err, io.EOF) {
		m.err = err
	}
	return n, err
}

// holder remembers the error of the writer beneath.
type holder struct {
	w   io.Writer
	err error
}

func (h *holder) Write(p []byte) (int, error) {
	n, err := h.w.Write(p)
	if err != nil {
		h.err = err
	}
	return n, err
}

// damaged is the refusal of an archive whose reader gave err, unless err is a
// refusal already.
func damaged(err error) *assay.Error {
	var refused *assay.Error
	if errors.As(err, &refused) {
		return refused
	}
	reason := err.Error()
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		reason = "it ends too early"
	case errors.Is(err, zip.ErrFormat), errors.Is(err, tar.ErrHeader), errors.Is(err, gzip.ErrHeader):
		reason = "it is not in the format that it begins with or is named after"
	case errors.Is(err, zip.ErrChecksum), errors.Is(err, gzip.ErrChecksum):
		reason = "a checksum does not match"
	}
	return &assay.Error{Code: assay.Invalid, Message: fmt.Sprintf("the archive is damaged: %s", assay.Printable(reason, 200)), Err: err}
}
