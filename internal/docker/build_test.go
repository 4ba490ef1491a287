package docker

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"
	"unicode/utf8"

	"github.com/moby/moby/client"

	"github.com/assay-project/assay/internal/assay"
)

// builder is an engine with the base image of these tests, and a clean-up for
// the images that they make.
func builderEngine(t *testing.T) *Engine {
	t.Helper()
	e := connect(t)
	if _, err := e.Resolve(t.Context(), "debian:bookworm"); err != nil {
		t.Fatalf("this test needs the image debian:bookworm: run make base-image (%v)", err)
	}
	return e
}

// buildImage builds and removes the image again when the test has ended.
func buildImage(t *testing.T, e *Engine, spec BuildSpec, report func(assay.BuildProgress)) assay.BuildOutcome {
	t.Helper()
	outcome, err := e.Build(t.Context(), spec, report)
	if err != nil {
		t.Fatal(err)
	}
	forget(t, e, outcome.Digest)
	return outcome
}

func forget(t *testing.T, e *Engine, id string) {
	if id == "" {
		return
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if _, err := e.cli.ImageRemove(ctx, id, client.ImageRemoveOptions{Force: true}); err != nil {
			t.Errorf("removing what the test built: %v", err)
		}
	})
}

// unique makes a build's steps new to the engine's cache.
func unique() string { return "# " + assay.NewID() + "\nENV RUN=" + assay.NewID() + "\n" }

func TestBuildReportsStepsWithTheirLines(t *testing.T) {
	e := builderEngine(t)
	run := assay.NewID()
	spec := BuildSpec{
		Build: "b1", Tag: "assay/test:" + run, Labels: map[string]string{"assay.course": "c1"},
		Dockerfile: "# syntax=example.invalid/never/pulled:1\nFROM debian:bookworm\nRUN <<EOF\necho first " + run + "\necho second\nEOF\nCOPY --chmod=600 a.txt /kept/\n",
		Context:    fstest.MapFS{"a.txt": {Data: []byte("hello")}, "unused/b": {Data: []byte("x")}},
	}
	var log strings.Builder
	states := map[int]assay.StepState{}
	outcome := buildImage(t, e, spec, func(p assay.BuildProgress) {
		if p.Build != "b1" {
			t.Errorf("progress of build %q", p.Build)
		}
		if p.Log != nil {
			log.WriteString(p.Log.Text)
		}
		if p.Step != nil && p.Step.Line > 0 {
			states[p.Step.Line] = p.Step.State
		}
	})
	if outcome.State != assay.Done || !strings.HasPrefix(outcome.Digest, "sha256:") {
		t.Fatalf("outcome %+v", outcome)
	}
	if want := "first " + run + "\nsecond\n"; log.String() != want || !strings.Contains(outcome.Log, want) {
		t.Errorf("log reported %q, kept %q, want %q", log.String(), outcome.Log, want)
	}
	for _, line := range []int{3, 7} {
		if s := states[line]; s != assay.StepDone && s != assay.StepCached {
			t.Errorf("line %d ended as %q", line, s)
		}
	}
	found, err := e.cli.ImageInspect(t.Context(), spec.Tag)
	if err != nil || found.ID != outcome.Digest {
		t.Fatalf("tag names %s, outcome %s (%v)", found.ID, outcome.Digest, err)
	}
	if found.Config.Labels[LabelKind] != kindImage || found.Config.Labels["assay.course"] != "c1" {
		t.Errorf("labels %v", found.Config.Labels)
	}
}

