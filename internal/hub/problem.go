package hub

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/assay-project/assay/internal/assay"
)

// Problem is every error the API answers with: application/problem+json of
// RFC 9457, with the request's id and, when texts were wrong, where.
type Problem struct {
	Title     string     `json:"title" doc:"The status in words"`
	Status    int        `json:"status" doc:"The HTTP status"`
	Detail    string     `json:"detail" doc:"What happened, where, and what to do, for people"`
	Code      assay.Code `json:"code" doc:"The kind of error, for machines"`
	RequestID string     `json:"request_id" doc:"Name it when you ask for help; the hub's log has it too"`
	Errors    []Finding  `json:"errors,omitempty"`
}

// Finding is one thing that is wrong: a place in a file (grader.yaml, a
// Dockerfile) or a member of the request.
type Finding struct {
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty" doc:"From 1"`
	Column   int    `json:"column,omitempty" doc:"From 1"`
	Location string `json:"location,omitempty" doc:"Which member of the request, for example body.name"`
	Message  string `json:"message"`
}

// Error is the detail.
func (p *Problem) Error() string { return p.Detail }

// GetStatus is the HTTP status, for huma.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType makes it application/problem+json, for huma.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// The hooks that huma has for these are variables of its package: they are
// set once, before anything runs, so that huma's own findings (a member that
// is missing, a body that is too long) look like all others.
func init() {
	huma.DefaultArrayNullable = false
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return requestProblem("", status, message, errs)
	}
	huma.NewErrorWithContext = func(c huma.Context, status int, message string, errs ...error) huma.StatusError {
		return requestProblem(requestID(c.Context()), status, message, errs)
	}
}

func requestProblem(id string, status int, message string, errs []error) *Problem {
	p := &Problem{Title: http.StatusText(status), Status: status, Detail: message, Code: codeOf(status), RequestID: id}
	for _, err := range errs {
		var d huma.ErrorDetailer
		if errors.As(err, &d) {
			p.Errors = append(p.Errors, Finding{Location: d.ErrorDetail().Location, Message: d.ErrorDetail().Message})
		}
	}
	if len(p.Errors) == 1 {
		p.Detail = p.Errors[0].Location + ": " + p.Errors[0].Message
	}
	return p
}

var statuses = map[assay.Code]int{
	assay.Invalid:         http.StatusBadRequest,
	assay.Unauthenticated: http.StatusUnauthorized,
	assay.Forbidden:       http.StatusForbidden,
	assay.NotFound:        http.StatusNotFound,
	assay.Conflict:        http.StatusConflict,
	assay.TooLarge:        http.StatusRequestEntityTooLarge,
	assay.TooMany:         http.StatusTooManyRequests,
	assay.Unavailable:     http.StatusServiceUnavailable,
	assay.Internal:        http.StatusInternalServerError,
}

func codeOf(status int) assay.Code {
	for code, s := range statuses {
		if s == status {
			return code
		}
	}
	if status >= http.StatusInternalServerError {
		return assay.Internal
	}
	return assay.Invalid
}

// problem is the one place where errors become answers: what people may read
// goes out, the cause goes to the log under the same request id.
func (h *Hub) problem(ctx context.Context, err error) *Problem {
	code := assay.CodeOf(err)
	p := &Problem{Status: statuses[code], Code: code, RequestID: requestID(ctx)}
	var said *assay.Error
	var found assay.Diagnostics
	switch {
	case errors.As(err, &said):
		p.Detail = said.Message
	case errors.As(err, &found):
		p.Status = http.StatusUnprocessableEntity
		p.Detail = found.Error()
		for _, d := range found {
			p.Errors = append(p.Errors, Finding{File: d.File, Line: d.Line, Column: d.Column, Message: d.Message})
		}
	default:
		p.Detail = "Something went wrong in the hub; its log says what, under this request's id."
	}
	p.Title = http.StatusText(p.Status)
	if p.Status >= http.StatusInternalServerError {
		h.log.ErrorContext(ctx, "request failed", "request", p.RequestID, "error", cause(err))
	}
	return p
}

// cause is err in full: an assay.Error shows its sentence alone.
func cause(err error) error {
	var said *assay.Error
	if errors.As(err, &said) && said.Err != nil {
		return errors.Join(err, said.Err)
	}
	return err
}
