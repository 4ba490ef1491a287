package assay

import (
	"io"
	"time"
)

// Figures is what a worker publishes each second: itself and every container
// it runs, all read at one time.
type Figures struct {
	Worker     Worker             `json:"worker"`
	Containers []ContainerFigures `json:"containers"`
	At         time.Time          `json:"at"`
}

// Worker is a machine that runs sandboxes, and how it is.
type Worker struct {
	ID            string    `json:"id"`
	Name          string    `json:"name"`
	Version       string    `json:"version" doc:"Of assay"`
	Engine        string    `json:"engine" doc:"Version of the Docker Engine"`
	Kernel        string    `json:"kernel"`
	CgroupVersion int       `json:"cgroup_version"`
	Runtimes      []string  `json:"runtimes"`
	Cores         int       `json:"cores"`
	Load          float64   `json:"load" doc:"One-minute load average"`
	CPU           float64   `json:"cpu" doc:"Cores in use, over the last tick"`
	Memory        int64     `json:"memory_bytes"`
	MemoryTotal   int64     `json:"memory_total_bytes"`
	Disk          int64     `json:"disk_bytes" doc:"Used, on the file system of the data directory"`
	DiskTotal     int64     `json:"disk_total_bytes"`
	Slots         int       `json:"slots"`
	SlotsUsed     int       `json:"slots_used"`
	Parked        int       `json:"parked" doc:"Sandboxes prepared ahead"`
	StartedAt     time.Time `json:"started_at"`
}

// ContainerFigures is one running container and what it uses.
type ContainerFigures struct {
	ID          string    `json:"id"`
	Worker      string    `json:"worker"`
	State       string    `json:"state" enum:"running,parked" doc:"parked: prepared, waiting for a job"`
	Course      string    `json:"course,omitempty" doc:"The course's id"`
	Grader      string    `json:"grader,omitempty"`
	Job         string    `json:"job,omitempty"`
	JobNumber   int64     `json:"job_number,omitempty"`
	Label       string    `json:"label,omitempty"`
	Step        string    `json:"step,omitempty" doc:"The test or step that runs now"`
	Image       string    `json:"image"`
	Runtime     string    `json:"runtime"`
	CPU         float64   `json:"cpu" doc:"Cores in use, over the last tick"`
	CPULimit    float64   `json:"cpu_limit" doc:"Cores"`
	Memory      int64     `json:"memory_bytes" doc:"Working set: without page cache that can be dropped at once"`
	MemoryLimit int64     `json:"memory_limit_bytes"`
	Processes   int       `json:"processes" doc:"And threads; without the warden's"`
	StartedAt   time.Time `json:"started_at" doc:"Of the job; of the container when parked"`
}

// Container is a running container, as its engine describes it.
type Container struct {
	ID          string
	Name        string
	Labels      map[string]string
	Image       string // as it was named when the container was made
	Runtime     string
	PID         int     // of its first process, on the engine's machine
	CPULimit    float64 // cores; 0 means all of them
	MemoryLimit int64   // bytes; 0 means all there is; without what the warden has beside it
	Warden      bool    // whether the first process is a warden, whose threads are not the job's
	StartedAt   time.Time
}

// ContainerEvent is a container that has just started or ended.
type ContainerEvent struct {
	ID      string
	Running bool
}

// Shape is what a sandbox is made from. Sandboxes of one shape are
// interchangeable until a job is handed over.
type Shape struct {
	Image     string // content digest or id, never a tag
	Runtime   string
	Network   Network
	Memory    int64
	Processes int
	Disk      int64
	Files     int
}

// Launched is a started sandbox. Stream carries the warden's frames; closing
// it ends the warden, and with it the sandbox.
type Launched struct {
	ID     string
	Stream io.ReadWriteCloser
}
