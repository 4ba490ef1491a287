package format

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/distribution/reference"
	"github.com/goccy/go-yaml/ast"

	"github.com/assay-project/assay/internal/assay"
)

// Bounds of single values.
const (
	maxName    = 100       // bytes of a grader's or test's name
	maxCommand = 100 << 10 // bytes of a command: Linux takes 128 KiB in one argument
	maxPoints  = 1e6       // of one test
)

// Below these a sandbox cannot even start, or nothing can be done in it.
var minLimits = assay.Limits{
	Wall: 10 * time.Millisecond, CPU: 10 * time.Millisecond, Memory: 16 << 20,
	Processes: 1, Output: 1, Disk: 64 << 10, Files: 1,
}

// maxSubmission is what no submission may exceed: what a hub unpacks at most.
var maxSubmission = assay.SubmissionRules{MaxSize: 512 << 20, MaxFiles: 10000}

var runtimeName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)

func (r *reader) grader(yaml []byte) *assay.Grader {
	top := r.parse(yaml)
	if top == nil {
		return nil
	}
	g := &assay.Grader{
		Runtime: "runc", Network: assay.NetworkNone,
		Limits: assay.DefaultLimits, Submission: assay.DefaultSubmissionRules,
	}
	has := map[string]bool{}
	field := func(key string, read func(ast.Node)) func(ast.Node) {
		return func(n ast.Node) { has[key] = true; read(n) }
	}
	if !r.mapping(top, "a grader", fields{
		"name":    field("name", func(n ast.Node) { r.word(n, "name", maxName, &g.Name) }),
		"image":   field("image", func(n ast.Node) { r.image(n, &g.Image) }),
		"runtime": func(n ast.Node) { r.runtime(n, &g.Runtime) },
		"network": func(n ast.Node) { r.network(n, &g.Network) },
		"limits":  func(n ast.Node) { r.limits(n, &g.Limits) },
		// Its own bounds depend on limits, so it waits for them.
		"submission": func(ast.Node) {},
		"build":      func(n ast.Node) { g.Build = r.build(n) },
		"tests":      field("tests", func(n ast.Node) { g.Tests = r.tests(n) }),
	}, "containers", "services", "seed", "penalties", "due") {
		return nil
	}
	r.submission(value(top, "submission"), g.Limits, &g.Submission)
	for _, need := range []struct{ key, example string }{
		{"name", "name: Fizzbuzz"},
		{"image", "image: ./Dockerfile"},
		{"tests", `tests: [{name: runs, run: "python3 main.py"}]`},
	} {
		if !has[need.key] {
			r.find(start(top), "%s is missing, for example %s", need.key, need.example)
		}
	}
	g.Files = r.named
	return g
}

// value is the value of a key, or nil.
func value(n ast.Node, key string) ast.Node {
	values := []*ast.MappingValueNode{}
	switch n := n.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = append(values, n)
	}
	for _, v := range values {
		if v.Key.GetToken().Value == key {
			return v.Value
		}
	}
	return nil
}

func (r *reader) image(n ast.Node, to *assay.ImageSource) {
	var s string
	if !r.word(n, "image", 500, &s) {
		return
	}
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "/") {
		name, ok := r.path(n, "image", s)
		if !ok {
			return
		}
		if _, err := readBeneath(r.files, name, maxDockerfile); err != nil {
			r.find(start(n), "the Dockerfile %s %v", assay.Quote(name, 100), err)
			return
		}
		to.Dockerfile = name
		return
	}
	if _, err := reference.ParseNormalizedNamed(s); err != nil {
		hint := ""
		if strings.Contains(strings.ToLower(s), "dockerfile") {
			hint = "; for a file of the grader write ./" + s
		}
		r.find(start(n), "%s is not the name of an image (%v)%s", assay.Quote(s, 100), err, hint)
		return
	}
	to.Reference = s
}

