package live

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/docker"
)

// connect reaches the engine of the tests and gives a label of this test's own.
func connect(t *testing.T) (*docker.Engine, string) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a Docker Engine")
	}
	engine, err := docker.Connect(t.Context())
	if err != nil {
		t.Fatalf("this test needs a Docker Engine: %v", err)
	}
	t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	return engine, "assay.test." + assay.NewID()
}

// run starts a container and removes it when the test ends.
func run(t *testing.T, label string, args ...string) string {
	t.Helper()
	args = append([]string{"run", "--detach", "--network", "none", "--label", label}, args...)
	out, err := exec.CommandContext(t.Context(), "docker", args...).Output()
	if err != nil {
		t.Fatalf("this test needs the docker command and the image debian:bookworm (make base-image): %v", err)
	}
	id := strings.TrimSpace(string(out))
	t.Cleanup(func() {
		if out, err := exec.CommandContext(context.WithoutCancel(t.Context()), "docker", "rm", "--force", id).CombinedOutput(); err != nil {
			t.Errorf("docker rm %s: %v %s", id, err, out)
		}
	})
	return id
}

func TestRowOfARealContainerComesAndGoesAtOnce(t *testing.T) {
	engine, label := connect(t)
	// No tick helps within an hour: only the engine's events can.
	c := NewCollector(Config{Engine: engine.Containers(label), DataDir: t.TempDir(), Every: time.Hour})
	published := make(chan assay.Figures, 100)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { c.Run(ctx, func(f assay.Figures) { published <- f }) })
	defer running.Wait()
	defer cancel()
	await := func(rows int) assay.Figures {
		t.Helper()
		deadline := time.After(20 * time.Second)
		for {
			select {
			case f := <-published:
				if len(f.Containers) == rows {
					return f
				}
			case <-deadline:
				t.Fatalf("no figures with %d rows in 20 s", rows)
			}
		}
	}
	id := run(t, label, "--memory", "64m", "--cpus", "0.5", "--pids-limit", "20", "debian:bookworm", "sleep", "300")
	f := await(1)
	row := f.Containers[0]
	if row.ID != id || row.CPULimit != 0.5 || row.MemoryLimit != 64<<20 || row.Processes < 1 || row.Memory <= 0 || row.Memory >= 64<<20 {
		t.Errorf("got %+v", row)
	}
	t.Logf("start to row: %v", f.At.Sub(row.StartedAt))

	if out, err := exec.CommandContext(t.Context(), "docker", "kill", id).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	await(0)
}

// The kernel's own figures are read before and after ours, which must lie
// between.
func TestFiguresAreTheKernels(t *testing.T) {
	engine, label := connect(t)
	id := run(t, label, "--memory", "256m", "debian:bookworm", "sh", "-c",
		"head -c 64M /dev/zero > /var/tmp/cached; cat /var/tmp/cached > /dev/null; while :; do :; done")
	c := NewCollector(Config{Engine: engine.Containers(label), DataDir: t.TempDir(), Every: time.Millisecond})
	put(t, c)
	kernel := openKernel(t, id)

	deadline := time.Now().Add(20 * time.Second)
	for started := kernel.cpu(t); kernel.cpu(t) < started+3e8; {
		if time.Now().After(deadline) {
			t.Fatal("the container used no CPU in 20 s")
		}
	}
	before1, at1 := kernel.cpu(t), time.Now()
	c.Sample(time.Now())
	after1, end1 := kernel.cpu(t), time.Now()
	for kernel.cpu(t) < after1+3e8 {
		if time.Now().After(deadline) {
			t.Fatal("the container stopped using CPU")
		}
	}
	before2, at2 := kernel.cpu(t), time.Now()
	rows := c.Sample(time.Now()).Containers
	after2, end2 := kernel.cpu(t), time.Now()
	if len(rows) != 1 {
		t.Fatalf("%d rows", len(rows))
	}
	least := (before2 - after1) / float64(end2.Sub(at1))
	most := (after2 - before1) / float64(at2.Sub(end1))
	if got := rows[0].CPU; got < least || got > most {
		t.Errorf("%v cores, the kernel says between %v and %v", got, least, most)
	}

	// Stopped, it uses the same memory from one moment to the next.
	if out, err := exec.CommandContext(t.Context(), "docker", "pause", id).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	rows = c.Sample(time.Now().Add(time.Second)).Containers
	memory, idle := kernel.memory(t)
	if idle < 32<<20 {
		t.Errorf("only %d bytes of cache: nothing is proved", idle)
	}
	if got := rows[0].Memory; got != memory-idle {
		t.Errorf("%d bytes of memory, the kernel says %d", got, memory-idle)
	}
	if got, want := rows[0].Processes, int(kernel.number(t, "pids", "pids.current")); got != want {
		t.Errorf("%d processes, the kernel says %d", got, want)
	}
}

