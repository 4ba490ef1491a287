package docker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/warden"
)

// The labels of what we make in an engine.
const (
	LabelKind  = "assay"       // on everything: what it is, one of the kinds below
	LabelOwner = "assay.owner" // which worker's
)

const (
	kindSandbox = "sandbox"
	kindImage   = "image"
)

// hosts is all that a sandbox knows by name. The engine leaves the file empty
// in containers whose network it does not manage.
const hosts = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"

// wardenProcesses is how many threads the warden may have beside the
// processes of the job. It has 18, made ahead (see cmd/warden).
const wardenProcesses = 24

// wardenMemory is what the warden gets beside the memory of the job, in bytes.
const wardenMemory = 8 << 20

// openFiles is how many files each process may have open.
const openFiles = 1024

// LauncherConfig says for whom sandboxes are made, and with which warden.
type LauncherConfig struct {
	Owner      string // the worker's; what it made carries it, and List finds it by it
	WardenPath string // the warden's binary for the engine's architecture, on the engine's machine; a hosts file is put beside it
}

// Launcher makes sandboxes as containers of the engine, with any of its
// runtimes. It is safe for concurrent use.
type Launcher struct {
	engine *Engine
	cfg    LauncherConfig

	mu      sync.Mutex
	volumes map[string][]string // by image: the paths it declares as volumes
	ending  map[string]bool     // sandboxes whose stream was closed
}

// Launcher makes sandboxes for one owner.
func (e *Engine) Launcher(cfg LauncherConfig) *Launcher {
	return &Launcher{engine: e, cfg: cfg, volumes: map[string][]string{}, ending: map[string]bool{}}
}

// Launch makes and starts a sandbox that nothing was said to yet. Closing its
// stream ends it, and the engine then removes it: so does the end of this
// process, whichever way it comes.
func (l *Launcher) Launch(ctx context.Context, shape assay.Shape) (launched assay.Launched, err error) {
	if !l.engine.info.Local {
		return launched, assay.Errorf(assay.Unavailable,
			"sandboxes cannot be made through the Docker Engine at %s: it mounts a file of its own machine into them, so run the worker there and set DOCKER_HOST to the engine's unix socket",
			l.engine.cli.DaemonHost())
	}
	volumes, err := l.imageVolumes(ctx, shape.Image)
	if err != nil {
		return launched, err
	}
	hostsPath, err := l.hostsFile()
	if err != nil {
		return launched, err
	}
	cli := l.engine.cli
	created, err := cli.ContainerCreate(ctx, l.options(shape, volumes, hostsPath))
	if err != nil {
		return launched, l.explain(shape, "made", err)
	}
	defer func() {
		if err != nil {
			// Also when ctx has ended: nothing may stay behind.
			err = errors.Join(err, l.Remove(context.WithoutCancel(ctx), created.ID))
		}
	}()
	attached, err := cli.ContainerAttach(ctx, created.ID, client.ContainerAttachOptions{Stream: true, Stdin: true, Stdout: true, Stderr: true})
	if err != nil {
		return launched, l.explain(shape, "attached to", err)
	}
	if _, err = cli.ContainerStart(ctx, created.ID, client.ContainerStartOptions{}); err != nil {
		attached.Close()
		return launched, l.explain(shape, "started", err)
	}
	return assay.Launched{ID: created.ID, Stream: &stream{
		conn: attached.Conn, src: attached.Reader,
		closed: sync.OnceFunc(func() { l.note(created.ID) }),
	}}, nil
}

func (l *Launcher) options(shape assay.Shape, volumes []string, hostsPath string) client.ContainerCreateOptions {
	labels := map[string]string{LabelKind: kindSandbox, LabelOwner: l.cfg.Owner}
	processes := int64(shape.Processes + wardenProcesses)
	no := false
	// A folder counts as a file, and so does the top one.
	space := fmt.Sprintf("rw,nosuid,nodev,exec,size=%d,nr_inodes=%d,", shape.Disk, shape.Files+1)
	tmpfs := map[string]string{
		warden.WorkDir:   space + "mode=0755",
		warden.GraderDir: space + "mode=0700",
		"/tmp":           space + "mode=1777",
		"/dev/shm":       fmt.Sprintf("rw,nosuid,nodev,noexec,size=%d,nr_inodes=%d,mode=1777", shape.Disk, shape.Files+1),
	}
	for _, path := range volumes {
		// Else the engine would make a volume on disk, which nothing bounds.
		if _, ours := tmpfs[path]; !ours {
			tmpfs[path] = "ro,nosuid,nodev,noexec,size=4k"
		}
	}
	return client.ContainerCreateOptions{
		Config: &container.Config{
			Image:      shape.Image,
			Hostname:   "sandbox",
			User:       "0:0",
			Entrypoint: []string{warden.Path},
			WorkingDir: "/",
			OpenStdin:  true, StdinOnce: true, AttachStdin: true, AttachStdout: true, AttachStderr: true,
			// A network namespace with nothing but loopback, made by the
			// runtime. NetworkMode none gives the same by way of the engine's
			// network stack, which on 20.10 costs 100 ms of CPU a container: the
			// engine starts its own large binary again as a hook.
			NetworkDisabled: true,

			Labels:      labels,
			Healthcheck: &container.HealthConfig{Test: []string{"NONE"}},
		},
		HostConfig: &container.HostConfig{
			Runtime:        shape.Runtime,
			NetworkMode:    network.NetworkNone,
			AutoRemove:     true,
			ReadonlyRootfs: true,
			CapDrop:        []string{"ALL"},
			CapAdd:         []string{"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"},
			SecurityOpt:    []string{"no-new-privileges"},
			IpcMode:        container.IPCModePrivate,
			LogConfig:      container.LogConfig{Type: "none"},
			Init:           &no,
			Tmpfs:          tmpfs,
			Mounts: []mount.Mount{
				{Type: mount.TypeBind, Source: l.cfg.WardenPath, Target: warden.Path, ReadOnly: true},
				{Type: mount.TypeBind, Source: hostsPath, Target: "/etc/hosts", ReadOnly: true},
			},
			Resources: container.Resources{
				Memory: shape.Memory + wardenMemory, MemorySwap: shape.Memory + wardenMemory,
				PidsLimit: &processes,
				Ulimits: []*container.Ulimit{
					{Name: "core", Soft: 0, Hard: 0},
					{Name: "nofile", Soft: openFiles, Hard: openFiles},
				},
			},
		},
	}
}

