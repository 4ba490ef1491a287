package hub_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/bus"
	"github.com/assay-project/assay/internal/hub"
)

// events is an open event stream.
type events struct {
	t      *testing.T
	lines  *bufio.Scanner
	status int
	last   string // the newest id
	close  func()
}

type received struct {
	name string
	data string
}

func (c *client) watch(path, last string) *events {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 2*time.Minute)
	req := c.request("GET", path, nil).WithContext(ctx)
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	resp, err := c.http.Do(req) //nolint:bodyclose // close does
	if err != nil {
		c.t.Fatal(err)
	}
	e := &events{t: c.t, lines: bufio.NewScanner(resp.Body), status: resp.StatusCode}
	e.lines.Buffer(nil, 4<<20)
	e.close = func() {
		cancel()
		resp.Body.Close() //nolint:errcheck // it was only read
	}
	c.t.Cleanup(e.close)
	return e
}

// next is the next event; ok is false at the end.
func (e *events) next() (r received, ok bool) {
	for e.lines.Scan() {
		line := e.lines.Text()
		name, value, _ := strings.Cut(line, ": ")
		switch name {
		case "event":
			r.name = value
		case "id":
			e.last = value
		case "data":
			r.data = value
		case "":
			if r.name != "" {
				return r, true
			}
		}
	}
	return r, false
}

// until reads events until one is called name, and gives those before it.
func (e *events) until(name string, into any) (before []string) {
	e.t.Helper()
	for {
		r, ok := e.next()
		if !ok {
			e.t.Fatalf("the stream ended before %s, after %v: %v", name, before, e.lines.Err())
		}
		if r.name == name {
			if into != nil {
				if err := json.Unmarshal([]byte(r.data), into); err != nil {
					e.t.Fatal(err)
				}
			}
			return before
		}
		before = append(before, r.name)
	}
}

func TestJobIsWatchedToItsEnd(t *testing.T) {
	r := start(t)
	grader := r.root.addGrader(r.course.ID)
	held := make(chan *attempt)
	r.worker("w1", func(a *attempt) bool {
		held <- a
		return true
	})
	job := r.root.submit(grader.ID)
	path := "/api/v1/jobs/" + job.ID + "/events"
	e := r.root.watch(path, "")
	var seen assay.Job
	e.until("job", &seen)
	if seen.ID != job.ID || seen.State.Final() {
		t.Errorf("%+v", seen)
	}
	e.until("reset", nil)
	a := <-held
	a.progress(assay.StageTests, 1)
	var p assay.Progress
	e.until("progress", &p)
	if p.Stage != assay.StageTests || p.Test != 1 {
		t.Errorf("%+v", p)
	}

	// Another page comes late: it sees what has been.
	late := r.root.watch(path, "")
	late.until("reset", nil)
	late.until("progress", &p)
	if p.Test != 1 {
		t.Errorf("late: %+v", p)
	}
	// The first goes on where it was.
	e.close()
	a.progress(assay.StageTests, 2)
	late.until("progress", nil)
	again := r.root.watch(path, e.last)
	before := again.until("progress", &p)
	if p.Test != 2 {
		t.Errorf("again: %+v after %v", p, before)
	}
	for _, name := range before {
		if name == "reset" {
			t.Error("the stream starts anew though its place is known")
		}
	}

	a.outcome(assay.Done, 2)
	var result assay.Result
	again.until("result", &result)
	if result.Score != 2 {
		t.Errorf("%+v", result)
	}
	if rest, ok := again.next(); ok {
		t.Errorf("after the end: %+v", rest)
	}
	if s := r.root.watch(path, again.last).status; s != 204 {
		t.Errorf("whoever has seen the end gets %d", s)
	}
	ended := r.root.watch(path, "")
	ended.until("job", &seen)
	ended.until("result", &result)
	if seen.State != assay.Done || result.Score != 2 {
		t.Errorf("after the end: %+v %+v", seen, result)
	}
}

