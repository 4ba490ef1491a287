package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/assay-project/assay/internal/warden"
)

// service is the warden at work for one sandbox.
type service struct {
	hello   warden.Hello
	out     *sender
	procs   *processes
	counter *counters
	kept    *os.File        // the files that Restore puts back, as a tar stream
	unkept  error           // why there are none, for every later Restore
	desk    *desk           // where the grader's programs ask
	running <-chan struct{} // nil, or receives when the program has ended
}

// sender writes frames one at a time, from any goroutine.
type sender struct {
	mu  sync.Mutex
	dst io.Writer
	buf []byte
}

func (s *sender) head(kind warden.Kind, head any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	if s.buf, err = warden.AppendHead(s.buf[:0], kind, head); err != nil {
		return err
	}
	_, err = s.dst.Write(s.buf)
	return err
}

func (s *sender) output(stream warden.Stream, p []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buf = warden.AppendFrame(s.buf[:0], warden.KindOut, []byte{byte(stream)}, p)
	_, err := s.dst.Write(s.buf)
	return err
}

// limitError is a failure that is the submission's doing.
type limitError struct {
	why     warden.Why
	message string
}

func (e *limitError) Error() string { return e.message }

// serve answers the worker's frames until src ends. An error was already sent
// to the worker when it was the submission's doing.
func serve(src io.Reader, dst io.Writer) error {
	s := &service{out: &sender{dst: dst}}
	err := s.listen(warden.NewReader(bufio.NewReaderSize(src, 64<<10)))
	if errors.Is(err, io.EOF) {
		return nil
	}
	failure := warden.Failure{Message: err.Error()}
	if limit, ok := errors.AsType[*limitError](err); ok {
		failure.Why = limit.why
	}
	if sendErr := s.out.head(warden.KindError, failure); sendErr != nil {
		return errors.Join(err, sendErr)
	}
	// The worker hangs up when it has read the failure. Ending at once could
	// lose it: not every engine delivers what a dead process wrote.
	_, copyErr := io.Copy(io.Discard, src)
	return errors.Join(err, copyErr)
}

func (s *service) listen(frames *warden.Reader) error {
	for {
		kind, payload, err := frames.Next()
		if err != nil {
			return err
		}
		if s.running != nil {
			// A worker waits for Exited before it sends more, so that while
			// a program runs the only news is the end of the stream.
			select {
			case <-s.running:
				s.running = nil
			default:
				return fmt.Errorf("a frame of kind %d came while a program was running", kind)
			}
		}
		if s.procs == nil && kind != warden.KindHello {
			return fmt.Errorf("a frame of kind %d came before hello", kind)
		}
		switch kind {
		case warden.KindHello:
			err = s.greet(payload)
		case warden.KindPut:
			var put warden.Put
			if err = json.Unmarshal(payload, &put); err == nil {
				err = s.put(put, warden.NewData(frames))
			}
		case warden.KindRun:
			var run warden.Run
			if err = json.Unmarshal(payload, &run); err == nil {
				err = s.start(run, warden.NewData(frames))
			}
		default:
			err = fmt.Errorf("a frame of unknown kind %d", kind)
		}
		if err != nil {
			return err
		}
	}
}

func (s *service) greet(payload []byte) error {
	if s.procs != nil {
		return errors.New("hello came twice")
	}
	if err := json.Unmarshal(payload, &s.hello); err != nil {
		return err
	}
	if s.hello.Version != warden.Version {
		return fmt.Errorf("the worker speaks version %d, this warden %d", s.hello.Version, warden.Version)
	}
	if s.hello.Student <= 0 || s.hello.Grader <= 0 || s.hello.Student == s.hello.Grader {
		return errors.New("hello names no two users")
	}
	if err := harden(); err != nil {
		return err
	}
	for dir, own := range map[string]struct {
		uid  int
		mode os.FileMode
	}{
		warden.WorkDir:   {s.hello.Student, 0o755},
		warden.GraderDir: {s.hello.Grader, 0o700},
	} {
		if err := errors.Join(os.Chmod(dir, own.mode), os.Chown(dir, own.uid, own.uid)); err != nil {
			return err
		}
	}
	s.counter = openCounters()
	var err error
	if s.procs, err = newProcesses(); err != nil {
		return err
	}
	if s.desk, err = newDesk(s); err != nil {
		return err
	}
	makeThreads()
	return s.out.head(warden.KindReady, warden.Ready{Version: warden.Version})
}

// start takes a program's standard input and runs it in the background, so
// that the end of the stream is noticed while it runs.
func (s *service) start(run warden.Run, input io.Reader) error {
	stdin, err := openStdin(run, input)
	if err != nil {
		return err
	}
	over := make(chan struct{}, 1)
	s.running = over
	go func() {
		exited, err := s.run(run, stdin)
		if err == nil {
			// Marked as ended first: the worker may answer at once.
			over <- struct{}{}
			err = s.out.head(warden.KindExited, exited)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "warden:", err)
			os.Exit(1)
		}
	}()
	return nil
}

// harden makes sure that no process of the sandbox can look into this one,
// and that what it starts can gain nothing by running a set-uid program.
func harden() error {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("becoming undumpable: %w", err)
	}
	on, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
	if err != nil || on != 1 {
		return fmt.Errorf("the sandbox was made without no_new_privs (%d, %w)", on, err)
	}
	return refuseRings()
}

// refuseRings forbids io_uring to this process and all it starts: what is done
// through a ring passes every system call filter by. Engines before 25 allow
// it. The calls have the same numbers on every architecture, but for the bit
// of x32.
func refuseRings() error {
	const x32 = 0x40000000
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}, // the call's number
		{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: ^uint32(x32)},
		{Code: unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, K: unix.SYS_IO_URING_SETUP, Jf: 2},
		{Code: unix.BPF_JMP | unix.BPF_JGT | unix.BPF_K, K: unix.SYS_IO_URING_REGISTER, Jt: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	thread, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&prog)))
	if errno != 0 || thread != 0 {
		return fmt.Errorf("forbidding io_uring: %w (thread %d)", errno, thread)
	}
	return nil
}

// spareThreads is how many threads are made ahead. While a fork bomb holds
// every process the sandbox may have, the runtime could make none and would
// end the program; with more idle ones than it ever uses at once, it need not.
const spareThreads = 12

// makeThreads makes spare threads. The runtime keeps threads that fall idle.
func makeThreads() {
	var ready, release sync.WaitGroup
	release.Add(1)
	for range spareThreads {
		ready.Add(1)
		go func() {
			runtime.LockOSThread()
			ready.Done()
			release.Wait()
			runtime.UnlockOSThread()
		}()
	}
	ready.Wait()
	release.Done()
}

// poll is how often a run's counters are read: often at first, because most
// runs are short, then seldom, because a hundred sandboxes may do it at once.
const (
	pollFirst = 5 * time.Millisecond
	pollMost  = 100 * time.Millisecond
)
