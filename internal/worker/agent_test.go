package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/bus"
	"github.com/assay-project/assay/internal/docker"
	"github.com/assay-project/assay/internal/sandbox"
)

func TestBrokenGraderIsRejectedAndSaysSo(t *testing.T) {
	engine := connect(t)
	b := startBus(t, bus.DefaultAckWait)
	o := openOffice(t, b)
	hire(t, b, Config{Engine: engine, Sandboxes: play{grade: func(context.Context, sandbox.Assignment) (*assay.Result, error) {
		t.Error("a broken grader reached a sandbox")
		return nil, errors.New("no")
	}}})
	for name, c := range map[string]struct {
		grader fstest.MapFS
		says   []string
	}{
		"no grader.yaml":   {fstest.MapFS{"readme": text("?")}, []string{"grader.yaml"}},
		"unknown key":      {fstest.MapFS{"grader.yaml": text("name: x\nimage: debian:bookworm\nlimit: {}\ntests: []\n")}, []string{"grader.yaml:3", "limit"}},
		"no Dockerfile":    {grader("./Dockerfile", nil), []string{"Dockerfile"}},
		"bad instruction":  {grader("./Dockerfile", fstest.MapFS{"Dockerfile": text("FROM debian:bookworm\nRUNN make\n")}), []string{"line 2", "RUNN"}},
		"a step fails":     {grader("./Dockerfile", fstest.MapFS{"Dockerfile": text("FROM debian:bookworm\n\nRUN --network=none exit 3\n")}), []string{"line 3"}},
		"no image's name":  {grader("'Debian Bookworm'", nil), []string{"Debian Bookworm"}},
		"an id of nothing": {grader("sha256:"+strings.Repeat("0", 64), nil), []string{"not on this machine"}},
	} {
		t.Run(name, func(t *testing.T) {
			job := strings.ReplaceAll(name, " ", "-")
			o.submit(job, c.grader, solution("echo hello"))
			got := o.outcome(job)
			if got.State != assay.Done || got.Result.Verdict != assay.Rejected || got.Result.Score != 0 {
				t.Fatalf("%+v %+v", got, got.Result)
			}
			for _, part := range append(c.says, "grader cannot be used") {
				if !strings.Contains(got.Result.Message, part) {
					t.Errorf("%q does not say %q", got.Result.Message, part)
				}
			}
		})
	}
	o.empty()
}

func TestJobsOfOneGraderBuildItsImageOnce(t *testing.T) {
	engine := connect(t)
	b := startBus(t, bus.DefaultAckWait)
	o := openOffice(t, b)
	var images sync.Map
	g := grader("./Dockerfile", fstest.MapFS{"Dockerfile": text("FROM debian:bookworm\nRUN --network=none echo making " + assay.NewID() + "\n")})
	const jobs = 4
	for i := range jobs {
		o.submit(fmt.Sprint("job", i), g, solution(fmt.Sprint("# ", i)))
	}
	counted := &counting{Engine: engine}
	hire(t, b, Config{Engine: counted, Slots: jobs, Sandboxes: play{grade: func(_ context.Context, a sandbox.Assignment) (*assay.Result, error) {
		images.Store(a.Image, true)
		_, err := io.Copy(io.Discard, a.Submission)
		return passed(), err
	}}})
	heard := 0
	for i := range jobs {
		job := fmt.Sprint("job", i)
		r := o.outcome(job).Result
		if r.Verdict != assay.Passed || len(r.Timeline) != 1 || r.Timeline[0].Stage != assay.StageImage || r.Timeline[0].Detail != "image built" {
			t.Errorf("%s: %+v", job, r)
		}
		o.mu.Lock()
		for _, p := range o.progress[job] {
			if strings.Contains(p.Log, "making") {
				heard++
				break
			}
		}
		o.mu.Unlock()
	}
	if n := counted.ensured.Load(); n != 1 {
		t.Errorf("the image was asked for %d times", n)
	}
	if heard == 0 {
		t.Error("no job heard of the build")
	}
	images.Range(func(image, _ any) bool {
		forget(t, image.(string))
		return true
	})
	o.empty()
}

// counting counts how often an image is asked for.
type counting struct {
	Engine
	ensured atomic.Int32
}

func (c *counting) Ensure(ctx context.Context, spec docker.BuildSpec, report func(assay.BuildProgress)) (assay.BuildOutcome, error) {
	c.ensured.Add(1)
	return c.Engine.Ensure(ctx, spec, report)
}

