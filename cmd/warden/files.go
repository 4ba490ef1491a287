package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/assay-project/assay/internal/warden"
)

// writable is where the student's programs can leave something. No other
// place of a sandbox can be written to.
var writable = [...]string{warden.WorkDir, "/tmp", "/dev/shm"}

const queues = "/dev/mqueue" // POSIX message queues are files too

// put unpacks a tar stream into the owner's directory.
func (s *service) put(put warden.Put, src io.Reader) error {
	dir, uid := warden.WorkDir, s.hello.Student
	if put.Owner == warden.Grader {
		dir, uid = warden.GraderDir, s.hello.Grader
	}
	err := unpack(src, dir, uid, s.counter.room())
	if errors.Is(err, unix.ENOSPC) {
		why := filled()
		if why == "" {
			why = warden.Disk // the file that did not fit is gone again
		}
		return &limitError{why, fmt.Sprintf("the files for %s do not fit", dir)}
	}
	if _, limit := errors.AsType[*limitError](err); limit {
		return err
	}
	if err != nil {
		return fmt.Errorf("unpacking into %s: %w", dir, err)
	}
	// A tar stream ends before its data does.
	_, err = io.Copy(io.Discard, src)
	return err
}

func unpack(src io.Reader, dir string, uid int, memory room) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // nothing was written through it
	for stream := tar.NewReader(src); ; {
		head, err := stream.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if !filepath.IsLocal(head.Name) {
			return fmt.Errorf("%q leads out of it", head.Name)
		}
		if err := memory.take(head.Size); err != nil {
			return err
		}
		name := path.Clean(head.Name)
		if err := makeFolders(root, path.Dir(name), uid); err != nil {
			return err
		}
		switch head.Typeflag {
		case tar.TypeDir:
			err = makeFolders(root, name, uid)
		case tar.TypeReg:
			err = makeFile(root, name, stream, head, uid)
		default:
			err = fmt.Errorf("%q is neither a file nor a folder", head.Name)
		}
		if err != nil {
			return err
		}
	}
}

// makeFolders makes a folder and those above it, as far as they are missing.
func makeFolders(root *os.Root, name string, uid int) error {
	if name == "." {
		return nil
	}
	err := root.Mkdir(name, 0o755)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeFolders(root, path.Dir(name), uid); err != nil {
			return err
		}
		err = root.Mkdir(name, 0o755)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return root.Lchown(name, uid, uid)
}

// makeFile makes a file that was not there.
func makeFile(root *os.Root, name string, content io.Reader, head *tar.Header, uid int) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Chmod(head.FileInfo().Mode()), f.Chown(uid, uid), f.Close())
}

// before does what a run asks for ahead of its start. No program of the
// sandbox is alive then, so nothing changes under our hands.
func (s *service) before(what warden.Before) error {
	switch what {
	case warden.Keep:
		return s.keep()
	case warden.Restore:
		return s.restore()
	}
	return nil
}

// keep remembers what lies in the writable places, in memory of the sandbox
// that no program of it can reach.
func (s *service) keep() error {
	if s.kept != nil || s.unkept != nil {
		return errors.New("files are kept already")
	}
	// What a compile step left beside files is nothing that a test begins with.
	if err := s.removeRest(); err != nil {
		return err
	}
	fd, err := unix.MemfdCreate("kept", unix.MFD_CLOEXEC)
	if err != nil {
		return fmt.Errorf("keeping files: %w", err)
	}
	kept := os.NewFile(uintptr(fd), "kept")
	if err := record(kept, writable[:], s.hello.Disk, s.counter.room()); err != nil {
		s.unkept = errors.Join(err, kept.Close())
		return s.unkept
	}
	s.kept = kept
	return nil
}

// removeRest removes what programs can leave outside of files.
func (s *service) removeRest() error {
	if err := empty(queues); err != nil {
		return fmt.Errorf("emptying %s: %w", queues, err)
	}
	return removeIPC(s.hello.Student, s.hello.Grader)
}

// record writes folders as one tar stream; the first element of a name is the
// folder's number. Sockets and FIFOs are left out: nobody is at their other
// end any more. Files that are larger than they may be (sparse ones) or
// nested too deep, or all together more than there is memory for, are a
// limitError.
func record(dst io.Writer, dirs []string, disk int64, memory room) error {
	buffered := bufio.NewWriterSize(dst, 64<<10)
	r := recorder{tar: tar.NewWriter(buffered), links: map[fileID]string{}, memory: memory}
	for i, dir := range dirs {
		r.left = disk
		if err := r.add(dir, strconv.Itoa(i), 0); err != nil {
			return err
		}
	}
	return errors.Join(r.tar.Close(), buffered.Flush())
}

