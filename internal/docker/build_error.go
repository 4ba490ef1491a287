package docker

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/parser"
	gatewayapi "github.com/moby/buildkit/frontend/gateway/pb"

	"github.com/assay-project/assay/internal/assay"
)

// baseError is a base image that is neither here nor to be had.
type baseError struct {
	reference string
	err       error
}

func (e *baseError) Error() string { return e.reference + ": " + e.err.Error() }
func (e *baseError) Unwrap() error { return e.err }

// explain says in a sentence why a build failed, from what the frontend in
// our process and the engine returned, and at which line of the Dockerfile.
// explained is false when nothing points into the Dockerfile.
func (p *progress) explain(frontend, solve error) (line int, message string, explained bool) {
	var base *baseError
	if errors.As(frontend, &base) {
		line = lineOf(frontend)
		return line, at(line) + fmt.Sprintf("the image %s is not on this machine and cannot be pulled: check its name and that its registry can be reached, "+
			"or load it into the engine (docker load; debian:bookworm also with make base-image): %s", familiar(base.reference), cause(base.err)), true
	}
	if step := p.culprit(); step != nil {
		return step.Line, at(step.Line) + failure(step, solve), true
	}
	if line = lineOf(frontend); line > 0 {
		// The frontend says itself at which line it cannot parse.
		_, text, found := strings.Cut(cause(frontend), "on line "+strconv.Itoa(line)+": ")
		if !found {
			text = cause(frontend)
		}
		return line, at(line) + text, true
	}
	if frontend != nil {
		return 0, "the Dockerfile cannot be built: " + cause(frontend), false
	}
	return 0, "the Docker Engine could not build the image: " + cause(solve), false
}

// overdue says where a build was when its time was over.
func (p *progress) overdue() (line int, message string) {
	message = "the build took longer than is allowed and was stopped"
	for _, step := range p.steps {
		if step.State == assay.StepFailed && step.Line > 0 {
			return step.Line, at(step.Line) + message + " in " + instruction(step.Name)
		}
	}
	return 0, message
}

// culprit is the step that failed first of its own accord. Steps beside it
// are stopped when it fails.
func (p *progress) culprit() *assay.BuildStep {
	for i := range p.steps {
		if s := &p.steps[i]; s.State == assay.StepFailed && s.Error != "stopped" && !strings.Contains(s.Error, "context canceled") {
			return s
		}
	}
	return nil
}

var (
	// exitCode is how engines that send no typed error tell a step's status.
	exitCode = regexp.MustCompile(`exit code: (\d+)$`)
	// notFound ends what engines of every age say, each in its own words,
	// about a file that COPY or ADD names and the context does not have.
	notFound = regexp.MustCompile(`"([^"]+)":? not found(: not found)?$`)
)

func failure(step *assay.BuildStep, solve error) string {
	what := instruction(step.Name)
	status := -1
	var exit *gatewayapi.ExitError
	if errors.As(solve, &exit) {
		status = int(exit.ExitCode)
	} else if m := exitCode.FindStringSubmatch(step.Error); m != nil {
		status, _ = strconv.Atoi(m[1]) // digits alone; one too large stays the largest int
	}
	copies := strings.HasPrefix(what, "COPY ") || strings.HasPrefix(what, "ADD ")
	missing := notFound.FindStringSubmatch(step.Error)
	switch {
	case status < 0 && copies && missing != nil:
		return fmt.Sprintf("%s: there is no %s to copy (it may be missing, or left out by .dockerignore)", what, strings.TrimPrefix(missing[1], "/"))
	case status < 0:
		return fmt.Sprintf("%s failed: %s", what, plain(step.Error))
	case status == 137:
		return what + " was killed (status 137), which happens when memory runs out"
	}
	return fmt.Sprintf("%s ended with status %d", what, status)
}

// instruction is a step's name without BuildKit's counter, on one short line.
func instruction(name string) string {
	if strings.HasPrefix(name, "[") {
		if _, rest, ok := strings.Cut(name, "] "); ok {
			name = rest
		}
	}
	return shorten(firstLine(name), 100)
}

// shorten keeps at most limit characters of a text that strangers chose: its
// beginning says what was tried, its end what came of it.
func shorten(text string, limit int) string {
	r := []rune(text)
	if len(r) <= limit {
		return text
	}
	tail := limit / 3
	return string(r[:limit-tail-1]) + "…" + string(r[len(r)-tail:])
}

// lineOf is the line that an error of the frontend is about, or 0.
func lineOf(err error) int {
	var l *parser.LocationError
	if !errors.As(err, &l) {
		return 0
	}
	for _, ranges := range l.Locations {
		for _, r := range ranges {
			return r.Start.Line
		}
	}
	return 0
}

func at(line int) string {
	if line == 0 {
		return ""
	}
	return fmt.Sprintf("line %d: ", line)
}

func cause(err error) string { return plain(err.Error()) }

// plain is an error's text without what gRPC and BuildKit put in front of it.
func plain(text string) string {
	if i := strings.LastIndex(text, "desc = "); i >= 0 {
		text = text[i+len("desc = "):]
	}
	for _, prefix := range []string{"failed to solve: ", "failed to load LLB: ", "failed to do request: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return shorten(firstLine(text), 400)
}

func firstLine(text string) string {
	text, _, _ = strings.Cut(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(text)
}

// familiar is a reference as people write it.
func familiar(reference string) string {
	reference = strings.TrimPrefix(reference, "docker.io/")
	return strings.TrimPrefix(reference, "library/")
}
