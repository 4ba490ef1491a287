package docker

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/assay-project/assay/internal/assay"
)

// echo launches a sandbox whose process 1 is cat in the warden's place, which
// lives as long as its stream, too.
func echo(t *testing.T) assay.Launched {
	t.Helper()
	e := connect(t)
	cat, err := os.ReadFile("/bin/cat")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "warden")
	if err := os.WriteFile(path, cat, 0o755); err != nil {
		t.Fatal(err)
	}
	image, err := e.Resolve(t.Context(), "debian:bookworm")
	if err != nil {
		t.Fatalf("this test needs the image debian:bookworm (make base-image): %v", err)
	}
	l := e.Launcher(LauncherConfig{Owner: "test-" + assay.NewID(), WardenPath: path})
	launched, err := l.Launch(t.Context(), assay.Shape{
		Image: image, Runtime: "runc", Network: assay.NetworkNone, Memory: 64 << 20, Processes: 16, Disk: 1 << 20, Files: 100,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		launched.Stream.Close() //nolint:errcheck // removed next
		if err := l.Remove(context.WithoutCancel(t.Context()), launched.ID); err != nil {
			t.Error(err)
		}
	})
	return launched
}

func TestStreamReachesProcessOneAndBack(t *testing.T) {
	stream := echo(t).Stream
	const said = "over and out"
	if _, err := io.WriteString(stream, said); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(said))
	if _, err := io.ReadFull(stream, got); err != nil || string(got) != said {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestSandboxHasNoNetworkButItself(t *testing.T) {
	id := echo(t).ID
	out, err := exec.CommandContext(t.Context(), "docker", "exec", id, "sh", "-c",
		"ls /sys/class/net; cat /sys/class/net/lo/flags; getent hosts localhost; readlink /proc/self/ns/net").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	ours, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	// Loopback is up and has its name; the network is not this machine's.
	got := strings.Fields(string(out))
	if len(got) < 4 || got[0] != "lo" || got[1] != "0x9" || got[2] != "::1" || got[len(got)-1] == ours {
		t.Errorf("got %q; this machine's network is %s", got, ours)
	}
}