// path checks the path of a file in the grader's folder.
func (r *reader) path(n ast.Node, what, s string) (string, bool) {
	name := path.Clean(s)
	if !fs.ValidPath(name) || name == "." || strings.ContainsAny(s, "\\\x00") {
		r.find(start(n), "%s must be a path within the grader's folder, not %s", what, assay.Quote(s, 100))
		return "", false
	}
	return name, true
}

func (r *reader) runtime(n ast.Node, to *string) {
	var s string
	switch {
	case !r.text(n, "runtime", &s):
	case !runtimeName.MatchString(s):
		r.find(start(n), "runtime must be a name such as runc, not %s", assay.Quote(s, 40))
	default:
		*to = s
	}
}

func (r *reader) network(n ast.Node, to *assay.Network) {
	if s, ok := n.(*ast.StringNode); ok && (s.Value == "internal" || s.Value == "outbound") {
		r.find(start(n), "network: %s is not supported yet; leave it out, or write none", s.Value)
		return
	}
	choice(r, n, "network", to, assay.NetworkNone)
}

func (r *reader) limits(n ast.Node, to *assay.Limits) {
	low, high := minLimits, assay.MaxLimits
	r.mapping(n, "limits", fields{
		"wall":      func(n ast.Node) { r.duration(n, "wall", low.Wall, high.Wall, &to.Wall) },
		"cpu":       func(n ast.Node) { r.duration(n, "cpu", low.CPU, high.CPU, &to.CPU) },
		"memory":    func(n ast.Node) { r.size(n, "memory", low.Memory, high.Memory, &to.Memory) },
		"processes": func(n ast.Node) { r.integer(n, "processes", low.Processes, high.Processes, &to.Processes) },
		"output":    func(n ast.Node) { r.size(n, "output", low.Output, high.Output, &to.Output) },
		"disk":      func(n ast.Node) { r.size(n, "disk", low.Disk, high.Disk, &to.Disk) },
		"files":     func(n ast.Node) { r.integer(n, "files", low.Files, high.Files, &to.Files) },
	}, "open_files")
}

func (r *reader) submission(n ast.Node, limits assay.Limits, to *assay.SubmissionRules) {
	// A submission that does not fit into the work directory is never graded.
	to.MaxSize = min(to.MaxSize, limits.Disk)
	to.MaxFiles = min(to.MaxFiles, limits.Files)
	if n == nil {
		return
	}
	r.mapping(n, "submission", fields{
		"include": func(n ast.Node) {
			r.list(n, "include", func(_ int, item ast.Node) {
				var pattern string
				if !r.word(item, "a pattern", 200, &pattern) {
					return
				}
				if _, err := path.Match(pattern, "x"); err != nil {
					r.find(start(item), "%s is not a pattern: a [ needs its ]", assay.Quote(pattern, 100))
					return
				}
				to.Include = append(to.Include, pattern)
			})
		},
		"max_size": func(n ast.Node) {
			if r.size(n, "max_size", 1, maxSubmission.MaxSize, &to.MaxSize) && to.MaxSize > limits.Disk {
				r.find(start(n), "max_size is more than limits.disk (%s): raise that too", formatSize(limits.Disk))
			}
		},
		"max_files": func(n ast.Node) {
			if r.integer(n, "max_files", 1, maxSubmission.MaxFiles, &to.MaxFiles) && to.MaxFiles > limits.Files {
				r.find(start(n), "max_files is more than limits.files (%d): raise that too", limits.Files)
			}
		},
	})
}

func (r *reader) build(n ast.Node) *assay.Step {
	step := &assay.Step{}
	if r.mapping(n, "build", fields{
		"run":    func(n ast.Node) { step.Command = r.command(n) },
		"points": func(n ast.Node) { r.number(n, "points", maxPoints, &step.Points) },
	}) && value(n, "run") == nil {
		r.find(start(n), "build has nothing to run, for example run: make")
	}
	return step
}

