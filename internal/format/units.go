package format

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/assay-project/assay/internal/assay"
)

// duration reads a time such as 10s, 500ms or 1m30s.
func (r *reader) duration(n ast.Node, what string, low, high time.Duration, to *time.Duration) bool {
	s := scalar(n)
	d, err := time.ParseDuration(s)
	switch {
	case s == "":
		r.find(start(n), "%s must be a time such as 10s, not %s", what, kindOf(n))
	case err != nil && isNumber(n):
		r.find(start(n), "%s needs a unit: %ss or %sms", what, assay.Printable(s, 40), assay.Printable(s, 40))
	case err != nil:
		r.find(start(n), "%s must be a time such as 10s, 500ms or 1m30s, not %s", what, assay.Quote(s, 40))
	case d < low || d > high:
		r.find(start(n), "%s must be from %v to %v, not %s", what, low, high, assay.Printable(s, 40))
	default:
		*to = d
		return true
	}
	return false
}

// units of sizes; a byte count without one is too easily a mistake.
var units = [...]struct {
	name string
	size float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30},
	{"KB", 1e3}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1},
}

// size reads bytes such as 256MiB, 1.5GiB or 100B.
func (r *reader) size(n ast.Node, what string, low, high int64, to *int64) bool {
	s := scalar(n)
	size, ok := parseSize(s)
	switch {
	case s == "":
		r.find(start(n), "%s must be a size such as 256MiB, not %s", what, kindOf(n))
	case !ok && isNumber(n):
		r.find(start(n), "%s needs a unit: %sMiB, %sKiB or %sB", what, assay.Printable(s, 40), assay.Printable(s, 40), assay.Printable(s, 40))
	case !ok:
		r.find(start(n), "%s must be a size such as 256MiB, 64KiB or 100B, not %s", what, assay.Quote(s, 40))
	case size < low || size > high:
		r.find(start(n), "%s must be from %s to %s, not %s", what, formatSize(low), formatSize(high), assay.Printable(s, 40))
	default:
		*to = size
		return true
	}
	return false
}

func parseSize(s string) (int64, bool) {
	for _, u := range units {
		digits, ok := strings.CutSuffix(s, u.name)
		if !ok {
			continue
		}
		digits = strings.TrimSpace(digits)
		if strings.Trim(digits, "0123456789.") != "" { // no signs, exponents, inf
			return 0, false
		}
		number, err := strconv.ParseFloat(digits, 64)
		if err != nil {
			return 0, false
		}
		return int64(min(number*u.size, math.MaxInt64/2)), true
	}
	return 0, false
}

func formatSize(n int64) string {
	for _, u := range []struct {
		name string
		size int64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if n >= u.size && n%u.size == 0 {
			return fmt.Sprintf("%d%s", n/u.size, u.name)
		}
	}
	return fmt.Sprintf("%dB", n)
}

// scalar is the text of a single value; "" for everything else.
func scalar(n ast.Node) string {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.IntegerNode, *ast.FloatNode:
		return n.GetToken().Value
	}
	return ""
}

func isNumber(n ast.Node) bool {
	switch n.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		return true
	}
	return false
}
