package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/assay-project/assay/internal/warden"
)

// run runs one program to its end and the end of everything it left. An
// error is the warden's own trouble; the sandbox is of no use after it.
func (s *service) run(run warden.Run, stdin *os.File) (exited warden.Exited, err error) {
	defer func() { err = errors.Join(err, stdin.Close()) }()
	if err := s.before(run.Before); err != nil {
		if limit, ok := errors.AsType[*limitError](err); ok {
			return warden.Exited{Why: limit.why}, nil
		}
		return exited, err
	}
	uid, dir := s.hello.Student, warden.WorkDir
	if run.As == warden.Grader {
		uid, dir = s.hello.Grader, warden.GraderDir
	}
	env := append(environment(dir), run.Env...)

	w := watch{run: run, counter: s.counter, over: make(chan warden.Why, 1)}
	stdout, err := newPump(s.out, warden.Stdout, &w)
	if err != nil {
		return exited, err
	}
	stderr, err := newPump(s.out, warden.Stderr, &w)
	if err != nil {
		return exited, err
	}
	if run.As == warden.Grader {
		s.desk.admit(env, stdout.identity)
	}

	s.procs.used()
	w.begin()
	_, ended, startErr := s.procs.start(program{
		argv: run.Argv, env: env, dir: dir, uid: uid,
		files: [3]uintptr{stdin.Fd(), stdout.theirs.Fd(), stderr.theirs.Fd()},
	})
	if err := errors.Join(stdout.start(), stderr.start()); err != nil {
		return exited, err
	}
	if startErr == nil {
		status, why := w.until(ended)
		exited = describe(status)
		if why != "" {
			// until returned for the limit, not for the program's end.
			exited = warden.Exited{Signal: int(syscall.SIGKILL), Why: why}
		}
	} else {
		exited.Failed = startErr.Error()
	}
	exited.Usage.Wall = time.Since(w.began)

	s.desk.shut()
	if err := s.procs.end(uid, s.hello.Student); err != nil {
		return exited, err
	}
	if err := errors.Join(stdout.wait(), stderr.wait()); err != nil {
		return exited, err
	}
	if exited.Why == "" {
		exited.Why = w.exceeded()
	}
	var cpu time.Duration
	exited.Usage.Memory, cpu = s.procs.used()
	if now := s.counter.read(); now.known {
		cpu = now.cpu - w.base.cpu
	}
	exited.Usage.CPU = max(cpu, 0)
	exited.Usage.Output = min(w.output.Load(), run.Output)
	exited.Usage.Sandbox = s.counter.memory()
	return exited, nil
}

// environment is the image's, with a home that can be written to.
func environment(home string) []string {
	return append(os.Environ(), "HOME="+home, "USER=student", "LOGNAME=student", "PWD="+home)
}

func describe(status syscall.WaitStatus) warden.Exited {
	if status.Signaled() {
		return warden.Exited{Signal: int(status.Signal())}
	}
	return warden.Exited{Status: status.ExitStatus()}
}

// openStdin makes a program's standard input. It comes whole before the
// program starts, into memory of the sandbox: a file that nobody can change,
// which needs no feeding and cannot block.
func openStdin(run warden.Run, input io.Reader) (*os.File, error) {
	if !run.Stdin {
		return os.Open(os.DevNull)
	}
	fd, err := unix.MemfdCreate("stdin", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, fmt.Errorf("making room for standard input: %w", err)
	}
	f := os.NewFile(uintptr(fd), "stdin")
	_, copyErr := io.Copy(f, input)
	_, seekErr := f.Seek(0, io.SeekStart)
	_, sealErr := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_WRITE|unix.F_SEAL_GROW|unix.F_SEAL_SHRINK|unix.F_SEAL_SEAL)
	if err := errors.Join(copyErr, seekErr, sealErr); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// watch holds a running program to its limits.
type watch struct {
	run     warden.Run
	counter *counters
	began   time.Time
	base    count
	output  atomic.Int64
	over    chan warden.Why // the pumps': too much output
}

func (w *watch) begin() {
	w.base = w.counter.read()
	w.began = time.Now()
}

// until waits for the program's end or for the first limit that it exceeds.
func (w *watch) until(ended <-chan syscall.WaitStatus) (syscall.WaitStatus, warden.Why) {
	wall := time.NewTimer(w.run.Wall)
	defer wall.Stop()
	interval := pollFirst
	poll := time.NewTimer(interval)
	defer poll.Stop()
	for {
		select {
		case status := <-ended:
			return status, ""
		case <-wall.C:
			return 0, warden.Wall
		case why := <-w.over:
			return 0, why
		case <-poll.C:
			if why := w.exceeded(); why != "" {
				return 0, why
			}
			interval = min(2*interval, pollMost)
			poll.Reset(min(interval, w.cpuLeft()))
		}
	}
}

