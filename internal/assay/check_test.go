package assay

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"
)

func TestCompare(t *testing.T) {
	equal := func(text string, ignore ...Ignore) Check {
		return Check{Kind: CheckEqual, Text: text, Ignore: ignore}
	}
	tokens := func(text string, tolerance float64) Check {
		return Check{Kind: CheckTokens, Text: text, Tolerance: tolerance}
	}
	long := strings.Repeat("a", 200)
	for _, test := range []struct {
		name  string
		check Check
		got   string
		want  string // message; empty when it passes
	}{
		{"equal", equal("1\n2\n"), "1\n2\n", ""},
		{"equal: nothing asked, nothing written", equal(""), "", ""},
		{"equal: another line", equal("1\n2\nFizz\n"), "1\n2\n3\n", `line 3: expected "Fizz", got "3"`},
		{"equal: too short", equal("1\n2\n3\n"), "1\n2\n", `it ends after line 2: line 3 should be "3"`},
		{"equal: too long", equal("1\n"), "1\n2\n", `line 2 is one too many: "2"`},
		{"equal: nothing written", equal("1\n"), "", `nothing was written: line 1 should be "1"`},
		{"equal: nothing asked", equal(""), "x\n", `expected nothing, got "x"`},
		{"equal: no newline", equal("1\n2\n"), "1\n2", `line 2 should end with a newline`},
		{"equal: a newline", equal("1\n2"), "1\n2\n", `line 2 should not end with a newline`},
		{"equal: more follows where nothing should", equal("1"), "1\n2", `line 2 is one too many: "2"`},
		{"equal: an empty line at the end", equal("1\n"), "1\n\n", `line 2 is one too many: ""`},
		{"equal: carriage return", equal("1\n"), "1\r\n", `line 1: expected "1", got "1\r" (only the white space at the end differs)`},
		{"equal: case", equal("Fizz\n"), "fizz\n", `line 1: expected "Fizz", got "fizz" (only upper and lower case differ)`},
		{"equal: escape sequence", equal("a\n"), "\x1b[2Ja\n", `line 1: expected "a", got "\x1b[2Ja"`},
		{"equal: direction of text", equal("a\n"), "a\u202eb\n", `line 1: expected "a", got "a\u202eb"`},
		{"equal: no text", equal("a\n"), "\xff\x00\n", `line 1: expected "a", got "\xff\x00"`},
		{"equal: far into the line", equal(long + "b\n"), long + "c\n",
			`line 1: expected "…` + strings.Repeat("a", 20) + `b", got "…` + strings.Repeat("a", 20) + `c"`},

		{"trailing space: ignored", equal("1 \n2\n", IgnoreTrailingSpace), "1\r\n2\t\n\n\n", ""},
		{"trailing space: no newline", equal("1\n", IgnoreTrailingSpace), "1", ""},
		{"trailing space: inner space counts", equal("1 2\n", IgnoreTrailingSpace), "1  2\n", `line 1: expected "1 2", got "1  2"`},
		{"trailing space: inner empty line counts", equal("1\n2\n", IgnoreTrailingSpace), "1\n\n2\n", `line 2: expected "2", got ""`},
		{"case: ignored", equal("ÄPFEL Fizz\n", IgnoreCase), "äpfel fIZZ\n", ""},
		{"case: bytes that are no text differ", equal("\xff\n", IgnoreCase), "\xfe\n", `line 1: expected "\xff", got "\xfe"`},
		{"case and space: both ignored", equal("Yes\n", IgnoreCase, IgnoreTrailingSpace), "YES  ", ""},

		{"tokens: white space apart", tokens("1 2 3", 0), "\n1\t2\n\n3 ", ""},
		{"tokens: another", tokens("1 2 3", 0), "1\n2\n4\n", `line 3, word 3: expected "3", got "4"`},
		{"tokens: too few", tokens("1 2", 0), "1", `it ends after word 1: word 2 should be "2"`},
		{"tokens: too many", tokens("1", 0), "1\n2", `line 2: word 2 is one too many: "2"`},
		{"tokens: none", tokens("1", 0), " \n", `nothing was written: word 1 should be "1"`},
		{"tokens: none asked", tokens("", 0), "x", `expected nothing, got "x"`},
		{"tokens: numbers are words without tolerance", tokens("7.0", 0), "7", `line 1, word 1: expected "7.0", got "7"`},
		{"tolerance: absolute", tokens("0.5", 1e-3), "0.5009", ""},
		{"tolerance: relative", tokens("1000000", 1e-3), "1000999", ""},
		{"tolerance: too far", tokens("0.5", 1e-3), "0.502", `line 1, word 1: expected "0.5", got "0.502"`},
		{"tolerance: another notation", tokens("1e3", 1e-9), "1000.0", ""},
		{"tolerance: not a number", tokens("1", 1e9), "NaN", `line 1, word 1: expected "1", got "NaN"`},
		{"tolerance: infinity is not near", tokens("inf", 1), "5", `line 1, word 1: expected "inf", got "5"`},
		{"tolerance: words still count", tokens("x 1", 1), "y 1", `line 1, word 1: expected "x", got "y"`},

		{"contains", Check{Kind: CheckContains, Text: "needle"}, "hay needle hay", ""},
		{"contains: not", Check{Kind: CheckContains, Text: "needle"}, "hay\n", `expected it to contain "needle", got "hay\n"`},
		{"contains: nothing", Check{Kind: CheckContains, Text: "needle"}, "", `expected it to contain "needle", got nothing`},
		{"regexp", Check{Kind: CheckRegexp, Text: `(?m)^total: \d+$`}, "x\ntotal: 12\n", ""},
		{"regexp: not", Check{Kind: CheckRegexp, Text: `^\d+$`}, "x", `expected a match of "^\\d+$", got "x"`},
		{"regexp: broken", Check{Kind: CheckRegexp, Text: `(`}, "x", "the regular expression cannot be used: error parsing regexp: missing closing ): `(`"},
		{"no such kind", Check{Kind: "like"}, "x", `there is no check called "like"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			ok, message := test.check.Compare([]byte(test.got))
			if message != test.want || ok != (test.want == "") {
				t.Errorf("got %v, %s\nwant %v, %s", ok, message, test.want == "", test.want)
			}
		})
	}
}

func TestExpressionsAreBounded(t *testing.T) {
	for _, expression := range []string{
		strings.Repeat("a", MaxExpression+1),
		"((a{30}){30}){30}",
		"(a{1000}){1000}",
		strings.Repeat("(", MaxExpression),
		strings.Repeat("[a-z]{500}", 50),
	} {
		c := Check{Kind: CheckRegexp, Text: expression}
		if err := c.Validate(); err == nil {
			t.Errorf("%.20s… is accepted", expression)
		} else if len(err.Error()) > 1024 {
			t.Errorf("%.20s…: the message has %d bytes", expression, len(err.Error()))
		}
	}
}

func TestMatchingTakesBoundedTime(t *testing.T) {
	got := bytes.Repeat([]byte("a"), 64<<20)
	start := cpuTime(t)
	c := Check{Kind: CheckRegexp, Text: `(a|aa|a*)*(x+x+)+y|(a?){200}b`}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	ok, message := c.Compare(got)
	if ok || !strings.Contains(message, "first 262144 bytes") {
		t.Errorf("got %v, %s", ok, message)
	}
	if took := cpuTime(t) - start; took > 15*time.Second {
		t.Errorf("it took %v of CPU time", took)
	}
}

// cpuTime is what this process has used: on a busy machine a clock on the
// wall would measure the others.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func TestValidateRefusesWhatCannotBeUsed(t *testing.T) {
	for _, c := range []Check{
		{},
		{Kind: CheckTokens, Tolerance: -1},
		{Kind: CheckTokens, Tolerance: math.NaN()},
		{Kind: CheckTokens, Tolerance: math.Inf(1)},
		{Kind: CheckEqual, Ignore: []Ignore{"spelling"}},
		{Kind: CheckRegexp, Text: "*"},
	} {
		if err := c.Validate(); err == nil {
			t.Errorf("%+v is accepted", c)
		}
	}
}

// FuzzCompare holds Compare to what is true of every output: the same text
// passes, an exact check passes nothing else, and a message is short and
// harmless.
func FuzzCompare(f *testing.F) {
	f.Add("1\n2\n", "1\n2", 0.0)
	f.Add("Fizz \r\n", "fizz\n\n", 1e-6)
	f.Add("\x1b[31m\u202e", "\xff\xfe", 0.5)
	f.Add(strings.Repeat("é", 300), strings.Repeat("é", 299)+"e", 0.0)
	f.Fuzz(func(t *testing.T, want, got string, tolerance float64) {
		if !(tolerance >= 0) {
			tolerance = 0
		}
		for _, c := range []Check{
			{Kind: CheckEqual, Text: want},
			{Kind: CheckEqual, Text: want, Ignore: []Ignore{IgnoreTrailingSpace}},
			{Kind: CheckEqual, Text: want, Ignore: []Ignore{IgnoreCase}},
			{Kind: CheckEqual, Text: want, Ignore: []Ignore{IgnoreCase, IgnoreTrailingSpace}},
			{Kind: CheckTokens, Text: want, Tolerance: tolerance},
			{Kind: CheckContains, Text: want},
			{Kind: CheckRegexp, Text: want},
		} {
			ok, message := c.Compare([]byte(got))
			if ok != (message == "") {
				t.Fatalf("%+v: %v with message %q", c, ok, message)
			}
			if len(message) > 1024 {
				t.Fatalf("%+v: the message has %d bytes", c, len(message))
			}
			for _, r := range message {
				if !strconv.IsPrint(r) || r == utf8.RuneError && !strings.ContainsRune(want+got, r) {
					t.Fatalf("%+v: the message has %U: %s", c, r, message)
				}
			}
			if self, message := c.Compare([]byte(want)); c.Kind != CheckRegexp && !self {
				t.Fatalf("%+v does not accept its own text: %s", c, message)
			}
			if exact := c.Kind == CheckEqual && len(c.Ignore) == 0; exact && ok != (want == got) {
				t.Fatalf("equal: %q and %q: %v, %s", want, got, ok, message)
			}
			if c.Kind == CheckTokens && c.Tolerance == 0 && ok != (fmt.Sprint(strings.Fields(want)) == fmt.Sprint(strings.Fields(got))) {
				t.Fatalf("tokens: %q and %q: %v, %s", want, got, ok, message)
			}
		}
	})
}
