// Package docker speaks to the Docker Engine: it builds images, looks after
// containers and starts sandboxes. It is the only room that imports the
// engine's client and BuildKit.
//
// The oldest engine it supports is 20.10 (API 1.41).
package docker

import (
	"context"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
	"golang.org/x/sys/unix"

	"github.com/assay-project/assay/internal/assay"
)

// Engine is a connection to one Docker Engine. It is safe for concurrent use.
type Engine struct {
	cli  *client.Client
	info Info
}

// Info is what an engine says about itself and its machine.
type Info struct {
	Version       string   // of the engine, for example 29.1.0
	API           string   // the API version agreed on, for example 1.41
	Arch          string   // as Go names it: amd64, arm64
	Runtimes      []string // names, sorted; without the engine's internal shims
	CgroupVersion int      // 1 or 2
	CgroupDriver  string   // cgroupfs, systemd
	Kernel        string
	Root          string // the engine's data directory
	Local         bool   // it is reached over a unix socket, so it can mount this machine's files
}

// minAPI is the API of Engine 20.10.
var minAPI = [2]int{1, 41}

// connectTimeout bounds the first words with the engine: one that accepts
// connections and never answers is reported instead of waited for.
const connectTimeout = 10 * time.Second

// Connect reaches the engine that DOCKER_HOST names, or the one behind
// /var/run/docker.sock. The error is assay.Unavailable and says what to do
// when there is none, when access is denied, or when it is too old.
func Connect(ctx context.Context) (*Engine, error) {
	cli, err := client.New(client.FromEnv, client.WithUserAgent("assay"))
	if err != nil {
		return nil, assay.Errorf(assay.Unavailable,
			"the Docker Engine's address %q cannot be used (set DOCKER_HOST to unix:///path or tcp://host:port): %w",
			os.Getenv(client.EnvOverrideHost), err)
	}
	e := &Engine{cli: cli}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if err := e.introduce(ctx); err != nil {
		return nil, errors.Join(err, cli.Close())
	}
	return e, nil
}

// Close gives up idle connections. The engine and its containers stay.
func (e *Engine) Close() error { return e.cli.Close() }

// Ping asks whether the engine answers; if not, the error is
// assay.Unavailable and says what to do.
func (e *Engine) Ping(ctx context.Context) error {
	if _, err := e.cli.Ping(ctx, client.PingOptions{}); err != nil {
		return e.unreachable(err)
	}
	return nil
}

// Info is what the engine said when it was connected to.
func (e *Engine) Info() Info { return e.info }

func (e *Engine) introduce(ctx context.Context) error {
	if _, err := e.cli.Ping(ctx, client.PingOptions{NegotiateAPIVersion: true}); err != nil {
		return e.unreachable(err)
	}
	got, err := e.cli.Info(ctx, client.InfoOptions{})
	if err != nil {
		return e.unreachable(err)
	}
	info := got.Info
	cgroup, err := strconv.Atoi(info.CgroupVersion)
	if err != nil {
		cgroup = 1 // what engines that do not say so use
	}
	e.info = Info{
		Version:       info.ServerVersion,
		API:           e.cli.ClientVersion(),
		Arch:          goArch(info.Architecture),
		CgroupVersion: cgroup,
		CgroupDriver:  info.CgroupDriver,
		Kernel:        info.KernelVersion,
		Root:          info.DockerRootDir,
		Local:         strings.HasPrefix(e.cli.DaemonHost(), "unix://"),
	}
	for name := range info.Runtimes {
		// Engines before 23 list containerd's shims beside the runtimes.
		if !strings.HasPrefix(name, "io.containerd.") {
			e.info.Runtimes = append(e.info.Runtimes, name)
		}
	}
	slices.Sort(e.info.Runtimes)
	if !supported(e.info.API) {
		return assay.Errorf(assay.Unavailable,
			"the Docker Engine at %s is %s with API %s, and Assay needs API %d.%d: install Engine 20.10 or newer",
			e.cli.DaemonHost(), e.info.Version, e.info.API, minAPI[0], minAPI[1])
	}
	if info.OSType != "linux" {
		return assay.Errorf(assay.Unavailable, "the Docker Engine at %s runs %s containers, and Assay needs Linux ones", e.cli.DaemonHost(), info.OSType)
	}
	return nil
}

func (e *Engine) unreachable(err error) error {
	host := e.cli.DaemonHost()
	switch {
	case errdefs.IsPermissionDenied(err), forbidden(host):
		return assay.Errorf(assay.Unavailable, "no access to the Docker Engine at %s: run as root or as a member of the group docker: %w", host, err)
	case errors.Is(err, context.Canceled):
		return err
	}
	return assay.Errorf(assay.Unavailable, "the Docker Engine at %s does not answer: start it, or set DOCKER_HOST to where it is: %w", host, err)
}

// forbidden reports whether host is a socket that this user may not write to.
// The engine's client says so in words alone.
func forbidden(host string) bool {
	socket, isSocket := strings.CutPrefix(host, "unix://")
	return isSocket && errors.Is(unix.Access(socket, unix.W_OK), unix.EACCES)
}

// supported reports whether an API version such as 1.41 is new enough.
func supported(version string) bool {
	major, minor, _ := strings.Cut(version, ".")
	a, errA := strconv.Atoi(major)
	b, errB := strconv.Atoi(minor)
	return errA == nil && errB == nil && slices.Compare([]int{a, b}, minAPI[:]) >= 0
}

// goArch translates what uname says.
func goArch(machine string) string {
	switch machine {
	case "x86_64":
		return "amd64"
	case "aarch64":
		return "arm64"
	}
	return machine
}
