package docker

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"net"
	"path"

	"github.com/containerd/errdefs"
	buildkit "github.com/moby/buildkit/client"
	"github.com/moby/buildkit/frontend/dockerfile/builder"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/util/staticfs"
	"github.com/moby/moby/client"
	"github.com/tonistiigi/fsutil"
	fstypes "github.com/tonistiigi/fsutil/types"

	"github.com/assay-project/assay/internal/assay"
)

// BuildSpec is what an image is built from.
type BuildSpec struct {
	Build          string                 // the build's id, carried in progress and outcome
	Dockerfile     string                 // its text
	DockerfileName string                 // its base name, for BuildKit's own words; "Dockerfile" when empty
	Context        fs.FS                  // the files that COPY reaches; nil for none. Its .dockerignore is honoured
	Skip           func(path string) bool // files and folders that never enter the context; nil for none
	Tag            string                 // the image's name; empty leaves it without one
	Labels         map[string]string      // of the image, beside "assay"
	NoCache        bool
	// Scope names those whose builds share what RUN --mount=type=cache keeps,
	// a course say: whoever writes to it decides over the others' images.
	// Empty shares it among builds of equal content only.
	Scope string
}

// Ensure gives the image of spec, built only when the engine does not have
// one of equal Dockerfile, context and labels yet: its tag is made from their
// content, and spec.Tag is not used. Finding an image takes one request and
// one reading of the context.
func (e *Engine) Ensure(ctx context.Context, spec BuildSpec, report func(assay.BuildProgress)) (assay.BuildOutcome, error) {
	key, err := spec.key(ctx)
	if err != nil {
		return spec.failed(err), nil
	}
	spec.Tag = "assay/build:" + key
	if !spec.NoCache {
		found, err := e.cli.ImageInspect(ctx, spec.Tag)
		if err == nil {
			return assay.BuildOutcome{Build: spec.Build, State: assay.Done, Digest: found.ID, Steps: []assay.BuildStep{}}, nil
		}
		if !errdefs.IsNotFound(err) {
			return assay.BuildOutcome{}, e.unreachable(err)
		}
	}
	return e.build(ctx, spec, key, report)
}

// Build builds an image with the Dockerfile frontend in this process, so that
// what a Dockerfile may say does not depend on the engine's age; a "# syntax="
// line is passed over. Progress goes to report, one call at a time.
//
// A Dockerfile that cannot be built is an outcome (failed, with the line and
// the reason), and so is the end of ctx (cancelled). An error means that the
// engine could not do its part and nothing is known about the Dockerfile.
func (e *Engine) Build(ctx context.Context, spec BuildSpec, report func(assay.BuildProgress)) (assay.BuildOutcome, error) {
	key, err := spec.key(ctx)
	if err != nil {
		return spec.failed(err), nil
	}
	return e.build(ctx, spec, key, report)
}