func TestCancelEndsARunningJob(t *testing.T) {
	b := startBus(t, bus.DefaultAckWait)
	o := openOffice(t, b)
	running := make(chan struct{})
	hire(t, b, Config{Engine: connect(t), Sandboxes: play{grade: func(ctx context.Context, _ sandbox.Assignment) (*assay.Result, error) {
		close(running)
		<-ctx.Done()
		return nil, ctx.Err()
	}}})
	o.submit("job", grader("debian:bookworm", nil), solution("sleep 1000"))
	<-running
	if err := b.Cancel("another"); err != nil {
		t.Fatal(err)
	}
	if err := b.Cancel("job"); err != nil {
		t.Fatal(err)
	}
	if got := o.outcome("job"); got.State != assay.Cancelled || got.Result != nil {
		t.Errorf("%+v", got)
	}
	o.empty()
}

func TestEndedJobsTicketIsDropped(t *testing.T) {
	b := startBus(t, bus.DefaultAckWait)
	o := openOffice(t, b)
	o.outcomes["ended"] = assay.Outcome{Job: "ended", State: assay.Cancelled}
	o.submit("ended", grader("debian:bookworm", nil), solution(""))
	hire(t, b, Config{Engine: connect(t), Sandboxes: play{grade: func(context.Context, sandbox.Assignment) (*assay.Result, error) {
		t.Error("it was graded")
		return passed(), nil
	}}})
	o.empty()
}

func TestHubThatDoesNotAnswerLosesNothing(t *testing.T) {
	b := startBus(t, bus.DefaultAckWait)
	o := openOffice(t, b)
	o.silent = true
	o.submit("job", grader("debian:bookworm", nil), solution(""))
	hire(t, b, Config{Engine: connect(t), Sandboxes: play{grade: func(context.Context, sandbox.Assignment) (*assay.Result, error) {
		return passed(), nil
	}}})
	asked := 0
	o.until("three questions", func() bool { asked++; return asked > 3 })
	o.change(func() { o.silent = false })
	if got := o.outcome("job"); got.State != assay.Done || o.attempts["job"].Number != 1 {
		t.Errorf("%+v after %d attempts", got, o.attempts["job"].Number)
	}
	o.empty()
}

func TestFailedAttemptsEndInFailureWithoutAScore(t *testing.T) {
	b := startBus(t, bus.DefaultAckWait)
	o := openOffice(t, b)
	var tries atomic.Int32
	hire(t, b, Config{Engine: connect(t), Sandboxes: play{grade: func(_ context.Context, a sandbox.Assignment) (*assay.Result, error) {
		if a.Ticket.Job == "lucky" && tries.Add(1) == 3 {
			return passed(), nil
		}
		return nil, assay.Errorf(assay.Unavailable, "the disk is full")
	}}})
	o.submit("lucky", grader("debian:bookworm", nil), solution(""))
	o.submit("unlucky", grader("debian:bookworm", nil), solution(""))
	if got := o.outcome("lucky"); got.State != assay.Done || got.Result.Verdict != assay.Passed {
		t.Errorf("passed at the third attempt: %+v", got)
	}
	got := o.outcome("unlucky")
	if got.State != assay.Failed || got.Result.Verdict != assay.Infrastructure || got.Result.Message != "the disk is full" || o.attempts["unlucky"].Number != 3 {
		t.Errorf("failed three times: %+v %+v", got, got.Result)
	}
	o.empty()
}

func TestWorkerThatEndsGivesBackWhatItHolds(t *testing.T) {
	b := startBus(t, bus.DefaultAckWait)
	o := openOffice(t, b)
	engine := connect(t)
	started := make(chan struct{}, 10)
	dismiss := hire(t, b, Config{Engine: engine, Slots: 2, Sandboxes: play{grade: func(ctx context.Context, _ sandbox.Assignment) (*assay.Result, error) {
		started <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	}}})
	for i := range 3 {
		o.submit(fmt.Sprint("job", i), grader("debian:bookworm", nil), solution(fmt.Sprint(i)))
	}
	<-started
	<-started
	dismiss()
	if len(o.outcomes) != 0 {
		t.Errorf("outcomes of an ended worker: %+v", o.outcomes)
	}
	o.until("both attempts to be given back", func() bool {
		return len(o.attempts) == 2 && o.attempts["job0"].Number == 0 && o.attempts["job1"].Number == 0
	})
	began := time.Now()
	hire(t, b, Config{Engine: engine, Slots: 3, Sandboxes: play{grade: func(context.Context, sandbox.Assignment) (*assay.Result, error) {
		return passed(), nil
	}}})
	for i := range 3 {
		if got := o.outcome(fmt.Sprint("job", i)); got.State != assay.Done {
			t.Errorf("%+v", got)
		}
	}
	// Not after the acknowledgement wait, but at once.
	if took := time.Since(began); took > bus.DefaultAckWait/2 {
		t.Errorf("the next worker got them after %s", took)
	}
	o.empty()
}

