package docker

import (
	"slices"
	"strings"
	"testing"

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

func TestSupportedVersions(t *testing.T) {
	for version, want := range map[string]bool{"1.41": true, "1.56": true, "2.0": true, "1.40": false, "1.9": false, "": false, "x.y": false} {
		if got := supported(version); got != want {
			t.Errorf("supported(%q) = %v", version, got)
		}
	}
}
