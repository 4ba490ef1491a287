package main

import (
	"bytes"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// counters reads what the kernel counts for the sandbox's own control group.
// Runtimes that show none of it (gVisor) leave the files nil and the counts 0.
type counters struct {
	cpu, oom, forks, peak *os.File
	cpuField              string // "" when the file is one number
	cpuUnit               time.Duration
}

// count is one reading.
type count struct {
	cpu   time.Duration // without the warden's own
	known bool          // whether cpu could be read
	oom   int64         // how many processes were killed for memory
	forks int64         // how many forks failed for the process limit
}

func openCounters() *counters {
	const root = "/sys/fs/cgroup/"
	open := func(name string) *os.File {
		f, err := os.Open(root + name)
		if err != nil {
			return nil // the kernel or the runtime has no such count
		}
		return f
	}
	if _, err := os.Stat(root + "cgroup.controllers"); err == nil {
		return &counters{
			cpu: open("cpu.stat"), cpuField: "usage_usec", cpuUnit: time.Microsecond,
			oom: open("memory.events"), forks: open("pids.events"), peak: open("memory.peak"),
		}
	}
	return &counters{
		cpu: open("cpuacct/cpuacct.usage"), cpuUnit: time.Nanosecond,
		oom: open("memory/memory.oom_control"), forks: open("pids/pids.events"), peak: open("memory/memory.max_usage_in_bytes"),
	}
}

func (c *counters) read() count {
	var n count
	if used, ok := number(c.cpu, c.cpuField); ok {
		var own unix.Rusage
		if unix.Getrusage(unix.RUSAGE_SELF, &own) == nil {
			n.cpu, n.known = time.Duration(used)*c.cpuUnit-time.Duration(own.Utime.Nano()+own.Stime.Nano()), true
		}
	}
	n.oom, _ = number(c.oom, "oom_kill")
	n.forks, _ = number(c.forks, "max")
	return n
}

// memory is the sandbox's peak so far in bytes, 0 when the kernel does not say.
func (c *counters) memory() int64 {
	n, _ := number(c.peak, "")
	return n
}

// number reads a count: the whole of a file, or the value of a field in a
// file of lines "field value".
func number(f *os.File, field string) (int64, bool) {
	if f == nil {
		return 0, false
	}
	var buf [1024]byte
	n, _ := f.ReadAt(buf[:], 0) //nolint:errcheck // io.EOF; any other leaves n 0
	return parseNumber(buf[:n], field)
}

func parseNumber(text []byte, field string) (int64, bool) {
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		if field != "" {
			name, value, _ := bytes.Cut(line, []byte(" "))
			if string(name) != field {
				continue
			}
			line = value
		}
		v, err := strconv.ParseInt(string(line), 10, 64)
		return v, err == nil
	}
	return 0, false
}
