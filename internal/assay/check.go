package assay

import (
	"bytes"
	"fmt"
	"math"
	"regexp"
	"regexp/syntax"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// Check compares what a test wrote with what was expected. Exactly one of
// the kinds is set.
type Check struct {
	Kind      CheckKind `json:"kind" enum:"equal,tokens,contains,regexp"`
	Text      string    `json:"text" doc:"The expected text, the text to contain, or the regular expression"`
	Ignore    []Ignore  `json:"ignore,omitempty" doc:"What equal passes over"`
	Tolerance float64   `json:"tolerance,omitempty" doc:"tokens: how far numbers may differ, absolute or relative, whichever allows more"`
}

// CheckKind is how a check compares.
type CheckKind string

// The kinds there are.
const (
	CheckEqual    CheckKind = "equal"    // byte for byte, but for what Ignore names
	CheckTokens   CheckKind = "tokens"   // the same words in the same order, white space apart
	CheckContains CheckKind = "contains" // Text occurs somewhere
	CheckRegexp   CheckKind = "regexp"   // Go's regular expression matches somewhere in the first MaxSearched bytes
)

// Ignore is something that an equal check passes over.
type Ignore string

// What can be passed over.
const (
	IgnoreTrailingSpace Ignore = "trailing-space" // white space at line ends, and empty lines at the end
	IgnoreCase          Ignore = "case"
)

// Bounds of a regular expression. Matching takes time in proportion to
// expression × output and never more, so bounding both bounds the time.
const (
	MaxExpression = 1024      // bytes of an expression
	maxProgram    = 1000      // instructions it may compile to: a{1000} is short but not small
	MaxSearched   = 256 << 10 // bytes of output that are searched
)

// Validate reports, as an Invalid error, why c could never be used.
func (c *Check) Validate() error {
	switch c.Kind {
	case CheckEqual, CheckContains:
	case CheckTokens:
		if !(c.Tolerance >= 0) || math.IsInf(c.Tolerance, 0) {
			return Errorf(Invalid, "the tolerance must be a number from 0 up, not %v", c.Tolerance)
		}
	case CheckRegexp:
		if _, err := compile(c.Text); err != nil {
			return err
		}
	default:
		return Errorf(Invalid, "there is no check called %s", quote([]byte(c.Kind)))
	}
	for _, i := range c.Ignore {
		if i != IgnoreTrailingSpace && i != IgnoreCase {
			return Errorf(Invalid, "%s is nothing that a check can ignore: use trailing-space or case", quote([]byte(i)))
		}
	}
	return nil
}

// Compare reports whether got is what c asks for, and if not, the first
// difference in words for people: at most 1 KiB of printable characters,
// whatever got holds.
func (c *Check) Compare(got []byte) (ok bool, message string) {
	switch c.Kind {
	case CheckEqual:
		message = c.compareLines(got)
	case CheckTokens:
		message = c.compareTokens(got)
	case CheckContains:
		if !bytes.Contains(got, []byte(c.Text)) {
			message = fmt.Sprintf("expected it to contain %s, got %s", quote([]byte(c.Text)), quoteOrNothing(got))
		}
	case CheckRegexp:
		message = matchExpression(c.Text, got)
	default:
		message = c.Validate().Error()
	}
	return message == "", message
}

func (c *Check) ignores(what Ignore) bool {
	for _, i := range c.Ignore {
		if i == what {
			return true
		}
	}
	return false
}

// compareLines walks both sides line by line: outputs may be large and their
// lines are looked at once, without a copy.
func (c *Check) compareLines(got []byte) string {
	want, trim, fold := []byte(c.Text), c.ignores(IgnoreTrailingSpace), c.ignores(IgnoreCase)
	if trim {
		want, got = trimSpace(want), trimSpace(got)
	}
	for number := 1; len(want) > 0 || len(got) > 0; number++ {
		w, wantRest, wantEnded := bytes.Cut(want, newline)
		g, gotRest, gotEnded := bytes.Cut(got, newline)
		if trim {
			w, g = trimSpace(w), trimSpace(g)
		}
		switch {
		case len(got) == 0 && number == 1:
			return fmt.Sprintf("nothing was written: line 1 should be %s", quote(w))
		case len(got) == 0:
			return fmt.Sprintf("it ends after line %d: line %d should be %s", number-1, number, quote(w))
		case len(want) == 0 && number == 1:
			return fmt.Sprintf("expected nothing, got %s", quote(g))
		case len(want) == 0:
			return fmt.Sprintf("line %d is one too many: %s", number, quote(g))
		case !bytes.Equal(w, g) && (!fold || !equalFold(w, g)):
			return fmt.Sprintf("line %d: %s", number, difference(w, g))
		case wantEnded && !gotEnded && len(wantRest) == 0:
			return fmt.Sprintf("line %d should end with a newline", number)
		case gotEnded && !wantEnded && len(gotRest) == 0:
			return fmt.Sprintf("line %d should not end with a newline", number)
		}
		want, got = wantRest, gotRest
	}
	return ""
}

func (c *Check) compareTokens(got []byte) string {
	want, rest := []byte(c.Text), got
	for number := 1; ; number++ {
		var w, g []byte
		w, want = nextToken(want)
		g, rest = nextToken(rest)
		line := func() int { return 1 + bytes.Count(got[:len(got)-len(rest)-len(g)], newline) }
		switch {
		case w == nil && g == nil:
			return ""
		case g == nil && number == 1:
			return fmt.Sprintf("nothing was written: word 1 should be %s", quote(w))
		case g == nil:
			return fmt.Sprintf("it ends after word %d: word %d should be %s", number-1, number, quote(w))
		case w == nil && number == 1:
			return fmt.Sprintf("expected nothing, got %s", quote(g))
		case w == nil:
			return fmt.Sprintf("line %d: word %d is one too many: %s", line(), number, quote(g))
		case !bytes.Equal(w, g) && !(c.Tolerance > 0 && near(w, g, c.Tolerance)):
			return fmt.Sprintf("line %d, word %d: %s", line(), number, difference(w, g))
		}
	}
}

// nextToken cuts the first word off b; it is nil when there is none.
func nextToken(b []byte) (token, rest []byte) {
	b = bytes.TrimLeftFunc(b, unicode.IsSpace)
	if len(b) == 0 {
		return nil, nil
	}
	end := bytes.IndexFunc(b, unicode.IsSpace)
	if end < 0 {
		end = len(b)
	}
	return b[:end], b[end:]
}

// near reports whether both are numbers that differ by at most tolerance, or
// by at most that part of want. Infinities and NaN are near nothing.
func near(want, got []byte, tolerance float64) bool {
	const longest = 400 // digits of the longest number worth parsing: 1e308 written out, and some
	if len(want) > longest || len(got) > longest {
		return false
	}
	w, errW := strconv.ParseFloat(string(want), 64)
	g, errG := strconv.ParseFloat(string(got), 64)
	if errW != nil || errG != nil || math.IsInf(w, 0) || math.IsInf(g, 0) {
		return false
	}
	apart := math.Abs(w - g)
	return apart <= tolerance || apart <= tolerance*math.Abs(w)
}

func matchExpression(expression string, got []byte) string {
	compiled, err := compile(expression)
	if err != nil {
		return err.Error()
	}
	searched := got[:min(len(got), MaxSearched)]
	switch {
	case compiled.Match(searched):
		return ""
	case len(searched) < len(got):
		return fmt.Sprintf("expected a match of %s in the first %d bytes, got %s", quote([]byte(expression)), MaxSearched, quote(got))
	}
	return fmt.Sprintf("expected a match of %s, got %s", quote([]byte(expression)), quoteOrNothing(got))
}

func compile(expression string) (*regexp.Regexp, error) {
	if len(expression) > MaxExpression {
		return nil, Errorf(TooLarge, "the regular expression has %d bytes, at most %d are allowed", len(expression), MaxExpression)
	}
	// The parser refuses what would be huge before it is built, so measuring
	// the program is safe.
	parsed, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return nil, expressionError(err)
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return nil, expressionError(err)
	}
	if len(program.Inst) > maxProgram {
		return nil, Errorf(TooLarge, "the regular expression is too complex (%d steps, at most %d): use smaller repetitions", len(program.Inst), maxProgram)
	}
	compiled, err := regexp.Compile(expression)
	if err != nil {
		return nil, expressionError(err)
	}
	return compiled, nil
}

