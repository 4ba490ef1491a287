package format

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/assay-project/assay/internal/assay"
)

// reader walks the nodes of a grader.yaml and collects what is wrong with it.
type reader struct {
	files fs.FS
	named []string // paths of files read for tests
	read  int64    // their bytes
	found assay.Diagnostics
	more  int // findings beyond maxFindings
}

// find notes a finding at a token.
func (r *reader) find(at *token.Token, format string, args ...any) {
	if len(r.found) >= maxFindings {
		r.more++
		return
	}
	d := assay.Diagnostic{File: FileName, Message: fmt.Sprintf(format, args...)}
	if at != nil && at.Position != nil {
		d.Line, d.Column = at.Position.Line, at.Position.Column
	}
	r.found = append(r.found, d)
}

func (r *reader) diagnostics() assay.Diagnostics {
	slices.SortStableFunc(r.found, func(a, b assay.Diagnostic) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	if r.more > 0 {
		r.found = append(r.found, assay.Diagnostic{File: FileName, Message: fmt.Sprintf("and %d more", r.more)})
	}
	return r.found
}

// parse gives the mapping at the top, or nil after a finding.
func (r *reader) parse(text []byte) ast.Node {
	tokens := lexer.Tokenize(string(text))
	if !r.bounded(tokens) {
		return nil
	}
	// Duplicate keys are our finding, so that one does not hide the others.
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		var located yaml.Error
		if errors.As(err, &located) {
			r.find(located.GetToken(), "this is not YAML: %s", assay.Printable(located.GetMessage(), 200))
		} else {
			r.find(nil, "this is not YAML: %s", assay.Printable(err.Error(), 200))
		}
		return nil
	}
	var top ast.Node
	for _, doc := range file.Docs {
		switch {
		case doc.Body == nil:
		case top != nil:
			r.find(start(doc.Body), "a second document begins here; a grader is one")
			return nil
		default:
			top = doc.Body
		}
	}
	if top == nil {
		r.find(nil, "it is empty")
	}
	return top
}

// bounded looks at the flat list of tokens before the parser, which calls
// itself for each level, gets to see them. Nothing in a grader is more than a
// few levels deep (levels by indentation alone take n²/2 bytes, so the size
// bounds them), and anchors, aliases and tags, of which YAML bombs are
// made, have no use in it.
func (r *reader) bounded(tokens token.Tokens) bool {
	const deepest = 16
	// The parser takes time by the square of a mapping's length: about a second
	// for so many, minutes for what fits into the file's size. A thousand
	// tests, each with all its keys, have fewer.
	const most = 50_000
	depth, line, entries := 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			line, entries = t.Position.Line, 0
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.SequenceEntryType, token.MappingKeyType:
			entries++
		case token.AnchorType, token.AliasType, token.MergeKeyType:
			r.find(t, "anchors and aliases (& * <<) are not allowed; write it out, or put text that begins with %s in quotes", assay.Quote(t.Value, 10))
			return false
		case token.TagType, token.DirectiveType:
			r.find(t, "tags and directives are not allowed; put text that begins with %s in quotes", assay.Quote(t.Value[:min(1, len(t.Value))], 10))
			return false
		}
		if depth > deepest || entries > deepest {
			r.find(t, "this is nested too deeply")
			return false
		}
	}
	if len(tokens) > most {
		r.find(tokens[most], "this has more than %d words and signs; put long texts into files", most)
		return false
	}
	return true
}

// start is the token at which a node begins.
func start(n ast.Node) *token.Token {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return n.Values[0].Key.GetToken()
		}
	case *ast.MappingValueNode:
		return n.Key.GetToken()
	}
	return n.GetToken()
}

// fields says what to do with the value of each key of a mapping.
type fields map[string]func(ast.Node)

// mapping calls the function of each key that is there, in the text's order,
// and finds fault with all others. later names keys that a later version will
// know. It reports whether n is a mapping.
func (r *reader) mapping(n ast.Node, what string, known fields, later ...string) bool {
	var values []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		r.find(start(n), "%s must be keys with values, not %s", what, kindOf(n))
		return false
	}
	first := map[string]int{}
	for _, v := range values {
		at := v.Key.GetToken()
		if _, ok := v.Key.(*ast.StringNode); !ok {
			r.find(at, "a key must be a word")
			continue
		}
		key := at.Value
		if line, twice := first[key]; twice {
			r.find(at, "%s is already there in line %d", assay.Quote(key, 40), line)
			continue
		}
		first[key] = at.Position.Line
		handle, ok := known[key]
		switch {
		case ok:
			handle(v.Value)
		case slices.Contains(later, key):
			r.find(at, "%s is not supported yet", key)
		default:
			r.find(at, "%s has no key %s%s", what, assay.Quote(key, 40), known.suggest(key))
		}
	}
	return true
}

