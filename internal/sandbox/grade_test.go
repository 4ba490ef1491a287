package sandbox

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/assay-project/assay/internal/assay"
)

func ptr[T any](v T) *T { return &v }

func TestVerdicts(t *testing.T) {
	r := newRig(t, PoolConfig{Budget: 2})
	for name, test := range map[string]struct {
		test    func(*assay.Test)
		script  string
		verdict assay.Verdict
		points  float64
		message string
	}{
		"exit 0":                               {nil, "true", assay.Passed, 1, ""},
		"another exit":                         {nil, "exit 3", assay.Wrong, 0, "exit status 3; 0 was expected"},
		"expected exit":                        {func(t *assay.Test) { t.Exit = ptr(3) }, "exit 3", assay.Passed, 1, ""},
		"output, any exit":                     {func(t *assay.Test) { t.Stdout = &assay.Check{Kind: assay.CheckEqual, Text: "x\n"} }, "echo x; exit 3", assay.Passed, 1, ""},
		"output and exit":                      {func(t *assay.Test) { t.Stdout, t.Exit = &assay.Check{Kind: assay.CheckEqual, Text: "x\n"}, ptr(0) }, "echo x; exit 3", assay.Wrong, 0, "exit status 3"},
		"wrong output":                         {func(t *assay.Test) { t.Stdout = &assay.Check{Kind: assay.CheckEqual, Text: "x\n"} }, "echo y", assay.Wrong, 0, "y"},
		"stderr":                               {func(t *assay.Test) { t.Stderr = &assay.Check{Kind: assay.CheckContains, Text: "oh"} }, "echo oh no >&2", assay.Passed, 1, ""},
		"wrong stderr":                         {func(t *assay.Test) { t.Stderr = &assay.Check{Kind: assay.CheckContains, Text: "oh"} }, "echo oh", assay.Wrong, 0, "standard error: "},
		"signal":                               {nil, "kill -SEGV $$", assay.Crashed, 0, "SIGSEGV"},
		"signal of a child":                    {nil, "sh -c 'kill -ABRT $$'; exit $?", assay.Crashed, 0, "SIGABRT"},
		"status of a signal that is asked for": {func(t *assay.Test) { t.Exit = ptr(139) }, "exit 139", assay.Passed, 1, ""},
		"status above all signals":             {nil, "exit 255", assay.Wrong, 0, "255"},
		"no program":                           {func(t *assay.Test) { t.Command = []string{"no-such-program"} }, "", assay.Wrong, 0, "no such program in the image"},
		"no file":                              {func(t *assay.Test) { t.Command = []string{"./missing"} }, "", assay.Wrong, 0, "no such file"},
		"not executable":                       {func(t *assay.Test) { t.Command = []string{"./answer.txt"} }, "", assay.Wrong, 0, "permission denied"},
		"stdin": {func(t *assay.Test) {
			t.Stdin = []byte("3 4\n")
			t.Stdout = &assay.Check{Kind: assay.CheckTokens, Text: "7"}
		}, "read a b; echo $((a+b))", assay.Passed, 1, ""},
		"no stdin":          {nil, "! read x", assay.Passed, 1, ""},
		"stdin left unread": {func(t *assay.Test) { t.Stdin = make([]byte, 5<<20) }, "true", assay.Passed, 1, ""},
		"much stdin": {func(t *assay.Test) {
			t.Stdin = make([]byte, 5<<20)
			t.Stdout = &assay.Check{Kind: assay.CheckTokens, Text: "5242880"}
		}, "wc -c", assay.Passed, 1, ""},
		"stdin is no place to write": {func(t *assay.Test) { t.Stdin = []byte("x\n") }, "! (echo y >/proc/self/fd/0) 2>/dev/null", assay.Passed, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r.t = t
			one := sh(test.script)
			if test.test != nil {
				test.test(&one)
			}
			got := r.grade(job{tests: []assay.Test{one}}).Tests[0]
			if got.Verdict != test.verdict || got.Points != test.points || !strings.Contains(got.Message, test.message) {
				t.Errorf("%s, %g points: %q\nstderr: %s", got.Verdict, got.Points, got.Message, got.Stderr)
			}
		})
	}
}

func TestFailedCompileStepEndsTheJob(t *testing.T) {
	r := newRig(t, PoolConfig{})
	result := r.grade(job{build: "echo broken >&2; exit 2", tests: []assay.Test{sh("true"), sh("true")}})
	if result.Verdict != assay.Wrong || result.Score != 0 || result.MaxScore != 2 || len(result.Tests) != 0 || result.Message == "" {
		t.Errorf("%+v", result)
	}
	if b := result.Build; b == nil || b.Stderr != "broken\n" || b.Exit == nil || *b.Exit != 2 {
		t.Errorf("build %+v", b)
	}
}