// command reads what is run: a string for the shell, or a list of arguments.
func (r *reader) command(n ast.Node) []string {
	var argv []string
	if _, ok := n.(*ast.SequenceNode); ok {
		r.list(n, "run", func(_ int, item ast.Node) {
			var argument string
			r.text(item, "an argument", &argument)
			argv = append(argv, argument)
		})
	} else {
		var script string
		if !r.text(n, "run", &script) {
			return nil
		}
		argv = []string{"sh", "-c", script}
	}
	size := 0
	for _, a := range argv {
		size += len(a) + 1
	}
	switch {
	case len(argv) == 0 || argv[0] == "" || strings.TrimSpace(argv[len(argv)-1]) == "" && len(argv) == 3 && argv[1] == "-c":
		r.find(start(n), "run is empty")
	case size > maxCommand:
		r.find(start(n), "run is longer than %d bytes; put it into a script in the image", maxCommand)
	case slices.ContainsFunc(argv, func(a string) bool { return strings.ContainsRune(a, 0) }):
		r.find(start(n), "run has a zero byte in it, which no command can have")
	}
	return argv
}

func (r *reader) tests(n ast.Node) []assay.Test {
	var tests []assay.Test
	lines := map[string]int{}
	if !r.list(n, "tests", func(_ int, item ast.Node) {
		if len(tests) == maxTests {
			return
		}
		t := r.test(item)
		if line, twice := lines[t.Name]; twice && t.Name != "" {
			r.find(start(value(item, "name")), "another test is called %s, in line %d; names must differ", assay.Quote(t.Name, 40), line)
		}
		lines[t.Name] = start(item).Position.Line
		tests = append(tests, t)
	}) {
		return nil
	}
	switch s := n.(*ast.SequenceNode); {
	case len(s.Values) == 0:
		r.find(start(n), "there are no tests")
	case len(s.Values) > maxTests:
		r.find(start(s.Values[maxTests]), "there are %d tests, at most %d are allowed", len(s.Values), maxTests)
	}
	return tests
}

func (r *reader) test(n ast.Node) assay.Test {
	t := assay.Test{Step: assay.Step{Points: 1}, As: assay.AsStudent}
	if !r.mapping(n, "a test", fields{
		"name":   func(n ast.Node) { r.word(n, "name", maxName, &t.Name) },
		"run":    func(n ast.Node) { t.Command = r.command(n) },
		"points": func(n ast.Node) { r.number(n, "points", maxPoints, &t.Points) },
		"as":     func(n ast.Node) { choice(r, n, "as", &t.As, assay.AsStudent, assay.AsGrader) },
		"score":  func(n ast.Node) { choice(r, n, "score", &t.Score, assay.ScoreJSON) },
		"stdin":  func(n ast.Node) { t.Stdin = r.stdin(n) },
		"stdout": func(n ast.Node) { t.Stdout = r.check(n, "stdout") },
		"stderr": func(n ast.Node) { t.Stderr = r.check(n, "stderr") },
		"exit": func(n ast.Node) {
			var status int
			if r.integer(n, "exit", 0, 255, &status) {
				t.Exit = &status
			}
		},
		"visibility": func(n ast.Node) {
			var visibility string
			if s, ok := n.(*ast.StringNode); ok && s.Value == "after-due-date" {
				r.find(start(n), "visibility: after-due-date is not supported yet; write visible or hidden")
				return
			}
			choice(r, n, "visibility", &visibility, "visible", "hidden")
			t.Hidden = visibility == "hidden"
		},
	}, "containers", "files", "needs", "depends", "after", "tries", "seed", "extra", "extra_credit", "penalty", "limits", "ready") {
		return t
	}
	for _, key := range []string{"name", "run"} {
		if value(n, key) == nil {
			r.find(start(n), "the test has no %s", key)
		}
	}
	if t.Score != "" {
		if t.As != assay.AsGrader {
			r.find(start(value(n, "score")), "score: %s needs as: grader, for a student could print any score", t.Score)
		}
		for _, key := range []string{"stdout", "stderr", "exit"} {
			if other := value(n, key); other != nil {
				r.find(start(other), "%s cannot be checked where the program itself gives the score", key)
			}
		}
	}
	return t
}