func TestBuildIsWatchedToItsEnd(t *testing.T) {
	r := start(t)
	var image assay.Image
	r.root.do("POST", "/api/v1/images", map[string]string{"course": r.course.ID, "name": "python", "dockerfile": "FROM a"}, 201, &image)
	var build assay.Build
	r.root.do("POST", "/api/v1/images/"+image.ID+"/builds", nil, 201, &build)
	path := "/api/v1/builds/" + build.ID
	e := r.root.watch(path+"/events", "")
	queue, err := r.bus.Builds(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	defer queue.Close()
	d, err := queue.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d.Ticket.Dockerfile != "FROM a" || d.Ticket.Name != "python" {
		t.Errorf("%+v", d.Ticket)
	}
	begin, err := r.bus.AskBeginBuild(t.Context(), bus.BeginRequest{ID: build.ID, Worker: "w"})
	if err != nil || begin.Verdict != bus.Go {
		t.Fatal(begin, err)
	}
	step := assay.BuildStep{ID: "v", Name: "[1/1] FROM a", Line: 1, State: assay.StepRunning}
	for _, p := range []assay.BuildProgress{{Build: build.ID, Step: &step}, {Build: build.ID, Log: &assay.BuildLog{Step: "v", Text: "pulling\n"}}} {
		if err := r.bus.PublishBuildProgress(p); err != nil {
			t.Fatal(err)
		}
	}
	var log assay.BuildLog
	e.until("step", nil)
	e.until("log", &log)
	if log.Text != "pulling\n" {
		t.Errorf("%+v", log)
	}
	var text hub.BuildText
	r.root.do("GET", path+"/log", nil, 200, &text)
	if text.Log != "pulling\n" {
		t.Errorf("the log so far: %q", text.Log)
	}
	err = r.bus.PublishBuildOutcome(t.Context(), assay.BuildOutcome{
		Build: build.ID, State: assay.Failed, Message: "no such image", Line: 1, Steps: []assay.BuildStep{step}, Log: "pulling\nfailed\n",
	})
	if err != nil {
		t.Fatal(err)
	}
	for !build.State.Final() {
		e.until("build", &build)
	}
	if build.State != assay.Failed || build.Line != 1 || build.Message != "no such image" || e.last != "end" {
		t.Errorf("%+v, id %s", build, e.last)
	}
	r.root.do("GET", path+"/log", nil, 200, &text)
	if text.Log != "pulling\nfailed\n" {
		t.Errorf("the whole log: %q", text.Log)
	}
	r.root.do("POST", path+"/cancel", nil, 409, nil)
}

func figures(courses ...string) assay.Figures {
	f := assay.Figures{Worker: assay.Worker{ID: "w", Name: "w"}, At: time.Now()}
	for _, course := range courses {
		f.Containers = append(f.Containers, assay.ContainerFigures{ID: "of-" + course, Course: course, Worker: "w", State: "running"})
	}
	return f
}

func TestLiveShowsOnesOwn(t *testing.T) {
	r := start(t)
	other, err := r.store.AddCourse(t.Context(), "other", "Other")
	if err != nil {
		t.Fatal(err)
	}
	ada := r.user("ada", r.course.ID)
	grader := r.root.addGrader(r.course.ID)
	foreign := r.root.addGrader(other.ID)
	all, own := r.root.watch("/api/v1/live", ""), ada.watch("/api/v1/live", "")
	all.until("reset", nil)
	own.until("reset", nil)
	if err := r.bus.PublishFigures(figures(r.course.ID, other.ID, "")); err != nil {
		t.Fatal(err)
	}
	shown := func(e *events) []string {
		t.Helper()
		for {
			var f hub.LiveFrame
			e.until("figures", &f)
			if len(f.Workers) == 1 {
				var ids []string
				for _, c := range f.Containers {
					ids = append(ids, c.ID)
				}
				return ids
			}
		}
	}
	if got := shown(all); len(got) != 3 {
		t.Errorf("the administrator sees %v", got)
	}
	if got := shown(own); len(got) != 1 || got[0] != "of-"+r.course.ID {
		t.Errorf("the instructor sees %v", got)
	}
	var list hub.Page[assay.ContainerFigures]
	ada.do("GET", "/api/v1/containers", nil, 200, &list)
	if len(list.Items) != 1 {
		t.Errorf("the instructor lists %+v", list.Items)
	}
	var status hub.Status
	ada.do("GET", "/api/v1/status", nil, 200, &status)
	if !status.Ready {
		t.Error("a worker is there, and the hub is not ready")
	}

	r.root.submit(foreign.ID)
	job := r.root.submit(grader.ID)
	var seen assay.Job
	own.until("job", &seen)
	if seen.ID != job.ID {
		t.Errorf("the instructor sees job %+v", seen)
	}
	all.until("job", &seen)
	if seen.Grader != foreign.ID {
		t.Errorf("the administrator sees job %+v", seen)
	}

	// Who comes back gets what was missed, and nothing anew.
	own.close()
	second := r.root.submit(grader.ID)
	back := ada.watch("/api/v1/live", own.last)
	for _, name := range back.until("job", &seen) {
		if name == "reset" {
			t.Error("the stream starts anew though its place is known")
		}
	}
	if seen.ID != second.ID {
		t.Errorf("missed: %+v", seen)
	}
}

func TestAskingForFiguresCountsAsLooking(t *testing.T) {
	r := start(t)
	wanted := make(chan struct{}, 10)
	stop, err := r.bus.WatchWanted(func() { wanted <- struct{}{} })
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	for _, path := range []string{"/api/v1/containers", "/api/v1/workers"} {
		r.root.do("GET", path, nil, 200, nil)
		select {
		case <-wanted:
		case <-time.After(10 * time.Second):
			t.Errorf("%s asked no worker for figures", path)
		}
	}
}

// A page that takes nothing holds up nobody.
func TestSlowReaderDelaysNobody(t *testing.T) {
	r := start(t)
	grader := r.root.addGrader(r.course.ID)
	root, err := r.store.User(t.Context(), "root")
	if err != nil {
		t.Fatal(err)
	}
	_, secret, err := r.store.AddToken(t.Context(), root.ID, "", "slow")
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close() //nolint:errcheck // a test's connection
		if err := conn.(*net.TCPConn).SetReadBuffer(1024); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write([]byte("GET /api/v1/live HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + secret + "\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
	}
	e := r.root.watch("/api/v1/live", "")
	e.until("reset", nil)
	rows := make([]string, 2000)
	for i := range rows {
		rows[i] = r.course.ID
	}
	for range 20 {
		if err := r.bus.PublishFigures(figures(rows...)); err != nil {
			t.Fatal(err)
		}
		job := r.root.submit(grader.ID)
		var seen assay.Job
		for seen.ID != job.ID {
			e.until("job", &seen)
		}
	}
}

func TestStreamsEndWhenTheHubDoes(t *testing.T) {
	r := start(t)
	e := r.root.watch("/api/v1/live", "")
	e.until("reset", nil)
	r.hub.EndStreams()
	for {
		if _, ok := e.next(); !ok {
			break
		}
	}
	if err := e.lines.Err(); err != nil {
		t.Errorf("the stream was cut off: %v", err)
	}
}

func TestStreamEndsWithItsSession(t *testing.T) {
	r := start(t, func(cfg *hub.Config) { cfg.Beat = 10 * time.Millisecond })
	grader := r.root.addGrader(r.course.ID)
	job := r.root.submit(grader.ID)
	ada := r.user("ada", r.course.ID)
	live := ada.watch("/api/v1/live", "")
	live.until("reset", nil)
	if err := r.store.SetPassword(t.Context(), ada.user.ID, "battery staple"); err != nil {
		t.Fatal(err)
	}
	for ok := true; ok; {
		_, ok = live.next()
	}
	ada.signIn("ada", "battery staple")
	one := ada.watch("/api/v1/jobs/"+job.ID+"/events", "")
	one.until("reset", nil)
	if err := r.store.DeleteMember(t.Context(), r.course.ID, ada.user.ID); err != nil {
		t.Fatal(err)
	}
	for ok := true; ok; {
		_, ok = one.next()
	}
}

func TestStreamsOfOthersAreNotThere(t *testing.T) {
	r := start(t)
	grader := r.root.addGrader(r.course.ID)
	job := r.root.submit(grader.ID)
	bob := r.user("bob", "")
	problem(t, bob, bob.request("GET", "/api/v1/jobs/"+job.ID+"/events", nil), 404)
	problem(t, r.client(), r.client().request("GET", "/api/v1/live", nil), 401)
}
