package format

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assay-project/assay/internal/assay"
)

// folder is a grader's folder with this grader.yaml and a few files.
func folder(yaml string) fstest.MapFS {
	return fstest.MapFS{
		"grader.yaml":      {Data: []byte(yaml)},
		"Dockerfile":       {Data: []byte("FROM debian:bookworm\n")},
		"image/Dockerfile": {Data: []byte("FROM debian:bookworm\n")},
		"expected/15.txt":  {Data: []byte("1\n2\nFizz\n")},
		"in.txt":           {Data: []byte("3 4\n")},
		"large.txt":        {Data: make([]byte, maxNamedFile+1)},
		"link.txt":         {Mode: fs.ModeSymlink, Data: []byte("in.txt")},
		"way":              {Mode: fs.ModeSymlink, Data: []byte("expected")},
	}
}

func TestLoad(t *testing.T) {
	zero, three := 0, 3
	for _, test := range []struct {
		name string
		yaml string
		want assay.Grader
	}{
		{
			name: "defaults",
			yaml: `{name: Smallest, image: "debian:bookworm", tests: [{name: runs, run: "true"}]}`,
			want: assay.Grader{
				Name: "Smallest", Image: assay.ImageSource{Reference: "debian:bookworm"}, Runtime: "runc", Network: "none",
				Limits: assay.DefaultLimits, Submission: assay.DefaultSubmissionRules,
				Tests: []assay.Test{{Name: "runs", Step: assay.Step{Command: []string{"sh", "-c", "true"}, Points: 1}, As: assay.AsStudent}},
			},
		},
		{
			name: "everything",
			yaml: `
name: Fizzbuzz
image: ./Dockerfile            # built once
runtime: runsc
limits: {wall: 1m30s, cpu: 500ms, memory: 1.5GiB, processes: 64, output: 100KB, disk: 64MiB, files: 100}
network: none
submission: {include: ["*.py", "src/*"], max_size: 1MiB, max_files: 10}
build: {run: make, points: 0.5}
tests:
  - {name: small, run: "python3 fizz.py 15", stdout: {file: expected/15.txt, ignore: trailing-space}, points: 5}
  - {name: reads stdin, run: [./a.out, "-x"], stdin: {text: "3 4\n"}, stdout: {tokens: "7", tolerance: 1e-6}, exit: 0, points: 5, visibility: hidden}
  - name: style
    run: |
      cd /x
      ./grade-style.sh
    as: grader
    score: json
    points: 10
  - {name: more, run: x, stdin: {file: ./in.txt}, exit: 3, stdout: {equal: "", ignore: [case, trailing-space]}, stderr: {regexp: "^error: \\d+"}, visibility: visible}
  - {name: numbers, run: x, stdout: {tokens: {file: expected/15.txt}}, stderr: {contains: x}, as: student, points: 0}
`,
			want: assay.Grader{
				Name: "Fizzbuzz", Image: assay.ImageSource{Dockerfile: "Dockerfile"}, Runtime: "runsc", Network: "none",
				Limits: assay.Limits{
					Wall: 90 * time.Second, CPU: 500 * time.Millisecond, Memory: 3 << 29,
					Processes: 64, Output: 100000, Disk: 64 << 20, Files: 100,
				},
				Submission: assay.SubmissionRules{Include: []string{"*.py", "src/*"}, MaxSize: 1 << 20, MaxFiles: 10},
				Build:      &assay.Step{Command: []string{"sh", "-c", "make"}, Points: 0.5},
				Tests: []assay.Test{
					{
						Name: "small", Step: assay.Step{Command: []string{"sh", "-c", "python3 fizz.py 15"}, Points: 5}, As: assay.AsStudent,
						Stdout: &assay.Check{Kind: assay.CheckEqual, Text: "1\n2\nFizz\n", Ignore: []assay.Ignore{assay.IgnoreTrailingSpace}},
					},
					{
						Name: "reads stdin", Step: assay.Step{Command: []string{"./a.out", "-x"}, Points: 5}, As: assay.AsStudent, Hidden: true,
						Stdin: []byte("3 4\n"), Exit: &zero, Stdout: &assay.Check{Kind: assay.CheckTokens, Text: "7", Tolerance: 1e-6},
					},
					{
						Name: "style", Step: assay.Step{Command: []string{"sh", "-c", "cd /x\n./grade-style.sh\n"}, Points: 10},
						As: assay.AsGrader, Score: assay.ScoreJSON,
					},
					{
						Name: "more", Step: assay.Step{Command: []string{"sh", "-c", "x"}, Points: 1}, As: assay.AsStudent,
						Stdin: []byte("3 4\n"), Exit: &three,
						Stdout: &assay.Check{Kind: assay.CheckEqual, Ignore: []assay.Ignore{assay.IgnoreCase, assay.IgnoreTrailingSpace}},
						Stderr: &assay.Check{Kind: assay.CheckRegexp, Text: `^error: \d+`},
					},
					{
						Name: "numbers", Step: assay.Step{Command: []string{"sh", "-c", "x"}}, As: assay.AsStudent,
						Stdout: &assay.Check{Kind: assay.CheckTokens, Text: "1\n2\nFizz\n"},
						Stderr: &assay.Check{Kind: assay.CheckContains, Text: "x"},
					},
				},
				Files: []string{"expected/15.txt", "in.txt"},
			},
		},
		{
			name: "what fits into a small disk",
			yaml: `{name: a, image: ./image/Dockerfile, limits: {disk: 1MiB, files: 10}, tests: [{name: a, run: a}]}`,
			want: assay.Grader{
				Name: "a", Image: assay.ImageSource{Dockerfile: "image/Dockerfile"}, Runtime: "runc", Network: "none",
				Limits: func() assay.Limits {
					l := assay.DefaultLimits
					l.Disk, l.Files = 1<<20, 10
					return l
				}(),
				Submission: assay.SubmissionRules{MaxSize: 1 << 20, MaxFiles: 10},
				Tests:      []assay.Test{{Name: "a", Step: assay.Step{Command: []string{"sh", "-c", "a"}, Points: 1}, As: assay.AsStudent}},
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := Load(folder(test.yaml))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// good is a grader without a mistake; cases put one line in.
func good(lines string) string {
	return "name: A\nimage: ./Dockerfile\n" + lines + "tests:\n  - {name: a, run: a}\n"
}

func testWith(keys string) string {
	return "name: A\nimage: ./Dockerfile\ntests:\n- {name: a, run: a, " + keys + "}\n"
}

func TestMistakesAreFoundWithLineAndColumn(t *testing.T) {
	for _, test := range []struct {
		name string
		yaml string
		want []string
	}{
		{"empty", "", []string{"grader.yaml: it is empty"}},
		{"only a comment", "# nothing\n", []string{"grader.yaml: it is empty"}},
		{"not YAML", "name: [a\n", []string{"grader.yaml:1:7: this is not YAML: sequence end token ']' not found"}},
		{"not YAML: tab", "limits:\n\twall: 1s\n", []string{"grader.yaml:2:1: this is not YAML: found character '\\t' that cannot start any token"}},
		{"a list", "- a\n", []string{"grader.yaml:1:1: a grader must be keys with values, not a list"}},
		{"text", "hello\n", []string{"grader.yaml:1:1: a grader must be keys with values, not text"}},
		{"two documents", good("") + "---\nname: B\n", []string{"grader.yaml:6:1: a second document begins here; a grader is one"}},
		{"nothing that is needed", "runtime: runc\n", []string{
			"grader.yaml:1:1: name is missing, for example name: Fizzbuzz",
			"grader.yaml:1:1: image is missing, for example image: ./Dockerfile",
			`grader.yaml:1:1: tests is missing, for example tests: [{name: runs, run: "python3 main.py"}]`,
		}},
		{"everything at once", "nane: A\nimage: ./Dockerfil\nlimits: {wall: 10, memroy: 1GiB, memory: 1TB}\nname: 7\ntests:\n- {name: a, run: a, pints: 3}\n- {name: a, run: b}\n", []string{
			"grader.yaml:1:1: a grader has no key \"nane\"; did you mean name?",
			"grader.yaml:2:8: the Dockerfile \"Dockerfil\" does not exist in the grader's folder",
			"grader.yaml:3:16: wall needs a unit: 10s or 10ms",
			"grader.yaml:3:20: limits has no key \"memroy\"; did you mean memory?",
			"grader.yaml:3:42: memory must be a size such as 256MiB, 64KiB or 100B, not \"1TB\"",
			"grader.yaml:4:7: name must be text, not a number; put it in quotes: \"7\"",
			"grader.yaml:6:21: a test has no key \"pints\"; did you mean points?",
			"grader.yaml:7:10: another test is called \"a\", in line 6; names must differ",
		}},
		{"twice", good("name: B\n"), []string{`grader.yaml:3:1: "name" is already there in line 1`}},
		{"key that is no word", good("1: B\n"), []string{`grader.yaml:3:1: a key must be a word`}},
		{"unlike any key", good("zzzzzzz: 1\n"), []string{`grader.yaml:3:1: a grader has no key "zzzzzzz"; there are build, image, limits, name, network, runtime, submission, tests`}},
		{"hostile key", good("\"a\\e[2J\\u202e\": 1\n"), []string{`grader.yaml:3:1: a grader has no key "a\x1b[2J\u202e"; there are build, image, limits, name, network, runtime, submission, tests`}},
		{"later", testWith("containers: [], needs: x"), []string{"grader.yaml:4:21: containers is not supported yet", "grader.yaml:4:37: needs is not supported yet"}},
		{"later networks", good("network: outbound\n"), []string{"grader.yaml:3:10: network: outbound is not supported yet; leave it out, or write none"}},
		{"no such network", good("network: nnoe\n"), []string{`grader.yaml:3:10: network cannot be "nnoe"; did you mean none?`}},
		{"no runtime", good("runtime: \"; rm\"\n"), []string{`grader.yaml:3:10: runtime must be a name such as runc, not "; rm"`}},

		{"name empty", "name: \" \"\nimage: ./Dockerfile\ntests: [{name: a, run: a}]\n", []string{"grader.yaml:1:7: name is empty"}},
		{"name that does not print", "name: \"a\\u202eb\"\nimage: ./Dockerfile\ntests: [{name: a, run: a}]\n", []string{"grader.yaml:1:7: name has characters that do not print"}},
		{"image out", "name: a\nimage: ../Dockerfile\ntests: [{name: a, run: a}]\n", []string{`grader.yaml:2:8: image must be a path within the grader's folder, not "../Dockerfile"`}},
		{"image absolute", "name: a\nimage: /Dockerfile\ntests: [{name: a, run: a}]\n", []string{`grader.yaml:2:8: image must be a path within the grader's folder, not "/Dockerfile"`}},
		{"image a folder", "name: a\nimage: ./image\ntests: [{name: a, run: a}]\n", []string{`grader.yaml:2:8: the Dockerfile "image" is not a file`}},
		{"image without ./", "name: a\nimage: Dockerfile\ntests: [{name: a, run: a}]\n", []string{`grader.yaml:2:8: "Dockerfile" is not the name of an image (invalid reference format: repository name (library/Dockerfile) must be lowercase); for a file of the grader write ./Dockerfile`}},
		{"image nameless", "name: a\nimage: {}\ntests: [{name: a, run: a}]\n", []string{`grader.yaml:2:8: image must be text, not keys with values`}},

		{"limit of nothing", good("limits: {wall: 0s, memory: 0B, processes: 0}\n"), []string{
			"grader.yaml:3:16: wall must be from 10ms to 1h0m0s, not 0s",
			"grader.yaml:3:28: memory must be from 16MiB to 64GiB, not 0B",
			"grader.yaml:3:43: processes must be from 1 to 32768, not 0",
		}},
		{"limit too high", good("limits: {cpu: 2h, memory: 65GiB, files: 99999999999999999999, disk: 9999999999999999999999GiB}\n"), []string{
			"grader.yaml:3:15: cpu must be from 10ms to 1h0m0s, not 2h",
			"grader.yaml:3:27: memory must be from 16MiB to 64GiB, not 65GiB",
			"grader.yaml:3:41: files must be a whole number, not text",
			"grader.yaml:3:69: disk must be from 64KiB to 16GiB, not 9999999999999999999999GiB",
		}},
		{"limit below nothing", good("limits: {wall: -1s, memory: -5MiB, processes: -1}\n"), []string{
			"grader.yaml:3:16: wall must be from 10ms to 1h0m0s, not -1s",
			"grader.yaml:3:29: memory must be a size such as 256MiB, 64KiB or 100B, not \"-5MiB\"",
			"grader.yaml:3:47: processes must be from 1 to 32768, not -1",
		}},
		{"limit without unit", good("limits: {memory: 256, output: 1.5}\n"), []string{
			"grader.yaml:3:18: memory needs a unit: 256MiB, 256KiB or 256B",
			"grader.yaml:3:31: output needs a unit: 1.5MiB, 1.5KiB or 1.5B",
		}},
		{"limits as a list", good("limits: [wall]\n"), []string{"grader.yaml:3:9: limits must be keys with values, not a list"}},
		{"limit missing", good("limits:\n  wall:\n"), []string{"grader.yaml:4:8: wall must be a time such as 10s, not nothing"}},

		{"submission", good("submission: {include: \"*.py\", max_size: 1GiB, max_files: 1e3}\n"), []string{
			"grader.yaml:3:23: include must be a list, not text",
			"grader.yaml:3:41: max_size must be from 1B to 512MiB, not 1GiB",
			"grader.yaml:3:58: max_files must be a whole number, not text",
		}},
		{"submission pattern", good("submission: {include: [\"[a\"]}\n"), []string{`grader.yaml:3:24: "[a" is not a pattern: a [ needs its ]`}},
		{"submission larger than the disk", good("submission: {max_size: 65MiB, max_files: 10000}\nlimits: {disk: 64MiB, files: 500}\n"), []string{
			"grader.yaml:3:24: max_size is more than limits.disk (64MiB): raise that too",
			"grader.yaml:3:42: max_files is more than limits.files (500): raise that too",
		}},
		{"build without run", good("build: {points: 1}\n"), []string{"grader.yaml:3:8: build has nothing to run, for example run: make"}},
		{"build as text", good("build: make\n"), []string{"grader.yaml:3:8: build must be keys with values, not text"}},

		{"no tests", "name: a\nimage: ./Dockerfile\ntests: []\n", []string{"grader.yaml:3:8: there are no tests"}},
		{"tests as keys", "name: a\nimage: ./Dockerfile\ntests: {a: b}\n", []string{"grader.yaml:3:8: tests must be a list, not keys with values"}},
		{"test as text", "name: a\nimage: ./Dockerfile\ntests:\n- a\n", []string{"grader.yaml:4:3: a test must be keys with values, not text"}},
		{"test without anything", "name: a\nimage: ./Dockerfile\ntests:\n- {points: 1}\n", []string{"grader.yaml:4:3: the test has no name", "grader.yaml:4:3: the test has no run"}},
		{"run empty", "name: a\nimage: ./Dockerfile\ntests:\n- {name: a, run: \"\"}\n- {name: b, run: []}\n- {name: c, run: [\"\"]}\n", []string{
			"grader.yaml:4:18: run is empty", "grader.yaml:5:18: run is empty", "grader.yaml:6:18: run is empty",
		}},
		{"run with a zero byte", "name: a\nimage: ./Dockerfile\ntests:\n- {name: a, run: \"a\\0b\"}\n", []string{"grader.yaml:4:18: run has a zero byte in it, which no command can have"}},
		{"run with a number", "name: a\nimage: ./Dockerfile\ntests:\n- {name: a, run: [./a.out, 010]}\n", []string{`grader.yaml:4:28: an argument must be text, not a number; put it in quotes: "010"`}},
		{"points", testWith("points: -1"), []string{"grader.yaml:4:29: points must be from 0 to 1e+06, not -1"}},
		{"points not a number", testWith("points: .nan"), []string{"grader.yaml:4:29: points must be a number, not a number"}},
		{"points as text", testWith("points: many"), []string{"grader.yaml:4:29: points must be a number, not text"}},
		{"exit", testWith("exit: 256"), []string{"grader.yaml:4:27: exit must be from 0 to 255, not 256"}},
		{"as", testWith("as: root"), []string{`grader.yaml:4:25: as cannot be "root"; there are student, grader`}},
		{"visibility", testWith("visibility: hiden"), []string{`grader.yaml:4:33: visibility cannot be "hiden"; did you mean hidden?`}},
		{"visibility later", testWith("visibility: after-due-date"), []string{`grader.yaml:4:33: visibility: after-due-date is not supported yet; write visible or hidden`}},
		{"score of a student", testWith("score: json"), []string{"grader.yaml:4:28: score: json needs as: grader, for a student could print any score"}},
		{"score and checks", testWith("as: grader, score: json, exit: 0, stdout: {equal: a}"), []string{
			"grader.yaml:4:52: exit cannot be checked where the program itself gives the score",
			"grader.yaml:4:63: stdout cannot be checked where the program itself gives the score",
		}},
		{"stdin", testWith("stdin: abc"), []string{"grader.yaml:4:28: stdin must be keys with values, not text"}},
		{"stdin twice", testWith("stdin: {text: a, file: in.txt}"), []string{"grader.yaml:4:28: stdin needs text or file, one of them"}},
		{"stdout as text", testWith("stdout: abc"), []string{`grader.yaml:4:29: stdout needs to know how to compare, for example stdout: {equal: "abc"}`}},
		{"stdout without a check", testWith("stdout: {ignore: case}"), []string{"grader.yaml:4:29: stdout needs one of equal, file, tokens, contains and regexp, not 0 of them"}},
		{"stdout with two checks", testWith("stdout: {equal: a, contains: a}"), []string{"grader.yaml:4:29: stdout needs one of equal, file, tokens, contains and regexp, not 2 of them"}},
		{"stdout later", testWith("stdout: {unordered: a}"), []string{"grader.yaml:4:29: stdout needs one of equal, file, tokens, contains and regexp, not 0 of them", "grader.yaml:4:30: unordered is not supported yet"}},
		{"ignore", testWith("stdout: {equal: a, ignore: [case, spaces]}"), []string{`grader.yaml:4:55: ignore cannot be "spaces"; there are trailing-space, case`}},
		{"ignore with tokens", testWith("stdout: {tokens: a, ignore: case}"), []string{"grader.yaml:4:49: ignore goes with equal and file only"}},
		{"tolerance with equal", testWith("stdout: {equal: a, tolerance: 1}"), []string{"grader.yaml:4:51: tolerance goes with tokens only"}},
		{"contains nothing", testWith("stdout: {contains: \"\"}"), []string{"grader.yaml:4:29: contains is empty, so every output would pass"}},
		{"regexp", testWith("stdout: {regexp: \"(\"}"), []string{"grader.yaml:4:38: the regular expression cannot be used: error parsing regexp: missing closing ): `(`"}},
		{"file missing", testWith("stdout: {file: expected/16.txt}"), []string{`grader.yaml:4:36: the file "expected/16.txt" does not exist in the grader's folder`}},
		{"file out", testWith("stdout: {file: ../../etc/shadow}"), []string{`grader.yaml:4:36: file must be a path within the grader's folder, not "../../etc/shadow"`}},
		{"file absolute", testWith("stdin: {file: /etc/shadow}"), []string{`grader.yaml:4:35: file must be a path within the grader's folder, not "/etc/shadow"`}},
		{"file a link", testWith("stdin: {file: link.txt}"), []string{`grader.yaml:4:35: the file "link.txt" is a link or lies behind one; put the file itself there`}},
		{"file behind a link", testWith("stdin: {file: way/15.txt}"), []string{`grader.yaml:4:35: the file "way/15.txt" is a link or lies behind one; put the file itself there`}},
		{"file a folder", testWith("stdin: {file: expected}"), []string{`grader.yaml:4:35: the file "expected" is not a file`}},
		{"file too large", testWith("stdin: {file: large.txt}"), []string{`grader.yaml:4:35: the file "large.txt" has 4194305 bytes, at most 4194304 are read`}},

		{"anchor", "name: &a A\nimage: *a\n", []string{`grader.yaml:1:7: anchors and aliases (& * <<) are not allowed; write it out, or put text that begins with "&" in quotes`}},
		{"merge", good("limits:\n  <<: {wall: 1s}\n"), []string{`grader.yaml:4:3: anchors and aliases (& * <<) are not allowed; write it out, or put text that begins with "<<" in quotes`}},
		{"tag", "name: !!binary A\n", []string{`grader.yaml:1:7: tags and directives are not allowed; put text that begins with "!" in quotes`}},
		{"deep list", strings.Repeat("[", 100000), []string{"grader.yaml:1:17: this is nested too deeply"}},
		{"deep keys", "a: " + strings.Repeat("{a: ", 100000), []string{"grader.yaml:1:68: this is nested too deeply"}},
		{"deep entries", strings.Repeat("- ", 100000), []string{"grader.yaml:1:33: this is nested too deeply"}},
		{"many keys", strings.Repeat("a:\n", 200_000), []string{"grader.yaml:25001:1: this has more than 50000 words and signs; put long texts into files"}},
		{"deep questions", strings.Repeat("? ", 100000), []string{"grader.yaml:1:33: this is nested too deeply"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Load(folder(test.yaml))
			var found assay.Diagnostics
			if !errors.As(err, &found) {
				t.Fatalf("the error is not diagnostics: %v", err)
			}
			if diff := cmp.Diff(test.want, strings.Split(err.Error(), "\n")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatIsRepeatedIsBounded(t *testing.T) {
	var many strings.Builder
	many.WriteString("name: A\nimage: ./Dockerfile\ntests:\n")
	for i := range 2000 {
		fmt.Fprintf(&many, "- {name: t%d, run: x, oops: 1, stdin: {file: in.txt}}\n", i)
	}
	_, err := Load(folder(many.String()))
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != maxFindings+1 || lines[maxFindings] != "grader.yaml: and 951 more" {
		t.Errorf("%d findings, the last one %s", len(lines), lines[len(lines)-1])
	}

	grader := folder("name: A\nimage: ./Dockerfile\ntests:\n" +
		strings.Repeat("- {name: a, run: a, stdin: {file: large.txt}}\n", 1))
	grader["large.txt"] = &fstest.MapFile{Data: make([]byte, maxNamedFile)}
	var tests strings.Builder
	for i := range 5 {
		fmt.Fprintf(&tests, "- {name: t%d, run: x, stdin: {file: large.txt}}\n", i)
	}
	grader["grader.yaml"] = &fstest.MapFile{Data: []byte("name: A\nimage: ./Dockerfile\ntests:\n" + tests.String())}
	if _, err := Load(grader); err == nil || err.Error() != "grader.yaml:8:36: the files that tests name have more than 16MiB in all" {
		t.Errorf("got %v", err)
	}

	grader["grader.yaml"] = &fstest.MapFile{Data: make([]byte, maxYAML+1)}
	if _, err := Load(grader); assay.CodeOf(err) != assay.Invalid || err.Error() != "grader.yaml has 1048577 bytes, at most 1048576 are read" {
		t.Errorf("got %v", err)
	}
}

func TestRootFindsTheGrader(t *testing.T) {
	file := &fstest.MapFile{Data: []byte("x")}
	for _, test := range []struct {
		name   string
		folder fstest.MapFS
		want   string // part of the error; empty when it is found
	}{
		{"at the top", fstest.MapFS{"grader.yaml": file, "a/b": file}, ""},
		{"one folder down", fstest.MapFS{"fizz/grader.yaml": file, ".git/x": file}, ""},
		{"two folders down", fstest.MapFS{"a/b/grader.yaml": file}, "there is no grader.yaml"},
		{"in one of two folders", fstest.MapFS{"a/grader.yaml": file, "b/x": file}, "there is no grader.yaml"},
		{"beside a file", fstest.MapFS{"a/grader.yaml": file, "x": file}, "there is no grader.yaml"},
		{"another ending", fstest.MapFS{"grader.yml": file}, "rename it to grader.yaml"},
		{"nowhere", fstest.MapFS{}, "there is no grader.yaml"},
	} {
		t.Run(test.name, func(t *testing.T) {
			root, err := Root(test.folder)
			if test.want != "" {
				if assay.CodeOf(err) != assay.Invalid || !strings.Contains(err.Error(), test.want) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, err := fs.Stat(root, FileName); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSamples(t *testing.T) {
	file := &fstest.MapFile{Data: []byte("x")}
	got, err := Samples(fstest.MapFS{"submissions/late.zip": file, "submissions/correct/a.py": file, "submissions/.git/x": file, "x": file})
	if diff := cmp.Diff([]string{"correct", "late.zip"}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if got, err := Samples(fstest.MapFS{"x": file}); len(got) != 0 || err != nil {
		t.Error(got, err)
	}
}

func TestTheContextHasNothingThatStudentsMustNotSee(t *testing.T) {
	skip := ContextSkip(&assay.Grader{Files: []string{"expected/1.txt"}})
	for name, want := range map[string]bool{
		"grader.yaml": true, "submissions": true, "expected/1.txt": true, "./expected/1.txt": true,
		"expected": false, "Dockerfile": false, "image/grader.yaml": false, "grade.py": false,
	} {
		if skip(name) != want {
			t.Errorf("skip(%q) = %v", name, !want)
		}
	}
}

func TestAFolderOnDiskIsReadBeneath(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("grader.yaml", "name: A\nimage: ./Dockerfile\ntests:\n- {name: a, run: a, stdin: {file: secret}}\n")
	write("Dockerfile", "FROM scratch\n")
	if err := os.Symlink("/etc/shadow", filepath.Join(dir, "secret")); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if _, err := Load(root.FS()); err == nil || !strings.Contains(err.Error(), "is a link") {
		t.Errorf("got %v", err)
	}
}

// FuzzLoad holds every outcome to what callers rely on: diagnostics that are
// short, printable and have a place, or a grader that is within the limits.
func FuzzLoad(f *testing.F) {
	f.Add(good("limits: {wall: 1s}\nbuild: {run: make}\n"))
	f.Add(testWith("stdin: {text: a}, stdout: {tokens: \"1 2\", tolerance: 0.1}, exit: 3, as: grader, score: json"))
	f.Add("name: &a [*a]\n")
	f.Add("? - a\n: |\n  x\n---\n{}")
	f.Fuzz(func(t *testing.T, yaml string) {
		g, err := Load(folder(yaml))
		if err != nil {
			var found assay.Diagnostics
			if !errors.As(err, &found) || len(found) == 0 {
				t.Fatalf("not diagnostics: %v", err)
			}
			for _, d := range found {
				if d.File != FileName || d.Line < 0 || d.Column < 0 || len(d.Message) > 1500 {
					t.Fatalf("%+v", d)
				}
				for _, c := range d.Message {
					if c < ' ' || c == '\u202e' || c == '\x7f' {
						t.Fatalf("%q has %U", d.Message, c)
					}
				}
			}
			return
		}
		high := assay.MaxLimits
		if l := g.Limits; g.Name == "" || len(g.Tests) == 0 || (g.Image.Dockerfile == "") == (g.Image.Reference == "") ||
			l.Wall <= 0 || l.Wall > high.Wall || l.Memory <= 0 || l.Memory > high.Memory || l.Disk <= 0 || l.Disk > high.Disk ||
			g.Submission.MaxSize <= 0 || g.Submission.MaxSize > l.Disk || g.MaxScore() < 0 {
			t.Fatalf("%+v", g)
		}
		for _, test := range g.Tests {
			if test.Name == "" || len(test.Command) == 0 || test.Command[0] == "" {
				t.Fatalf("%+v", test)
			}
			for _, c := range []*assay.Check{test.Stdout, test.Stderr} {
				if c != nil && c.Validate() != nil {
					t.Fatalf("%+v: %v", c, c.Validate())
				}
			}
		}
	})
}

// TestTheReferenceIsTrue loads what docs/grader-yaml.md shows.
func TestTheReferenceIsTrue(t *testing.T) {
	doc, err := os.ReadFile("../../docs/grader-yaml.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(doc), "```yaml\n")
	loaded := 0
	for _, block := range blocks[1:] {
		yaml, _, _ := strings.Cut(block, "```")
		switch {
		case strings.HasPrefix(yaml, "name:"): // a whole grader
		case strings.HasPrefix(yaml, "- "): // a test
			yaml = "name: A\nimage: ./Dockerfile\ntests:\n" + yaml
		case strings.HasPrefix(yaml, "run:"): // a command
			yaml = "name: A\nimage: ./Dockerfile\ntests: [{name: a, run: a}]\nbuild:\n  " + strings.ReplaceAll(yaml, "\n", "\n  ")
		default: // a key at the top
			yaml = good(yaml)
		}
		if _, err := Load(folder(yaml)); err != nil {
			t.Errorf("%v in\n%s", err, yaml)
		}
		loaded++
	}
	if loaded < 6 {
		t.Errorf("only %d examples were found", loaded)
	}
	for _, key := range []string{
		"name", "image", "runtime", "network", "limits", "submission", "build", "tests", "include", "max_size", "max_files",
		"wall", "cpu", "memory", "processes", "output", "disk", "files", "run", "points", "stdin", "exit", "stdout", "visibility", "as", "score",
	} {
		if !strings.Contains(string(doc), "\n| `"+key+"`") {
			t.Errorf("%s is not explained", key)
		}
	}
}
