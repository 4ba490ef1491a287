// Warden is process 1 of every sandbox. It speaks the protocol of
// internal/warden with the worker over its standard input and output: it
// unpacks files, runs programs as the student or as the grader, holds them to
// their limits, and leaves nothing of one run to the next. When its standard
// input closes it ends, and the kernel ends everything else with it.
//
// Called as "warden student -- COMMAND" by a grader's program it is the
// client that has process 1 run COMMAND as the student.
//
// It trusts the worker and nobody else. It is static, imports the standard
// library and golang.org/x/sys only, and needs the capabilities CHOWN,
// DAC_OVERRIDE, FOWNER, SETGID and SETUID.
package main

import (
	"fmt"
	"os"
)

func main() {
	if os.Getpid() != 1 {
		os.Exit(client(os.Args[1:]))
	}
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "warden:", err)
		os.Exit(1)
	}
}
