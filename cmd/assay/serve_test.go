package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/docker"
	"github.com/assay-project/assay/internal/hub"
)

// hubProcess is assay serve as a process of its own.
type hubProcess struct {
	t       *testing.T
	cmd     *exec.Cmd
	url     string
	said    chan string // what else it prints: the set-up's link, when it is needed
	cookies []*http.Cookie
	stderr  *bytes.Buffer
	ended   chan error
}

// startHub starts a hub on the data folder and waits until it answers.
func startHub(t *testing.T, data string, args ...string) *hubProcess {
	t.Helper()
	cmd := exec.Command(program, append([]string{"serve", "--listen", "127.0.0.1:0", "--data", data}, args...)...)
	return startCommand(t, cmd)
}

func startCommand(t *testing.T, cmd *exec.Cmd) *hubProcess {
	t.Helper()
	p := &hubProcess{t: t, cmd: cmd, stderr: new(bytes.Buffer), ended: make(chan error, 1)}
	cmd.Stderr = p.stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.said = make(chan string, 10)
	go func() {
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			p.said <- lines.Text()
		}
		close(p.said)
		p.ended <- cmd.Wait()
	}()
	t.Cleanup(p.kill)
	timeout := time.After(60 * time.Second)
	for p.url == "" {
		select {
		case line, ok := <-p.said:
			if !ok {
				t.Fatalf("the hub did not start: %v\n%s", <-p.ended, p.stderr)
			}
			if address, ok := strings.CutPrefix(line, "Assay is at "); ok {
				p.url = address
			}
		case <-timeout:
			t.Fatal("the hub did not start within 60 s")
		}
	}
	for p.answers() != nil {
		select {
		case <-timeout:
			t.Fatalf("the hub at %s does not answer\n%s", p.url, p.stderr)
		case <-time.After(20 * time.Millisecond):
		}
	}
	return p
}

func (p *hubProcess) answers() error {
	resp, err := http.Get(p.url + "/healthz")
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// kill ends the process, if it has not ended, without a word to it.
func (p *hubProcess) kill() {
	if p.ended == nil {
		return
	}
	var killed *exec.ExitError
	if err := p.stop(syscall.SIGKILL); !errors.As(err, &killed) {
		p.t.Errorf("killed, and it ended with %v", err)
	}
}

// stop sends a signal and waits for the end.
func (p *hubProcess) stop(signal os.Signal) error {
	if err := p.cmd.Process.Signal(signal); err != nil {
		p.t.Error(err)
	}
	select {
	case err := <-p.ended:
		p.ended = nil
		return err
	case <-time.After(45 * time.Second):
		p.t.Errorf("the hub did not end within 45 s of %v\n%s", signal, p.stderr)
		return errors.Join(p.cmd.Process.Kill(), <-p.ended)
	}
}

func (p *hubProcess) do(req *http.Request, out any) int {
	p.t.Helper()
	for _, c := range p.cookies {
		req.AddCookie(c)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatalf("%v\n%s", err, p.stderr)
	}
	defer resp.Body.Close()
	if cookies := resp.Cookies(); len(cookies) > 0 {
		p.cookies = cookies
	}
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	if out != nil {
		if err := json.Unmarshal(raw, out); err != nil {
			p.t.Fatalf("%s %s: %d %s", req.Method, req.URL.Path, resp.StatusCode, raw)
		}
	}
	return resp.StatusCode
}

func (p *hubProcess) request(method, path, kind string, body io.Reader) *http.Request {
	p.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, p.url+path, body)
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	return req
}

// setUp makes the administrator, who is signed in then.
func (p *hubProcess) setUp() {
	p.t.Helper()
	var link string
	select {
	case link = <-p.said:
	case <-time.After(time.Minute):
	}
	token := regexp.MustCompile(`token=(\S+)`).FindStringSubmatch(link)
	if token == nil {
		p.t.Fatalf("no set-up link in %q", link)
	}
	body := `{"token": "` + token[1] + `", "name": "root", "password": "correct horse"}`
	if status := p.do(p.request("POST", "/api/v1/setup", "application/json", strings.NewReader(body)), nil); status != 200 {
		p.t.Fatalf("set-up: %d\n%s", status, p.stderr)
	}
}

// grader is one of the example course.
func (p *hubProcess) grader(name string) assay.StoredGrader {
	p.t.Helper()
	var list hub.Page[assay.StoredGrader]
	p.do(p.request("GET", "/api/v1/graders", "", nil), &list)
	for _, g := range list.Items {
		if g.Name == name {
			return g
		}
	}
	p.t.Fatalf("the example course has no %s\n%s", name, p.stderr)
	return assay.StoredGrader{}
}

