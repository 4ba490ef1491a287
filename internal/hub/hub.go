package hub

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/bus"
	"github.com/assay-project/assay/internal/store"
)

// Config is what a hub is made from.
type Config struct {
	Store   *store.Store
	Bus     *bus.Bus
	Log     *slog.Logger // nil discards
	Version string
	Pages   http.Handler // answers what is not the API; nil answers 404
	Temp    string       // folder for what is being received; it exists
	// Examples are graders, one folder each, that the example course starts
	// with; nil leaves it empty.
	Examples fs.FS
	// Trouble says in a sentence why no worker can be there; nil or empty: none known.
	Trouble func() string
	// Sweep is how often what should be in the queue is looked for; 0 is 5 s.
	Sweep time.Duration
	// Beat is how often at least an event stream says something and looks
	// whether its reader may still read; 0 is 15 s.
	Beat time.Duration
}

// Hub answers HTTP requests and keeps records of what the workers do.
type Hub struct {
	cfg      Config
	log      *slog.Logger
	api      huma.API
	mux      *http.ServeMux
	handler  http.Handler
	throttle *throttle
	live     *live
	feeds    *feeds
	unsent   chan struct{} // wakes the sweep
	uploads  chan struct{} // holds one for each upload under way

	ending     chan struct{} // closed: event streams end
	endStreams func()
}

// New makes a hub, which answers through Handler. What workers say reaches it
// while Run runs.
func New(cfg Config) *Hub {
	h := &Hub{
		cfg: cfg, log: cfg.Log, mux: http.NewServeMux(), throttle: newThrottle(), live: newLive(), feeds: newFeeds(),
		unsent: make(chan struct{}, 1), uploads: make(chan struct{}, maxUploads), ending: make(chan struct{}),
	}
	h.endStreams = sync.OnceFunc(func() { close(h.ending) })
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	if h.cfg.Sweep == 0 {
		h.cfg.Sweep = 5 * time.Second
	}
	if h.cfg.Beat == 0 {
		h.cfg.Beat = 15 * time.Second
	}
	h.api = humago.New(h.mux, apiConfig(cfg.Version))
	h.setupRoutes()
	h.accountRoutes()
	h.courseRoutes()
	h.graderRoutes()
	h.jobRoutes()
	h.imageRoutes()
	h.buildRoutes()
	h.liveRoutes()
	h.pageRoutes()
	h.handler = h.guard(h.mux)
	return h
}

// Handler answers every request.
func (h *Hub) Handler() http.Handler { return h.handler }

// EndStreams ends every event stream, so that a server can shut down; the
// pages connect again to whoever comes next.
func (h *Hub) EndStreams() { h.endStreams() }

// OpenAPI is the document that describes the API, as indented JSON.
func OpenAPI(version string) ([]byte, error) {
	raw, err := New(Config{Version: version}).api.OpenAPI().MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("describe the API: %w", err)
	}
	var text bytes.Buffer
	if err := json.Indent(&text, raw, "", "  "); err != nil {
		return nil, fmt.Errorf("describe the API: %w", err)
	}
	text.WriteByte('\n')
	return text.Bytes(), nil
}

func apiConfig(version string) huma.Config {
	cfg := huma.DefaultConfig("Assay", version)
	cfg.Info.Description = "Automated grading in containers."
	cfg.OpenAPIPath = "/api/openapi"
	cfg.DocsPath = "" // its pages load scripts from elsewhere
	cfg.SchemasPath = ""
	cfg.CreateHooks = nil // no $schema member in every answer
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"session": {Type: "apiKey", In: "cookie", Name: sessionCookie},
		"token":   {Type: "http", Scheme: "bearer"},
	}
	return cfg
}

// Run listens to the workers and keeps the queue complete until ctx ends,
// then waits for what is being recorded. It returns an error when the bus
// fails for good.
func (h *Hub) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop, err := h.listen(ctx)
	defer stop()
	if err != nil {
		return err
	}
	var all sync.WaitGroup
	failures := make(chan error, 2)
	consume := func(f func() error) {
		all.Go(func() {
			if err := f(); err != nil && ctx.Err() == nil {
				failures <- err
				cancel()
			}
		})
	}
	consume(func() error { return h.cfg.Bus.Outcomes(ctx, h.recordOutcome) })
	consume(func() error { return h.cfg.Bus.BuildOutcomes(ctx, h.recordBuild) })
	all.Go(func() { h.sweepAll(ctx) })
	all.Go(func() { h.tick(ctx) })
	all.Wait()
	close(failures)
	return <-failures
}

// listen subscribes to what workers and other hubs say.
func (h *Hub) listen(ctx context.Context) (stop func(), err error) {
	var stops []func()
	stop = func() {
		for _, s := range stops {
			s()
		}
	}
	for _, watch := range []func() (func(), error){
		func() (func(), error) { return h.cfg.Bus.ServeBegin(h.beginJob) },
		func() (func(), error) { return h.cfg.Bus.ServeBeginBuild(h.beginBuild) },
		func() (func(), error) {
			return h.cfg.Bus.WatchProgress(func(p assay.Progress) { h.onProgress(ctx, p) })
		},
		func() (func(), error) {
			return h.cfg.Bus.WatchBuildProgress(func(p assay.BuildProgress) { h.onBuildProgress(ctx, p) })
		},
		func() (func(), error) { return h.cfg.Bus.WatchFigures(h.live.onFigures) },
		func() (func(), error) { return h.cfg.Bus.WatchChange(h.onJob) },
		func() (func(), error) { return h.cfg.Bus.WatchBuildChange(h.onBuild) },
	} {
		s, err := watch()
		if err != nil {
			return stop, err
		}
		stops = append(stops, s)
	}
	return stop, nil
}

// sweepAll puts into the queue what was accepted and is not known to be
// there, now, when woken, and now and then.
func (h *Hub) sweepAll(ctx context.Context) {
	ticker := time.NewTicker(h.cfg.Sweep)
	defer ticker.Stop()
	for {
		if err := errors.Join(h.sweepJobs(ctx), h.sweepBuilds(ctx)); err != nil && ctx.Err() == nil {
			h.log.WarnContext(ctx, "the queue could not be completed; trying again", "error", cause(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-h.unsent:
		}
	}
}

// wakeSweep makes the sweep look at once.
func (h *Hub) wakeSweep() {
	select {
	case h.unsent <- struct{}{}:
	default:
	}
}
