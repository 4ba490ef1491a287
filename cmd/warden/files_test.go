package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/assay-project/assay/internal/warden"
)

// describeTree is every path of a tree with all that is to be kept of it.
func describeTree(t *testing.T, root string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, root)
		switch {
		case info.Mode().IsRegular():
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, "%s %v %d %d %x\n", name, info.Mode(), info.ModTime().UnixNano(), info.Sys().(*syscall.Stat_t).Nlink, sha256.Sum256(content))
		case info.Mode()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, "%s -> %s\n", name, target)
		default:
			fmt.Fprintf(&b, "%s %v\n", name, info.Mode())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func write(t *testing.T, path, content string, mode fs.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(path, []byte(content), mode), os.Chmod(path, mode)); err != nil {
		t.Fatal(err)
	}
}

func TestRecordedFilesComeBack(t *testing.T) {
	one, two := t.TempDir(), t.TempDir()
	write(t, one+"/a.txt", "a", 0o644)
	write(t, one+"/sub/run", "#!/bin/sh\n", 0o755|fs.ModeSetuid)
	write(t, one+"/"+strings.Repeat("long", 60)+"/ümläut \n name", "x", 0o400)
	write(t, two+"/b.txt", strings.Repeat("b", 100_000), 0o600)
	for _, err := range []error{
		os.Symlink("/etc/shadow", one+"/link"), os.Link(one+"/a.txt", one+"/sub/same"),
		os.Mkdir(one+"/empty", 0o700), os.Chmod(one, 0o711), unix.Mkfifo(two+"/fifo", 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	dirs := []string{one, two}
	var kept bytes.Buffer
	if err := record(&kept, dirs, 1<<20, math.MaxInt64); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(two + "/fifo"); err != nil {
		t.Fatal(err) // nobody is at its other end, so it is not kept
	}
	before := describeTree(t, one) + describeTree(t, two)

	write(t, one+"/a.txt", "changed", 0o600)
	write(t, two+"/more/files", "x", 0o644)
	if err := errors.Join(os.Remove(one+"/link"), os.Symlink(two, one+"/link"), os.Chmod(one, 0)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for _, dir := range dirs {
			if err := empty(dir); err != nil {
				t.Fatal(err)
			}
		}
		if err := replay(bytes.NewReader(kept.Bytes()), dirs, math.MaxInt64); err != nil {
			t.Fatal(err)
		}
		if after := describeTree(t, one) + describeTree(t, two); after != before {
			t.Fatalf("restored:\n%s\nnot:\n%s", after, before)
		}
	}
}

func TestRecordIsBounded(t *testing.T) {
	sparse, deep := t.TempDir(), t.TempDir()
	write(t, sparse+"/big", "", 0o644)
	if err := os.Truncate(sparse+"/big", 1<<40); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(deep+strings.Repeat("/d", warden.MaxDepth+1), 0o755); err != nil {
		t.Fatal(err)
	}
	for dir, why := range map[string]warden.Why{sparse: warden.Disk, deep: warden.Nesting} {
		var kept bytes.Buffer
		err := record(&kept, []string{dir}, 1<<20, math.MaxInt64)
		if limit, ok := errors.AsType[*limitError](err); !ok || limit.why != why {
			t.Errorf("%v, not %s", err, why)
		}
	}
}

func TestEmptyRemovesWhateverIsThere(t *testing.T) {
	dir := t.TempDir()
	outside := t.TempDir()
	write(t, outside+"/stays", "x", 0o644)
	write(t, dir+"/.moved-1/x", "taken", 0o644)
	write(t, dir+"/.moved-2", "taken", 0o644)
	for i := range 3000 {
		write(t, fmt.Sprintf("%s/many/%d", dir, i), "", 0o644)
	}
	if err := os.Symlink(outside, dir+"/link"); err != nil {
		t.Fatal(err)
	}
	// Deeper than any path can name, with more levels than files may be open.
	at, err := unix.Open(dir, unix.O_DIRECTORY|unix.O_RDONLY, 0)
	for range 2500 {
		if err != nil {
			t.Fatal(err)
		}
		if err = unix.Mkdirat(at, "d", 0); err == nil {
			var next int
			next, err = unix.Openat(at, "d", unix.O_DIRECTORY|unix.O_RDONLY, 0)
			err = errors.Join(err, unix.Close(at))
			at = next
		}
	}
	if err := errors.Join(err, unix.Close(at)); err != nil {
		t.Fatal(err)
	}
	if err := empty(dir); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if _, err := os.Stat(outside + "/stays"); err != nil {
		t.Error(err)
	}
}

func TestUnpackStaysBeneath(t *testing.T) {
	for name, head := range map[string]tar.Header{
		"absolute":      {Name: "/x", Typeflag: tar.TypeReg},
		"upwards":       {Name: "../x", Typeflag: tar.TypeReg},
		"through":       {Name: "a/../../x", Typeflag: tar.TypeReg},
		"a link":        {Name: "x", Linkname: "/etc", Typeflag: tar.TypeSymlink},
		"a hard link":   {Name: "x", Linkname: "a", Typeflag: tar.TypeLink},
		"a device":      {Name: "x", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 3},
		"a FIFO":        {Name: "x", Typeflag: tar.TypeFifo},
		"once more":     {Name: "there", Typeflag: tar.TypeReg},
		"through links": {Name: "out/x", Typeflag: tar.TypeReg},
	} {
		t.Run(name, func(t *testing.T) {
			dir, outside := t.TempDir(), t.TempDir()
			write(t, dir+"/there", "x", 0o644)
			if err := os.Symlink(outside, dir+"/out"); err != nil {
				t.Fatal(err)
			}
			var stream bytes.Buffer
			w := tar.NewWriter(&stream)
			if err := errors.Join(w.WriteHeader(&head), w.Close()); err != nil {
				t.Fatal(err)
			}
			if err := unpack(&stream, dir, os.Getuid(), math.MaxInt64); err == nil {
				t.Error("it was unpacked")
			}
			if left, err := os.ReadDir(outside); err != nil || len(left) > 0 {
				t.Errorf("outside: %v, %v", left, err)
			}
		})
	}
}

func TestParseNumber(t *testing.T) {
	for _, test := range []struct {
		text, field string
		want        int64
		ok          bool
	}{
		{"1234\n", "", 1234, true},
		{"usage_usec 77\nuser_usec 5\n", "usage_usec", 77, true},
		{"low 0\noom 3\noom_kill 2\noom_group_kill 1\n", "oom_kill", 2, true},
		{"oom_kill_disable 0\nunder_oom 0\noom_kill 4\n", "oom_kill", 4, true},
		{"max\n", "", 0, false},
		{"", "", 0, false},
		{"other 1\n", "oom_kill", 0, false},
	} {
		if got, ok := parseNumber([]byte(test.text), test.field); got != test.want || ok != test.ok {
			t.Errorf("%q %q: %d %v", test.text, test.field, got, ok)
		}
	}
}
