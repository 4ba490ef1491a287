package docker

import (
	"context"
	"strings"
	"sync"
	"time"

	buildkit "github.com/moby/buildkit/client"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"

	"github.com/assay-project/assay/internal/assay"
)

// progress turns BuildKit's news into steps and log, and reports what is new.
type progress struct {
	build  string
	report func(assay.BuildProgress)

	mu    sync.Mutex // lines come from the frontend, everything else from the status stream
	lines map[string]int

	steps   []assay.BuildStep
	index   map[string]int // a step's id → its place in steps
	log     boundedLog
	said    int    // bytes of log reported
	speaker string // the step whose output was logged last
}

func newProgress(build string, report func(assay.BuildProgress)) *progress {
	if report == nil {
		report = func(assay.BuildProgress) {}
	}
	return &progress{
		build: build, report: report,
		lines: map[string]int{}, index: map[string]int{}, steps: []assay.BuildStep{},
		log: boundedLog{limit: assay.MaxBuildLog},
	}
}

// located is the frontend's client, listened to: on its way through, each
// definition says which line of the Dockerfile each of its vertices is from,
// and a base image that cannot be resolved gets its name into the error.
type located struct {
	gateway.Client
	progress *progress
}

func (l located) Solve(ctx context.Context, req gateway.SolveRequest) (*gateway.Result, error) {
	l.progress.learn(req.Definition)
	return l.Client.Solve(ctx, req)
}

func (l located) ResolveImageConfig(ctx context.Context, ref string, opt sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	resolved, dgst, config, err := l.Client.ResolveImageConfig(ctx, ref, opt)
	if err != nil {
		err = &baseError{reference: ref, err: err}
	}
	return resolved, dgst, config, err
}

func (p *progress) learn(def *pb.Definition) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for vertex, found := range def.GetSource().GetLocations() {
		for _, location := range found.GetLocations() {
			for _, r := range location.GetRanges() {
				line := int(r.GetStart().GetLine())
				if known, ok := p.lines[vertex]; !ok || line < known {
					p.lines[vertex] = line
				}
			}
		}
	}
}

func (p *progress) line(vertex string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lines[vertex]
}

// update takes one message of the status stream.
func (p *progress) update(u *buildkit.SolveStatus) {
	for _, v := range u.Vertexes {
		p.vertex(v)
	}
	for _, l := range u.Logs {
		p.output(l.Vertex.String(), l.Data)
	}
}

func (p *progress) vertex(v *buildkit.Vertex) {
	// BuildKit's housekeeping matters only when it fails.
	if strings.HasPrefix(v.Name, "[internal]") && v.Error == "" {
		return
	}
	step := assay.BuildStep{
		ID: v.Digest.String(), Name: shorten(v.Name, 200), Line: p.line(v.Digest.String()),
		State: assay.StepWaiting, Error: shorten(v.Error, 1000),
	}
	switch {
	case v.Error != "":
		step.State = assay.StepFailed
	case v.Cached:
		step.State = assay.StepCached
	case v.Completed != nil:
		step.State = assay.StepDone
	case v.Started != nil:
		step.State = assay.StepRunning
	}
	switch {
	case v.Started == nil:
	case v.Completed != nil:
		step.Millis = millis(v.Completed.Sub(*v.Started))
	default:
		step.Millis = millis(time.Since(*v.Started))
	}
	at, known := p.index[step.ID]
	if !known {
		at = len(p.steps)
		p.index[step.ID] = at
		p.steps = append(p.steps, step)
	} else if p.steps[at].State == step.State {
		p.steps[at].Millis = step.Millis
		return
	}
	p.steps[at] = step
	p.report(assay.BuildProgress{Build: p.build, Step: &step})
}

func (p *progress) output(step string, data []byte) {
	text := strings.ToValidUTF8(string(data), "�")
	if at, known := p.index[step]; known && step != p.speaker {
		p.speaker = step
		p.log.write("── " + p.steps[at].Name + "\n")
	}
	p.log.write(text)

	// Watchers get as much as is kept; after that they wait for the end.
	room := assay.MaxBuildLog - p.said
	if room <= 0 {
		return
	}
	if len(text) > room {
		text = strings.ToValidUTF8(text[:room], "")
	}
	p.said += len(text)
	p.report(assay.BuildProgress{Build: p.build, Log: &assay.BuildLog{Step: step, Text: text}})
}

// outcome is what is known when the status stream has ended.
func (p *progress) outcome() assay.BuildOutcome {
	for i := range p.steps {
		if p.steps[i].State == assay.StepRunning {
			p.steps[i].State = assay.StepFailed
			p.steps[i].Error = "stopped"
		}
	}
	return assay.BuildOutcome{Build: p.build, Steps: p.steps, Log: p.log.String()}
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// boundedLog keeps the beginning and the end of what is written to it, limit
// bytes in all: a build's first lines say what it does, its last why it failed.
type boundedLog struct {
	limit int
	head  strings.Builder
	tail  []byte // at most limit bytes between two trims
	cut   bool
}

const cutNote = "\n… (output left out here: the build printed too much)\n"

func (b *boundedLog) write(text string) {
	half := b.limit / 2
	if room := half - b.head.Len(); room > 0 {
		n := min(room, len(text))
		b.head.WriteString(text[:n])
		text = text[n:]
	}
	b.tail = append(b.tail, text...)
	if len(b.tail) > b.limit {
		b.trim()
	}
}

func (b *boundedLog) trim() {
	keep := b.limit - b.limit/2 - len(cutNote)
	if len(b.tail) <= keep {
		return
	}
	b.tail = append(b.tail[:0], b.tail[len(b.tail)-keep:]...)
	b.cut = true
}

func (b *boundedLog) String() string {
	if b.cut || b.head.Len()+len(b.tail) > b.limit {
		b.trim()
	}
	note := ""
	if b.cut {
		note = cutNote
	}
	// Both seams may run through a character.
	return strings.ToValidUTF8(b.head.String()+note+string(b.tail), "")
}
