package hub_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/hub"
)

func tarOf(t *testing.T, headers ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		h.Size = 0
		h.Mode = 0o644
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// What cannot be used gets one clear sentence and leaves nothing behind.
func TestBadSubmissionIsRefused(t *testing.T) {
	r := start(t)
	grader := r.root.addGrader(r.course.ID)
	for name, test := range map[string]struct {
		fields  map[string]string
		archive []byte
		status  int
		says    string
	}{
		"empty":           {nil, []byte{}, 400, "empty"},
		"no files":        {nil, zipOf(t, nil), 400, "no files"},
		"path outside":    {nil, tarOf(t, tar.Header{Name: "../../etc/passwd"}), 400, "etc/passwd"},
		"absolute path":   {nil, tarOf(t, tar.Header{Name: "/etc/passwd"}), 400, "etc/passwd"},
		"link":            {nil, tarOf(t, tar.Header{Name: "a", Typeflag: tar.TypeSymlink, Linkname: "/etc/shadow"}), 400, "link"},
		"device":          {nil, tarOf(t, tar.Header{Name: "a", Typeflag: tar.TypeChar}), 400, "device"},
		"damaged zip":     {nil, graderZip(t)[:200], 400, ""},
		"nothing":         {nil, nil, 400, "nothing to grade"},
		"both":            {map[string]string{"sample": "correct"}, graderZip(t), 400, "not both"},
		"unknown sample":  {map[string]string{"sample": "../../etc"}, nil, 404, "sample"},
		"unknown grader":  {map[string]string{"grader": "nothing"}, graderZip(t), 404, "no such grader"},
		"no grader":       {map[string]string{"grader": ""}, graderZip(t), 404, "no such grader"},
		"no priority":     {map[string]string{"priority": "urgent"}, graderZip(t), 400, "high, normal or low"},
		"no runtime":      {map[string]string{"runtime": "../runc"}, graderZip(t), 400, "runtime"},
		"a field too big": {map[string]string{"label": strings.Repeat("x", 5000)}, graderZip(t), 413, "label"},
	} {
		t.Run(name, func(t *testing.T) {
			fields := map[string]string{"grader": grader.ID}
			for k, v := range test.fields {
				fields[k] = v
			}
			p := problem(t, r.root, r.root.uploadRequest("POST", "/api/v1/jobs", fields, "a", test.archive), test.status)
			if !strings.Contains(p.Detail, test.says) {
				t.Errorf("says %q, want something with %q", p.Detail, test.says)
			}
		})
	}
	var jobs hub.Page[assay.Job]
	r.root.do("GET", "/api/v1/jobs", nil, 200, &jobs)
	if len(jobs.Items) != 0 {
		t.Errorf("jobs were made: %+v", jobs.Items)
	}
}

// A file that is no archive is a submission of one file.
func TestSingleFileIsASubmission(t *testing.T) {
	r := start(t)
	grader := r.root.addGrader(r.course.ID)
	var job assay.Job
	r.root.upload("POST", "/api/v1/jobs", map[string]string{"grader": grader.ID}, "hello.txt", []byte("hello\n"), 201, &job)
	if job.Label != "hello.txt" || job.Number != 1 || job.MaxScore != 2 || job.Runtime != "runc" || job.Priority != assay.Normal || job.By != "root" {
		t.Errorf("%+v", job)
	}
}

func TestLabelCannotSteerATerminal(t *testing.T) {
	r := start(t)
	grader := r.root.addGrader(r.course.ID)
	var job assay.Job
	fields := map[string]string{"grader": grader.ID, "label": "\x1b[31m\u202eada"}
	r.root.upload("POST", "/api/v1/jobs", fields, "a", []byte("hello\n"), 201, &job)
	if strings.ContainsAny(job.Label, "\x1b\u202e") {
		t.Errorf("label %q", job.Label)
	}
}

func TestBadGraderIsRefused(t *testing.T) {
	r := start(t)
	send := func(t *testing.T, archive []byte, status int) hub.Problem {
		t.Helper()
		return problem(t, r.root, r.root.uploadRequest("POST", "/api/v1/graders", map[string]string{"course": r.course.ID}, "g.zip", archive), status)
	}
	t.Run("YAML error", func(t *testing.T) {
		p := send(t, zipOf(t, map[string]string{"grader.yaml": "name: hello\nimage: debian:bookworm\ntests:\n  - nmae: typo\n"}), 422)
		if len(p.Errors) == 0 || p.Errors[0].File != "grader.yaml" || p.Errors[0].Line != 4 || p.Errors[0].Column == 0 || p.Errors[0].Message == "" {
			t.Errorf("%+v", p)
		}
	})
	t.Run("no grader.yaml", func(t *testing.T) {
		if p := send(t, zipOf(t, map[string]string{"a/b.txt": "", "c/d.txt": ""}), 400); !strings.Contains(p.Detail, "grader.yaml") {
			t.Errorf("%+v", p)
		}
	})
	t.Run("no archive", func(t *testing.T) { send(t, nil, 400) })
	t.Run("not an archive", func(t *testing.T) { send(t, []byte("hello"), 400) })
	t.Run("unknown course", func(t *testing.T) {
		problem(t, r.root, r.root.uploadRequest("POST", "/api/v1/graders", map[string]string{"course": "nothing"}, "g.zip", graderZip(t)), 404)
	})
	t.Run("no form", func(t *testing.T) {
		problem(t, r.root, r.root.request("POST", "/api/v1/graders", map[string]string{}), 400)
	})
	t.Run("twice", func(t *testing.T) {
		r.root.addGrader(r.course.ID)
		send(t, graderZip(t), 409)
	})
}

func TestGraderUploadIsShown(t *testing.T) {
	r := start(t)
	grader := r.root.addGrader(r.course.ID)
	var d hub.GraderDetail
	r.root.do("GET", "/api/v1/graders/"+grader.ID, nil, 200, &d)
	if d.Grader.Name != "hello" || d.Spec.Tests[0].Name != "says hello" || d.YAML != graderYAML || len(d.Files) != 2 || len(d.Samples) != 1 || d.Samples[0] != "correct" {
		t.Errorf("%+v", d)
	}
	var second assay.StoredGrader
	changed := zipOf(t, map[string]string{"hello/grader.yaml": strings.Replace(graderYAML, "points: 2", "points: 3", 1)})
	r.root.upload("PUT", "/api/v1/graders/"+grader.ID+"/files", nil, "g.zip", changed, 200, &second)
	if second.Revision != 2 || second.MaxScore != 3 || second.Files == grader.Files {
		t.Errorf("%+v", second)
	}
	var job assay.Job
	r.root.upload("POST", "/api/v1/jobs", map[string]string{"grader": grader.ID, "sample": "correct"}, "", nil, 404, nil)
	r.root.upload("PUT", "/api/v1/graders/"+grader.ID+"/files", nil, "g.zip", graderZip(t), 200, nil)
	r.root.upload("POST", "/api/v1/jobs", map[string]string{"grader": grader.ID, "sample": "correct"}, "", nil, 201, &job)
	if job.Label != "correct" || job.Files != grader.Files {
		t.Errorf("%+v", job)
	}
}

// A sample may be as large as an unpacked grader, and so larger than memory.
func TestLargeSampleIsNotReadIntoMemory(t *testing.T) {
	r := start(t)
	const size = 100 << 20
	files := zipOf(t, map[string]string{"grader.yaml": graderYAML, "submissions/large": strings.Repeat("\x00", size)})
	var grader assay.StoredGrader
	r.root.upload("POST", "/api/v1/graders", map[string]string{"course": r.course.ID}, "g.zip", files, 201, &grader)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r.root.upload("POST", "/api/v1/jobs", map[string]string{"grader": grader.ID, "sample": "large"}, "", nil, 413, nil)
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > size/2 {
		t.Errorf("it took %d MiB", took>>20)
	}
}

// An upload of a gigabyte is refused at its beginning, whether or not it says
// how long it is.
func TestGigabyteIsNotRead(t *testing.T) {
	r := start(t)
	grader := r.root.addGrader(r.course.ID)
	for _, chunked := range []bool{false, true} {
		t.Run(fmt.Sprintf("chunked %v", chunked), func(t *testing.T) {
			conn, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close() //nolint:errcheck // a test's connection
			if err := conn.SetDeadline(time.Now().Add(2 * time.Minute)); err != nil {
				t.Fatal(err)
			}
			body := io.MultiReader(
				strings.NewReader("--b\r\nContent-Disposition: form-data; name=\"grader\"\r\n\r\n"+grader.ID+"\r\n--b\r\nContent-Disposition: form-data; name=\"archive\"; filename=\"a\"\r\n\r\n"),
				io.LimitReader(zeros{}, 1<<30), strings.NewReader("\r\n--b--\r\n"))
			req := r.root.request("POST", "/api/v1/jobs", body)
			req.Header.Set("Content-Type", "multipart/form-data; boundary=b")
			for _, c := range r.root.http.Jar.Cookies(req.URL) {
				req.AddCookie(c)
			}
			if !chunked {
				req.ContentLength = 1<<30 + 300
			}
			sent := make(chan int64, 1)
			counted := &counter{w: conn}
			go func() {
				req.Write(counted) //nolint:errcheck // the hub hangs up: that is the test
				sent <- counted.n
			}()
			resp, err := http.ReadResponse(newReader(conn), req)
			if err != nil {
				t.Fatal(err)
			}
			raw, err := io.ReadAll(resp.Body)
			if err := errors.Join(err, resp.Body.Close()); err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != 413 || !strings.Contains(string(raw), "64 MiB") {
				t.Errorf("%d %s", resp.StatusCode, raw)
			}
			if n := <-sent; n > 80<<20 {
				t.Errorf("%d bytes were taken", n)
			}
		})
	}
}

func TestInterruptedUploadLeavesNothing(t *testing.T) {
	r := start(t)
	grader := r.root.addGrader(r.course.ID)
	req := r.root.uploadRequest("POST", "/api/v1/jobs", map[string]string{"grader": grader.ID}, "a", []byte("hello"))
	whole, err := io.ReadAll(req.Body)
	if err != nil {
		t.Fatal(err)
	}
	req.Body = io.NopCloser(bytes.NewReader(whole[:len(whole)-20]))
	req.ContentLength = int64(len(whole) - 20)
	problem(t, r.root, req, 400)
}

func TestMalformedRequestIsAProblem(t *testing.T) {
	r := start(t)
	for name, test := range map[string]struct {
		method, path string
		body         any
		status       int
	}{
		"no JSON":        {"POST", "/api/v1/session", strings.NewReader("{"), 400},
		"a member short": {"POST", "/api/v1/session", map[string]string{"name": "root"}, 422},
		"a member more":  {"POST", "/api/v1/session", map[string]string{"name": "root", "password": "x", "role": "god"}, 422},
		"too long":       {"POST", "/api/v1/session", strings.NewReader(`{"name":"` + strings.Repeat("x", 2<<20) + `"}`), 413},
		"nested deep":    {"POST", "/api/v1/courses", strings.NewReader(strings.Repeat("[", 100_000)), 400},
		"no address":     {"GET", "/api/v1/nothing", nil, 404},
		"no place":       {"GET", "/api/v1/jobs?before=x", nil, 400},
		"no state":       {"GET", "/api/v1/jobs?state=x", nil, 422},
		"too many":       {"GET", "/api/v1/jobs?limit=100000", nil, 422},
	} {
		t.Run(name, func(t *testing.T) { problem(t, r.root, r.root.request(test.method, test.path, test.body), test.status) })
	}
}
