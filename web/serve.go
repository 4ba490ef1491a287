package web

import (
	"bytes"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

// Serve answers with a single-page application: its files, and index.html for
// every address that is none, so that links into it work. What lies in
// assets/ has its content's hash in its name and may be kept for ever;
// everything else is asked for each time.
func Serve(files fs.FS) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "Pages can only be read.", http.StatusMethodNotAllowed)
			return
		}
		name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
		content, err := fs.ReadFile(files, name)
		hashed := strings.HasPrefix(name, "assets/")
		switch {
		case err == nil && hashed:
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		case err == nil:
			w.Header().Set("Cache-Control", "no-cache")
		case hashed: // of another version: not a page
			http.NotFound(w, r)
			return
		default:
			name = "index.html"
			if content, err = fs.ReadFile(files, name); err != nil {
				http.NotFound(w, r)
				return
			}
			w.Header().Set("Cache-Control", "no-cache")
		}
		if kind := mime.TypeByExtension(path.Ext(name)); kind != "" {
			w.Header().Set("Content-Type", kind)
		}
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
	})
}
