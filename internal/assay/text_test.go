package assay

import (
	"strconv"
	"strings"
	"testing"
)

func TestStrangersTextIsMadeHarmless(t *testing.T) {
	for _, test := range []struct{ text, quoted, printable string }{
		{"plain", `"plain"`, "plain"},
		{`say "hi" \ bye`, `"say \"hi\" \\ bye"`, `say "hi" \ bye`},
		{"\x1b[31mred\r\n", `"\x1b[31mred\r\n"`, `\x1b[31mred\r\n`},
		{"a\u202eb\u2066", `"a\u202eb\u2066"`, `a\u202eb\u2066`},
		{"\xffé", `"\xffé"`, `\xffé`},
		{"", `""`, ""},
		{strings.Repeat("é", 20), `"` + strings.Repeat("é", 10) + `…"`, strings.Repeat("é", 10) + "…"},
		{"a" + strings.Repeat("é", 20), `"a` + strings.Repeat("é", 9) + `…"`, "a" + strings.Repeat("é", 9) + "…"},
	} {
		if got := Quote(test.text, 20); got != test.quoted {
			t.Errorf("Quote(%q) = %s, want %s", test.text, got, test.quoted)
		}
		if got := Printable(test.text, 20); got != test.printable {
			t.Errorf("Printable(%q) = %s, want %s", test.text, got, test.printable)
		}
	}
}

func FuzzPrintable(f *testing.F) {
	f.Add("\x1b[0m\u202e\xff", 5)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit = max(0, min(limit, 1000))
		for _, got := range []string{Quote(text, limit), Quote([]byte(text), limit), Printable(text, limit)} {
			for _, r := range got {
				if !strconv.IsPrint(r) {
					t.Fatalf("%q leaves %U in %q", text, r, got)
				}
			}
			if len(got) > 12*limit+5 {
				t.Fatalf("%q becomes %d bytes with a limit of %d", text, len(got), limit)
			}
		}
	})
}

func TestBytes(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 bytes", 1023: "1023 bytes", 1 << 10: "1 KiB", 1536: "1.5 KiB", 64 << 20: "64 MiB", 3 << 30: "3 GiB", 1<<40 + 1<<39: "1536 GiB",
	} {
		if got := Bytes(n); got != want {
			t.Errorf("%d: %s, not %s", n, got, want)
		}
	}
}
