package hub

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/assay-project/assay/internal/assay"
)

// Time limits of a request. A handler that needs longer (an upload, an event
// stream) moves its own deadlines.
const (
	readTimeout  = 30 * time.Second
	writeTimeout = time.Minute
)

// request is what is known of a request whatever its route.
type request struct {
	id      string
	remote  string // address and port of whoever asks
	tls     bool
	control *http.ResponseController
	// who finds out who asks, from the session cookie or the bearer token.
	// Asked again it looks again: a session may end while a stream is open.
	who func(context.Context) (assay.Actor, error)
}

type requestKey struct{}

func requestOf(ctx context.Context) *request {
	r, _ := ctx.Value(requestKey{}).(*request)
	return r
}

func requestID(ctx context.Context) string {
	if r := requestOf(ctx); r != nil {
		return r.id
	}
	return ""
}

// guard is around every route: request id, security headers, deadlines,
// refusal of other sites' requests, and the end of a panic.
func (h *Hub) guard(next http.Handler) http.Handler {
	foreign := http.NewCrossOriginProtection()
	foreign.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.refuse(w, r, assay.Errorf(assay.Forbidden, "The request comes from another site's page and was refused; open Assay itself."))
	}))
	next = foreign.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req := &request{id: assay.NewID(), remote: r.RemoteAddr, tls: r.TLS != nil, control: http.NewResponseController(w)}
		req.who = func(ctx context.Context) (assay.Actor, error) { return h.authenticate(ctx, r) }
		r = r.WithContext(context.WithValue(r.Context(), requestKey{}, req))
		secure(w.Header(), r)
		w.Header().Set("X-Request-Id", req.id)
		if err := errors.Join(req.control.SetReadDeadline(time.Now().Add(readTimeout)), req.control.SetWriteDeadline(time.Now().Add(writeTimeout))); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return // the connection is gone
		}
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler { //nolint:errorlint // compared as net/http does
					panic(p)
				}
				h.log.ErrorContext(r.Context(), "panic", "request", req.id, "path", r.URL.Path, "panic", p)
				h.refuse(w, r, assay.Errorf(assay.Internal, "Something went wrong in the hub; its log says what, under this request's id."))
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// secure sets the headers that confine our pages. Styles may be inline
// because the components set some on elements; scripts may not.
func secure(header http.Header, r *http.Request) {
	header.Set("Content-Security-Policy", "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "+
		"object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer") // the set-up link has a secret
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	if r.TLS != nil {
		header.Set("Strict-Transport-Security", "max-age=31536000")
	}
	if strings.HasPrefix(r.URL.Path, "/api/") {
		header.Set("Cache-Control", "no-store")
	}
}

// refuse answers with a problem outside of huma's routes.
func (h *Hub) refuse(w http.ResponseWriter, r *http.Request, err error) {
	p := h.problem(r.Context(), err)
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	if err := json.NewEncoder(w).Encode(p); err != nil {
		h.log.DebugContext(r.Context(), "answer not delivered", "request", p.RequestID, "error", err)
	}
}