type recorder struct {
	tar   *tar.Writer
	left  int64             // bytes that may still come from this folder
	links map[fileID]string // files with several names, by the first

	memory room
}

func (r *recorder) add(file, name string, depth int) error {
	if depth > warden.MaxDepth {
		return &limitError{warden.Nesting, "folders are nested too deep"}
	}
	info, err := os.Lstat(file)
	if errors.Is(err, unix.ENAMETOOLONG) {
		return &limitError{warden.Nesting, "folders are nested too deep"}
	}
	if err != nil {
		return err
	}
	st := info.Sys().(*syscall.Stat_t)
	head := &tar.Header{
		Name: name, Mode: int64(st.Mode & 0o7777), Uid: int(st.Uid), Gid: int(st.Gid),
		ModTime: info.ModTime(), Format: tar.FormatPAX,
	}
	if err := r.memory.take(0); err != nil {
		return err
	}
	switch {
	case info.IsDir():
		head.Typeflag = tar.TypeDir
		if err := r.tar.WriteHeader(head); err != nil {
			return err
		}
		entries, err := os.ReadDir(file)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := r.add(file+"/"+e.Name(), name+"/"+e.Name(), depth+1); err != nil {
				return err
			}
		}
		return nil
	case info.Mode()&fs.ModeSymlink != 0:
		head.Typeflag = tar.TypeSymlink
		if head.Linkname, err = os.Readlink(file); err != nil {
			return err
		}
		return r.tar.WriteHeader(head)
	case !info.Mode().IsRegular():
		return nil
	}
	if id := (fileID{st.Dev, st.Ino}); st.Nlink > 1 {
		if first, ok := r.links[id]; ok {
			head.Typeflag, head.Linkname = tar.TypeLink, first
			return r.tar.WriteHeader(head)
		}
		r.links[id] = name
	}
	if r.left -= info.Size(); r.left < 0 {
		return &limitError{warden.Disk, "files are larger than they may be"}
	}
	if err := r.memory.take(info.Size()); err != nil {
		return err
	}
	head.Typeflag, head.Size = tar.TypeReg, info.Size()
	if err := r.tar.WriteHeader(head); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_RDONLY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	_, err = io.Copy(r.tar, f)
	return errors.Join(err, f.Close())
}

// restore puts everything back to what was kept, and removes what programs
// can leave outside of files.
func (s *service) restore() error {
	if s.unkept != nil {
		return s.unkept
	}
	if s.kept == nil {
		return errors.New("no files were kept")
	}
	for _, dir := range writable {
		if err := empty(dir); err != nil {
			return fmt.Errorf("emptying %s: %w", dir, err)
		}
	}
	if err := s.removeRest(); err != nil {
		return err
	}
	if _, err := s.kept.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := replay(bufio.NewReaderSize(s.kept, 64<<10), writable[:], s.counter.room()); err != nil {
		return fmt.Errorf("restoring files: %w", err)
	}
	return nil
}

// replay unpacks what record wrote into the same, now empty, folders.
func replay(src io.Reader, dirs []string, memory room) error {
	roots := make([]*os.Root, len(dirs))
	for i, dir := range dirs {
		root, err := os.OpenRoot(dir)
		if err != nil {
			return err
		}
		defer root.Close() //nolint:errcheck // nothing was written through it
		roots[i] = root
	}
	for stream := tar.NewReader(src); ; {
		head, err := stream.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := memory.take(head.Size); err != nil {
			return err
		}
		root, name, err := placed(roots, head.Name)
		if err != nil {
			return err
		}
		mode := fs.FileMode(head.Mode & 0o777)
		for bit, m := range map[int64]fs.FileMode{unix.S_ISUID: fs.ModeSetuid, unix.S_ISGID: fs.ModeSetgid, unix.S_ISVTX: fs.ModeSticky} {
			if head.Mode&bit != 0 {
				mode |= m
			}
		}
		switch head.Typeflag {
		case tar.TypeDir:
			if name != "." {
				err = root.Mkdir(name, 0o700)
			}
		case tar.TypeSymlink:
			err = root.Symlink(head.Linkname, name)
		case tar.TypeLink:
			var first string
			if _, first, err = placed(roots, head.Linkname); err == nil {
				err = root.Link(first, name)
			}
		case tar.TypeReg:
			var f *os.File
			if f, err = root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err == nil {
				_, err = io.Copy(f, stream)
				err = errors.Join(err, f.Close())
			}
		}
		// The mode after the owner, whose change clears some of its bits.
		if err == nil && head.Typeflag != tar.TypeLink {
			err = root.Lchown(name, head.Uid, head.Gid)
		}
		if err == nil && (head.Typeflag == tar.TypeDir || head.Typeflag == tar.TypeReg) {
			err = root.Chmod(name, mode)
		}
		if err == nil && head.Typeflag == tar.TypeReg {
			err = root.Chtimes(name, head.ModTime, head.ModTime)
		}
		if err != nil {
			return err
		}
	}
}

