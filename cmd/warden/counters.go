package main

import (
	"bytes"
	"math"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/assay-project/assay/internal/warden"
)

// counters reads what the kernel counts for the sandbox's own control group.
// Runtimes that show none of it (gVisor) leave the files nil and the counts 0.
type counters struct {
	cpu, oom, forks, peak *os.File
	limit, usage, stat    *os.File // of memory
	cpuField              string   // "" when the file is one number
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
			limit: open("memory.max"), usage: open("memory.current"), stat: open("memory.stat"),
		}
	}
	return &counters{
		cpu: open("cpuacct/cpuacct.usage"), cpuUnit: time.Nanosecond,
		oom: open("memory/memory.oom_control"), forks: open("pids/pids.events"), peak: open("memory/memory.max_usage_in_bytes"),
		limit: open("memory/memory.limit_in_bytes"), usage: open("memory/memory.usage_in_bytes"), stat: open("memory/memory.stat"),
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

// spareMemory is what the warden leaves itself of the sandbox's memory, and
// fileMemory what the kernel needs for a file beside its content, in bytes.
const (
	spareMemory = 2 << 20
	fileMemory  = 2 << 10
)

// room is how many bytes of files the warden may write before the sandbox's
// memory is full. When no program is alive that the kernel could kill for
// memory it kills the warden, and the job would end without a verdict.
type room int64

func (c *counters) room() room {
	limit, limited := number(c.limit, "")
	usage, ok := number(c.usage, "")
	if !limited || !ok {
		return math.MaxInt64 // the kernel or the runtime does not say
	}
	// Cached files of the image go when their memory is needed.
	active, _ := number(c.stat, "active_file")
	inactive, _ := number(c.stat, "inactive_file")
	return room(limit - usage + active + inactive - spareMemory)
}

// take takes what a file of a size needs, or says that there is no room.
func (r *room) take(size int64) error {
	if *r -= room(size) + fileMemory; *r < 0 {
		return &limitError{warden.Memory, "the files do not fit into the sandbox's memory"}
	}
	return nil
}

// number reads a count: the whole of a file, or the value of a field in a
// file of lines "field value".
func number(f *os.File, field string) (int64, bool) {
	if f == nil {
		return 0, false
	}
	var buf [4096]byte
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
