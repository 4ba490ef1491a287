package main

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/assay-project/assay/internal/archive"
	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/docker"
)

// program is the built binary, which most tests run.
var program string

func TestMain(m *testing.M) {
	flag.Parse()
	dir, err := os.MkdirTemp("", "assay-test-")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(dir, "assay")
	out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput()
	status := 1
	if err != nil {
		fmt.Fprintf(os.Stderr, "the program cannot be built: %v\n%s", err, out)
	} else {
		status = m.Run()
	}
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(status)
}

// needsEngine fails the test with advice where there is no engine.
func needsEngine(t *testing.T) *docker.Engine {
	t.Helper()
	if testing.Short() {
		t.Skip("it needs a Docker Engine")
	}
	engine, err := docker.Connect(t.Context())
	if err != nil {
		t.Fatalf("this test needs a Docker Engine with debian:bookworm (make base-image): %v", err)
	}
	t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	return engine
}

// run runs the program and gives its exit status and what it wrote.
func run(t *testing.T, environment []string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = append(os.Environ(), environment...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// write makes files below dir; a path that ends in / is a folder.
func write(t *testing.T, dir string, files map[string]string) string {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		if strings.HasSuffix(name, "/") {
			err = os.MkdirAll(path, 0o755)
		} else if err == nil {
			err = os.WriteFile(path, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func zipOf(t *testing.T, names ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range names {
		if _, err := w.Create(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const trivial = "name: Trivial\nimage: debian:bookworm\nsubmission: {include: [\"*.sh\"]}\n" +
	"tests:\n- {name: says hello, run: [sh, hello.sh], stdout: {equal: \"hello\\n\"}}\n"

func TestBadInputGetsAClearLine(t *testing.T) {
	dir := write(t, t.TempDir(), map[string]string{
		"good/grader.yaml":            trivial,
		"good/hello.sh":               "echo hello\n",
		"hello/hello.sh":              "echo hello\n",
		"nothing/":                    "",
		"broken/grader.yaml":          "name: A\nimage: ./Dockerfile\nlimits: {wall: 10}\ntets: []\n",
		"no-image/grader.yaml":        strings.Replace(trivial, "debian:bookworm", "127.0.0.1:1/no-such-image:1", 1),
		"bad-dockerfile/grader.yaml":  strings.Replace(trivial, "debian:bookworm", "./Dockerfile", 1),
		"bad-dockerfile/Dockerfile":   "FROM debian:bookworm\nRUNN true\n",
		"fail-dockerfile/grader.yaml": strings.Replace(trivial, "debian:bookworm", "./Dockerfile", 1),
		"fail-dockerfile/Dockerfile":  "FROM debian:bookworm\n\nRUN echo why it failed; exit 7\n",
		"text.zip":                    "I am no archive\n",
		"empty.sh":                    "",
		"out.zip":                     zipOf(t, "../../etc/cron.d/x"),
		"other/hello.py":              "",
		"link/":                       "",
		"grader.zip":                  zipOf(t, "a", "b"),
	})
	if err := errors.Join(os.Symlink("/etc/shadow", filepath.Join(dir, "link/hello.sh")),
		os.WriteFile(filepath.Join(dir, "huge.zip"), nil, 0o644), os.Truncate(filepath.Join(dir, "huge.zip"), 1<<30)); err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	nowhere := []string{"DOCKER_HOST=unix://" + in("nowhere.sock")}

	for _, test := range []struct {
		name   string
		env    []string
		args   []string
		status int
		want   string // the first line on standard error, dir left out
		engine bool   // it is needed to find the mistake
	}{
		{"no such command", nil, []string{"grdae"}, 2, `assay: unknown command "grdae" for "assay"`, false},
		{"no such flag", nil, []string{"grade", "--fast", "a", "b"}, 2, `assay: unknown flag: --fast`, false},
		{"no submission", nil, []string{"grade", in("good")}, 2, `assay: grade takes two arguments, the grader and the submission`, false},
		{"check and submission", nil, []string{"grade", "--check", in("good"), in("hello")}, 2, `assay: grade --check takes one argument, the grader`, false},

		{"no such grader", nil, []string{"grade", in("none"), in("hello")}, 1, `assay: the grader "/none" does not exist`, false},
		{"no grader.yaml", nil, []string{"grade", in("nothing"), in("hello")}, 1, `assay: "/nothing": there is no grader.yaml; a grader is a folder with that file in it`, false},
		{"grader not an archive", nil, []string{"grade", in("text.zip"), in("hello")}, 1, `assay: "text.zip": the archive is damaged: it is not in the format that it begins with or is named after`, false},
		{"archive without grader", nil, []string{"grade", in("grader.zip"), in("hello")}, 1, `assay: "/grader.zip": there is no grader.yaml; a grader is a folder with that file in it`, false},
		{"YAML mistake", nil, []string{"grade", in("broken"), in("hello")}, 1, `/broken/grader.yaml:1:1: tests is missing, for example tests: [{name: runs, run: "python3 main.py"}]`, false},
		{"YAML mistake, checked", nil, []string{"grade", "--check", in("broken")}, 1, `/broken/grader.yaml:1:1: tests is missing, for example tests: [{name: runs, run: "python3 main.py"}]`, false},

		{"no such submission", nil, []string{"grade", in("good"), in("none")}, 1, `assay: the submission "/none" does not exist`, false},
		{"empty folder", nil, []string{"grade", in("good"), in("nothing")}, 1, `assay: "/nothing": there are no files in it`, false},
		{"empty file", nil, []string{"grade", in("good"), in("empty.sh")}, 1, `assay: "empty.sh": it is empty`, false},
		{"not an archive", nil, []string{"grade", in("good"), in("text.zip")}, 1, `assay: "text.zip": the archive is damaged: it is not in the format that it begins with or is named after`, false},
		{"path outside", nil, []string{"grade", in("good"), in("out.zip")}, 1, `assay: "out.zip": the path "../../etc/cron.d/x" leads out with ..`, false},
		{"1 GB", nil, []string{"grade", in("good"), in("huge.zip")}, 1, `assay: "huge.zip": it has 1073741824 bytes, at most 64 MiB are accepted`, false},
		{"link", nil, []string{"grade", in("good"), in("link")}, 1, `assay: "/link": "hello.sh" is a link; send the file itself`, false},
		{"device", nil, []string{"grade", in("good"), "/dev/zero"}, 1, `assay: the submission "/dev/zero" is neither a folder nor a file`, false},
		{"file that is not taken", nil, []string{"grade", in("good"), in("other")}, 1, `assay: The file "hello.py" is not one that this grader takes: only *.sh.`, true},

		{"no such image", nil, []string{"grade", in("no-image"), in("hello")}, 3, `assay: the image 127.0.0.1:1/no-such-image:1 is not on this machine, and its registry does not answer: `, true},
		{"mistake in the Dockerfile", nil, []string{"grade", in("bad-dockerfile"), in("hello")}, 1, `assay: The grader cannot be used, the submission is not to blame: the image of Dockerfile cannot be built: line 2: `, true},
		{"build that fails", nil, []string{"grade", in("fail-dockerfile"), in("hello")}, 1, `assay: The grader cannot be used, the submission is not to blame: the image of Dockerfile cannot be built: line 3: RUN echo why it failed; exit 7 `, true},

		{"no engine", nowhere, []string{"grade", in("good"), in("hello")}, 3, `assay: the Docker Engine at unix:///nowhere.sock does not answer: start it, or set DOCKER_HOST to where it is: `, false},
		{"no address", []string{"DOCKER_HOST=nonsense"}, []string{"grade", in("good"), in("hello")}, 3, `assay: the Docker Engine's address "nonsense" cannot be used (set DOCKER_HOST to unix:///path or tcp://host:port): `, false},
		{"no room for JSON", nil, []string{"grade", "--json", in("none/result.json"), in("good"), in("hello")}, 3, `assay: the JSON cannot be written: open /none/result.json: no such file or directory`, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.engine {
				needsEngine(t)
			}
			status, stdout, stderr := run(t, append(test.env, "XDG_CACHE_HOME="+t.TempDir()), test.args...)
			stderr = strings.ReplaceAll(stderr, dir, "")
			line := ""
			for line = range strings.SplitSeq(stderr, "\n") {
				if strings.HasPrefix(line, "assay: ") || strings.Contains(line, "grader.yaml:") {
					break // what comes before is progress
				}
			}
			if status != test.status || !strings.HasPrefix(line, test.want) {
				t.Errorf("status %d, want %d\n got %s\nwant %s\nstandard error:\n%s", status, test.status, line, test.want, stderr)
			}
			if stdout != "" {
				t.Errorf("standard output: %s", stdout)
			}
		})
	}
}

func TestGradeWritesATableOrJSON(t *testing.T) {
	needsEngine(t)
	dir := write(t, t.TempDir(), map[string]string{
		"good/grader.yaml": trivial, "hello.sh": "echo hello\n", "hallo/hello.sh": "printf 'h\\033[31mallo\\n'; echo oops >&2; exit 3\n",
	})
	home := []string{"XDG_CACHE_HOME=" + t.TempDir()}

	status, stdout, stderr := run(t, home, "grade", filepath.Join(dir, "good"), filepath.Join(dir, "hello.sh"))
	if status != 0 || !strings.Contains(stdout, "✓  says hello  1 / 1   passed") || !strings.Contains(stdout, "passed: 1 of 1 points") {
		t.Errorf("status %d\n%s%s", status, stdout, stderr)
	}
	status, stdout, stderr = run(t, home, "grade", filepath.Join(dir, "good"), filepath.Join(dir, "hallo"))
	if status != 0 || !strings.Contains(stdout, `line 1: expected "hello", got "h\x1b[31mallo"`) || !strings.Contains(stdout, "| oops") || !strings.Contains(stdout, "exit status 3") || strings.Contains(stdout, "\x1b") {
		t.Errorf("status %d\n%s%s", status, stdout, stderr)
	}

	status, stdout, stderr = run(t, home, "grade", "--json", "-", filepath.Join(dir, "good"), filepath.Join(dir, "hallo"))
	var r assay.Result
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || status != 0 {
		t.Fatalf("status %d, %v\n%s%s", status, err, stdout, stderr)
	}
	if r.Verdict != assay.Wrong || r.Score != 0 || r.MaxScore != 1 || len(r.Tests) != 1 || r.Tests[0].Stdout != "h\x1b[31mallo\n" || r.Usage.WallMS <= 0 {
		t.Errorf("%+v", r)
	}
	file := filepath.Join(dir, "result.json")
	status, stdout, _ = run(t, home, "grade", "--json", file, filepath.Join(dir, "good"), filepath.Join(dir, "hello.sh"))
	if text, err := os.ReadFile(file); status != 0 || err != nil || !strings.Contains(string(text), `"verdict": "passed"`) || !strings.Contains(stdout, "passed: 1 of 1 points") {
		t.Errorf("status %d, %v\n%s\n%s", status, err, text, stdout)
	}

	// The same grader as an archive.
	packed, err := os.Create(filepath.Join(dir, "good.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := archive.Pack(os.DirFS(filepath.Join(dir, "good")), packed, archive.DefaultLimits, nil); err != nil {
		t.Fatal(err)
	}
	if err := packed.Close(); err != nil {
		t.Fatal(err)
	}
	status, stdout, stderr = run(t, home, "grade", packed.Name(), filepath.Join(dir, "hello.sh"))
	if status != 0 || !strings.Contains(stdout, "passed: 1 of 1 points") {
		t.Errorf("status %d\n%s%s", status, stdout, stderr)
	}

	status, stdout, _ = run(t, home, "grade", "--check", filepath.Join(dir, "good"))
	if status != 0 || stdout != "Trivial can be used: 1 test, 1 points.\n" {
		t.Errorf("status %d\n%s", status, stdout)
	}
}

func TestVersion(t *testing.T) {
	if status, stdout, _ := run(t, nil, "version"); status != 0 || !strings.HasPrefix(stdout, "assay unknown (go1.") {
		t.Errorf("status %d\n%s", status, stdout)
	}
	if status, stdout, _ := run(t, nil, "version", "--json", "-"); status != 0 || !json.Valid([]byte(stdout)) {
		t.Errorf("status %d\n%s", status, stdout)
	}
}

// TestNothingIsLeft ends the program in the middle of a test, kindly and not.
func TestNothingIsLeft(t *testing.T) {
	engine := needsEngine(t)
	dir := write(t, t.TempDir(), map[string]string{
		"good/grader.yaml": trivial, "endless/hello.sh": "while :; do :; done\n", "hello.sh": "echo hello\n",
	})
	for _, how := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL} {
		t.Run(how.String(), func(t *testing.T) {
			cache, scratch := t.TempDir(), t.TempDir()
			env := []string{"XDG_CACHE_HOME=" + cache, "TMPDIR=" + scratch}
			cmd := exec.CommandContext(t.Context(), program, "grade", filepath.Join(dir, "good"), filepath.Join(dir, "endless"))
			cmd.Env = append(os.Environ(), env...)
			stderr, err := cmd.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(stderr)
			for lines.Scan() && !strings.HasPrefix(lines.Text(), "test 1 of 1") {
			}
			notes, err := filepath.Glob(filepath.Join(cache, "assay", "running", "*"))
			if err != nil || len(notes) != 1 {
				t.Fatalf("the program left no note of itself: %v, %v", notes, err)
			}
			launcher := engine.Launcher(docker.LauncherConfig{Owner: filepath.Base(notes[0])})
			if ids := list(t, launcher); len(ids) != 1 {
				t.Fatalf("the sandbox is not there: %v", ids)
			}
			if err := cmd.Process.Signal(how); err != nil {
				t.Fatal(err)
			}
			rest := ""
			for lines.Scan() {
				rest += lines.Text() + "\n"
			}
			if err := cmd.Wait(); err == nil {
				t.Error("it ended as if nothing had happened")
			}
			if how == syscall.SIGKILL {
				// Another run removes what this one left.
				if status, stdout, stderr := run(t, env, "grade", filepath.Join(dir, "good"), filepath.Join(dir, "hello.sh")); status != 0 {
					t.Errorf("status %d\n%s%s", status, stdout, stderr)
				}
			} else if status := cmd.ProcessState.ExitCode(); status != 3 || rest != "assay: interrupted; nothing is left behind\n" {
				t.Errorf("status %d\n%s", status, rest)
			} else if left, err := os.ReadDir(scratch); err != nil || len(left) > 0 {
				t.Errorf("temporary files are left: %v, %v", left, err)
			}
			if ids := list(t, launcher); len(ids) > 0 {
				t.Errorf("sandboxes are left: %v", ids)
			}
			if notes, err := filepath.Glob(filepath.Join(cache, "assay", "running", "*")); err != nil || len(notes) > 0 {
				t.Errorf("notes are left: %v, %v", notes, err)
			}
		})
	}
}

func list(t *testing.T, l *docker.Launcher) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ids, err := l.List(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return ids
}