func TestRejectedSubmissions(t *testing.T) {
	r := newRig(t, PoolConfig{})
	rules := assay.DefaultSubmissionRules
	few, small, python := rules, rules, rules
	few.MaxFiles, small.MaxSize, python.Include = 2, 1000, []string{"*.py", "data/*.csv"}
	file := func(n int) *fstest.MapFile { return &fstest.MapFile{Data: make([]byte, n)} }
	for name, test := range map[string]struct {
		rules   assay.SubmissionRules
		files   fstest.MapFS
		limits  func(*assay.Limits)
		message string // empty: it is accepted
	}{
		"too many files": {few, fstest.MapFS{"a": file(1), "b": file(1), "c": file(1)}, nil, "more than 2 files"},
		"too large":      {small, fstest.MapFS{"a": file(600), "b": file(600)}, nil, "larger than 1000 bytes"},
		"another kind":   {python, fstest.MapFS{"a.py": file(1), "b.sh": file(1)}, nil, `only *.py, data/*.csv`},
		"kinds it takes": {python, fstest.MapFS{"a.py": file(1), "sub/b.py": file(1), "data/x.csv": file(1)}, nil, ""},
		"over the disk":  {rules, fstest.MapFS{"a": file(2 << 20)}, func(l *assay.Limits) { l.Disk = 1 << 20 }, "disk 1 MiB"},
		"over the files": {rules, fstest.MapFS{"a": file(1), "b": file(1), "c": file(1)}, func(l *assay.Limits) { l.Files = 2 }, "files 2"},
	} {
		t.Run(name, func(t *testing.T) {
			r.t = t
			result := r.grade(job{rules: test.rules, files: test.files, limits: test.limits, tests: []assay.Test{sh("true")}})
			want := assay.Rejected
			if test.message == "" {
				want = assay.Passed
			}
			if result.Verdict != want || !strings.Contains(result.Message, test.message) {
				t.Errorf("%s: %q", result.Verdict, result.Message)
			}
		})
	}
}

func TestOutputInResults(t *testing.T) {
	r := newRig(t, PoolConfig{})
	script := `head -c 100000 /dev/zero | tr '\0' a; printf '\377\000z' >&2`
	got := r.grade(job{tests: []assay.Test{sh(script)}}).Tests[0]
	if len(got.Stdout) != maxText || !got.Cut || got.Stderr != "\uFFFD\uFFFDz" {
		t.Errorf("%d bytes, cut %v, stderr %q", len(got.Stdout), got.Cut, got.Stderr)
	}
	if got.Usage.Output != 100003 {
		t.Errorf("output %d", got.Usage.Output)
	}
}

func TestTimelineUsageAndProgress(t *testing.T) {
	r := newRig(t, PoolConfig{})
	a := r.assignment(job{build: "true", tests: []assay.Test{sh("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"), sh("sleep 0.1")}})
	a.Accepted = time.Now().Add(-time.Second)
	var told []string
	result, err := r.Grade(t.Context(), a, func(p assay.Progress) {
		if p.Job != a.Ticket.Job || p.At.IsZero() {
			t.Errorf("progress %+v", p)
		}
		told = append(told, fmt.Sprintf("%s/%d/%t", p.Stage, p.Test, p.Done != nil))
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(told, " "), "sandbox/0/false files/0/false build/0/false tests/0/false tests/0/true tests/1/false tests/1/true"; got != want {
		t.Errorf("progress %q, not %q", got, want)
	}
	var stages []string
	for _, m := range result.Timeline {
		stages = append(stages, string(m.Stage))
	}
	if got, want := strings.Join(stages, " "), "queued sandbox files build tests"; got != want || result.Timeline[0].Millis < 1000 {
		t.Errorf("timeline %+v", result.Timeline)
	}
	busy, idle := result.Tests[0].Usage, result.Tests[1].Usage
	if busy.CPUMS < 5 || busy.WallMS < 5 || idle.WallMS < 100 || idle.CPUMS > 50 || busy.Memory == 0 {
		t.Errorf("busy %+v, idle %+v", busy, idle)
	}
	if u := result.Usage; u.WallMS < busy.WallMS+idle.WallMS || u.Memory < busy.Memory {
		t.Errorf("job %+v", u)
	}
	if result.Image != a.Image || result.Runtime != "runc" {
		t.Errorf("%+v", result)
	}
}

func TestGradersProgramGivesTheScore(t *testing.T) {
	r := newRig(t, PoolConfig{})
	for name, test := range map[string]struct {
		script  string
		verdict assay.Verdict
		points  float64
	}{
		"all":                 {`echo working; echo '{"score": 1, "message": "fine"}'`, assay.Passed, 8},
		"some":                {`echo '{"score": 3, "max_score": 4}'; echo done`, assay.Partial, 6},
		"forged before":       {`echo '{"score": 1}'; echo '{"score": 0}'`, assay.Wrong, 0},
		"none":                {`echo 1`, assay.Wrong, 0},
		"given, then failing": {`echo '{"score": 1}'; exit 1`, assay.Wrong, 0},
		"given, then killed":  {`echo '{"score": 1}'; kill -KILL $$`, assay.Crashed, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r.t = t
			one := bySh(test.script)
			one.Score, one.Points = assay.ScoreJSON, 8
			result := r.grade(job{grader: graderFolder(), tests: []assay.Test{one}})
			if got := result.Tests[0]; got.Verdict != test.verdict || got.Points != test.points || result.Score != test.points {
				t.Errorf("%s, %g points: %s", got.Verdict, got.Points, got.Message)
			}
		})
	}
}