// form makes a request to submit something.
func (p *hubProcess) form(fields map[string]string, archive []byte) *http.Request {
	p.t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for name, value := range fields {
		if err := form.WriteField(name, value); err != nil {
			p.t.Fatal(err)
		}
	}
	if archive != nil {
		file, err := form.CreateFormFile("archive", "submission.bin")
		if err == nil {
			_, err = file.Write(archive)
		}
		if err != nil {
			p.t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		p.t.Fatal(err)
	}
	return p.request("POST", "/api/v1/jobs", form.FormDataContentType(), &b)
}

func (p *hubProcess) jobs() []assay.Job {
	p.t.Helper()
	var list hub.Page[assay.Job]
	if status := p.do(p.request("GET", "/api/v1/jobs?limit=200", "", nil), &list); status != 200 {
		p.t.Fatalf("jobs: %d\n%s", status, p.stderr)
	}
	return list.Items
}

func ended(jobs []assay.Job) int {
	n := 0
	for _, j := range jobs {
		if j.State.Final() {
			n++
		}
	}
	return n
}

// until waits for something of another process.
func until(t *testing.T, patience time.Duration, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("waited %s for: %s", patience, what)
		}
		<-look.C
	}
}

// The process is killed in the middle of its work, without a chance to say
// anything to anybody, and started again.
func TestEveryJobEndsOnceThoughTheHubIsKilled(t *testing.T) {
	engine := needsEngine(t)
	data := t.TempDir()
	// Whoever had a job is given up after two seconds instead of thirty.
	p := startHub(t, data, "--ack-wait", "2s", "--slots", "4")
	p.setUp()
	grader := p.grader("Fizzbuzz")
	verdicts := map[string]assay.Verdict{}
	samples := map[string]assay.Verdict{"correct": assay.Passed, "partly-wrong": assay.Partial, "crashing": assay.Crashed}
	for len(verdicts) < 20 {
		for sample, verdict := range samples {
			var job assay.Job
			if status := p.do(p.form(map[string]string{"grader": grader.ID, "sample": sample}, nil), &job); status != 201 {
				t.Fatalf("submit: %d %+v", status, job)
			}
			if verdicts[job.ID] = verdict; len(verdicts) == 20 {
				break
			}
		}
	}
	until(t, 3*time.Minute, "some jobs are done", func() bool { return ended(p.jobs()) >= 3 })
	p.kill()
	cookies := p.cookies

	p = startHub(t, data, "--ack-wait", "2s", "--slots", "4")
	p.cookies = cookies // the session survives
	before := p.jobs()
	if len(before) != 20 || ended(before) == 20 {
		t.Fatalf("after the kill there are %d jobs, %d of them ended: it was not in the middle", len(before), ended(before))
	}
	until(t, 5*time.Minute, "all jobs are done", func() bool { return ended(p.jobs()) == 20 })
	for _, job := range p.jobs() {
		if job.State != assay.Done || job.Verdict != verdicts[job.ID] || job.Attempt > assay.MaxAttempts {
			t.Errorf("job %d, %s: %s %s after %d attempts (%s), want %s", job.Number, job.Label, job.State, job.Verdict, job.Attempt, job.Message, verdicts[job.ID])
		}
	}
	for _, job := range before {
		if !job.State.Final() {
			continue
		}
		var now hub.JobDetail
		p.do(p.request("GET", "/api/v1/jobs/"+job.ID, "", nil), &now)
		if !now.Job.EndedAt.Equal(*job.EndedAt) || now.Result == nil {
			t.Errorf("job %d ended at %v and again at %v", job.Number, job.EndedAt, now.Job.EndedAt)
		}
	}
	if err := p.stop(os.Interrupt); err != nil {
		t.Errorf("%v\n%s", err, p.stderr)
	}
	id, err := os.ReadFile(filepath.Join(data, "worker", "worker-id"))
	if err != nil {
		t.Fatal(err)
	}
	ours := engine.Launcher(docker.LauncherConfig{Owner: string(id)})
	left, err := ours.List(t.Context())
	if err != nil || len(left) != 0 {
		t.Errorf("containers are left: %v, %v", left, err)
	}
	for _, container := range left {
		if err := ours.Remove(t.Context(), container); err != nil {
			t.Error(err)
		}
	}
}