func TestBuildFailuresSayWhereAndWhy(t *testing.T) {
	e := builderEngine(t)
	for name, c := range map[string]struct {
		dockerfile string
		line       int
		message    []string
	}{
		"a command fails": {"FROM debian:bookworm\n" + unique() + "RUN true\nRUN echo no such luck && \\\n  exit 7\nRUN true\n", 5,
			[]string{"line 5: RUN echo no such luck", "ended with status 7"}},
		"a long command fails": {"FROM debian:bookworm\n" + unique() + "RUN echo " + strings.Repeat("long ", 1000) + "; exit 9\n", 4,
			[]string{"line 4: RUN echo long long", "ended with status 9"}},
		"a command is killed": {"FROM debian:bookworm\n" + unique() + "RUN sh -c 'kill -9 $$'; exit $?\n", 4,
			[]string{"line 4: RUN sh -c 'kill -9 $$'; exit $? was killed (status 137)"}},
		"an instruction that does not exist": {"FROM debian:bookworm\n\nRUNN true\n", 3,
			[]string{"line 3: unknown instruction: RUNN"}},
		"a here-document without end": {"FROM debian:bookworm\nRUN <<EOF\ntrue\n", 2, []string{"line 2: "}},
		"an empty Dockerfile":         {"", 0, []string{"Dockerfile"}},
		"a missing file": {"FROM debian:bookworm\n" + unique() + "COPY nothing.txt /\n", 4,
			[]string{"line 4: COPY nothing.txt /: there is no nothing.txt to copy"}},
		"a missing base image": {"ARG X=1\nFROM assay-no-such-image:1 AS base\n", 2,
			[]string{"line 2: the image assay-no-such-image:1 is not on this machine", "make base-image"}},
		"a missing stage": {"FROM debian:bookworm\nCOPY --from=assay-no-such-stage /a /b\n", 2,
			[]string{"line 2: the image assay-no-such-stage"}},
		"a mount that does not exist":   {"FROM debian:bookworm\nRUN --mount=type=nonsense true\n", 2, []string{"line 2: "}},
		"more rights than a build gets": {"FROM debian:bookworm\n" + unique() + "RUN --network=host true\n", 0, []string{"network.host is not allowed"}},
	} {
		t.Run(name, func(t *testing.T) {
			outcome := buildImage(t, e, BuildSpec{Build: "b", Dockerfile: c.dockerfile}, nil)
			if outcome.State != assay.Failed || outcome.Line != c.line {
				t.Errorf("%s at line %d, want failed at line %d", outcome.State, outcome.Line, c.line)
			}
			for _, want := range c.message {
				if !strings.Contains(outcome.Message, want) {
					t.Errorf("message %q lacks %q", outcome.Message, want)
				}
			}
			if strings.ContainsAny(outcome.Message, "\n\r") || len(outcome.Message) > 1000 {
				t.Errorf("more than a line: %q", outcome.Message)
			}
			t.Log(outcome.Message)
		})
	}
}

