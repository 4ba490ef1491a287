package hub

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// need is the role that a route asks for.
type need string

const (
	anyone        need = "anyone"        // signed in or not
	member        need = "member"        // whoever is signed in, a token of one course included; the handler looks at the course
	person        need = "person"        // signed in and not confined to one course: accounts and tokens
	administrator need = "administrator" // everything
)

// roleExtension is where a route's need stands in the OpenAPI document.
const roleExtension = "x-role"

// op describes a route: its method and path as in http.ServeMux ("GET
// /api/v1/jobs"), its unique name, and what it does.
func op(method, path, name, summary string) huma.Operation {
	return huma.Operation{Method: method, Path: path, OperationID: name, Summary: summary}
}

// creates makes 201 the answer of o.
func creates(o huma.Operation) huma.Operation {
	o.DefaultStatus = http.StatusCreated
	return o
}

// route registers a handler together with the role it needs, which is
// checked before any of the body is read.
func route[I, O any](h *Hub, role need, o huma.Operation, f func(context.Context, *I) (*O, error)) {
	o.Extensions = map[string]any{roleExtension: role}
	if role != anyone {
		o.Security = []map[string][]string{{"session": {}}, {"token": {}}}
		o.Middlewares = append(huma.Middlewares{h.require(role)}, o.Middlewares...)
	}
	huma.Register(h.api, o, func(ctx context.Context, in *I) (*O, error) {
		// The body has been read: a deadline that passes from here on would
		// end the handler's context.
		if err := requestOf(ctx).control.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return nil, h.problem(ctx, err)
		}
		out, err := f(ctx, in)
		if err != nil {
			return nil, h.problem(ctx, err)
		}
		return out, nil
	})
}

// body is an answer of one JSON document.
type body[T any] struct{ Body T }

func answer[T any](v T) *body[T] { return &body[T]{Body: v} }

// Page is a list, or a part of one.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"Give it as before to get the next part; absent at the end"`
}

func page[T any](items []T) *body[Page[T]] {
	if items == nil {
		items = []T{}
	}
	return answer(Page[T]{Items: items})
}

type nothing struct{}

// ByID is the input of a route about one thing.
type ByID struct {
	ID string `path:"id" maxLength:"64"`
}
