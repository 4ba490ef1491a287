package assay

import "time"

// Grader is what grader.yaml says, checked and with its defaults filled in:
// everything a worker must know to grade a submission. Files that it names
// (expected outputs, stdin) are already read.
type Grader struct {
	Name       string          `json:"name"`
	Image      ImageSource     `json:"image"`
	Runtime    string          `json:"runtime" doc:"How the sandbox is isolated; runc for now"`
	Network    Network         `json:"network"`
	Limits     Limits          `json:"limits"`
	Submission SubmissionRules `json:"submission"`
	Build      *Step           `json:"build,omitempty" doc:"A compile step; failing it ends the job"`
	Tests      []Test          `json:"tests"`
	Files      []string        `json:"files,omitempty" doc:"Paths of the files that tests name (expected outputs, stdin); they stay out of the image"`
}

// MaxScore is the sum of the points of all tests and of the compile step.
func (g *Grader) MaxScore() float64 {
	var sum float64
	if g.Build != nil {
		sum += g.Build.Points
	}
	for _, t := range g.Tests {
		sum += t.Points
	}
	return sum
}

// ImageSource is where a grader's image comes from; exactly one is set.
type ImageSource struct {
	Dockerfile string `json:"dockerfile,omitempty" doc:"Path of a Dockerfile within the grader's folder, whose directory is the build context"`
	Reference  string `json:"reference,omitempty" doc:"An image by name or digest"`
}

// Network says what a sandbox can reach.
type Network string

// The networks there are; only none exists so far.
const NetworkNone Network = "none"

// Limits bound a sandbox. Wall and CPU hold for each step (the compile step
// or one test) apart; the others for the sandbox as a whole.
type Limits struct {
	Wall      time.Duration `json:"wall" doc:"Elapsed time of one step, in nanoseconds"`
	CPU       time.Duration `json:"cpu" doc:"CPU time of one step over all its processes, in nanoseconds"`
	Memory    int64         `json:"memory" doc:"Bytes of memory, files in the work directory included; swap is off"`
	Processes int           `json:"processes" doc:"Processes and threads at one time"`
	Output    int64         `json:"output" doc:"Bytes that one step may write to stdout and stderr together"`
	Disk      int64         `json:"disk" doc:"Bytes in the work directory, and as many again in /tmp"`
	Files     int           `json:"files" doc:"Files and folders in the work directory"`
}

// DefaultLimits is what a grader gets that names no limits.
var DefaultLimits = Limits{
	Wall: 10 * time.Second, CPU: 10 * time.Second, Memory: 256 << 20,
	Processes: 64, Output: 1 << 20, Disk: 64 << 20, Files: 10000,
}

// MaxLimits is what no grader may exceed.
var MaxLimits = Limits{
	Wall: time.Hour, CPU: time.Hour, Memory: 64 << 30,
	Processes: 32768, Output: 64 << 20, Disk: 16 << 30, Files: 1_000_000,
}

// SubmissionRules say which files a grader accepts.
type SubmissionRules struct {
	Include  []string `json:"include,omitempty" doc:"Patterns of path.Match over base names or whole paths; empty takes all"`
	MaxSize  int64    `json:"max_size" doc:"Bytes after unpacking"`
	MaxFiles int      `json:"max_files"`
}

// DefaultSubmissionRules is what a grader gets that says nothing.
var DefaultSubmissionRules = SubmissionRules{MaxSize: 10 << 20, MaxFiles: 1000}

// Step is a command run in the sandbox.
type Step struct {
	Command []string `json:"command" doc:"Argument vector; a string in grader.yaml becomes sh -c STRING"`
	Points  float64  `json:"points"`
}

// Identity is whom a test's command runs as.
type Identity string

// The identities there are.
const (
	AsStudent Identity = "student" // the student's uid, in the work directory
	AsGrader  Identity = "grader"  // the grader's own uid, in the grader's folder, which students cannot read
)

// Test is one thing a grader tries.
type Test struct {
	Name   string   `json:"name"`
	Step            // what is run, and for how many points
	As     Identity `json:"as"`
	Stdin  []byte   `json:"stdin,omitempty"`
	Exit   *int     `json:"exit,omitempty" doc:"The exit status asked for; absent means 0 unless the output is checked"`
	Stdout *Check   `json:"stdout,omitempty"`
	Stderr *Check   `json:"stderr,omitempty"`
	Score  Scoring  `json:"score,omitempty"`
	Hidden bool     `json:"hidden,omitempty" doc:"The student learns neither input nor output"`
}

// Scoring is how a test that runs as the grader gives its score.
type Scoring string

// ScoreJSON reads the score from the last line of stdout that is a JSON
// object: {"score", "max_score"?, "message"?, "tests"?: [{"name", "score",
// "max_score"?, "message"?}]}. A score without max_score is a share, 0…1; a
// missing score is the sum of the tests.
const ScoreJSON Scoring = "json"
