package main

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assay-project/assay/internal/assay"
)

func TestTheTableSaysWhereItFailed(t *testing.T) {
	one := 1
	r := &assay.Result{
		Verdict: assay.Partial, Score: 7.333333, MaxScore: 10,
		Build: &assay.TestResult{Name: "build", Verdict: assay.Passed, Points: 1, MaxPoints: 1, Usage: assay.Usage{WallMS: 1234, Memory: 21 << 20}},
		Tests: []assay.TestResult{
			{Name: "small", Verdict: assay.Passed, Points: 6.333333, MaxPoints: 7, Stderr: "not shown", Usage: assay.Usage{WallMS: 12.4, Memory: 8<<20 + 300<<10}},
			{Name: "large", Verdict: assay.Wrong, MaxPoints: 2, Hidden: true, Exit: &one, Message: "line 3: expected \"Fizz\", got \"3\"\nand more", Stderr: "1\n2\n3\n4\n\tValueError\n"},
		},
		Timeline: []assay.Moment{{Stage: assay.StageImage, Millis: 2, Detail: "image cached"}, {Stage: assay.StageTests, Millis: 1500}},
	}
	want := `
Fizzbuzz

     TEST            POINTS    VERDICT  TIME   MEMORY
  ✓  build           1 / 1     passed   1.2 s  21 MiB
  ✓  small           6.33 / 7  passed   12 ms  8.3 MiB
  ✗  large (hidden)  0 / 2     failed   0 ms   –
      line 3: expected "Fizz", got "3"
      and more
      exit status 1
      | 2
      | 3
      | 4
      |     ValueError

partial: 7.33 of 10 points
took 1.5 s: image 2 ms (image cached), tests 1.5 s
`
	var got bytes.Buffer
	printResult(&got, &assay.Grader{Name: "Fizzbuzz"}, r)
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Error(diff)
	}
}

func TestNothingHostileReachesTheTerminal(t *testing.T) {
	const evil = "\x1b]0;owned\x07\x1b[2J\u202e\u009b31m\r<b>\x00\xff\nsecond\x1b[A"
	long := strings.Repeat(evil, 10000)
	for _, text := range []string{evil, long} {
		r := &assay.Result{
			Verdict: assay.Wrong, Message: text,
			Tests:    []assay.TestResult{{Name: text, Verdict: assay.Crashed, Message: text, Stderr: text, Stdout: text, Signal: text}},
			Timeline: []assay.Moment{{Stage: assay.StageImage, Detail: text}},
		}
		var got bytes.Buffer
		printResult(&got, &assay.Grader{Name: text}, r)
		plain := newProgress(&got, &assay.Grader{Tests: []assay.Test{{Name: "a"}}})
		plain.report(assay.Progress{Stage: assay.StageImage, Log: text})
		terminal := &progress{w: &got, width: 80, grader: plain.grader}
		terminal.report(assay.Progress{Stage: assay.StageImage, Log: text})
		terminal.clear()
		terminal.showTail()
		printError(&got, assay.Errorf(assay.Invalid, "%s", text))
		printError(&got, assay.Diagnostics{{File: "grader.yaml", Line: 1, Message: text}})
		shown := strings.ReplaceAll(got.String(), "\r\x1b[K", "") // our own
		for _, r := range shown {
			if r != '\n' && !strconv.IsPrint(r) {
				t.Fatalf("%U reaches the terminal in %q", r, shown[:min(len(shown), 2000)])
			}
		}
		if len(shown) > 64<<10 {
			t.Errorf("%d bytes reach the terminal", len(shown))
		}
	}
}
