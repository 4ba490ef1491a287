package hub

import (
	"context"
	"reflect"
	"slices"

	"maps"

	"github.com/danielgtaylor/huma/v2"
)

// Reset is an event: forget what earlier events of this stream said (the job
// or build itself apart), everything follows anew. It starts every stream
// that does not go on where Last-Event-ID left off.
type Reset struct{}

type source func(ctx context.Context, send func(name, id string, data any) error) error

type watchInput struct {
	ByID
	Last string `header:"Last-Event-ID" maxLength:"64" doc:"The id of the last event seen: the stream goes on after it"`
}

// stream registers an event stream (text/event-stream). kinds are the events
// by name, with a value of the type of their data.
func stream[I any](h *Hub, role need, o huma.Operation, kinds map[string]any, open func(context.Context, *I) (source, error)) {
	registry := h.api.OpenAPI().Components.Schemas
	var frames []*huma.Schema
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		frames = append(frames, &huma.Schema{
			Title: name, Type: "object", Required: []string{"event", "data"},
			Properties: map[string]*huma.Schema{
				"event": {Type: "string", Enum: []any{name}},
				"id":    {Type: "string"},
				"data":  registry.Schema(reflect.TypeOf(kinds[name]), true, name),
			},
		})
	}
	o.Responses = map[string]*huma.Response{"200": {
		Description: "Server-sent events; each is one of these, its data as JSON",
		Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{OneOf: frames}}},
	}}
	route(h, role, o, func(ctx context.Context, in *I) (*huma.StreamResponse, error) {
		_, err := open(ctx, in)
		return nil, err
	})
}
