package docker

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/assay-project/assay/internal/assay"
)

// connect reaches the engine of the tests, or fails with how to get one.
func connect(t *testing.T) *Engine {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a Docker Engine")
	}
	e, err := Connect(t.Context())
	if err != nil {
		t.Fatalf("this test needs a Docker Engine: %v", err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func TestConnectTellsWhatTheEngineIs(t *testing.T) {
	info := connect(t).Info()
	if info.Version == "" || info.Kernel == "" || info.Root == "" || info.Arch == "" {
		t.Errorf("incomplete: %+v", info)
	}
	if !supported(info.API) {
		t.Errorf("API %q accepted", info.API)
	}
	if info.CgroupVersion != 1 && info.CgroupVersion != 2 {
		t.Errorf("cgroup version %d", info.CgroupVersion)
	}
	if !slices.Contains(info.Runtimes, "runc") {
		t.Errorf("no runc among %q", info.Runtimes)
	}
}

func TestConnectSaysWhatToDo(t *testing.T) {
	for _, host := range []string{"unix:///nowhere/docker.sock", "tcp://127.0.0.1:1", "gopher://x"} {
		t.Setenv("DOCKER_HOST", host)
		_, err := Connect(t.Context())
		if assay.CodeOf(err) != assay.Unavailable || !strings.Contains(err.Error(), "DOCKER_HOST") {
			t.Errorf("%s: %v", host, err)
		}
	}
}

func TestSocketThatMayNotBeUsedIsToldFromNone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "docker.sock")
	if err := os.WriteFile(path, nil, 0o000); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(path, "../.."), 0o755); err != nil { // the test's own folder, which others may not enter
		t.Fatal(err)
	}
	answers := make(chan [2]bool)
	go func() {
		// Root may use everything: this thread, which ends with the goroutine,
		// becomes somebody else.
		runtime.LockOSThread()
		if os.Getuid() == 0 {
			if _, _, errno := unix.RawSyscall(unix.SYS_SETREUID, 65534, ^uintptr(0), 0); errno != 0 {
				t.Error(errno)
			}
		}
		answers <- [2]bool{forbidden("unix://" + path), forbidden("unix://" + path + ".none")}
	}()
	if got := <-answers; got != [2]bool{true, false} {
		t.Errorf("got %v", got)
	}
}

func TestSupportedVersions(t *testing.T) {
	for version, want := range map[string]bool{"1.41": true, "1.56": true, "2.0": true, "1.40": false, "1.9": false, "": false, "x.y": false} {
		if got := supported(version); got != want {
			t.Errorf("supported(%q) = %v", version, got)
		}
	}
}
