package web_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/assay-project/assay/web"
)

func TestPagesAreServed(t *testing.T) {
	pages := web.Serve(fstest.MapFS{
		"index.html":        {Data: []byte("<title>Assay</title>")},
		"assets/a-1234.js":  {Data: []byte("1")},
		"assets/b-5678.css": {Data: []byte("")},
		"favicon.svg":       {Data: []byte("<svg/>")},
	})
	for name, test := range map[string]struct {
		method, path        string
		status              int
		kind, cache, starts string
	}{
		"the page":                  {"GET", "/", 200, "text/html", "no-cache", "<title>"},
		"a link into it":            {"GET", "/jobs/1?tab=tests", 200, "text/html", "no-cache", "<title>"},
		"a script":                  {"GET", "/assets/a-1234.js", 200, "text/javascript", "immutable", "1"},
		"a style":                   {"GET", "/assets/b-5678.css", 200, "text/css", "immutable", ""},
		"a picture":                 {"GET", "/favicon.svg", 200, "image/svg+xml", "no-cache", "<svg"},
		"a script that is gone":     {"GET", "/assets/a-0000.js", 404, "text/plain", "", ""},
		"a path out of it":          {"GET", "/../../etc/passwd", 200, "text/html", "no-cache", "<title>"},
		"something that is written": {"POST", "/", 405, "text/plain", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			pages.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), test.method, test.path, nil))
			if w.Code != test.status || !strings.HasPrefix(w.Header().Get("Content-Type"), test.kind) ||
				!strings.Contains(w.Header().Get("Cache-Control"), test.cache) || !strings.HasPrefix(w.Body.String(), test.starts) {
				t.Errorf("%d %v %q", w.Code, w.Header(), w.Body)
			}
		})
	}
}
