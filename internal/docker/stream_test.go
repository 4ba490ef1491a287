package docker

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/assay-project/assay/internal/assay"
)

// piece is what the engine sends for something that was written to a stream.
func piece(stream byte, text string) []byte {
	head := []byte{stream, 0, 0, 0}
	return append(binary.BigEndian.AppendUint32(head, uint32(len(text))), text...)
}

func TestStreamTellsOutputFromComplaints(t *testing.T) {
	noise := strings.Repeat("noise ", maxStderr)
	for name, test := range map[string]struct {
		wire []byte
		want string
		err  string // part of it; empty: a clean end
	}{
		"output":              {bytes.Join([][]byte{piece(1, "ab"), piece(1, ""), piece(1, "c")}, nil), "abc", ""},
		"complaints":          {bytes.Join([][]byte{piece(1, "ab"), piece(2, "oh\n"), piece(1, "c"), piece(2, "no\n")}, nil), "abc", "its last words: oh\nno"},
		"many complaints":     {bytes.Join([][]byte{piece(2, noise), piece(2, "the end")}, nil), "", "the end"},
		"a stream of its own": {piece(7, "x"), "", "stream 7"},
		"cut in a head":       {piece(1, "x")[:5], "", "unexpected EOF"},
		"cut in a piece":      {piece(1, "xyz")[:9], "x", ""}, // the frames notice
		"cut in a complaint":  {piece(2, "xyz")[:9], "", "unexpected EOF"},
		"a huge complaint":    {append([]byte{2, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, "x"...), "", "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			ours, theirs := net.Pipe()
			defer theirs.Close() //nolint:errcheck // a pipe
			s := &stream{conn: ours, src: bufio.NewReader(bytes.NewReader(test.wire)), closed: func() {}}
			got, err := io.ReadAll(s)
			if string(got) != test.want {
				t.Errorf("output %q, not %q", got, test.want)
			}
			switch {
			case test.err == "" && err != nil, test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)):
				t.Errorf("error %v, not %q", err, test.err)
			}
			if len(s.stderr) > maxStderr {
				t.Errorf("%d bytes of complaints were kept", len(s.stderr))
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestImageVolumesAreNoPlaceToWrite: an engine makes a volume, on disk and
// without bounds, for every path that an image declares as one.
func TestImageVolumesAreNoPlaceToWrite(t *testing.T) {
	e := connect(t)
	ctx := t.Context()
	base, err := e.Resolve(ctx, "debian:bookworm")
	if err != nil {
		t.Fatalf("this test needs the image debian:bookworm (make base-image): %v", err)
	}
	made, err := e.cli.ContainerCreate(ctx, client.ContainerCreateOptions{Config: &container.Config{Image: base, Cmd: []string{"true"}}})
	if err != nil {
		t.Fatal(err)
	}
	image, err := e.cli.ContainerCommit(ctx, made.ID, client.ContainerCommitOptions{Changes: []string{"VOLUME /data /tmp"}})
	_, removeErr := e.cli.ContainerRemove(ctx, made.ID, client.ContainerRemoveOptions{Force: true})
	if err != nil || removeErr != nil {
		t.Fatal(err, removeErr)
	}
	t.Cleanup(func() {
		if _, err := e.cli.ImageRemove(context.WithoutCancel(ctx), image.ID, client.ImageRemoveOptions{Force: true}); err != nil {
			t.Error(err)
		}
	})
	l := e.Launcher(LauncherConfig{Owner: "test-" + assay.NewID(), WardenPath: t.TempDir() + "/warden"})
	volumes, err := l.imageVolumes(ctx, image.ID)
	if err != nil || strings.Join(volumes, " ") != "/data /tmp" {
		t.Fatalf("volumes %q, %v", volumes, err)
	}
	host := l.options(assay.Shape{Image: image.ID, Runtime: "runc", Disk: 1 << 20, Files: 10}, volumes, "/etc/hosts").HostConfig
	if host.Tmpfs["/data"] == "" || !strings.HasPrefix(host.Tmpfs["/data"], "ro,") || !strings.HasPrefix(host.Tmpfs["/tmp"], "rw,") {
		t.Errorf("mounts %v", host.Tmpfs)
	}
}
