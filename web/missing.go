//go:build !pages

// Package web is the pages. Built without the tag pages, the program has no
// pages in it.
package web

import (
	"io"
	"net/http"
)

const missing = "This assay was built without its pages. Run make build for one that has them, " +
	"or npm run dev in web/ for pages that follow each change of their source.\n"

// Handler says how to get the pages.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusNotFound)
		io.WriteString(w, missing) //nolint:errcheck // whoever asked has gone
	})
}