func (r *reader) stdin(n ast.Node) []byte {
	var content []byte
	given := 0
	if r.mapping(n, "stdin", fields{
		"text": func(n ast.Node) {
			var s string
			r.text(n, "text", &s)
			content = []byte(s)
			given++
		},
		"file": func(n ast.Node) { content = r.file(n, "file"); given++ },
	}) && given != 1 {
		r.find(start(n), "stdin needs text or file, one of them")
	}
	return content
}

// file reads a file that a test names.
func (r *reader) file(n ast.Node, what string) []byte {
	var s string
	if !r.text(n, what, &s) {
		return nil
	}
	name, ok := r.path(n, what, s)
	if !ok {
		return nil
	}
	content, err := readBeneath(r.files, name, maxNamedFile)
	if err != nil {
		r.find(start(n), "the file %s %v", assay.Quote(name, 100), err)
		return nil
	}
	// Bounded over all tests: a file of 4 MiB may be named a thousand times.
	if r.read += int64(len(content)); r.read > maxNamedFiles {
		r.find(start(n), "the files that tests name have more than %s in all", formatSize(maxNamedFiles))
		r.read = 0
		return nil
	}
	if !slices.Contains(r.named, name) {
		r.named = append(r.named, name)
	}
	return content
}

// check reads how stdout or stderr is compared.
func (r *reader) check(n ast.Node, what string) *assay.Check {
	if kind := kindOf(n); kind == "text" {
		r.find(start(n), "%s needs to know how to compare, for example %s: {equal: %s}", what, what, assay.Quote(n.GetToken().Value, 40))
		return nil
	}
	c := &assay.Check{}
	var tolerance, ignore ast.Node
	given := 0
	set := func(kind assay.CheckKind, text string) {
		c.Kind, c.Text = kind, text
		given++
	}
	inline := func(key string, kind assay.CheckKind) func(ast.Node) {
		return func(n ast.Node) {
			var s string
			r.text(n, key, &s)
			set(kind, s)
		}
	}
	if !r.mapping(n, what, fields{
		"equal":    inline("equal", assay.CheckEqual),
		"text":     inline("text", assay.CheckEqual),
		"contains": inline("contains", assay.CheckContains),
		"regexp":   inline("regexp", assay.CheckRegexp),
		"file":     func(n ast.Node) { set(assay.CheckEqual, string(r.file(n, "file"))) },
		"tokens": func(n ast.Node) {
			// Numbers come in long lists, so they may come from a file.
			if file := value(n, "file"); file != nil && r.mapping(n, "tokens", fields{"file": func(ast.Node) {}}) {
				set(assay.CheckTokens, string(r.file(file, "file")))
				return
			}
			inline("tokens", assay.CheckTokens)(n)
		},
		"ignore": func(n ast.Node) {
			ignore = n
			one := func(_ int, n ast.Node) {
				var i assay.Ignore
				if choice(r, n, "ignore", &i, assay.IgnoreTrailingSpace, assay.IgnoreCase) {
					c.Ignore = append(c.Ignore, i)
				}
			}
			if _, ok := n.(*ast.SequenceNode); ok {
				r.list(n, "ignore", one)
			} else {
				one(0, n)
			}
		},
		"tolerance": func(n ast.Node) {
			tolerance = n
			r.number(n, "tolerance", 1e9, &c.Tolerance)
		},
	}, "lines", "unordered", "json", "image", "files") {
		return nil
	}
	switch {
	case given != 1:
		r.find(start(n), "%s needs one of equal, file, tokens, contains and regexp, not %d of them", what, given)
	case ignore != nil && c.Kind != assay.CheckEqual:
		r.find(start(ignore), "ignore goes with equal and file only")
	case tolerance != nil && c.Kind != assay.CheckTokens:
		r.find(start(tolerance), "tolerance goes with tokens only")
	case c.Kind == assay.CheckContains && c.Text == "":
		r.find(start(n), "contains is empty, so every output would pass")
	case c.Kind == assay.CheckRegexp:
		if err := c.Validate(); err != nil {
			r.find(start(value(n, "regexp")), "%v", err)
		}
	}
	return c
}