// cpuLeft is how soon the CPU limit can be reached at the earliest.
func (w *watch) cpuLeft() time.Duration {
	now := w.counter.read()
	if !now.known {
		return pollMost
	}
	left := w.run.CPU - (now.cpu - w.base.cpu)
	return max(left/time.Duration(runtime.NumCPU()), pollFirst)
}

// exceeded is a limit that the program has exceeded by now.
func (w *watch) exceeded() warden.Why {
	select {
	case why := <-w.over:
		return why
	default:
	}
	now := w.counter.read()
	switch {
	case now.oom > w.base.oom:
		return warden.Memory
	case now.forks > w.base.forks:
		return warden.Processes
	case now.known && now.cpu-w.base.cpu > w.run.CPU:
		return warden.CPU
	}
	return filled()
}

// filled tells whether one of the places to write in is full, and of what.
func filled() warden.Why {
	for _, dir := range writable {
		var fs unix.Statfs_t
		if unix.Statfs(dir, &fs) != nil {
			continue // a runtime without it
		}
		switch {
		case fs.Blocks > 0 && fs.Bavail == 0:
			return warden.Disk
		case fs.Files > 0 && fs.Ffree == 0:
			return warden.Files
		}
	}
	return ""
}

// pump sends what a program writes to one stream to the worker, up to the
// limit that both streams share.
type pump struct {
	out          *sender
	stream       warden.Stream
	watch        *watch
	ours, theirs *os.File
	identity     fileID
	done         sync.WaitGroup
	err          error
}

func newPump(out *sender, stream warden.Stream, w *watch) (*pump, error) {
	// Only our end may be one that does not block: a program does not expect
	// that of its output.
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return nil, err
	}
	if err := unix.SetNonblock(ends[0], true); err != nil {
		return nil, err
	}
	p := &pump{
		out: out, stream: stream, watch: w,
		ours: os.NewFile(uintptr(ends[0]), "output"), theirs: os.NewFile(uintptr(ends[1]), "output"),
	}
	var err error
	p.identity, err = identify(ends[1])
	return p, err
}

// start gives the program's end away and begins.
func (p *pump) start() error {
	p.done.Go(func() {
		buf := make([]byte, warden.Chunk)
		for {
			n, err := p.ours.Read(buf)
			if n > 0 {
				p.err = p.forward(buf[:n])
			}
			if err != nil || p.err != nil {
				return // no process has the other end, or the worker is gone
			}
		}
	})
	return p.theirs.Close()
}

func (p *pump) forward(chunk []byte) error {
	limit := p.watch.run.Output
	before := p.watch.output.Add(int64(len(chunk))) - int64(len(chunk))
	if room := max(limit-before, 0); int64(len(chunk)) > room {
		select {
		case p.watch.over <- warden.Output:
		default:
		}
		chunk = chunk[:room]
	}
	if len(chunk) == 0 {
		return nil
	}
	return p.out.output(p.stream, chunk)
}

// wait forwards what is left and returns. No process is alive any more, yet
// the other end may be open: a descriptor under way between two sockets that
// nobody has is closed when the kernel collects it, at some later time. So
// what is in the pipe now is all, and its end is not waited for.
func (p *pump) wait() error {
	if err := p.ours.SetReadDeadline(time.Now()); err != nil {
		return err
	}
	p.done.Wait()
	if p.err == nil {
		p.err = p.drain()
	}
	return errors.Join(p.err, p.ours.Close())
}

func (p *pump) drain() error {
	raw, err := p.ours.SyscallConn()
	if err != nil {
		return err
	}
	buf := make([]byte, warden.Chunk)
	var failed error
	err = raw.Control(func(fd uintptr) {
		for failed == nil {
			n, err := unix.Read(int(fd), buf)
			if err == unix.EINTR {
				continue
			}
			if n <= 0 {
				return // empty (EAGAIN), or at its end
			}
			failed = p.forward(buf[:n])
		}
	})
	return errors.Join(err, failed)
}

// fileID tells whether two descriptors are of one file.
type fileID struct{ dev, ino uint64 }

func identify(fd int) (fileID, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return fileID{}, err
	}
	return fileID{st.Dev, st.Ino}, nil
}