func TestCancelledBuildLeavesNoProcess(t *testing.T) {
	e := builderEngine(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	mark := uniqueNumber()
	spec := BuildSpec{Build: "b", Dockerfile: "FROM debian:bookworm\nRUN echo started && sleep " + mark + "\n"}
	var cancelledAt time.Time
	outcome, err := e.Build(ctx, spec, func(p assay.BuildProgress) {
		if p.Log != nil && cancelledAt.IsZero() {
			cancelledAt = time.Now()
			cancel()
		}
	})
	took := time.Since(cancelledAt)
	if err != nil || outcome.State != assay.Cancelled || cancelledAt.IsZero() {
		t.Fatalf("outcome %+v, error %v", outcome, err)
	}
	if took > 30*time.Second { // of the minutes that the step would go on
		t.Errorf("it took %s to return", took)
	}
	waitUntilEnded(t, mark)
}

// overdue is a context whose deadline passes when it is closed, not when a
// slow machine has yet to come to the step.
type overdue struct {
	context.Context
	done chan struct{}
}

func (o overdue) Done() <-chan struct{} { return o.done }

func (o overdue) Err() error {
	select {
	case <-o.done:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

func TestBuildPastItsDeadlineSaysWhere(t *testing.T) {
	e := builderEngine(t)
	mark := uniqueNumber()
	ctx := overdue{t.Context(), make(chan struct{})}
	pass := sync.OnceFunc(func() { close(ctx.done) })
	outcome, err := e.Build(ctx, BuildSpec{Dockerfile: "FROM debian:bookworm\n\nRUN echo started && sleep " + mark + "\n"}, func(p assay.BuildProgress) {
		if p.Log != nil {
			pass()
		}
	})
	if err != nil || outcome.State != assay.Failed || outcome.Line != 3 || !strings.Contains(outcome.Message, "longer than is allowed") {
		t.Errorf("outcome %+v, error %v", outcome, err)
	}
	waitUntilEnded(t, mark)
}

// uniqueNumber is one that no other process has in its command line.
func uniqueNumber() string { return fmt.Sprintf("86%d", time.Now().UnixNano()%1e9) }

// waitUntilEnded waits until no process has mark in its command line.
func waitUntilEnded(t *testing.T, mark string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; <-time.After(20 * time.Millisecond) {
		left := processesNaming(t, mark)
		if len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still running: %q", left)
		}
	}
}

// processesNaming lists the command lines of this machine that contain mark.
// Tests run beside a local engine, whose builds are this machine's processes.
func processesNaming(t *testing.T, mark string) []string {
	t.Helper()
	dirs, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, name := range dirs {
		line, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		if strings.Contains(string(line), mark) {
			found = append(found, string(line))
		}
	}
	return found
}

func TestCacheMountsStayInTheirScope(t *testing.T) {
	e := builderEngine(t)
	id := assay.NewID()
	run := func(scope, command string) assay.BuildOutcome {
		return buildImage(t, e, BuildSpec{
			Scope:      scope,
			Dockerfile: "FROM debian:bookworm\n" + unique() + "RUN --network=none --mount=type=cache,target=/c,id=" + id + " " + command + "\n",
		}, func(assay.BuildProgress) {})
	}
	if o := run("one", "echo ours > /c/left"); o.State != assay.Done {
		t.Fatal(o.Message)
	}
	for scope, there := range map[string]bool{"one": true, "two": false, "": false} {
		if o := run(scope, "cat /c/left"); (o.State == assay.Done) != there {
			t.Errorf("scope %q: %s %s", scope, o.State, o.Message)
		}
	}
}

func TestBuildLogIsBounded(t *testing.T) {
	e := builderEngine(t)
	said := 0
	outcome := buildImage(t, e, BuildSpec{
		Dockerfile: "FROM debian:bookworm\n" + unique() + "RUN echo the beginning; yes flood | head -c 50000000; echo; echo the end\n",
	}, func(p assay.BuildProgress) {
		if p.Log != nil {
			said += len(p.Log.Text)
		}
	})
	if outcome.State != assay.Done {
		t.Fatalf("outcome %s: %s", outcome.State, outcome.Message)
	}
	if len(outcome.Log) > assay.MaxBuildLog || said > assay.MaxBuildLog {
		t.Errorf("%d bytes kept and %d reported, at most %d are allowed", len(outcome.Log), said, assay.MaxBuildLog)
	}
	if !strings.Contains(outcome.Log, "the beginning") {
		t.Error("the log has lost its beginning")
	}
}

func TestEnsureBuildsOnce(t *testing.T) {
	e := builderEngine(t)
	files := fstest.MapFS{"a": {Data: []byte("1")}, "skipped": {Data: []byte("1")}}
	spec := BuildSpec{
		Dockerfile: "FROM debian:bookworm\n" + unique() + "COPY . /files/\n",
		Context:    files, Skip: func(path string) bool { return path == "skipped" },
	}
	ensure := func() (id string, reports int) {
		outcome, err := e.Ensure(t.Context(), spec, func(assay.BuildProgress) { reports++ })
		if err != nil || outcome.State != assay.Done {
			t.Fatalf("outcome %+v, error %v", outcome, err)
		}
		return outcome.Digest, reports
	}
	first, reports := ensure()
	forget(t, e, first)
	if reports == 0 {
		t.Error("the first build reported nothing")
	}
	files["skipped"] = &fstest.MapFile{Data: []byte("2")}
	start := time.Now()
	again, reports := ensure()
	t.Logf("found again in %s", time.Since(start))
	if again != first || reports != 0 {
		t.Errorf("equal content gave %s after %s, with %d reports", again, first, reports)
	}
	// Of the same size and time: only the content tells them apart.
	files["a"] = &fstest.MapFile{Data: []byte("2")}
	changed, reports := ensure()
	forget(t, e, changed)
	if changed == first || reports == 0 {
		t.Error("changed content gave the old image")
	}
	if got := cat(t, e, changed, "/files/a"); got != "2" {
		t.Errorf("the new image has the old file: %q", got)
	}
}

func TestContextStaysInside(t *testing.T) {
	e := builderEngine(t)
	dir := t.TempDir()
	secret := filepath.Join(t.TempDir(), "secret")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(secret, "host secret")
	write(filepath.Join(dir, "inside"), "inside")
	write(filepath.Join(dir, ".dockerignore"), "ignored\n")
	write(filepath.Join(dir, "ignored"), "ignored")
	for name, target := range map[string]string{"out": secret, "up": "../../../../../../etc/hostname", "in": "inside"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()

	copied := buildImage(t, e, BuildSpec{Dockerfile: "FROM debian:bookworm\n" + unique() + "COPY . /all/\nCOPY in /one\nRUN ls -A /all | sort | tr '\\n' ' ' > /list\n", Context: root.FS()}, nil)
	if copied.State != assay.Done {
		t.Fatal(copied.Message)
	}
	if got := cat(t, e, copied.Digest, "/list"); got != ".dockerignore in inside out up " {
		t.Errorf("the image got %q", got)
	}
	if got := cat(t, e, copied.Digest, "/one"); got != "inside" {
		t.Errorf("a link inside gave %q", got)
	}
	for _, name := range []string{"out", "up"} {
		outcome := buildImage(t, e, BuildSpec{Dockerfile: "FROM debian:bookworm\nCOPY " + name + " /stolen\n", Context: root.FS()}, nil)
		if outcome.State != assay.Failed || outcome.Line != 2 {
			t.Errorf("copying through %s: %s at line %d: %s", name, outcome.State, outcome.Line, outcome.Message)
		}
	}
}

func TestUnusableContextFailsTheBuild(t *testing.T) {
	e := builderEngine(t)
	files := fstest.MapFS{"socket": {Mode: fs.ModeSocket}}
	outcome := buildImage(t, e, BuildSpec{Dockerfile: "FROM debian:bookworm\n", Context: files}, nil)
	if outcome.State != assay.Failed || !strings.Contains(outcome.Message, "socket is neither a file") {
		t.Errorf("outcome %+v", outcome)
	}
}

func TestBuildNeedsItsEngine(t *testing.T) {
	direct := builderEngine(t)
	socket := filepath.Join(t.TempDir(), "engine.sock")
	cut := relay(t, socket, direct.cli.DaemonHost())
	t.Setenv("DOCKER_HOST", "unix://"+socket)
	e := connect(t)
	mark := uniqueNumber()
	_, err := e.Build(t.Context(), BuildSpec{Dockerfile: "FROM debian:bookworm\nRUN echo started && sleep " + mark + "\n"}, func(p assay.BuildProgress) {
		if p.Log != nil {
			cut()
		}
	})
	if assay.CodeOf(err) != assay.Unavailable {
		t.Errorf("an engine that goes away gives %v", err)
	}
	waitUntilEnded(t, mark)
}

// relay forwards connections to the engine until cut is called.
func relay(t *testing.T, socket, host string) (cut func()) {
	t.Helper()
	network, address, _ := strings.Cut(host, "://")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cut := context.WithCancel(context.Background())
	context.AfterFunc(ctx, func() { listener.Close() })
	var ends sync.WaitGroup
	ends.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial(network, address)
			if err != nil {
				near.Close()
				continue
			}
			context.AfterFunc(ctx, func() { near.Close(); far.Close() })
			pass := func(to, from net.Conn) {
				defer to.Close()
				_, _ = io.Copy(to, from) // it ends with either side
			}
			ends.Go(func() { pass(far, near) })
			ends.Go(func() { pass(near, far) })
		}
	})
	t.Cleanup(func() { cut(); ends.Wait() })
	return cut
}

