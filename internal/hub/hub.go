package hub

import (
	"io/fs"
	"log/slog"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Config is what a hub is made from.
type Config struct {
	Version string
	Log     *slog.Logger
	Pages   http.Handler // answers what is not the API
	// Examples are graders, one folder each, that the example course starts
	// with; nil leaves it empty.
	Examples fs.FS
}

// Hub answers HTTP requests and keeps records of what the workers do.
type Hub struct {
	cfg Config
	api huma.API
	mux *http.ServeMux
}

// New makes a hub. It answers through Handler once Run runs.
func New(cfg Config) *Hub {
	h := &Hub{cfg: cfg, mux: http.NewServeMux()}
	h.api = humago.New(h.mux, apiConfig(cfg.Version))
	h.setupRoutes()
	h.accountRoutes()
	h.courseRoutes()
	h.graderRoutes()
	h.jobRoutes()
	h.imageRoutes()
	h.buildRoutes()
	h.liveRoutes()
	return h
}

// OpenAPI is the document that describes the API, as JSON.
func OpenAPI(version string) ([]byte, error) {
	return New(Config{Version: version}).api.OpenAPI().MarshalJSON()
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