func TestServeSaysWhyItCannotStart(t *testing.T) {
	data := t.TempDir()
	p := startHub(t, data, "--no-worker")
	file := filepath.Join(write(t, t.TempDir(), map[string]string{"file": ""}), "file")
	for name, test := range map[string]struct {
		args   []string
		status int
		says   string
	}{
		"the port is taken":         {[]string{"--listen", strings.TrimPrefix(p.url, "http://"), "--data", t.TempDir()}, exitInfrastructure, "in use by another program"},
		"the folder is taken":       {[]string{"--listen", "127.0.0.1:0", "--data", data}, exitInfrastructure, "another assay uses the data folder"},
		"the folder is a file":      {[]string{"--listen", "127.0.0.1:0", "--data", file}, exitInfrastructure, "cannot be used"},
		"no address":                {[]string{"--listen", "nowhere", "--data", t.TempDir()}, exitUnusable, "cannot listen"},
		"no number":                 {[]string{"--slots", "many"}, exitUsage, "many"},
		"a negative number":         {[]string{"--slots", "-1", "--data", t.TempDir()}, exitUnusable, "--slots"},
		"an argument it knows not":  {[]string{"here"}, exitUsage, "here"},
		"the database is something": {[]string{"--listen", "127.0.0.1:0", "--data", write(t, t.TempDir(), map[string]string{"assay.db": strings.Repeat("no database ", 1000)})}, exitInfrastructure, "not a database"},
	} {
		t.Run(name, func(t *testing.T) {
			status, stdout, stderr := run(t, nil, append([]string{"serve"}, test.args...)...)
			first, rest, _ := strings.Cut(stderr, "\n")
			if status != test.status || !strings.Contains(first, test.says) || stdout != "" || (rest != "" && status != exitUsage) {
				t.Errorf("status %d, want %d; says %q, want %q", status, test.status, stderr, test.says)
			}
		})
	}
	if err := p.stop(syscall.SIGTERM); err != nil {
		t.Errorf("%v\n%s", err, p.stderr)
	}
}

func TestHubStartsWithoutAnEngine(t *testing.T) {
	t.Setenv("DOCKER_HOST", "unix://"+filepath.Join(t.TempDir(), "docker.sock"))
	p := startHub(t, t.TempDir())
	p.setUp()
	until(t, 20*time.Second, "the pages say what is missing", func() bool {
		var status hub.Status
		p.do(p.request("GET", "/api/v1/status", "", nil), &status)
		return !status.Ready && strings.Contains(status.Message, "Docker Engine")
	})
	var job assay.Job
	if status := p.do(p.form(map[string]string{"grader": p.grader("Fizzbuzz").ID, "sample": "correct"}, nil), &job); status != 201 || job.State != assay.Queued {
		t.Errorf("a job meanwhile: %d %+v", status, job)
	}
	if err := p.stop(os.Interrupt); err != nil {
		t.Errorf("%v\n%s", err, p.stderr)
	}
}

// The data folder is on a file system of 256 MiB, in a mount namespace that
// ends with the process.
func TestFullDiskLosesNothing(t *testing.T) {
	data := t.TempDir()
	const script = `mount -t tmpfs -o size=256m assay "$1" && exec "$2" serve --no-worker --listen 127.0.0.1:0 --data "$1"`
	args := []string{"--mount", "sh", "-c", script, "sh", data, program}
	if os.Getuid() != 0 {
		args = append([]string{"--map-root-user"}, args...)
	}
	p := startCommand(t, exec.Command("unshare", args...))
	p.setUp()
	grader := p.grader("Fizzbuzz").ID
	submit := func(text string) (int, hub.Problem, assay.Job) {
		var raw json.RawMessage
		status := p.do(p.form(map[string]string{"grader": grader}, []byte(text)), &raw)
		var problem hub.Problem
		var job assay.Job
		into := any(&job)
		if status != 201 {
			into = &problem
		}
		if err := json.Unmarshal(raw, into); err != nil {
			t.Fatal(err)
		}
		return status, problem, job
	}
	accepted := map[string]bool{}
	status, _, job := submit("first")
	if status != 201 {
		t.Fatalf("%d\n%s", status, p.stderr)
	}
	accepted[job.ID] = true

	filler, err := os.Create(fmt.Sprintf("/proc/%d/root%s/filler", p.cmd.Process.Pid, data))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(filler, zeros{}); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	for range 3 {
		status, problem, _ := submit(strings.Repeat("full ", 100_000))
		if status != 503 || !regexp.MustCompile("disk.*(free some space|make room)").MatchString(problem.Detail) || strings.Contains(problem.Detail, "\n") {
			t.Errorf("%d %+v", status, problem)
		}
	}
	if jobs := p.jobs(); len(jobs) != len(accepted) {
		t.Errorf("%d jobs while the disk is full, want %d", len(jobs), len(accepted))
	}
	if err := errors.Join(os.Remove(filler.Name()), filler.Close()); err != nil {
		t.Fatal(err)
	}
	until(t, 30*time.Second, "a job is accepted again", func() bool {
		status, _, job := submit("second")
		if status == 201 {
			accepted[job.ID] = true
		}
		return status == 201
	})
	for _, job := range p.jobs() {
		if !accepted[job.ID] {
			t.Errorf("a job that was refused is there: %+v", job)
		}
		delete(accepted, job.ID)
	}
	if len(accepted) != 0 {
		t.Errorf("lost: %v", accepted)
	}
	if err := p.stop(syscall.SIGTERM); err != nil {
		t.Errorf("%v\n%s", err, p.stderr)
	}
}

// zeros is an endless file.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
