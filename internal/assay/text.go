package assay

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Quote puts at most limit bytes of a stranger's text between quotation
// marks, fit for a message, a log and a terminal: what does not print
// (control characters, escape sequences, marks that turn the direction of
// text, bytes that are no text) is written as Go writes it. A cut shows as …
func Quote[T string | []byte](text T, limit int) string {
	head, cut := clip(string(text[:min(len(text), limit+1)]), limit)
	quoted := strconv.Quote(head)
	if cut {
		return quoted[:len(quoted)-1] + `…"`
	}
	return quoted
}

// Printable is at most limit bytes of text in which only what does not print
// is escaped, line ends included; quotation marks and backslashes stay. It is
// for text that has its place, such as a cell of a table.
func Printable(text string, limit int) string {
	head, cut := clip(text, limit)
	var b strings.Builder
	for len(head) > 0 {
		r, size := utf8.DecodeRuneInString(head)
		if strconv.IsPrint(r) && (r != utf8.RuneError || size > 1) {
			b.WriteString(head[:size])
		} else {
			quoted := strconv.Quote(head[:size])
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		head = head[size:]
	}
	if cut {
		b.WriteString("…")
	}
	return b.String()
}

// Bytes writes a size for people: in the largest unit that it has at least one
// of, with at most one digit after the point.
func Bytes(n int64) string {
	for _, unit := range []struct {
		size int64
		name string
	}{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if n >= unit.size {
			return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(n)/float64(unit.size)), ".0") + " " + unit.name
		}
	}
	return fmt.Sprintf("%d bytes", n)
}

// clip cuts text to at most limit bytes, between two characters.
func clip(text string, limit int) (head string, cut bool) {
	if len(text) <= limit {
		return text, false
	}
	end := limit
	for end > 0 && end > limit-utf8.UTFMax && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end], true
}
