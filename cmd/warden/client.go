package main

import (
	"errors"
	"flag"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/assay-project/assay/internal/warden"
)

// Exit statuses of the client beside the program's own; those of timeout(1).
const (
	exitTimeout = 124
	exitTrouble = 125
	exitSignal  = 128 // and the signal's number
)

// client has process 1 run a program as the student.
func client(args []string) int {
	if len(args) == 0 || args[0] != "student" {
		fmt.Fprintln(os.Stderr, "usage: "+warden.Path+" student [--wall DURATION] -- COMMAND [ARGUMENT]…")
		return exitTrouble
	}
	flags := flag.NewFlagSet("student", flag.ContinueOnError)
	wall := flags.Duration("wall", 0, "end the program after this time, for example 2s")
	if err := flags.Parse(args[1:]); err != nil {
		return exitTrouble // Parse has said why
	}
	exited, err := ask(warden.Session{Argv: flags.Args(), Wall: *wall})
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "warden: the sandbox did not answer; only the grader's programs may ask:", err)
		return exitTrouble
	case exited.Failed != "":
		fmt.Fprintln(os.Stderr, "warden:", exited.Failed)
		return exitTrouble
	case exited.Why == warden.Wall:
		return exitTimeout
	case exited.Signal != 0:
		return exitSignal + exited.Signal
	}
	return exited.Status
}

func ask(session warden.Session) (exited warden.Exited, err error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return exited, err
	}
	conn := os.NewFile(uintptr(fd), warden.Socket)
	defer func() { err = errors.Join(err, conn.Close()) }()
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: warden.Socket}); err != nil {
		return exited, err
	}
	if err := unix.Sendmsg(fd, []byte{0}, unix.UnixRights(0, 1, 2), nil, 0); err != nil {
		return exited, err
	}
	out := sender{dst: conn}
	if err := out.head(warden.KindRun, session); err != nil {
		return exited, err
	}
	return warden.ReadExited(conn)
}