func TestWorkerThatDiesLosesNoJob(t *testing.T) {
	b := startBus(t, 2*time.Second)
	o := openOffice(t, b)
	engine := connect(t)
	const jobs = 20
	for i := range jobs {
		o.submit(fmt.Sprint("job", i), grader("debian:bookworm", nil), solution(fmt.Sprint(i)))
	}
	// The first worker takes two and is never heard of again. (What it holds
	// is not kept alive: as far as the queue can tell it is dead.)
	q, err := b.Jobs(t.Context(), assay.DefaultPool)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		d, err := q.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := o.begin(t.Context(), bus.BeginRequest{ID: d.Ticket.Job, Worker: "dead"}); err != nil {
			t.Fatal(err)
		}
	}
	q.Close()
	var graded sync.Map
	hire(t, b, Config{Engine: engine, Slots: 3, Sandboxes: play{grade: func(_ context.Context, a sandbox.Assignment) (*assay.Result, error) {
		if _, twice := graded.LoadOrStore(a.Ticket.Job, true); twice {
			t.Errorf("%s was graded twice", a.Ticket.Job)
		}
		return passed(), nil
	}}})
	second := 0
	for i := range jobs {
		job := fmt.Sprint("job", i)
		if got := o.outcome(job); got.State != assay.Done || got.Result.Verdict != assay.Passed {
			t.Errorf("%+v", got)
		}
		if o.attempts[job].Number == 2 {
			second++
		}
	}
	if second != 2 {
		t.Errorf("%d jobs had a second attempt, want the 2 that the dead worker held", second)
	}
	o.empty()
}

func TestLaterAttemptEndsTheEarlier(t *testing.T) {
	var c cancellers
	first, _, done := c.add(t.Context(), "job")
	defer done()
	second, supersede, doneSecond := c.add(t.Context(), "job")
	other, _, doneOther := c.add(t.Context(), "other")
	defer doneOther()
	supersede()
	if !errors.Is(context.Cause(first), errSuperseded) || second.Err() != nil || other.Err() != nil {
		t.Errorf("first %v, second %v, other %v", context.Cause(first), second.Err(), other.Err())
	}
	c.cancel("job")
	if !errors.Is(context.Cause(first), errSuperseded) || !errors.Is(context.Cause(second), errCancelled) || other.Err() != nil {
		t.Errorf("first %v, second %v, other %v", context.Cause(first), context.Cause(second), other.Err())
	}
	doneSecond()
	done()
	if len(c.ends) != 1 {
		t.Errorf("%d ids are remembered, want that of the other", len(c.ends))
	}
}

// gate is a way to the engine that can be shut.
type gate struct {
	path   string
	engine string // the socket it leads to
	mu     sync.Mutex
	l      net.Listener
	open   map[net.Conn]bool
}

func (g *gate) up(t *testing.T) {
	t.Helper()
	l, err := net.Listen("unix", g.path)
	if err != nil {
		t.Fatal(err)
	}
	g.mu.Lock()
	g.l, g.open = l, make(map[net.Conn]bool)
	g.mu.Unlock()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go g.forward(c)
		}
	}()
}

func (g *gate) forward(c net.Conn) {
	defer c.Close()
	engine, err := net.Dial("unix", g.engine)
	if err != nil {
		return
	}
	defer engine.Close()
	g.mu.Lock()
	g.open[c] = true
	g.mu.Unlock()
	go func() { _, _ = io.Copy(engine, c); _ = engine.Close() }()
	_, _ = io.Copy(c, engine)
}

func (g *gate) down() {
	g.mu.Lock()
	defer g.mu.Unlock()
	_ = g.l.Close()
	for c := range g.open {
		_ = c.Close()
	}
}

