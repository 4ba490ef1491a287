package assay

import (
	"errors"
	"fmt"
	"strings"
)

// Code classifies an error for machines. Each front end maps it once: the hub
// to an HTTP status, the command line to an exit code.
type Code string

// The codes there are.
const (
	Invalid         Code = "invalid"         // what was given cannot be used as it is
	Unauthenticated Code = "unauthenticated" // nobody is signed in, or the token is wrong
	Forbidden       Code = "forbidden"       // signed in, but the role does not allow it
	NotFound        Code = "not_found"       // it does not exist, or it is another course's
	Conflict        Code = "conflict"        // somebody or something changed it meanwhile
	TooLarge        Code = "too_large"       // over a limit that the message names
	TooMany         Code = "too_many"        // slow down: the message says for how long
	Unavailable     Code = "unavailable"     // a part we need (engine, queue, disk) is missing; try again
	Internal        Code = "internal"        // our mistake
)

// Error is an error with a sentence for people: what happened, where, and
// what to do. Err, when set, is the cause; it is logged and never shown.
type Error struct {
	Code    Code
	Message string
	Err     error
}

// Errorf makes an Error whose message is written for people. A %w operand
// becomes the cause as well.
func Errorf(code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, Message: err.Error(), Err: errors.Unwrap(err)}
}

func (e *Error) Error() string { return e.Message }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf is the code of the first Error in err's chain; Invalid for
// Diagnostics and Internal for everything else.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	var d Diagnostics
	if errors.As(err, &d) {
		return Invalid
	}
	return Internal
}

// Diagnostic is one finding in a text: where, and what to do about it.
type Diagnostic struct {
	File    string `json:"file" doc:"Path within the grader or image"`
	Line    int    `json:"line" doc:"From 1; 0 when it concerns the whole file"`
	Column  int    `json:"column" doc:"From 1, in characters; 0 when it concerns the whole line"`
	Message string `json:"message"`
}

func (d Diagnostic) String() string {
	switch {
	case d.Line == 0:
		return fmt.Sprintf("%s: %s", d.File, d.Message)
	case d.Column == 0:
		return fmt.Sprintf("%s:%d: %s", d.File, d.Line, d.Message)
	}
	return fmt.Sprintf("%s:%d:%d: %s", d.File, d.Line, d.Column, d.Message)
}

// Diagnostics is everything that is wrong with a text; as an error it reads
// one finding a line.
type Diagnostics []Diagnostic

func (d Diagnostics) Error() string {
	lines := make([]string, len(d))
	for i, one := range d {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}
