package docker

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/assay-project/assay/internal/assay"
)

// sleeper makes a container that sleeps, carrying label, and removes it when
// the test ends.
func sleeper(t *testing.T, e *Engine, label string, limits container.Resources) string {
	t.Helper()
	made, err := e.cli.ContainerCreate(t.Context(), client.ContainerCreateOptions{
		Config: &container.Config{
			Image: "debian:bookworm", Cmd: []string{"sleep", "300"},
			Labels: map[string]string{label: "yes"},
		},
		HostConfig: &container.HostConfig{NetworkMode: "none", Resources: limits},
	})
	if err != nil {
		t.Fatalf("this test needs the image debian:bookworm (make base-image): %v", err)
	}
	t.Cleanup(func() {
		_, err := e.cli.ContainerRemove(context.WithoutCancel(t.Context()), made.ID, client.ContainerRemoveOptions{Force: true})
		if err != nil {
			t.Error(err)
		}
	})
	return made.ID
}

func start(t *testing.T, e *Engine, id string) {
	t.Helper()
	if _, err := e.cli.ContainerStart(t.Context(), id, client.ContainerStartOptions{}); err != nil {
		t.Fatal(err)
	}
}

func TestContainersAreToldFromStartToEnd(t *testing.T) {
	e := connect(t)
	label := "assay.test." + assay.NewID()
	ours := e.Containers(label)
	events, err := ours.Events(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	id := sleeper(t, e, label, container.Resources{NanoCPUs: 1_500_000_000, Memory: 64 << 20})
	stranger := sleeper(t, e, label+".other", container.Resources{})

	if _, err := ours.Container(t.Context(), id); assay.CodeOf(err) != assay.NotFound {
		t.Errorf("made but not started: %v", err)
	}
	start(t, e, stranger)
	start(t, e, id)
	if diff := cmp.Diff(assay.ContainerEvent{ID: id, Running: true}, next(t, events)); diff != "" {
		t.Error(diff)
	}
	running, err := ours.Running(t.Context())
	if diff := cmp.Diff([]string{id}, running); err != nil || diff != "" {
		t.Error(err, diff)
	}
	got, err := ours.Container(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	want := assay.Container{
		ID: id, Labels: map[string]string{label: "yes"}, Image: "debian:bookworm", Runtime: "runc",
		CPULimit: 1.5, MemoryLimit: 64 << 20,
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(assay.Container{}, "Name", "PID", "StartedAt")); diff != "" {
		t.Error(diff)
	}
	if got.PID == 0 || got.Name == "" || time.Since(got.StartedAt).Abs() > time.Hour {
		t.Errorf("incomplete: %+v", got)
	}

	if _, err := e.cli.ContainerKill(t.Context(), id, client.ContainerKillOptions{Signal: "KILL"}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(assay.ContainerEvent{ID: id}, next(t, events)); diff != "" {
		t.Error(diff)
	}
	if _, err := ours.Container(t.Context(), id); assay.CodeOf(err) != assay.NotFound {
		t.Errorf("ended: %v", err)
	}
	if _, err := ours.Container(t.Context(), "no-such-container"); assay.CodeOf(err) != assay.NotFound {
		t.Errorf("never made: %v", err)
	}
	if running, err := ours.Running(t.Context()); err != nil || len(running) != 0 {
		t.Errorf("still listed: %q %v", running, err)
	}
}

func TestContainerEventsEndWithTheirContext(t *testing.T) {
	e := connect(t)
	ctx, cancel := context.WithCancel(t.Context())
	events, err := e.Containers("assay.test." + assay.NewID()).Events(ctx)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	select {
	case event, open := <-events:
		if open {
			t.Errorf("an event of nobody: %+v", event)
		}
	case <-time.After(10 * time.Second):
		t.Error("still open 10 s after its context ended")
	}
	if _, err := e.Containers("assay").Events(ctx); err == nil {
		t.Error("events in a context that has ended")
	}
}

// next waits for an event.
func next(t *testing.T, events <-chan assay.ContainerEvent) assay.ContainerEvent {
	t.Helper()
	select {
	case event, open := <-events:
		if !open {
			t.Fatal("the stream ended")
		}
		return event
	case <-time.After(20 * time.Second):
		t.Fatal("no event in 20 s")
	}
	panic("unreachable")
}

func TestCoresFromEitherWayToLimit(t *testing.T) {
	for _, c := range []struct {
		limit container.Resources
		want  float64
	}{
		{container.Resources{}, 0},
		{container.Resources{NanoCPUs: 250_000_000}, 0.25},
		{container.Resources{CPUQuota: 150_000, CPUPeriod: 100_000}, 1.5},
		{container.Resources{CPUQuota: -1, CPUPeriod: 100_000}, 0},
	} {
		if got := cores(c.limit); got != c.want {
			t.Errorf("cores(%+v) = %v, want %v", c.limit, got, c.want)
		}
	}
}
