package hub

import (
	"bytes"
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write web/openapi.json")

// The pages' client is generated from web/openapi.json.
func TestOpenAPIDocumentIsCurrent(t *testing.T) {
	const path = "../../web/openapi.json"
	want, err := OpenAPI("0")
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: write it with go test ./internal/hub -run OpenAPI -update", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the routes say: write it anew with go test ./internal/hub -run OpenAPI -update", path)
	}
}
