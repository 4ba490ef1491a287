package assay

import "time"

// Image is a named Dockerfile with its context files.
type Image struct {
	ID        string    `json:"id"`
	Course    string    `json:"course"`
	Name      string    `json:"name" doc:"Lower-case letters, digits, - _ and ., at most 63 characters"`
	Revision  int       `json:"revision" doc:"The newest revision's number, from 1"`
	Digest    string    `json:"digest,omitempty" doc:"What the newest successful build yielded"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Revision is one saved state of an image.
type Revision struct {
	Image      string    `json:"image"`
	Number     int       `json:"number"`
	Dockerfile string    `json:"dockerfile"`
	By         string    `json:"by"`
	CreatedAt  time.Time `json:"created_at"`
}

// Build is one build of a revision.
type Build struct {
	ID        string      `json:"id"`
	Course    string      `json:"course"`
	Image     string      `json:"image"`
	ImageName string      `json:"image_name"`
	Revision  int         `json:"revision"`
	State     State       `json:"state" enum:"queued,starting,running,done,failed,cancelled"`
	Digest    string      `json:"digest,omitempty"`
	Message   string      `json:"message,omitempty" doc:"Why it failed, and what to do"`
	Line      int         `json:"line,omitempty" doc:"The line of the Dockerfile at which it failed"`
	Steps     []BuildStep `json:"steps"`
	By        string      `json:"by"`
	CreatedAt time.Time   `json:"created_at"`
	StartedAt *time.Time  `json:"started_at,omitempty"`
	EndedAt   *time.Time  `json:"ended_at,omitempty"`
}

// BuildStep is one step of a build, as BuildKit reports it.
type BuildStep struct {
	ID     string    `json:"id" doc:"BuildKit's vertex digest"`
	Name   string    `json:"name" doc:"For example: [2/3] RUN make"`
	Line   int       `json:"line,omitempty" doc:"First line of its instruction, from 1"`
	State  StepState `json:"state" enum:"waiting,running,cached,done,failed"`
	Millis float64   `json:"ms" doc:"How long it has run"`
	Error  string    `json:"error,omitempty"`
}

// StepState is where a step of a build is.
type StepState string

// The states of a step.
const (
	StepWaiting StepState = "waiting"
	StepRunning StepState = "running"
	StepCached  StepState = "cached"
	StepDone    StepState = "done"
	StepFailed  StepState = "failed"
)

// BuildProgress is news of a running build: a step that changed, or log text
// of a step. It may be lost; the build's row has the steps at the end.
type BuildProgress struct {
	Build string     `json:"build"`
	Step  *BuildStep `json:"step,omitempty"`
	Log   *BuildLog  `json:"log,omitempty"`
}

// BuildLog is output of one step.
type BuildLog struct {
	Step string `json:"step" doc:"The step's id"`
	Text string `json:"text"`
}

// BuildTicket is the message that stands for a build in the queue.
type BuildTicket struct {
	Build      string `json:"build"`
	Course     string `json:"course"`
	Name       string `json:"name"`
	Dockerfile string `json:"dockerfile"`
}

// BuildOutcome is what a worker reports when a build has ended. Log is
// everything the steps printed, at most MaxBuildLog bytes of it.
type BuildOutcome struct {
	Build   string      `json:"build"`
	State   State       `json:"state" enum:"queued,starting,running,done,failed,cancelled"`
	Digest  string      `json:"digest,omitempty"`
	Message string      `json:"message,omitempty"`
	Line    int         `json:"line,omitempty"`
	Steps   []BuildStep `json:"steps"`
	Log     string      `json:"log"`
}

// MaxBuildLog is how many bytes of a build's log are kept.
const MaxBuildLog = 512 << 10
