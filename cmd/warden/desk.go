package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/assay-project/assay/internal/warden"
)

// maxSessions bounds how many programs a grader's program has run as the
// student at one time.
const maxSessions = 64

// desk is where the grader's programs ask for a program to be run as the
// student: an abstract unix socket at which only the grader's uid is served.
// What runs as the student has the student's uid from its first instruction
// on, and so can neither see, signal nor trace what asked for it.
type desk struct {
	service *service
	socket  *os.File

	mu       sync.Mutex
	open     bool
	env      []string
	reserved fileID // the standard output that the score is read from
	sessions map[int]chan<- struct{}
}

// newDesk takes the socket's name, before any program runs that could take it
// and, with sockets sent over sockets, hold it beyond its own end.
func newDesk(s *service) (*desk, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("making a socket for the grader: %w", err)
	}
	if err := errors.Join(unix.Bind(fd, &unix.SockaddrUnix{Name: warden.Socket}), unix.Listen(fd, maxSessions)); err != nil {
		return nil, fmt.Errorf("opening a socket for the grader: %w", err)
	}
	d := &desk{service: s, socket: os.NewFile(uintptr(fd), warden.Socket), sessions: map[int]chan<- struct{}{}}
	go d.serve()
	return d, nil
}

// admit lets the grader's programs of this run ask.
func (d *desk) admit(env []string, stdout fileID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open, d.env, d.reserved = true, append(env, "HOME="+warden.WorkDir, "PWD="+warden.WorkDir), stdout
}

// shut ends all sessions, and lets nobody in until the next run opens.
func (d *desk) shut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open = false
	for pid, stop := range d.sessions {
		close(stop)
		delete(d.sessions, pid)
	}
}

func (d *desk) serve() {
	raw, err := d.socket.SyscallConn()
	for err == nil {
		var fd int
		var acceptErr error
		err = raw.Read(func(listener uintptr) bool {
			fd, _, acceptErr = unix.Accept4(int(listener), unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK)
			return acceptErr != unix.EAGAIN
		})
		if err != nil || acceptErr != nil {
			continue // a caller that hung up before it was answered
		}
		conn := os.NewFile(uintptr(fd), "session")
		// Whoever is not the grader is not even heard.
		peer, credErr := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
		if credErr != nil || int(peer.Uid) != d.service.hello.Grader {
			conn.Close() //nolint:errcheck // it was only refused
			continue
		}
		go func() {
			defer conn.Close() //nolint:errcheck // the answer was sent or the caller is gone
			exited, err := d.session(conn)
			if err != nil {
				exited = warden.Exited{Failed: err.Error()}
			}
			out := sender{dst: conn}
			out.head(warden.KindExited, exited) //nolint:errcheck // the caller may be gone
		}()
	}
}

// session serves one request: it returns when the program has ended.
func (d *desk) session(conn *os.File) (exited warden.Exited, err error) {
	files, err := receiveFiles(conn)
	if err != nil {
		return exited, err
	}
	defer func() {
		for _, f := range files {
			err = errors.Join(err, f.Close())
		}
	}()
	kind, payload, err := warden.NewReader(conn).Next()
	if err != nil {
		return exited, err
	}
	var request warden.Session
	if kind != warden.KindRun {
		return exited, errors.New("the request is not one to run a program")
	}
	if err := json.Unmarshal(payload, &request); err != nil {
		return exited, err
	}

	pid, ended, stop, err := d.begin(request, files)
	if err != nil {
		return exited, err
	}
	defer func() { err = errors.Join(err, d.finish(pid)) }()
	gone := make(chan struct{})
	go func() {
		// The caller sends nothing more: this read ends when it goes away.
		conn.Read(make([]byte, 1)) //nolint:errcheck // any answer means the same
		close(gone)
	}()
	var wall <-chan time.Time
	if request.Wall > 0 {
		timer := time.NewTimer(request.Wall)
		defer timer.Stop()
		wall = timer.C
	}
	select {
	case status := <-ended:
		return describe(status), nil
	case <-wall:
		exited.Why = warden.Wall
	case <-gone:
	case <-stop:
	}
	exited.Signal = int(syscall.SIGKILL)
	return exited, kill(-pid, d.service.hello.Student)
}

// begin starts the program of a session.
func (d *desk) begin(request warden.Session, files []*os.File) (pid int, ended <-chan syscall.WaitStatus, stop <-chan struct{}, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.open {
		return 0, nil, nil, errors.New("the test is over")
	}
	if len(d.sessions) >= maxSessions {
		return 0, nil, nil, fmt.Errorf("%d programs run as the student already", maxSessions)
	}
	prog := program{argv: request.Argv, env: d.env, dir: warden.WorkDir, uid: d.service.hello.Student}
	for i, f := range files {
		if err := d.admissible(i, f); err != nil {
			return 0, nil, nil, err
		}
		prog.files[i] = f.Fd()
	}
	pid, ended, err = d.service.procs.start(prog)
	if err != nil {
		return 0, nil, nil, err
	}
	stopped := make(chan struct{})
	d.sessions[pid] = stopped
	return pid, ended, stopped, nil
}

// admissible refuses what would let the student's program reach the grader's
// things through a descriptor that it is given.
func (d *desk) admissible(i int, f *os.File) error {
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT == unix.S_IFDIR {
		return fmt.Errorf("descriptor %d is a folder: a student's program could open the files in it", i)
	}
	if (fileID{st.Dev, st.Ino}) == d.reserved {
		return fmt.Errorf("descriptor %d is the grader's own standard output, from which the score is read: redirect it", i)
	}
	return nil
}

// finish forgets a session. With the last one go all processes of the
// student that are left.
func (d *desk) finish(pid int) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.sessions, pid)
	if len(d.sessions) > 0 {
		return nil
	}
	return kill(-1, d.service.hello.Student)
}

// receiveFiles takes the three descriptors that come with the first byte.
func receiveFiles(conn *os.File) ([]*os.File, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	rights := make([]byte, unix.CmsgSpace(3*4))
	var n int
	var recvErr error
	err = raw.Read(func(fd uintptr) bool {
		_, n, _, _, recvErr = unix.Recvmsg(int(fd), make([]byte, 1), rights, unix.MSG_CMSG_CLOEXEC)
		return recvErr != unix.EAGAIN
	})
	if err := errors.Join(err, recvErr); err != nil {
		return nil, err
	}
	messages, err := unix.ParseSocketControlMessage(rights[:n])
	if err != nil {
		return nil, err
	}
	var files []*os.File
	for _, m := range messages {
		fds, err := unix.ParseUnixRights(&m)
		if err != nil {
			return nil, err
		}
		for _, fd := range fds {
			files = append(files, os.NewFile(uintptr(fd), "passed"))
		}
	}
	if len(files) != 3 {
		for _, f := range files {
			err = errors.Join(err, f.Close())
		}
		return nil, errors.Join(errors.New("the request came without standard input, output and error"), err)
	}
	return files, nil
}
