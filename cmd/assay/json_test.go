package main

import (
	"encoding/json"
	"strconv"
	"testing"
)

// FuzzEscapeUnprintable holds JSON to its meaning, whatever is escaped.
func FuzzEscapeUnprintable(f *testing.F) {
	f.Add("plain é 漢 \U0001f600")
	f.Add("\x1b[31m \u009b31m \u202e \x7f \U000e0001")
	f.Fuzz(func(t *testing.T, text string) {
		plain, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		escaped := escapeUnprintable(plain)
		for _, r := range string(escaped) {
			if !strconv.IsPrint(r) {
				t.Fatalf("%q has %U", escaped, r)
			}
		}
		var want, got string
		if err := json.Unmarshal(plain, &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(escaped, &got); err != nil || got != want {
			t.Fatalf("%q became %q: %v", want, got, err)
		}
	})
}