// hostsFile is a sandbox's /etc/hosts, written when it is missing.
func (l *Launcher) hostsFile() (string, error) {
	path := filepath.Join(filepath.Dir(l.cfg.WardenPath), "hosts")
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := os.WriteFile(path, []byte(hosts), 0o644); err != nil {
		return "", assay.Errorf(assay.Unavailable, "the sandboxes' hosts file cannot be written; make room or give the worker its directory: %w", err)
	}
	return path, nil
}

// imageVolumes is what an image declares as volumes. An image never changes
// under its id, so each is asked for once.
func (l *Launcher) imageVolumes(ctx context.Context, image string) ([]string, error) {
	l.mu.Lock()
	volumes, known := l.volumes[image]
	l.mu.Unlock()
	if known {
		return volumes, nil
	}
	inspected, err := l.engine.cli.ImageInspect(ctx, image)
	if err != nil {
		return nil, l.explain(assay.Shape{Image: image}, "made", err)
	}
	if inspected.Config != nil {
		for path := range inspected.Config.Volumes {
			volumes = append(volumes, path)
		}
		slices.Sort(volumes)
	}
	l.mu.Lock()
	l.volumes[image] = volumes
	l.mu.Unlock()
	return volumes, nil
}

// List finds the sandboxes that this owner made and that still exist.
func (l *Launcher) List(ctx context.Context) ([]string, error) {
	found, err := l.engine.cli.ContainerList(ctx, client.ContainerListOptions{
		All:     true,
		Filters: make(client.Filters).Add("label", LabelKind+"="+kindSandbox, LabelOwner+"="+l.cfg.Owner),
	})
	if err != nil {
		return nil, l.engine.unreachable(err)
	}
	ids := make([]string, len(found.Items))
	for i, c := range found.Items {
		ids[i] = c.ID
	}
	return ids, nil
}

// ownEnd is how long a sandbox whose stream was closed may take to end by
// itself before it is removed by force.
const ownEnd = 5 * time.Second

// Remove kills and removes a sandbox and returns when it is gone. One that is
// gone already is no error.
func (l *Launcher) Remove(ctx context.Context, id string) error {
	// A sandbox whose stream was closed is on its way out, and the engine
	// removes it: to wait costs it a fifth less than to be told so as well.
	if l.forget(id) {
		ctx, cancel := context.WithTimeout(ctx, ownEnd)
		err := l.removed(ctx, id)
		cancel()
		if err == nil {
			return nil
		}
	}
	_, err := l.engine.cli.ContainerRemove(ctx, id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	if errdefs.IsConflict(err) {
		// The engine is removing it already.
		err = l.removed(ctx, id)
	}
	if err == nil || errdefs.IsNotFound(err) {
		return nil
	}
	return l.engine.unreachable(err)
}

// removed waits until a sandbox is gone.
func (l *Launcher) removed(ctx context.Context, id string) error {
	wait := l.engine.cli.ContainerWait(ctx, id, client.ContainerWaitOptions{Condition: container.WaitConditionRemoved})
	select {
	case got := <-wait.Result:
		if got.Error != nil {
			return errors.New(got.Error.Message)
		}
		return nil
	case err := <-wait.Error:
		if errdefs.IsNotFound(err) {
			return nil
		}
		return err
	}
}

// note remembers that a sandbox's stream was closed.
func (l *Launcher) note(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ending[id] = true
}

// forget reports whether a sandbox was noted, once.
func (l *Launcher) forget(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	noted := l.ending[id]
	delete(l.ending, id)
	return noted
}

// explain says in plain words why a sandbox could not be had.
func (l *Launcher) explain(shape assay.Shape, what string, err error) error {
	text := err.Error()
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errdefs.IsNotFound(err) && strings.Contains(text, "image"):
		return assay.Errorf(assay.NotFound, "the image %s is not in the Docker Engine any more: build it again: %w", shape.Image, err)
	case client.IsErrConnectionFailed(err):
		return l.engine.unreachable(err)
	case strings.Contains(text, "no space left on device"):
		return assay.Errorf(assay.Unavailable, "the disk of the Docker Engine (%s) is full: make room there: %w", l.engine.info.Root, err)
	case strings.Contains(text, "unknown or invalid runtime name"):
		return assay.Errorf(assay.Unavailable, "the Docker Engine knows no runtime %q: configure it there or choose another: %w", shape.Runtime, err)
	}
	return assay.Errorf(assay.Unavailable, "a sandbox of image %s could not be %s: %w", shape.Image, what, err)
}
