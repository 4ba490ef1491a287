package assay

// Check compares what a test wrote with what was expected. Exactly one of
// the kinds is set.
type Check struct {
	Kind      CheckKind `json:"kind"`
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
	CheckRegexp   CheckKind = "regexp"   // Go's regular expression matches somewhere
)

// Ignore is something that an equal check passes over.
type Ignore string

// What can be passed over.
const (
	IgnoreTrailingSpace Ignore = "trailing-space" // white space at line ends, and empty lines at the end
	IgnoreCase          Ignore = "case"
)
