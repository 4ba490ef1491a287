package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/assay-project/assay/internal/assay"
)

// peer is the docker command, used as a script would use it: one docker run
// for each submission.
type peer struct {
	image string
	label string // on everything it makes
}

func newPeer(image string) peer { return peer{image: image, label: "assay.bench=" + assay.NewID()} }

// run runs a command in a container of its own, which is gone afterwards, and
// gives what it wrote to its standard output.
func (p peer) run(ctx context.Context, command ...string) (string, error) {
	return dockerCommand(ctx, append([]string{"run", "--rm", "--network", "none", "--label", p.label, p.image}, command...)...)
}

// close removes what runs that were broken off have left.
func (p peer) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	left, err := dockerCommand(ctx, "ps", "--all", "--quiet", "--no-trunc", "--filter", "label="+p.label)
	if err != nil || left == "" {
		return err
	}
	_, err = dockerCommand(ctx, append([]string{"rm", "--force"}, strings.Fields(left)...)...)
	return err
}

// dockerCommand calls the docker command.
func dockerCommand(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "docker", args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case errors.Is(err, exec.ErrNotFound):
		return "", assay.Errorf(assay.Unavailable, "there is no docker command to compare with: install Debian's docker.io or Docker's docker-ce-cli: %w", err)
	case err != nil:
		return "", fmt.Errorf("docker %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}
