package live

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// errGone means that the container ended before it could be read.
var errGone = errors.New("the container has ended")

// usage is what a cgroup has used.
type usage struct {
	cpu       uint64 // nanoseconds since it was made
	memory    int64  // bytes of working set
	processes int
}

// cgroup reads the figures of one container from files it keeps open. A file
// that the machine does not have (its controller is off) is nil and its
// figure 0.
type cgroup struct {
	cpu, memory, stat, pids *os.File
	v1CPU, v1Memory         bool // which version's format the files have
}

// hierarchy is where one controller's cgroups are.
type hierarchy struct {
	dir string // of the container's cgroup
	v1  bool
}

// openCgroup finds the cgroup of the container id by its process pid, below
// root, and opens its files. The error wraps errGone when there is no such
// process any more.
func openCgroup(root, id string, pid int) (*cgroup, error) {
	member, err := os.ReadFile(filepath.Join(root, "proc", strconv.Itoa(pid), "cgroup"))
	if err != nil {
		return nil, gone(err)
	}
	mounts, err := os.ReadFile(filepath.Join(root, "proc", "self", "mountinfo"))
	if err != nil {
		return nil, err
	}
	paths, points := parseMembership(member), parseMounts(mounts)
	find := func(controller string) (hierarchy, error) {
		v1 := true
		path, ok := paths[controller]
		if !ok {
			v1, controller = false, unified
			path, ok = paths[unified]
		}
		point, mounted := points[controller]
		if !ok || !mounted {
			return hierarchy{}, nil
		}
		path, ok = ownCgroup(path, id)
		if !ok {
			return hierarchy{}, fmt.Errorf("process %d of container %s is in the cgroup %s, which is not the container's", pid, id, path)
		}
		return hierarchy{dir: filepath.Join(root, point.dir, point.relative(path)), v1: v1}, nil
	}
	cpu, errCPU := find("cpuacct")
	memory, errMemory := find("memory")
	pids, errPids := find("pids")
	if err := errors.Join(errCPU, errMemory, errPids); err != nil {
		return nil, err
	}
	return openFiles(cpu, memory, pids)
}

func openFiles(cpu, memory, pids hierarchy) (*cgroup, error) {
	c := &cgroup{v1CPU: cpu.v1, v1Memory: memory.v1}
	cpuName, memoryName := "cpu.stat", "memory.current"
	if cpu.v1 {
		cpuName = "cpuacct.usage"
	}
	if memory.v1 {
		memoryName = "memory.usage_in_bytes"
	}
	found := false
	for _, f := range []struct {
		to   **os.File
		in   hierarchy
		name string
	}{
		{&c.cpu, cpu, cpuName},
		{&c.memory, memory, memoryName},
		{&c.stat, memory, "memory.stat"},
		{&c.pids, pids, "pids.current"},
	} {
		if f.in.dir == "" {
			continue
		}
		file, err := os.Open(filepath.Join(f.in.dir, f.name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			c.close()
			return nil, gone(err)
		}
		*f.to, found = file, true
	}
	if !found {
		return nil, errGone
	}
	return c, nil
}

// close gives the descriptors back.
func (c *cgroup) close() {
	for _, f := range []*os.File{c.cpu, c.memory, c.stat, c.pids} {
		if f != nil {
			_ = f.Close() // opened for reading: nothing is lost
		}
	}
}

// read takes the figures as they are now. buf is room for a file's content.
// The error wraps errGone when the cgroup has been removed.
func (c *cgroup) read(buf []byte) (usage, error) {
	var u usage
	if c.cpu != nil {
		text, err := pread(c.cpu, buf)
		if err != nil {
			return u, err
		}
		if c.v1CPU {
			u.cpu, err = parseNumber(text)
		} else if u.cpu, err = field(text, "usage_usec"); err == nil {
			u.cpu *= 1000
		}
		if err != nil {
			return u, fmt.Errorf("%s: %w", c.cpu.Name(), err)
		}
	}
	if c.memory != nil {
		text, err := pread(c.memory, buf)
		if err != nil {
			return u, err
		}
		used, err := parseNumber(text)
		if err != nil {
			return u, fmt.Errorf("%s: %w", c.memory.Name(), err)
		}
		u.memory = clamp(used)
	}
	if c.stat != nil {
		text, err := pread(c.stat, buf)
		if err != nil {
			return u, err
		}
		name := "inactive_file"
		if c.v1Memory {
			name = "total_inactive_file" // with the cgroups below it, as the usage is
		}
		idle, err := field(text, name)
		if err != nil {
			return u, fmt.Errorf("%s: %w", c.stat.Name(), err)
		}
		// The two files are read one after the other, so the cache can look
		// larger than the whole.
		u.memory = max(0, u.memory-clamp(idle))
	}
	if c.pids != nil {
		text, err := pread(c.pids, buf)
		if err != nil {
			return u, err
		}
		n, err := parseNumber(text)
		if err != nil {
			return u, fmt.Errorf("%s: %w", c.pids.Name(), err)
		}
		u.processes = int(min(n, math.MaxInt32))
	}
	return u, nil
}

// pread reads f from its beginning, as far as buf goes.
func pread(f *os.File, buf []byte) ([]byte, error) {
	n, err := f.ReadAt(buf, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, gone(err)
	}
	return buf[:n], nil
}

// threads is how many threads the process pid has, and 0 when there is no such
// process. Its task folder has a link for each beside the two of any folder,
// so nothing needs to be listed.
func threads(root string, pid int) int {
	var st syscall.Stat_t
	if syscall.Stat(filepath.Join(root, "proc", strconv.Itoa(pid), "task"), &st) != nil {
		return 0
	}
	return max(0, int(min(st.Nlink, math.MaxInt32))-2)
}

// gone makes an error errGone when it says that a process or a cgroup is no
// more: opening then gives ENOENT or ESRCH, reading ENODEV.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) || errors.Is(err, syscall.ENODEV) {
		return fmt.Errorf("%w: %w", errGone, err)
	}
	return err
}

