package assay

import "time"

// State is where a job or a build is on its way.
type State string

// The states there are. Done, Failed and Cancelled are final: Done has a
// result whatever the score, Failed is an infrastructure failure.
const (
	Queued    State = "queued"
	Starting  State = "starting" // a worker has it: fetching, image, sandbox
	Running   State = "running"
	Done      State = "done"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// Final reports whether nothing follows s.
func (s State) Final() bool { return s == Done || s == Failed || s == Cancelled }

// Verdict is how a job or a test ended.
type Verdict string

// The verdicts there are.
const (
	Passed         Verdict = "passed"
	Partial        Verdict = "partial"
	Wrong          Verdict = "failed"
	Timeout        Verdict = "timeout" // wall or CPU time; the message says which
	OutOfMemory    Verdict = "memory"
	TooMuchOutput  Verdict = "output"
	DiskFull       Verdict = "disk"
	TooManyProcs   Verdict = "processes"
	Crashed        Verdict = "crashed"        // ended by a signal that we did not send
	Rejected       Verdict = "rejected"       // the submission or the grader cannot be used
	Infrastructure Verdict = "infrastructure" // our fault, or the machine's: never a score
)

// Priority orders the queue.
type Priority string

// The priorities there are, the first first.
const (
	High   Priority = "high"
	Normal Priority = "normal"
	Low    Priority = "low"
)

// Priorities in the order in which workers take them.
var Priorities = [...]Priority{High, Normal, Low}

// DefaultPool is the pool of workers that are told nothing else, and the only
// one that a hub knows so far.
const DefaultPool = "main"

// MaxAttempts is how often a job is tried before it fails for good.
const MaxAttempts = 3

// Job is one grading of one submission by one grader.
type Job struct {
	ID         string     `json:"id"`
	Number     int64      `json:"number" doc:"Short name for people: counts up over all courses"`
	Course     string     `json:"course" doc:"The course's id"`
	Grader     string     `json:"grader" doc:"The grader's id"`
	GraderName string     `json:"grader_name"`
	Files      Digest     `json:"files" doc:"Digest of the grader's files, as they were when the job was accepted"`
	Submission Digest     `json:"submission" doc:"Digest of the submission's files"`
	Label      string     `json:"label" doc:"What the submitter calls the submission: a student, a file name, a sample"`
	Priority   Priority   `json:"priority" enum:"high,normal,low"`
	Runtime    string     `json:"runtime"`
	State      State      `json:"state" enum:"queued,starting,running,done,failed,cancelled"`
	Attempt    int        `json:"attempt" doc:"How many attempts have begun"`
	Worker     string     `json:"worker,omitempty" doc:"The worker of the newest attempt"`
	Verdict    Verdict    `json:"verdict,omitempty" enum:"passed,partial,failed,timeout,memory,output,disk,processes,crashed,rejected,infrastructure"`
	Score      float64    `json:"score"`
	MaxScore   float64    `json:"max_score"`
	Message    string     `json:"message,omitempty" doc:"Why there is no result, and what to do"`
	By         string     `json:"by" doc:"Who submitted it"`
	CreatedAt  time.Time  `json:"created_at"`
	StartedAt  *time.Time `json:"started_at,omitempty"`
	EndedAt    *time.Time `json:"ended_at,omitempty"`
}

// Ticket is the message that stands for a job in the queue.
type Ticket struct {
	Job        string   `json:"job"`
	Pool       string   `json:"pool"`
	Priority   Priority `json:"priority" enum:"high,normal,low"`
	Files      Digest   `json:"files"`
	Submission Digest   `json:"submission"`
	Runtime    string   `json:"runtime"`
	Course     string   `json:"course"`
	GraderName string   `json:"grader_name"`
	Label      string   `json:"label"`
	Number     int64    `json:"number"`
}

// Attempt is one try at a job on one worker. The hub gives it out when a
// worker begins; only an outcome that carries the newest attempt's token is
// recorded.
type Attempt struct {
	Job    string `json:"job"`
	Number int    `json:"number"`
	Worker string `json:"worker"`
	Token  string `json:"token"`
}

// Outcome is what a worker reports when an attempt has ended.
type Outcome struct {
	Job    string  `json:"job"`
	Token  string  `json:"token"`
	Worker string  `json:"worker"`
	State  State   `json:"state" doc:"done, failed or cancelled; queued when the worker gives the job back untried"`
	Result *Result `json:"result,omitempty"`
}

// GivenBack reports whether the worker was told to end before the attempt
// had: the job waits again, and the attempt does not count.
func (o Outcome) GivenBack() bool { return o.State == Queued }

// Progress is what a worker tells while it works on a job. It may be lost;
// nothing is decided by it.
type Progress struct {
	Job   string      `json:"job"`
	Stage Stage       `json:"stage" enum:"queued,image,sandbox,files,build,tests"`
	Test  int         `json:"test,omitempty" doc:"Index of the test that is running, from 0"`
	Done  *TestResult `json:"done,omitempty" doc:"A test that has just ended"`
	Log   string      `json:"log,omitempty" doc:"A line of the image's build"`
	At    time.Time   `json:"at"`
}

// Stage names a part of a job's way; the timeline has one moment each.
type Stage string

// The stages there are, in order.
const (
	StageQueued  Stage = "queued"  // accepted → taken by a worker
	StageImage   Stage = "image"   // files fetched, image there
	StageSandbox Stage = "sandbox" // a sandbox is taken or made
	StageFiles   Stage = "files"   // the submission is in it
	StageBuild   Stage = "build"   // the compile step
	StageTests   Stage = "tests"
)

// Moment is one stage of a job and how long it took.
type Moment struct {
	Stage  Stage   `json:"stage" enum:"queued,image,sandbox,files,build,tests"`
	Millis float64 `json:"ms"`
	Detail string  `json:"detail,omitempty" doc:"For example: parked sandbox, image cached"`
}

// Result is what grading a submission gave.
type Result struct {
	Verdict  Verdict      `json:"verdict" enum:"passed,partial,failed,timeout,memory,output,disk,processes,crashed,rejected,infrastructure"`
	Score    float64      `json:"score"`
	MaxScore float64      `json:"max_score"`
	Message  string       `json:"message,omitempty" doc:"In one sentence: why it was rejected or what went wrong"`
	Build    *TestResult  `json:"build,omitempty" doc:"The compile step"`
	Tests    []TestResult `json:"tests"`
	Usage    Usage        `json:"usage"`
	Image    string       `json:"image,omitempty" doc:"Digest of the image it ran in"`
	Runtime  string       `json:"runtime,omitempty"`
	Timeline []Moment     `json:"timeline,omitempty"`
}

// TestResult is how one test (or the compile step) ended.
type TestResult struct {
	Name      string  `json:"name"`
	Verdict   Verdict `json:"verdict" enum:"passed,partial,failed,timeout,memory,output,disk,processes,crashed,rejected,infrastructure"`
	Points    float64 `json:"points"`
	MaxPoints float64 `json:"max_points"`
	Hidden    bool    `json:"hidden,omitempty"`
	Message   string  `json:"message,omitempty" doc:"Why it failed: the first difference, the limit and how much was used"`
	Command   string  `json:"command,omitempty"`
	Exit      *int    `json:"exit,omitempty" doc:"Absent when it was ended by a signal"`
	Signal    string  `json:"signal,omitempty" doc:"For example SIGSEGV"`
	Stdin     string  `json:"stdin,omitempty"`
	Stdout    string  `json:"stdout,omitempty" doc:"The first 64 KiB, made valid UTF-8"`
	Stderr    string  `json:"stderr,omitempty" doc:"The first 64 KiB, made valid UTF-8"`
	Cut       bool    `json:"cut,omitempty" doc:"Whether stdout or stderr is longer than what is here"`
	Expected  *string `json:"expected,omitempty" doc:"What stdout was compared with, when the check has a text to compare with"`
	Usage     Usage   `json:"usage"`
}

// Usage is what a step or a whole job consumed.
type Usage struct {
	WallMS float64 `json:"wall_ms"`
	CPUMS  float64 `json:"cpu_ms"`
	Memory int64   `json:"memory_bytes" doc:"Peak; of a test: of its largest process; of a job: of the sandbox"`
	Output int64   `json:"output_bytes"`
}

// Conclude derives the verdict and the score of a result from its parts: all
// passed → passed; some points → partial; else the verdict that all failing
// tests share (for example timeout), or failed.
func (r *Result) Conclude() {
	steps := r.Tests
	if r.Build != nil {
		steps = append([]TestResult{*r.Build}, steps...)
	}
	r.Score = 0
	var shared Verdict
	passed := true
	for _, t := range steps {
		r.Score += t.Points
		if t.Verdict == Passed {
			continue
		}
		switch {
		case passed:
			shared = t.Verdict
		case shared != t.Verdict:
			shared = Wrong
		}
		passed = false
	}
	switch {
	case passed:
		r.Verdict = Passed
	case r.Score > 0:
		r.Verdict = Partial
	case shared == Partial:
		r.Verdict = Wrong
	default:
		r.Verdict = shared
	}
}