func TestContextKeyFollowsContentAlone(t *testing.T) {
	at := func(text string, mode fs.FileMode, when int64) fstest.MapFS {
		return fstest.MapFS{"dir/a": {Data: []byte(text), Mode: mode, ModTime: time.Unix(when, 0)}}
	}
	base := BuildSpec{Build: "1", Dockerfile: "FROM x", Context: at("1", 0o644, 1)}
	key := func(change func(*BuildSpec)) string {
		s := base
		change(&s)
		k, err := s.key(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	want := key(func(*BuildSpec) {})
	for name, change := range map[string]func(*BuildSpec){
		"another build":   func(s *BuildSpec) { s.Build, s.Tag = "2", "x:y" },
		"another time":    func(s *BuildSpec) { s.Context = at("1", 0o644, 2) },
		"other rights":    func(s *BuildSpec) { s.Context = at("1", 0o600, 1) },
		"the name's path": func(s *BuildSpec) { s.DockerfileName = "docker/Dockerfile" },
	} {
		if got := key(change); got != want {
			t.Errorf("%s changes the key", name)
		}
	}
	for name, change := range map[string]func(*BuildSpec){
		"the Dockerfile": func(s *BuildSpec) { s.Dockerfile = "FROM y" },
		"a file":         func(s *BuildSpec) { s.Context = at("2", 0o644, 1) },
		"executability":  func(s *BuildSpec) { s.Context = at("1", 0o755, 1) },
		"a label":        func(s *BuildSpec) { s.Labels = map[string]string{"a": "b"} },
		"no context":     func(s *BuildSpec) { s.Context = nil },
	} {
		if got := key(change); got == want {
			t.Errorf("%s does not change the key", name)
		}
	}
}

func TestBoundedLogKeepsBothEnds(t *testing.T) {
	for _, size := range []int{0, 1, 199, 200, 201, 1000} {
		log := boundedLog{limit: 200}
		var all strings.Builder
		for i := 0; all.Len() < size; i++ {
			chunk := fmt.Sprintf("%dé ", i)
			all.WriteString(chunk)
			log.write(chunk)
		}
		got, text := log.String(), all.String()
		switch {
		case len(text) <= 200 && got != text:
			t.Errorf("%d bytes: %q changed to %q", len(text), text, got)
		case len(text) > 200 && (len(got) > 200 || got[:90] != text[:90] || got[len(got)-30:] != text[len(text)-30:] || !strings.Contains(got, "left out")):
			t.Errorf("%d bytes became %q", len(text), got)
		}
		if !utf8.ValidString(got) {
			t.Errorf("%q is not UTF-8", got)
		}
	}
}

// cat reads a file out of an image.
func cat(t *testing.T, e *Engine, image, name string) string {
	t.Helper()
	tag := "assay/test:" + assay.NewID()
	if _, err := e.cli.ImageTag(t.Context(), client.ImageTagOptions{Source: image, Target: tag}); err != nil {
		t.Fatal(err)
	}
	// A build of its own: no container to look after.
	out := ""
	outcome := buildImage(t, e, BuildSpec{Dockerfile: "FROM " + tag + "\n" + unique() + "RUN cat " + name + "\n"},
		func(p assay.BuildProgress) {
			if p.Log != nil {
				out += p.Log.Text
			}
		})
	if outcome.State != assay.Done {
		t.Fatalf("reading %s: %s", name, outcome.Message)
	}
	return out
}