func expressionError(err error) error {
	return &Error{Code: Invalid, Message: "the regular expression cannot be used: " + Printable(err.Error(), 300), Err: err}
}

// difference says how got differs from want, with a hint where the two look
// alike.
func difference(want, got []byte) string {
	shared := 0
	for shared < len(want) && shared < len(got) && want[shared] == got[shared] {
		shared++
	}
	hint := ""
	switch {
	case bytes.Equal(trimSpace(want), trimSpace(got)):
		hint = " (only the white space at the end differs)"
	case equalFold(want, got):
		hint = " (only upper and lower case differ)"
	}
	return fmt.Sprintf("expected %s, got %s%s", excerpt(want, shared), excerpt(got, shared), hint)
}

// shown is how many bytes of each side a message shows.
const shown = 80

// excerpt quotes b around the byte at which it begins to differ.
func excerpt(b []byte, at int) string {
	if len(b) <= shown || at < shown/2 {
		return quote(b)
	}
	start := at - shown/4
	for start > 0 && !utf8.RuneStart(b[start]) && start > at-shown/4-utf8.UTFMax {
		start--
	}
	return `"…` + quote(b[start:])[1:]
}

func quote(b []byte) string { return Quote(b, shown) }

func quoteOrNothing(b []byte) string {
	if len(b) == 0 {
		return "nothing"
	}
	return quote(b)
}

var newline = []byte{'\n'}

func trimSpace(b []byte) []byte { return bytes.TrimRightFunc(b, unicode.IsSpace) }

// equalFold compares without regard to case. bytes.EqualFold takes any two
// bytes that are no text for the same.
func equalFold(a, b []byte) bool {
	return utf8.Valid(a) && utf8.Valid(b) && bytes.EqualFold(a, b)
}