// A container may end after it was listed and before its event has come.
func TestContainerThatEndedIsDroppedWhenRead(t *testing.T) {
	engine, label := connect(t)
	id := run(t, label, "debian:bookworm", "sleep", "300")
	c := NewCollector(Config{Engine: engine.Containers(label), DataDir: t.TempDir(), Every: time.Millisecond})
	put(t, c)
	if rows := c.Sample(time.Now()).Containers; len(rows) != 1 {
		t.Fatalf("%d rows", len(rows))
	}
	if out, err := exec.CommandContext(t.Context(), "docker", "kill", id).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	deadline := time.Now().Add(20 * time.Second)
	for len(c.Sample(time.Now()).Containers) != 0 {
		if time.Now().After(deadline) {
			t.Fatal("still there after 20 s")
		}
	}
}

// kernelFiles are a container's cgroup files, found by the container's id
// alone: another way than the collector's.
type kernelFiles struct {
	v1   bool
	dirs map[string]string // by controller
}

func openKernel(t *testing.T, id string) kernelFiles {
	t.Helper()
	k := kernelFiles{dirs: map[string]string{}}
	for controller, file := range map[string]string{"cpuacct": "cpuacct.usage", "memory": "memory.usage_in_bytes", "pids": "pids.current"} {
		for _, pattern := range []string{"/sys/fs/cgroup/*" + controller + "*/docker/" + id + "/" + file, "/sys/fs/cgroup/*" + controller + "*/system.slice/docker-" + id + ".scope/" + file} {
			if found, err := filepath.Glob(pattern); err == nil && len(found) > 0 {
				k.v1, k.dirs[controller] = true, filepath.Dir(found[0])
			}
		}
	}
	if k.v1 {
		return k
	}
	for _, dir := range []string{"/sys/fs/cgroup/docker/" + id, "/sys/fs/cgroup/system.slice/docker-" + id + ".scope"} {
		if _, err := os.Stat(dir); err == nil {
			k.dirs["cpuacct"], k.dirs["memory"], k.dirs["pids"] = dir, dir, dir
			return k
		}
	}
	t.Fatalf("the cgroup of container %s is at none of the places where Docker puts it", id)
	return k
}

// cpu is in nanoseconds.
func (k kernelFiles) cpu(t *testing.T) float64 {
	t.Helper()
	if k.v1 {
		return k.number(t, "cpuacct", "cpuacct.usage")
	}
	return k.line(t, "cpuacct", "cpu.stat", "usage_usec") * 1000
}

// memory is all of it, and the part that could be dropped.
func (k kernelFiles) memory(t *testing.T) (all, idle int64) {
	t.Helper()
	if k.v1 {
		return int64(k.number(t, "memory", "memory.usage_in_bytes")), int64(k.line(t, "memory", "memory.stat", "total_inactive_file"))
	}
	return int64(k.number(t, "memory", "memory.current")), int64(k.line(t, "memory", "memory.stat", "inactive_file"))
}

func (k kernelFiles) number(t *testing.T, controller, name string) float64 {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(k.dirs[controller], name))
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(string(text)), 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (k kernelFiles) line(t *testing.T, controller, name, key string) float64 {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(k.dirs[controller], name))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut("\n"+string(text), "\n"+key+" ")
	if !ok {
		t.Fatalf("no %s in %s", key, name)
	}
	line, _, _ := strings.Cut(rest, "\n")
	n, err := strconv.ParseFloat(line, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
