package docker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/tonistiigi/fsutil"
	fstypes "github.com/tonistiigi/fsutil/types"
)

// contextTime is the modification time of every file in a build context, so
// that equal contents give equal images: the earliest that a zip file can
// hold, for the programs that refuse to pack older ones.
var contextTime = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// contextFS shows an fs.FS to BuildKit. Owners are root and modes 0644, 0755
// for folders and what anybody may execute. Links go as links: they are
// resolved inside the context, wherever they point. Anything else than files,
// folders and links is an error.
type contextFS struct {
	files fs.FS
	skip  func(path string) bool
}

func (s BuildSpec) context() contextFS { return contextFS{files: s.Context, skip: s.Skip} }

// Walk implements fsutil.FS.
func (c contextFS) Walk(ctx context.Context, target string, visit fs.WalkDirFunc) error {
	if c.files == nil {
		return nil
	}
	target = strings.TrimPrefix(path.Join("/", target), "/")
	if target == "" {
		target = "."
	}
	walk := func(name string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return visit(name, nil, err)
		case name == ".":
			return nil
		case c.skip != nil && c.skip(name):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		stat, err := c.stat(name, entry)
		if err != nil {
			return err
		}
		return visit(name, &fsutil.DirEntryInfo{Stat: stat}, nil)
	}
	// BuildKit asks for single files to follow links step by step, inside the
	// context. fs.WalkDir would itself follow a link that it starts from.
	if info, err := fs.Lstat(c.files, target); err != nil || !info.IsDir() {
		var entry fs.DirEntry
		if err == nil {
			entry = fs.FileInfoToDirEntry(info)
		}
		if err = walk(target, entry, err); errors.Is(err, fs.SkipDir) {
			return nil
		}
		return err
	}
	return fs.WalkDir(c.files, target, walk)
}

// Open implements fsutil.FS.
func (c contextFS) Open(name string) (io.ReadCloser, error) {
	if c.files == nil {
		return nil, fs.ErrNotExist
	}
	return c.files.Open(strings.TrimPrefix(path.Join("/", name), "/"))
}

func (c contextFS) stat(name string, entry fs.DirEntry) (*fstypes.Stat, error) {
	info, err := entry.Info()
	if err != nil {
		return nil, err
	}
	stat := &fstypes.Stat{Path: name, ModTime: contextTime.UnixNano()}
	mode := info.Mode()
	switch {
	case mode.IsDir():
		stat.Mode = uint32(fs.ModeDir | 0o755)
	case mode&fs.ModeSymlink != 0:
		stat.Mode = uint32(fs.ModeSymlink | 0o777)
		if stat.Linkname, err = fs.ReadLink(c.files, name); err != nil {
			return nil, err
		}
	case !mode.IsRegular():
		return nil, fmt.Errorf("%s is neither a file nor a folder nor a link: remove it, or name it in .dockerignore", name)
	default:
		stat.Mode = 0o644
		if mode&0o111 != 0 {
			stat.Mode = 0o755
		}
		stat.Size = info.Size()
	}
	return stat, nil
}

// key is a digest, in 64 hexadecimal digits, of everything that a build's
// result follows from but for the base image: Dockerfile, labels, context.
func (s BuildSpec) key(ctx context.Context) (string, error) {
	h := sha256.New()
	field(h, "assay build 1", s.name(), s.Dockerfile)
	for _, name := range slices.Sorted(maps.Keys(s.Labels)) {
		field(h, name, s.Labels[name])
	}
	files := s.context()
	err := files.Walk(ctx, "/", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		stat := info.Sys().(*fstypes.Stat)
		field(h, name, fmt.Sprintf("%o %d", stat.Mode, stat.Size), stat.Linkname)
		if !info.Mode().IsRegular() {
			return nil
		}
		f, err := files.Open(name)
		if err != nil {
			return err
		}
		n, err := io.Copy(h, io.LimitReader(f, stat.Size))
		if err == nil && n != stat.Size {
			err = fmt.Errorf("%s changed while it was read", name)
		}
		return errors.Join(err, f.Close())
	})
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// field writes values so that no two lists of them look alike.
func field(h hash.Hash, values ...string) {
	for _, v := range values {
		fmt.Fprintf(h, "%d:%s", len(v), v)
	}
}