func (e *Engine) build(ctx context.Context, spec BuildSpec, key string, report func(assay.BuildProgress)) (assay.BuildOutcome, error) {
	b, err := buildkit.New(ctx, "",
		buildkit.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return e.cli.DialHijack(ctx, "/grpc", "h2c", nil)
		}),
		buildkit.WithSessionDialer(func(ctx context.Context, proto string, meta map[string][]string) (net.Conn, error) {
			return e.cli.DialHijack(ctx, "/session", proto, meta)
		}))
	if err != nil {
		return assay.BuildOutcome{}, assay.Errorf(assay.Unavailable, "the Docker Engine's builder does not answer: %w", err)
	}
	defer b.Close() //nolint:errcheck // only its connections, and the build is over

	p := newProgress(spec.Build, report)
	// The build's own error comes out of the frontend; what the engine makes
	// of it on its way through has lost the line.
	var frontendErr error
	frontend := func(ctx context.Context, c gateway.Client) (*gateway.Result, error) {
		var res *gateway.Result
		res, frontendErr = builder.Build(ctx, located{c, p})
		return res, frontendErr
	}
	updates := make(chan *buildkit.SolveStatus)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		for u := range updates {
			p.update(u)
		}
	}()
	res, err := b.Build(ctx, spec.solveOpt(key), "assay", frontend, updates)
	<-watched

	outcome := p.outcome()
	switch {
	case err == nil:
		outcome.State = assay.Done
		outcome.Digest, err = e.built(ctx, spec.Tag, res.ExporterResponse)
		return outcome, err
	case errors.Is(ctx.Err(), context.Canceled):
		outcome.State = assay.Cancelled
		outcome.Message = "the build was cancelled"
		return outcome, nil
	case ctx.Err() != nil:
		outcome.State = assay.Failed
		outcome.Line, outcome.Message = p.overdue()
		return outcome, nil
	}
	outcome.State = assay.Failed
	var explained bool
	outcome.Line, outcome.Message, explained = p.explain(frontendErr, err)
	if !explained {
		// Nothing in the Dockerfile is to blame: is the engine still there?
		if gone := e.Ping(ctx); gone != nil {
			return assay.BuildOutcome{}, assay.Errorf(assay.Unavailable, "the Docker Engine went away during a build: %w", errors.Join(err, gone))
		}
	}
	return outcome, nil
}

// built finds the id of the image that a build yielded. The exporter's digest
// is the image's id with both of the engine's image stores, unless another
// engine surprises us: then the tag decides.
func (e *Engine) built(ctx context.Context, tag string, response map[string]string) (string, error) {
	var err error
	for _, name := range []string{response["containerimage.digest"], tag} {
		if name == "" {
			continue
		}
		var found client.ImageInspectResult
		if found, err = e.cli.ImageInspect(ctx, name); err == nil {
			return found.ID, nil
		}
	}
	return "", assay.Errorf(assay.Unavailable, "the image was built, but the Docker Engine does not have it: %w", err)
}

func (s BuildSpec) name() string {
	if s.DockerfileName == "" {
		return "Dockerfile"
	}
	return path.Base(s.DockerfileName)
}

func (s BuildSpec) solveOpt(key string) buildkit.SolveOpt {
	dockerfile := staticfs.NewFS()
	dockerfile.Add(s.name(), &fstypes.Stat{Mode: 0o644, ModTime: contextTime.UnixNano()}, []byte(s.Dockerfile))

	attrs := map[string]string{
		"filename": s.name(),
		// As if a gateway had forwarded to us already: "# syntax=" is settled,
		// and no image is pulled for it.
		"cmdline": "assay",
		// An image that the engine has is used as it is; the registry is asked
		// only for what is missing.
		"image-resolve-mode":                "local",
		"label:" + LabelKind:                kindImage,
		"build-arg:BUILDKIT_CACHE_MOUNT_NS": cmp.Or(s.Scope, key),
	}
	for name, value := range s.Labels {
		attrs["label:"+name] = value
	}
	if s.NoCache {
		attrs["no-cache"] = ""
	}
	exporter := map[string]string{}
	if s.Tag != "" {
		exporter["name"] = s.Tag
	}
	return buildkit.SolveOpt{
		FrontendAttrs: attrs,
		LocalMounts:   map[string]fsutil.FS{"context": s.context(), "dockerfile": dockerfile},
		Exports:       []buildkit.ExportEntry{{Type: "moby", Attrs: exporter}},
		// The engine keeps what it received under this key and takes a file of
		// equal size and time for unchanged. Our times are all the same, so
		// only equal contents may share a key.
		SharedKey: key,
	}
}

// failed is the outcome of a build whose context cannot be used.
func (s BuildSpec) failed(err error) assay.BuildOutcome {
	return assay.BuildOutcome{Build: s.Build, State: assay.Failed, Message: "the build context cannot be read: " + err.Error(), Steps: []assay.BuildStep{}}
}
