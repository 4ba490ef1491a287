package hub

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/assay-project/assay/internal/assay"
)

// pageRoutes answers everything that is not the API.
func (h *Hub) pageRoutes() {
	h.mux.HandleFunc("GET /healthz", h.health)
	h.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if h.cfg.Pages == nil || strings.HasPrefix(r.URL.Path, "/api/") {
			h.refuse(w, r, assay.Errorf(assay.NotFound, "There is nothing at this address; see /api/openapi.json for what there is."))
			return
		}
		h.cfg.Pages.ServeHTTP(w, r)
	})
}

// health is for whoever supervises the process: 200 while database and queue
// answer.
func (h *Hub) health(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	err := h.cfg.Store.Check(ctx)
	if err == nil {
		err = h.cfg.Bus.Check(ctx)
	}
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if _, err := w.Write([]byte("ok\n")); err != nil {
		h.log.DebugContext(ctx, "answer not delivered", "error", err)
	}
}
