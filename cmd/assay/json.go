package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/assay-project/assay/internal/assay"
)

func addJSONFlag(cmd *cobra.Command, file *string) {
	cmd.Flags().StringVar(file, "json", "", "write the result as JSON to `FILE`, - for standard output")
}

// writeJSON writes v to a file, or to standard output for "-".
func writeJSON(cmd *cobra.Command, file string, v any) error {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(v); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	text := escapeUnprintable(b.Bytes())
	var err error
	if file == "-" {
		_, err = cmd.OutOrStdout().Write(text)
	} else {
		err = os.WriteFile(file, text, 0o644)
	}
	if err != nil {
		return assay.Errorf(assay.Unavailable, "the JSON cannot be written: %w", err)
	}
	return nil
}

// escapeUnprintable writes what does not print as \u escapes. encoding/json
// does that for control characters below the blank alone, and JSON ends up on
// terminals as well: text of a submission could still turn its direction, or
// begin an escape sequence with the one character U+009B.
func escapeUnprintable(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r == '\n' || strconv.IsPrint(r):
			out = append(out, text[:size]...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		text = text[size:]
	}
	return out
}
