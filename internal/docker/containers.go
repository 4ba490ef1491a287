package docker

import (
	"context"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/events"
	"github.com/moby/moby/client"

	"github.com/assay-project/assay/internal/assay"
)

// Containers is a view of those containers of an engine that carry a label.
type Containers struct {
	engine *Engine
	label  string
}

// Containers are the engine's containers that carry label, which is a key or
// key=value.
func (e *Engine) Containers(label string) *Containers {
	return &Containers{engine: e, label: label}
}

// Running lists the ids of those that run. It costs the engine little,
// however many there are: nothing is inspected.
func (c *Containers) Running(ctx context.Context) ([]string, error) {
	got, err := c.engine.cli.ContainerList(ctx, client.ContainerListOptions{
		Filters: client.Filters{}.Add("label", c.label).Add("status", string(container.StateRunning)),
	})
	if err != nil {
		return nil, assay.Errorf(assay.Unavailable, "the Docker Engine did not list its containers; see that it runs: %w", err)
	}
	ids := make([]string, len(got.Items))
	for i, one := range got.Items {
		ids[i] = one.ID
	}
	return ids, nil
}

// Container describes a running container by its id. The error is
// assay.NotFound when there is none of that id or it does not run.
func (c *Containers) Container(ctx context.Context, id string) (assay.Container, error) {
	got, err := c.engine.cli.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	switch {
	case errdefs.IsNotFound(err):
		return assay.Container{}, assay.Errorf(assay.NotFound, "container %s does not exist (any more)", id)
	case err != nil:
		return assay.Container{}, assay.Errorf(assay.Unavailable, "the Docker Engine did not describe container %s; see that it runs: %w", id, err)
	}
	in := got.Container
	if in.State == nil || in.Config == nil || in.HostConfig == nil || !in.State.Running {
		return assay.Container{}, assay.Errorf(assay.NotFound, "container %s does not run (any more)", id)
	}
	started, err := time.Parse(time.RFC3339Nano, in.State.StartedAt)
	if err != nil {
		return assay.Container{}, assay.Errorf(assay.Internal, "the Docker Engine says that container %s started at %q, which is no time: %w", id, in.State.StartedAt, err)
	}
	described := assay.Container{
		ID: in.ID, Name: strings.TrimPrefix(in.Name, "/"), Labels: in.Config.Labels, Image: in.Config.Image,
		Runtime: in.HostConfig.Runtime, PID: in.State.Pid,
		CPULimit: cores(in.HostConfig.Resources), MemoryLimit: in.HostConfig.Memory,
		StartedAt: started,
	}
	if described.Labels[LabelKind] == kindSandbox {
		described.Warden = true
		described.MemoryLimit -= wardenMemory
	}
	return described, nil
}

// cores is the limit of CPU; 0 when there is none.
func cores(r container.Resources) float64 {
	switch {
	case r.NanoCPUs > 0:
		return float64(r.NanoCPUs) / 1e9
	case r.CPUQuota > 0 && r.CPUPeriod > 0:
		return float64(r.CPUQuota) / float64(r.CPUPeriod)
	}
	return 0
}

// Events tells of those that start or end from now on, in order. The channel
// is closed when ctx ends or the connection to the engine is lost.
func (c *Containers) Events(ctx context.Context) (<-chan assay.ContainerEvent, error) {
	stream := c.engine.cli.Events(ctx, client.EventsListOptions{
		Filters: client.Filters{}.Add("type", string(events.ContainerEventType)).Add("label", c.label).
			Add("event", string(events.ActionStart), string(events.ActionDie)),
	})
	// By now the engine has answered, or there is an error waiting.
	select {
	case err := <-stream.Err:
		return nil, c.engine.unreachable(err)
	default:
	}
	out := make(chan assay.ContainerEvent)
	go func() {
		defer close(out)
		for {
			select {
			case <-stream.Err: //nolint:errcheck // whoever connects again is told why
				return
			case message := <-stream.Messages:
				event := assay.ContainerEvent{ID: message.Actor.ID, Running: message.Action == events.ActionStart}
				select {
				case out <- event:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return out, nil
}