// placed splits a name that record wrote into its folder and its name there.
func placed(roots []*os.Root, recorded string) (*os.Root, string, error) {
	number, name, _ := strings.Cut(strings.TrimSuffix(recorded, "/"), "/")
	i, err := strconv.Atoi(number)
	if err != nil || i < 0 || i >= len(roots) {
		return nil, "", fmt.Errorf("%q was not recorded by us", recorded)
	}
	if name == "" {
		name = "."
	}
	return roots[i], name, nil
}

// empty removes everything in a folder. However deep folders are nested it
// needs two open at a time: what lies in a subfolder is first moved up.
func empty(dir string) error {
	top, err := openFolder(unix.AT_FDCWD, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer top.Close() //nolint:errcheck // it was only read
	moved := 0
	for {
		n, err := each(top, func(name string) error {
			full, err := remove(top, name)
			if err != nil || !full {
				return err
			}
			sub, err := openFolder(int(top.Fd()), name)
			if err != nil {
				return err
			}
			_, err = each(sub, func(inner string) error {
				full, err := remove(sub, inner)
				for err == nil && full {
					// A name that is taken is a folder or file still to be removed.
					moved++
					err = unix.Renameat(int(sub.Fd()), inner, int(top.Fd()), fmt.Sprintf(".moved-%d", moved))
					if err == nil || !(errors.Is(err, unix.EEXIST) || errors.Is(err, unix.ENOTEMPTY) || errors.Is(err, unix.ENOTDIR)) {
						return err
					}
					err = nil
				}
				return err
			})
			return errors.Join(err, sub.Close())
		})
		if err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
		if _, err := top.Seek(0, io.SeekStart); err != nil {
			return err
		}
	}
}

func openFolder(at int, name string) (*os.File, error) {
	fd, err := unix.Openat(at, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return os.NewFile(uintptr(fd), name), nil
}

// each calls f for every name in a folder and counts them.
func each(dir *os.File, f func(name string) error) (n int, err error) {
	for {
		names, err := dir.Readdirnames(1024)
		for _, name := range names {
			if err := f(name); err != nil {
				return n, err
			}
		}
		n += len(names)
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// remove removes a file or an empty folder; full reports a folder that is not.
func remove(dir *os.File, name string) (full bool, err error) {
	err = unix.Unlinkat(int(dir.Fd()), name, 0)
	if errors.Is(err, unix.EISDIR) || errors.Is(err, unix.EPERM) {
		err = unix.Unlinkat(int(dir.Fd()), name, unix.AT_REMOVEDIR)
		if errors.Is(err, unix.ENOTEMPTY) {
			return true, nil
		}
	}
	return false, err
}

// removeIPC removes the System V objects that the users' programs left: they
// outlive their makers.
func removeIPC(uids ...int) error {
	for _, kind := range []struct {
		list string
		call uintptr
	}{
		{"/proc/sysvipc/shm", unix.SYS_SHMCTL},
		{"/proc/sysvipc/msg", unix.SYS_MSGCTL},
		{"/proc/sysvipc/sem", unix.SYS_SEMCTL},
	} {
		text, err := os.ReadFile(kind.list)
		if errors.Is(err, fs.ErrNotExist) {
			continue // a kernel without them
		}
		if err != nil {
			return err
		}
		for line := range bytes.Lines(text) {
			// The first line is the heading; else: key, id, …
			fields := bytes.Fields(line)
			if len(fields) < 2 {
				continue
			}
			id, err := strconv.Atoi(string(fields[1]))
			if err != nil {
				continue
			}
			for _, uid := range uids {
				if err := as(uid, func() error { return removeObject(kind.call, id) }); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// removeObject removes one System V object if it is the caller's.
func removeObject(call uintptr, id int) error {
	args := [4]uintptr{uintptr(id), unix.IPC_RMID}
	if call == unix.SYS_SEMCTL {
		args = [4]uintptr{uintptr(id), 0, unix.IPC_RMID}
	}
	_, _, errno := unix.RawSyscall6(call, args[0], args[1], args[2], args[3], 0, 0)
	if errno == 0 || errno == unix.EPERM || errno == unix.EINVAL || errno == unix.EIDRM {
		return nil // gone, or somebody else's
	}
	return errno
}
