package live

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The container of the trees under testdata, and its first process. The trees
// are written by hand in the layouts of Debian 12 (v2), Ubuntu 20.04 (v1) and
// an engine in a container, reduced to one container.
const (
	recordedID  = "4f6b2c1de8a9370f5b6c7d8e9fa0b1c2d3e4f5061728394a5b6c7d8e9fa0b1c2"
	recordedPID = 4242
)

var layouts = []string{"v1-comounted", "v1-inner-engine", "v2-systemd", "v2-nested"}

func TestEveryLayoutIsRead(t *testing.T) {
	for _, layout := range layouts {
		t.Run(layout, func(t *testing.T) {
			c, err := openCgroup(filepath.Join("testdata", layout), recordedID, recordedPID)
			if err != nil {
				t.Fatal(err)
			}
			defer c.close()
			got, err := c.read(make([]byte, largestFile))
			// 50 MiB, 10 of them files that can be dropped at once.
			want := usage{cpu: 1_500_000_000, memory: 40 << 20, processes: 7}
			if err != nil || got != want {
				t.Errorf("got %+v, %v; want %+v", got, err, want)
			}
		})
	}
}

func TestMissingProcessIsAnEndedContainer(t *testing.T) {
	if _, err := openCgroup(filepath.Join("testdata", layouts[0]), recordedID, 1); !errors.Is(err, errGone) {
		t.Errorf("got %v", err)
	}
}

func TestMissingCgroupIsAnEndedContainer(t *testing.T) {
	for _, layout := range layouts {
		root := copyTree(t, layout)
		if err := os.RemoveAll(filepath.Join(root, "sys")); err != nil {
			t.Fatal(err)
		}
		if _, err := openCgroup(root, recordedID, recordedPID); !errors.Is(err, errGone) {
			t.Errorf("%s: got %v", layout, err)
		}
	}
}

// A process id is used again soon after its container ended.
func TestAnotherProcessOfTheSameNumberIsNotRead(t *testing.T) {
	other := strings.Repeat("0", len(recordedID))
	_, err := openCgroup(filepath.Join("testdata", layouts[0]), other, recordedPID)
	if err == nil || errors.Is(err, errGone) || !strings.Contains(err.Error(), "not the container's") {
		t.Errorf("got %v", err)
	}
}

func TestControllerThatIsOffLeavesItsFigureZero(t *testing.T) {
	root := copyTree(t, "v2-nested")
	dir := filepath.Join(root, "sys/fs/cgroup/docker", recordedID)
	for _, name := range []string{"memory.current", "memory.stat"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	c, err := openCgroup(root, recordedID, recordedPID)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	got, err := c.read(make([]byte, largestFile))
	if want := (usage{cpu: 1_500_000_000, processes: 7}); err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
}

func TestNonsenseInACgroupIsAnError(t *testing.T) {
	for _, name := range []string{"cpu.stat", "memory.current", "memory.stat", "pids.current"} {
		root := copyTree(t, "v2-nested")
		path := filepath.Join(root, "sys/fs/cgroup/docker", recordedID, name)
		write(t, path, "max\n")
		c, err := openCgroup(root, recordedID, recordedPID)
		if err != nil {
			t.Fatal(err)
		}
		defer c.close()
		if _, err := c.read(make([]byte, largestFile)); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestThreadsOfAProcessAreCounted(t *testing.T) {
	tasks, err := os.ReadDir("/proc/1/task")
	if err != nil {
		t.Fatal(err)
	}
	if got := threads("/", 1); got != len(tasks) {
		t.Errorf("%d threads of process 1, its folder lists %d", got, len(tasks))
	}
	if got := threads(filepath.Join("testdata", layouts[0]), 1); got != 0 {
		t.Errorf("%d threads of no process", got)
	}
}

func TestWorkingSetIsNeverNegative(t *testing.T) {
	root := copyTree(t, "v2-nested")
	write(t, filepath.Join(root, "sys/fs/cgroup/docker", recordedID, "memory.current"), "4096\n")
	c, err := openCgroup(root, recordedID, recordedPID)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if got, err := c.read(make([]byte, largestFile)); err != nil || got.memory != 0 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestMountsWithWhiteSpace(t *testing.T) {
	got := parseMounts([]byte(`35 25 0:29 / /mnt/with\040space\134and\011tab rw - cgroup2 cgroup2 rw` + "\n"))
	want := map[string]mount{unified: {dir: "/mnt/with space\\and\ttab", root: "/"}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(mount{})); diff != "" {
		t.Error(diff)
	}
}

func FuzzMembership(f *testing.F) {
	for _, layout := range layouts {
		seed, err := os.ReadFile(filepath.Join("testdata", layout, "proc", strconv.Itoa(recordedPID), "cgroup"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(seed, recordedID)
	}
	f.Fuzz(func(t *testing.T, text []byte, id string) {
		for controller, path := range parseMembership(text) {
			if !strings.HasPrefix(path, "/") || strings.ContainsAny(controller, ",:\n") {
				t.Fatalf("%q is in %q", controller, path)
			}
			own, ok := ownCgroup(path, id)
			if !strings.HasPrefix(path, own) {
				t.Fatalf("%q is not above %q", own, path)
			}
			if ok && !strings.Contains(own, id) {
				t.Fatalf("%q does not name %q", own, id)
			}
		}
	})
}

func FuzzMounts(f *testing.F) {
	for _, layout := range layouts {
		seed, err := os.ReadFile(filepath.Join("testdata", layout, "proc/self/mountinfo"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for controller, m := range parseMounts(text) {
			if m.dir == "" || m.root == "" || strings.Contains(controller, ",") {
				t.Fatalf("%q is at %+v", controller, m)
			}
		}
	})
}

func FuzzField(f *testing.F) {
	f.Add("inactive_file 10485760\n", "inactive_file", uint64(7))
	f.Add("nr_periods 0\nusage_usec 18446744073709551615\n", "usage_usec", uint64(1<<63))
	f.Add("usage_usec", "usage_usec", uint64(0))
	f.Fuzz(func(t *testing.T, text, name string, n uint64) {
		_, _ = field([]byte(text), name) // whatever it is, no panic
		if strings.ContainsAny(name, "\n") {
			return
		}
		// A line put in front is the one that is found.
		got, err := field([]byte(name+" "+strconv.FormatUint(n, 10)+"\n"+text), name)
		if err != nil || got != n {
			t.Fatalf("got %d, %v; want %d", got, err, n)
		}
	})
}

// copyTree copies a tree of testdata to where it can be changed.
func copyTree(t testing.TB, layout string) string {
	t.Helper()
	root := t.TempDir()
	if err := os.CopyFS(root, os.DirFS(filepath.Join("testdata", layout))); err != nil {
		t.Fatal(err)
	}
	return root
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
