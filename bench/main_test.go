package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/assay-project/assay/internal/assay"
)

func TestUnknownMeasurementIsRefused(t *testing.T) {
	var out, log bytes.Buffer
	err := run(t.Context(), &out, &log, "sorting", "")
	if assay.CodeOf(err) != assay.Invalid || !strings.Contains(err.Error(), "handoff, throughput") || out.Len() != 0 {
		t.Errorf("got %v, printed %q", err, &out)
	}
}

func TestWithoutAnEngineTheErrorSaysSo(t *testing.T) {
	t.Setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
	for _, m := range measurements() {
		var out, log bytes.Buffer
		err := run(t.Context(), &out, &log, m.name, "")
		if err == nil || !strings.Contains(err.Error(), m.name+" could not be measured") ||
			!strings.Contains(err.Error(), "DOCKER_HOST") || out.Len() != 0 {
			t.Errorf("got %v, printed %q", err, &out)
		}
	}
}
