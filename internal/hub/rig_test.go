package hub_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/bus"
	"github.com/assay-project/assay/internal/hub"
	"github.com/assay-project/assay/internal/store"
)

// rig is a hub that runs: real database, real queue, real HTTP.
type rig struct {
	t     *testing.T
	store *store.Store
	bus   *bus.Bus
	hub   *hub.Hub
	url   string

	root   *client // the administrator, signed in
	course assay.Course
}

const password = "correct horse"

// start starts a hub that is set up. change may change its configuration.
func start(t *testing.T, change ...func(*hub.Config)) *rig {
	t.Helper()
	r := startNew(t, change...)
	secret, err := r.store.NewSetupToken(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r.root = r.client()
	var session hub.Session
	r.root.do("POST", "/api/v1/setup", map[string]string{"token": secret, "name": "root", "password": password}, 200, &session)
	r.course = session.Courses[0].Course
	return r
}

// startNew starts a hub that is not set up.
func startNew(t *testing.T, change ...func(*hub.Config)) *rig {
	t.Helper()
	dir := t.TempDir()
	r := &rig{t: t}
	var err error
	if r.store, err = store.Open(t.Context(), filepath.Join(dir, "assay.db")); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(logTo{t}, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if r.bus, err = bus.Start(bus.Config{Dir: filepath.Join(dir, "bus"), AckWait: time.Second, Log: log}); err != nil {
		t.Fatal(errors.Join(err, r.store.Close()))
	}
	cfg := hub.Config{Store: r.store, Bus: r.bus, Log: log, Version: "test", Temp: dir, Sweep: 100 * time.Millisecond}
	for _, c := range change {
		c(&cfg)
	}
	r.hub = hub.New(cfg)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- r.hub.Run(ctx) }()
	server := httptest.NewServer(r.hub.Handler())
	r.url = server.URL
	t.Cleanup(func() {
		r.hub.EndStreams()
		server.Close()
		cancel()
		if err := errors.Join(<-done, r.bus.Close(), r.store.Close()); err != nil {
			t.Error(err)
		}
	})
	return r
}

type logTo struct{ t *testing.T }

func (l logTo) Write(b []byte) (int, error) {
	l.t.Logf("%s", b)
	return len(b), nil
}

// user makes a user, signed in, a member of the course unless that is empty.
func (r *rig) user(name, course string) *client {
	r.t.Helper()
	user, err := r.store.AddUser(r.t.Context(), name, password, false)
	if err != nil {
		r.t.Fatal(err)
	}
	if course != "" {
		if err := r.store.PutMember(r.t.Context(), course, user.ID, assay.Instructor); err != nil {
			r.t.Fatal(err)
		}
	}
	c := r.client()
	c.user = user
	c.signIn(name, password)
	return c
}

// client is a browser, or with a token a program.
type client struct {
	*rig
	http  *http.Client
	token string
	user  assay.User
}

func (r *rig) client() *client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return &client{rig: r, http: &http.Client{Jar: jar}}
}

func (c *client) signIn(name, password string) {
	c.t.Helper()
	c.do("POST", "/api/v1/session", map[string]string{"name": name, "password": password}, 200, nil)
}

// request makes a request; body is nil, a reader or a value for JSON.
func (c *client) request(method, path string, body any) *http.Request {
	c.t.Helper()
	var content io.Reader
	switch b := body.(type) {
	case nil:
	case io.Reader:
		content = b
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			c.t.Fatal(err)
		}
		content = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, content)
	if err != nil {
		c.t.Fatal(err)
	}
	if content != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	return req
}

// do makes a request, checks the status and reads the answer into out.
func (c *client) do(method, path string, body any, status int, out any) http.Header {
	c.t.Helper()
	return c.send(c.request(method, path, body), status, out)
}

func (c *client) send(req *http.Request, status int, out any) http.Header {
	c.t.Helper()
	resp, err := c.http.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // it was only read
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	if resp.StatusCode != status {
		c.t.Fatalf("%s %s: %d %s, want %d", req.Method, req.URL.Path, resp.StatusCode, raw, status)
	}
	if out != nil {
		if err := json.Unmarshal(raw, out); err != nil {
			c.t.Fatalf("%s %s: %v in %s", req.Method, req.URL.Path, err, raw)
		}
	}
	return resp.Header
}

// upload sends a form; the field archive is the file, when there is one.
func (c *client) upload(method, path string, fields map[string]string, name string, archive []byte, status int, out any) {
	c.t.Helper()
	c.send(c.uploadRequest(method, path, fields, name, archive), status, out)
}

func (c *client) uploadRequest(method, path string, fields map[string]string, name string, archive []byte) *http.Request {
	c.t.Helper()
	var content bytes.Buffer
	form := multipart.NewWriter(&content)
	for k, v := range fields {
		if err := form.WriteField(k, v); err != nil {
			c.t.Fatal(err)
		}
	}
	if archive != nil {
		part, err := form.CreateFormFile("archive", name)
		if err == nil {
			_, err = part.Write(archive)
		}
		if err != nil {
			c.t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		c.t.Fatal(err)
	}
	req := c.request(method, path, &content)
	req.Header.Set("Content-Type", form.FormDataContentType())
	return req
}

func zipOf(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range files {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write([]byte(content))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const graderYAML = `name: hello
image: debian:bookworm
tests:
  - name: says hello
    run: cat hello.txt
    stdout: {equal: "hello\n"}
    points: 2
`

func graderZip(t *testing.T) []byte {
	t.Helper()
	return zipOf(t, map[string]string{"grader.yaml": graderYAML, "submissions/correct/hello.txt": "hello\n"})
}

func (c *client) addGrader(course string) assay.StoredGrader {
	c.t.Helper()
	var g assay.StoredGrader
	c.upload("POST", "/api/v1/graders", map[string]string{"course": course}, "grader.zip", graderZip(c.t), 201, &g)
	return g
}

func (c *client) submit(grader string) assay.Job {
	c.t.Helper()
	var job assay.Job
	c.upload("POST", "/api/v1/jobs", map[string]string{"grader": grader}, "ada.zip", zipOf(c.t, map[string]string{"hello.txt": "hello\n"}), 201, &job)
	return job
}

func (c *client) job(id string) hub.JobDetail {
	c.t.Helper()
	var d hub.JobDetail
	c.do("GET", "/api/v1/jobs/"+id, nil, 200, &d)
	return d
}

// until waits until a condition of the running hub holds.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for !holds() {
		select {
		case <-look.C:
		case <-deadline.C:
			t.Fatalf("waited a minute for: %s", what)
		}
	}
}

func problem(t *testing.T, c *client, req *http.Request, status int) hub.Problem {
	t.Helper()
	var p hub.Problem
	header := c.send(req, status, &p)
	if got := header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("content type %s", got)
	}
	if p.RequestID == "" || p.RequestID != header.Get("X-Request-Id") || p.Status != status || p.Title == "" || p.Code == "" {
		t.Errorf("incomplete: %+v", p)
	}
	if p.Detail == "" || strings.Contains(strings.TrimSuffix(p.Detail, "\n"), "\n") && len(p.Errors) == 0 {
		t.Errorf("not one sentence: %q", p.Detail)
	}
	return p
}
