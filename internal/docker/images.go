package docker

import (
	"context"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
	"github.com/moby/moby/client"

	"github.com/assay-project/assay/internal/assay"
)

// Resolve gives the id of the image that name means; what the engine
// does not have is pulled. The error is assay.Invalid for what cannot be a
// name, assay.NotFound when neither engine nor registry has it, and
// assay.Unavailable when that cannot be found out.
//
// A part of an id is no name: the engine takes three digits for any image
// that it has, and so whoever writes a grader could try out all of them.
func (e *Engine) Resolve(ctx context.Context, name string) (string, error) {
	ref, err := reference.ParseAnyReference(name)
	if err != nil {
		return "", assay.Errorf(assay.Invalid, "%q is not an image's name, which looks like debian:bookworm or registry.example.org/course/image:tag: %w", name, err)
	}
	if named, ok := ref.(reference.Named); ok {
		ref = reference.TagNameOnly(named)
	}
	full := ref.String()
	found, err := e.cli.ImageInspect(ctx, full)
	switch {
	case err == nil:
		return found.ID, nil
	case !errdefs.IsNotFound(err):
		return "", e.unreachable(err)
	case strings.HasPrefix(name, "sha256:"):
		return "", assay.Errorf(assay.NotFound, "the image %s is not on this machine, and an id cannot be pulled: build it again, or use its name", name)
	}
	if err := e.pull(ctx, name); err != nil {
		return "", err
	}
	if found, err = e.cli.ImageInspect(ctx, full); err != nil {
		return "", assay.Errorf(assay.Unavailable, "the image %s was pulled, but the Docker Engine does not have it: %w", name, err)
	}
	return found.ID, nil
}

func (e *Engine) pull(ctx context.Context, name string) error {
	stream, err := e.cli.ImagePull(ctx, name, client.ImagePullOptions{})
	if err == nil {
		err = stream.Wait(ctx)
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errdefs.IsNotFound(err), errdefs.IsUnauthorized(err), errdefs.IsPermissionDenied(err):
		return assay.Errorf(assay.NotFound, "there is no image %s on this machine, and its registry does not have it or does not let us: check the name: %w", name, err)
	}
	return assay.Errorf(assay.Unavailable,
		"the image %s is not on this machine, and its registry does not answer: provide it with docker load or scripts/base-image.sh %s, or try again later: %w", name, name, err)
}