func TestEngineThatIsDownCostsNoJob(t *testing.T) {
	connect(t)
	socket := strings.TrimPrefix(cmp.Or(os.Getenv("DOCKER_HOST"), "unix:///var/run/docker.sock"), "unix://")
	g := &gate{path: filepath.Join(t.TempDir(), "engine.sock"), engine: socket}
	g.up(t)
	t.Setenv("DOCKER_HOST", "unix://"+g.path)
	engine := connect(t)
	b := startBus(t, bus.DefaultAckWait)
	o := openOffice(t, b)
	hire(t, b, Config{Engine: engine, Slots: 1, Sandboxes: play{grade: func(context.Context, sandbox.Assignment) (*assay.Result, error) {
		return passed(), nil
	}}})
	o.submit("before", grader("debian:bookworm", nil), solution(""))
	o.outcome("before")

	g.down()
	other := grader("debian:bookworm", fstest.MapFS{"other": text("x")}) // not prepared yet
	for i := range 5 {
		o.submit(fmt.Sprint("during", i), other, solution(""))
	}
	o.until("a first attempt", func() bool { return len(o.attempts) > 1 })
	// Ten times what a failed attempt waits: were it asked, every job would
	// be at its last attempt by now.
	select {
	case <-t.Context().Done():
	case <-time.After(time.Second):
	}
	o.mu.Lock()
	if len(o.outcomes) != 1 || len(o.attempts) > 3 {
		t.Errorf("without an engine: %d outcomes, %d jobs begun", len(o.outcomes), len(o.attempts))
	}
	o.mu.Unlock()
	if err := os.Remove(g.path); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	g.up(t)
	defer g.down()
	for i := range 5 {
		if got := o.outcome(fmt.Sprint("during", i)); got.State != assay.Done || got.Result.Verdict != assay.Passed {
			t.Errorf("%+v %+v", got, got.Result)
		}
	}
	o.empty()
}

func TestBuildsAreMadeAndReported(t *testing.T) {
	b := startBus(t, bus.DefaultAckWait)
	o := openOffice(t, b)
	var logged sync.Map
	stop, err := b.WatchBuildProgress(func(p assay.BuildProgress) {
		if p.Log != nil {
			logged.Store(p.Build, p.Log.Text)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	hire(t, b, Config{Engine: connect(t), Sandboxes: play{}})
	id := assay.NewID()
	for build, dockerfile := range map[string]string{
		"good": "FROM debian:bookworm\nRUN --network=none echo building " + id + "\n",
		"bad":  "FROM debian:bookworm\nRUN --network=none exit 7 # " + id + "\n",
		"long": "FROM debian:bookworm\nRUN --network=none echo " + id + "; sleep 1000\n",
	} {
		if err := b.PublishBuild(t.Context(), assay.DefaultPool, assay.BuildTicket{Build: build, Course: "testcourse", Name: id, Dockerfile: dockerfile}); err != nil {
			t.Fatal(err)
		}
	}
	cancel := func() bool {
		if _, runs := logged.Load("long"); runs {
			if err := b.CancelBuild("long"); err != nil {
				t.Error(err)
			}
			return true
		}
		return false
	}
	for deadline := time.Now().Add(time.Minute); !cancel(); {
		if time.Now().After(deadline) {
			t.Fatal("the long build never began")
		}
		select {
		case <-t.Context().Done():
		case <-time.After(10 * time.Millisecond):
		}
	}
	o.until("three builds", func() bool { return len(o.builds) == 3 })
	good, bad, long := o.builds["good"], o.builds["bad"], o.builds["long"]
	if good.State != assay.Done || good.Digest == "" || !strings.Contains(good.Log, id) {
		t.Errorf("good: %+v", good)
	} else {
		forget(t, good.Digest)
	}
	if bad.State != assay.Failed || bad.Line != 2 || bad.Message == "" {
		t.Errorf("bad: %+v", bad)
	}
	if long.State != assay.Cancelled {
		t.Errorf("long: %+v", long)
	}
	if text, ok := logged.Load("good"); !ok || !strings.Contains(text.(string), id) {
		t.Errorf("nothing was heard while it was built: %v", text)
	}
}

func TestSweepIsTriedUntilTheEngineAnswers(t *testing.T) {
	b := startBus(t, bus.DefaultAckWait)
	o := openOffice(t, b)
	var sweeps atomic.Int32
	hire(t, b, Config{Engine: connect(t), Sandboxes: play{
		sweep: func() error {
			if sweeps.Add(1) < 3 {
				return assay.Errorf(assay.Unavailable, "the engine does not answer")
			}
			return nil
		},
		grade: func(context.Context, sandbox.Assignment) (*assay.Result, error) {
			if n := sweeps.Load(); n != 3 {
				t.Errorf("graded after %d sweeps", n)
			}
			return passed(), nil
		},
	}})
	o.submit("job", grader("debian:bookworm", nil), solution(""))
	o.outcome("job")
}

func TestIdentityIsKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	first, err := ID(dir)
	if err != nil || !idForm.MatchString(first) {
		t.Fatalf("%q %v", first, err)
	}
	if second, err := ID(dir); err != nil || second != first {
		t.Errorf("%q, then %q: %v", first, second, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "worker-id"), []byte("../../etc"), 0o600); err != nil {
		t.Fatal(err)
	}
	if third, err := ID(dir); err != nil || third == first || !idForm.MatchString(third) {
		t.Errorf("after damage: %q %v", third, err)
	}
}
