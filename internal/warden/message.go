package warden

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// Paths inside a sandbox.
const (
	Path      = "/.assay/warden" // where the warden is
	WorkDir   = "/work"          // the student's, and HOME
	GraderDir = "/grader"        // the grader's; students cannot enter it
)

// Hello tells the warden whom it serves.
type Hello struct {
	Version int   `json:"version"`
	Student int   `json:"student"` // uid and gid of the student's programs
	Grader  int   `json:"grader"`  // uid and gid of the grader's programs
	Disk    int64 `json:"disk"`    // bytes that may lie in the work directory
	Files   int   `json:"files"`   // entries that may lie in the work directory
}

// Ready answers Hello.
type Ready struct {
	Version int `json:"version"`
}

// Owner says whose something is.
type Owner string

// The owners there are.
const (
	Student Owner = "student"
	Grader  Owner = "grader"
)

// Put unpacks the tar stream that follows it: regular files and folders
// alone, into the owner's directory.
type Put struct {
	Owner Owner `json:"owner"`
}

// Run starts a program and watches it until nothing of it is left.
type Run struct {
	Argv   []string `json:"argv"`
	Env    []string `json:"env,omitempty"` // beside the image's
	As     Owner    `json:"as"`
	Stdin  bool     `json:"stdin,omitempty"` // data follows; else it reads /dev/null
	Before Before   `json:"before,omitempty"`

	Wall   time.Duration `json:"wall"`
	CPU    time.Duration `json:"cpu"`
	Output int64         `json:"output"` // bytes on both streams together
}

// Before says what happens to the files of the student before a run.
type Before string

// What can happen.
const (
	Keep    Before = "keep"    // remember the files as they are now
	Restore Before = "restore" // put them back to what was remembered
)

// Why says which limit ended a run. Empty: it ended by itself.
type Why string

// The limits there are.
const (
	Wall      Why = "wall"
	CPU       Why = "cpu"
	Memory    Why = "memory"
	Processes Why = "processes"
	Output    Why = "output"
	Disk      Why = "disk"
	Files     Why = "files"
	Nesting   Why = "nesting" // folders deeper than MaxDepth, which could not be kept for the next test
)

// MaxDepth is how deep folders may be nested when the files of one step are
// kept for the next.
const MaxDepth = 100

// Exited tells how a run ended. Every process of it is dead.
type Exited struct {
	Status int   `json:"status"`           // when Signal is 0 and Failed empty
	Signal int   `json:"signal,omitempty"` // that ended it
	Why    Why   `json:"why,omitempty"`
	Usage  Usage `json:"usage"`
	// Failed says why the program could not be started at all, for
	// example that there is no such file.
	Failed string `json:"failed,omitempty"`
}

// Usage is what a run consumed.
type Usage struct {
	Wall    time.Duration `json:"wall"`
	CPU     time.Duration `json:"cpu"`
	Memory  int64         `json:"memory"`  // peak of the largest process, bytes
	Sandbox int64         `json:"sandbox"` // peak of the whole sandbox since it was made, bytes; 0 when the kernel does not say
	Output  int64         `json:"output"`  // bytes on both streams together
}

// Failure is why the warden gives up. With Why set it is the submission's
// doing: its files exceed that limit.
type Failure struct {
	Message string `json:"message"`
	Why     Why    `json:"why,omitempty"`
}

// Socket is the abstract unix socket at which the warden runs programs as the
// student for the grader's programs.
const Socket = "@assay"

// Session asks for a program to be run as the student. Standard input,
// output and error come beside it.
type Session struct {
	Argv []string      `json:"argv"`
	Wall time.Duration `json:"wall,omitempty"` // 0: within the run's alone
}

// ReadExited reads one frame, which must be Exited.
func ReadExited(src io.Reader) (exited Exited, err error) {
	kind, payload, err := NewReader(src).Next()
	if err != nil {
		return exited, err
	}
	if kind != KindExited {
		return exited, fmt.Errorf("a frame of kind %d came where the program's end was expected", kind)
	}
	return exited, json.Unmarshal(payload, &exited)
}
