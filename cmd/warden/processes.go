package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// processes starts programs and reaps everything that ends in the sandbox,
// orphans included.
type processes struct {
	oom *os.File // our own oom_score_adj

	mu      sync.Mutex // also held from fork to registration, so that no end is missed
	waiting map[int]chan<- syscall.WaitStatus
	peak    int64         // bytes of the largest process reaped since reset
	cpu     time.Duration // of all reaped since reset
	changed chan struct{} // holds one token after anything was reaped
}

func newProcesses() (*processes, error) {
	oom, err := os.OpenFile("/proc/self/oom_score_adj", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	p := &processes{oom: oom, waiting: map[int]chan<- syscall.WaitStatus{}, changed: make(chan struct{}, 1)}
	died := make(chan os.Signal, 1)
	signal.Notify(died, syscall.SIGCHLD)
	go func() {
		for range died {
			p.reap()
		}
	}()
	return p, nil
}

// program is what is to be started.
type program struct {
	argv  []string
	env   []string
	dir   string
	uid   int
	files [3]uintptr
}

// start runs a program in a session of its own; ended receives how its first
// process ended. The error says why there is none, for people.
func (p *processes) start(prog program) (pid int, ended <-chan syscall.WaitStatus, err error) {
	path, err := lookup(prog)
	if err != nil {
		return 0, nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	// When memory runs out the kernel is to pick the program and never us. The
	// score is inherited, and a program must have it from its first moment on.
	if err := p.score(1000); err != nil {
		return 0, nil, err
	}
	pid, err = syscall.ForkExec(path, prog.argv, &syscall.ProcAttr{
		Dir: prog.dir, Env: prog.env, Files: prog.files[:],
		Sys: &syscall.SysProcAttr{
			Setsid:     true,
			Credential: &syscall.Credential{Uid: uint32(prog.uid), Gid: uint32(prog.uid), Groups: []uint32{}},
		},
	})
	if scoreErr := p.score(0); scoreErr != nil {
		return 0, nil, scoreErr
	}
	if err != nil {
		return 0, nil, fmt.Errorf("%s: %w", prog.argv[0], err)
	}
	end := make(chan syscall.WaitStatus, 1)
	p.waiting[pid] = end
	return pid, end, nil
}

func (p *processes) score(n int) error {
	_, err := fmt.Fprintf(p.oom, "%d", n)
	return err
}

// lookup finds a program along the PATH it will have. A name with a slash is
// left to the kernel, which resolves it in the program's directory.
func lookup(prog program) (string, error) {
	if len(prog.argv) == 0 || prog.argv[0] == "" {
		return "", errors.New("there is no command")
	}
	name := prog.argv[0]
	if strings.Contains(name, "/") {
		return name, nil
	}
	for dir := range strings.SplitSeq(value(prog.env, "PATH"), ":") {
		path := dir + "/" + name
		if info, err := os.Stat(path); strings.HasPrefix(dir, "/") && err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s: there is no such program in the image", name)
}

// value is the last value that env gives key.
func value(env []string, key string) (v string) {
	for _, pair := range env {
		if k, val, ok := strings.Cut(pair, "="); ok && k == key {
			v = val
		}
	}
	return v
}

// reap collects what has ended and reports whether no process is left.
func (p *processes) reap() (none bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		var status syscall.WaitStatus
		var usage syscall.Rusage
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, &usage)
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			return true // ECHILD
		case pid == 0:
			return false
		}
		p.peak = max(p.peak, usage.Maxrss<<10)
		p.cpu += time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
		if end, ok := p.waiting[pid]; ok {
			end <- status
			delete(p.waiting, pid)
		}
		select {
		case p.changed <- struct{}{}:
		default:
		}
	}
}

// end kills every process of the users and waits until nothing but process 1
// is left in the sandbox.
func (p *processes) end(uids ...int) error {
	for {
		if err := kill(-1, uids...); err != nil {
			return err
		}
		if p.reap() {
			return nil
		}
		select {
		case <-p.changed:
		case <-time.After(pollFirst):
		}
	}
}

// used takes what was reaped since the last call: the peak of the largest
// process, and the CPU time of all.
func (p *processes) used() (peak int64, cpu time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	peak, cpu = p.peak, p.cpu
	p.peak, p.cpu = 0, 0
	return peak, cpu
}

// kill sends SIGKILL to pid as each of the users: as kill(2) has it, -1 is
// every process that the user may signal. The kernel does that under the lock
// that a fork needs, so one call gets all and no fork bomb outruns it. The
// user may signal nobody else, and nobody may signal this thread, because its
// real uid stays 0.
func kill(pid int, uids ...int) error {
	for _, uid := range uids {
		err := as(uid, func() error {
			if err := unix.Kill(pid, unix.SIGKILL); err != nil && err != unix.ESRCH && err != unix.EPERM {
				return fmt.Errorf("killing the processes of user %d: %w", uid, err)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// as calls f with the effective uid of a user, on this thread alone. The
// package unix would change all threads, hence the bare system calls.
func as(uid int, f func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const same = ^uintptr(0)
	if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, same, uintptr(uid), same); errno != 0 {
		return fmt.Errorf("becoming user %d: %w", uid, errno)
	}
	err := f()
	if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, same, 0, same); errno != 0 {
		// Nothing that follows could be trusted.
		panic(fmt.Sprintf("becoming root again: %v", errno))
	}
	return err
}
