package assay

import "testing"

func TestConclude(t *testing.T) {
	step := func(v Verdict, points float64) TestResult {
		return TestResult{Verdict: v, Points: points, MaxPoints: 2}
	}
	build := func(v Verdict, points float64) *TestResult { s := step(v, points); return &s }
	for _, test := range []struct {
		name    string
		build   *TestResult
		tests   []TestResult
		verdict Verdict
		score   float64
	}{
		{"all passed", build(Passed, 2), []TestResult{step(Passed, 2), step(Passed, 0)}, Passed, 4},
		{"some passed", nil, []TestResult{step(Passed, 2), step(Timeout, 0)}, Partial, 2},
		{"one has a part", nil, []TestResult{step(Partial, 0.5)}, Partial, 0.5},
		{"a part of nothing", nil, []TestResult{step(Partial, 0)}, Wrong, 0},
		{"all alike", nil, []TestResult{step(Timeout, 0), step(Timeout, 0)}, Timeout, 0},
		{"passed ones without points", nil, []TestResult{step(Passed, 0), step(Crashed, 0)}, Crashed, 0},
		{"not alike", nil, []TestResult{step(Timeout, 0), step(OutOfMemory, 0)}, Wrong, 0},
		{"alike again", nil, []TestResult{step(Timeout, 0), step(Crashed, 0), step(Wrong, 0)}, Wrong, 0},
		{"compile step", build(Wrong, 0), nil, Wrong, 0},
		{"compile step out of time", build(Timeout, 0), []TestResult{}, Timeout, 0},
		{"compile step alone has points", build(Passed, 2), []TestResult{step(Crashed, 0)}, Partial, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := Result{Build: test.build, Tests: test.tests, Score: 99}
			r.Conclude()
			if r.Verdict != test.verdict || r.Score != test.score {
				t.Errorf("got %s, %v points; want %s, %v", r.Verdict, r.Score, test.verdict, test.score)
			}
		})
	}
}

func TestMaxScoreCountsTheCompileStep(t *testing.T) {
	g := Grader{Tests: []Test{{Step: Step{Points: 2}}, {Step: Step{Points: 0.5}}}}
	if got := g.MaxScore(); got != 2.5 {
		t.Errorf("without compile step: %v", got)
	}
	g.Build = &Step{Points: 1}
	if got := g.MaxScore(); got != 3.5 {
		t.Errorf("with compile step: %v", got)
	}
}

func TestFinalStates(t *testing.T) {
	for state, final := range map[State]bool{Queued: false, Starting: false, Running: false, Done: true, Failed: true, Cancelled: true} {
		if state.Final() != final {
			t.Errorf("%s: %v", state, !final)
		}
	}
}