// unified stands for the hierarchy of version 2 where controllers are named.
const unified = ""

// parseMembership reads /proc/PID/cgroup (cgroups(7)): the cgroup's path per
// controller of version 1, and that of version 2 under unified.
func parseMembership(text []byte) map[string]string {
	paths := map[string]string{}
	for line := range strings.Lines(string(text)) {
		// hierarchy-ID:controller-list:cgroup-path
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(parts) != 3 || !strings.HasPrefix(parts[2], "/") {
			continue
		}
		for controller := range strings.SplitSeq(parts[1], ",") {
			paths[controller] = parts[2]
		}
	}
	return paths
}

// mount is where a hierarchy is mounted, and which of its cgroups is there.
type mount struct{ dir, root string }

// relative is the cgroup's path below the mount point.
func (m mount) relative(path string) string {
	if m.root == "/" {
		return path
	}
	return strings.TrimPrefix(path, m.root)
}

// parseMounts reads /proc/self/mountinfo (proc_pid_mountinfo(5)): the mount
// of each controller of version 1, and that of version 2 under unified. Of
// several mounts the first counts.
func parseMounts(text []byte) map[string]mount {
	mounts := map[string]mount{}
	for line := range strings.Lines(string(text)) {
		// id parent major:minor root mount-point options [tags…] - type source super-options
		before, after, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " - ")
		head, tail := strings.Fields(before), strings.Fields(after)
		if !ok || len(head) < 6 || len(tail) < 3 {
			continue
		}
		m := mount{root: unescape(head[3]), dir: unescape(head[4])}
		var controllers []string
		switch tail[0] {
		case "cgroup2":
			controllers = []string{unified}
		case "cgroup":
			controllers = strings.Split(tail[2], ",")
		}
		for _, controller := range controllers {
			if _, taken := mounts[controller]; !taken {
				mounts[controller] = m
			}
		}
	}
	return mounts
}

// unescape undoes how mountinfo writes white space and backslashes.
var unescape = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace

// ownCgroup cuts path behind the element that names the container: a first
// process may have moved itself further down. Without such an element the
// process is not the container's (any more).
func ownCgroup(path, id string) (string, bool) {
	at := strings.Index(path, id)
	if id == "" || at < 0 {
		return path, false
	}
	end := at + len(id)
	if below := strings.IndexByte(path[end:], '/'); below >= 0 {
		return path[:end+below], true
	}
	return path, true
}

// field finds the line "name number" in text.
func field(text []byte, name string) (uint64, error) {
	for line := range bytes.Lines(text) {
		if rest, ok := bytes.CutPrefix(line, []byte(name)); ok && len(rest) > 0 && rest[0] == ' ' {
			return parseNumber(rest)
		}
	}
	return 0, fmt.Errorf("no line %s", name)
}

// parseNumber reads a number in decimal, with white space around it.
func parseNumber(text []byte) (uint64, error) {
	text = bytes.TrimSpace(text)
	n, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("not a number: %.40q", text)
	}
	return n, nil
}

func clamp(n uint64) int64 { return int64(min(n, math.MaxInt64)) }