// suggest is the known key that is closest to a mistaken one.
func (f fields) suggest(key string) string {
	var names []string
	for name := range f {
		names = append(names, name)
	}
	slices.Sort(names)
	return didYouMean(key, names)
}

func didYouMean(word string, known []string) string {
	best, name := 3, ""
	for _, k := range known {
		d := distance(strings.ToLower(word), k)
		if d < best && d < len(k) || d == best && name != "" && strings.HasPrefix(word, k[:1]) {
			best, name = d, k
		}
	}
	if name != "" {
		return fmt.Sprintf("; did you mean %s?", name)
	}
	return "; there are " + strings.Join(known, ", ")
}

// distance is how many letters must be put in, left out or replaced to make b
// of a (Levenshtein); of long words, a number too large to matter.
func distance(a, b string) int {
	if len(a) > 40 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0]++
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

// list calls each for the items of a list, and reports whether n is one.
func (r *reader) list(n ast.Node, what string, each func(int, ast.Node)) bool {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		r.find(start(n), "%s must be a list, not %s", what, kindOf(n))
		return false
	}
	for i, item := range s.Values {
		each(i, item)
	}
	return true
}

// text reads a text into to. Numbers and yes or no must be quoted: YAML would
// turn 010 into 8 and 1.0 into 1 before anybody compares them.
func (r *reader) text(n ast.Node, what string, to *string) bool {
	switch v := n.(type) {
	case *ast.StringNode:
		*to = v.Value
		return true
	case *ast.LiteralNode:
		*to = v.Value.Value
		return true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		r.find(start(n), "%s must be text, not %s; put it in quotes: %s", what, kindOf(n), assay.Quote(n.GetToken().Value, 40))
	default:
		r.find(start(n), "%s must be text, not %s", what, kindOf(n))
	}
	return false
}

// word reads a name that people see: one line of printable characters.
func (r *reader) word(n ast.Node, what string, limit int, to *string) bool {
	var s string
	switch {
	case !r.text(n, what, &s):
		return false
	case strings.TrimSpace(s) == "":
		r.find(start(n), "%s is empty", what)
	case len(s) > limit:
		r.find(start(n), "%s is longer than %d bytes", what, limit)
	case strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsPrint(c) || c == unicode.ReplacementChar }):
		r.find(start(n), "%s has characters that do not print", what)
	default:
		*to = strings.TrimSpace(s)
		return true
	}
	return false
}

// choice reads one of a few words.
func choice[T ~string](r *reader, n ast.Node, what string, to *T, options ...T) bool {
	var s string
	if !r.text(n, what, &s) {
		return false
	}
	if !slices.Contains(options, T(s)) {
		var known []string
		for _, o := range options {
			known = append(known, string(o))
		}
		r.find(start(n), "%s cannot be %s%s", what, assay.Quote(s, 40), didYouMean(s, known))
		return false
	}
	*to = T(s)
	return true
}

// integer reads a whole number from low to high.
func (r *reader) integer(n ast.Node, what string, low, high int, to *int) bool {
	v, ok := n.(*ast.IntegerNode)
	if !ok {
		r.find(start(n), "%s must be a whole number, not %s", what, kindOf(n))
		return false
	}
	var number int64
	switch value := v.Value.(type) {
	case int64:
		number = value
	case uint64:
		number = int64(min(value, math.MaxInt64))
	}
	if number < int64(low) || number > int64(high) {
		r.find(start(n), "%s must be from %d to %d, not %s", what, low, high, assay.Printable(n.GetToken().Value, 40))
		return false
	}
	*to = int(number)
	return true
}

// number reads a number from 0 to high.
func (r *reader) number(n ast.Node, what string, high float64, to *float64) bool {
	var value float64
	switch v := n.(type) {
	case *ast.IntegerNode:
		switch i := v.Value.(type) {
		case int64:
			value = float64(i)
		case uint64:
			value = float64(i)
		}
	case *ast.FloatNode:
		value = v.Value
	case *ast.StringNode: // the library takes 1e-6 for text
		var err error
		if value, err = strconv.ParseFloat(v.Value, 64); err != nil || v.Token.Type != token.StringType {
			value = math.NaN()
		}
	default:
		value = math.NaN()
	}
	if math.IsNaN(value) {
		r.find(start(n), "%s must be a number, not %s", what, kindOf(n))
		return false
	}
	if !(value >= 0 && value <= high) {
		r.find(start(n), "%s must be from 0 to %g, not %s", what, high, assay.Printable(n.GetToken().Value, 40))
		return false
	}
	*to = value
	return true
}

// kindOf says in words what a node is.
func kindOf(n ast.Node) string {
	switch n.(type) {
	case *ast.NullNode:
		return "nothing"
	case *ast.StringNode, *ast.LiteralNode:
		return "text"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	case *ast.BoolNode:
		return "yes or no"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "keys with values"
	case *ast.SequenceNode:
		return "a list"
	}
	return "this"
}
