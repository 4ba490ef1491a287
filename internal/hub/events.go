package hub

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

const (
	// A reader that takes nothing for so long is cut off; it may come back.
	streamPatience = 10 * time.Second
	// lastID is the id of a stream's last event: who comes back with it is
	// told (by status 204) that there is no more.
	lastID = "end"
)

// Reset is an event: forget what earlier events of this stream said,
// everything follows anew. It starts every stream that does not go on where
// Last-Event-ID left off.
type Reset struct{}

// WatchInput is the input of an event stream about one thing.
type WatchInput struct {
	ByID
	Last string `header:"Last-Event-ID" maxLength:"64" doc:"The id of the last event seen: the stream goes on after it"`
}

// source writes a stream until ctx ends or there is no more to say.
type source func(ctx context.Context, out *eventWriter) error

// stream registers an event stream (text/event-stream). kinds are the events
// by name, with a value of the type of their data. open looks whether the
// actor may read it, and is asked again while the stream is open.
func stream[I any](h *Hub, role need, o huma.Operation, kinds map[string]any, open func(context.Context, *I) (source, error)) {
	o.Responses = map[string]*huma.Response{
		"200": {
			Description: "Server-sent events; each is one of these, its data as JSON",
			Content:     map[string]*huma.MediaType{"text/event-stream": {Schema: eventSchema(h.api.OpenAPI().Components.Schemas, kinds)}},
		},
		"204": {Description: "Nothing follows the event that Last-Event-ID names"},
	}
	route(h, role, o, func(ctx context.Context, in *I) (*huma.StreamResponse, error) {
		write, err := open(ctx, in)
		if err != nil {
			return nil, err
		}
		return &huma.StreamResponse{Body: func(c huma.Context) {
			if write == nil {
				c.SetStatus(http.StatusNoContent)
				return
			}
			c.SetHeader("Content-Type", "text/event-stream")
			c.SetHeader("X-Accel-Buffering", "no") // nginx would collect the events
			out := &eventWriter{to: c.BodyWriter().(http.ResponseWriter), control: requestOf(ctx).control, beat: h.cfg.Beat}
			out.allowed = func(ctx context.Context) error {
				a, err := requestOf(ctx).who(ctx)
				if err == nil {
					_, err = open(context.WithValue(ctx, actorKey{}, a), in)
				}
				return err
			}
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			go func() {
				select {
				case <-h.ending:
					cancel()
				case <-ctx.Done():
				}
			}()
			if err := write(ctx, out); err != nil && ctx.Err() == nil {
				h.log.DebugContext(ctx, "event stream ended", "request", requestID(ctx), "error", err)
			}
		}}, nil
	})
}

func eventSchema(registry huma.Registry, kinds map[string]any) *huma.Schema {
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
	return &huma.Schema{OneOf: frames}
}

// eventWriter writes one stream. Its methods fail when the reader is gone or
// too slow.
type eventWriter struct {
	to      http.ResponseWriter
	control *http.ResponseController
	allowed func(context.Context) error
	beat    time.Duration // so that proxies keep the stream, and a reader that is gone is noticed
}

// send writes an event; an empty id leaves the reader's last one as it is.
func (w *eventWriter) send(name, id string, data any) error {
	raw, err := json.Marshal(data) // has no line ends
	if err != nil {
		return err
	}
	return w.write(frame(name, id, raw))
}

func frame(name, id string, data []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "event: %s\n", name)
	if id != "" {
		fmt.Fprintf(&b, "id: %s\n", id)
	}
	fmt.Fprintf(&b, "data: %s\n\n", data)
	return b.Bytes()
}

func (w *eventWriter) write(b []byte) error {
	if err := w.control.SetWriteDeadline(time.Now().Add(streamPatience)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := w.to.Write(b); err != nil {
		return err
	}
	return w.control.Flush()
}

// follow writes a feed's events from position n on (-1: all that it has,
// after a reset), then those that come, until visible says that one was the
// last, or ctx ends. onTick is called at every tick meanwhile.
func (w *eventWriter) follow(ctx context.Context, f *feed, n int, visible func(event) (show, last bool), tick <-chan time.Time, onTick func() error) error {
	beat := time.NewTicker(w.beat)
	defer beat.Stop()
	for {
		events, next, changed, ok := f.after(n)
		if !ok {
			if err := w.send("reset", "", Reset{}); err != nil {
				return err
			}
		}
		for i, e := range events {
			show, last := visible(e)
			if show {
				if err := w.write(frame(e.name, f.id(next-len(events)+i+1), e.data)); err != nil {
					return err
				}
			}
			if last {
				return nil
			}
		}
		n = next
		for waiting := true; waiting; {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-changed:
				waiting = false
			case <-tick:
				if err := onTick(); err != nil {
					return err
				}
			case <-beat.C:
				if err := errors.Join(w.allowed(ctx), w.write([]byte(": still here\n\n"))); err != nil {
					return err
				}
			}
		}
	}
}
