package main

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/assay-project/assay/internal/assay"
)

// Bounds of the table, in bytes and lines: outputs are long, screens are not.
const (
	maxCell        = 60
	maxLine        = 400
	maxMessageRows = 12
	maxStderrRows  = 4
)

// printResult writes a result for people. Whatever comes from a submission
// (names of signals, messages, output) is made printable.
func printResult(w io.Writer, g *assay.Grader, r *assay.Result) {
	fmt.Fprintf(w, "\n%s\n\n", assay.Printable(g.Name, maxLine))
	tests := r.Tests
	if r.Build != nil {
		tests = append([]assay.TestResult{*r.Build}, tests...)
	}
	rows := table(tests)
	fmt.Fprintln(w, rows[0])
	for i, t := range tests {
		fmt.Fprintln(w, rows[i+1])
		for _, line := range why(t) {
			fmt.Fprintf(w, "      %s\n", line)
		}
	}
	fmt.Fprintf(w, "\n%s: %s of %s points", r.Verdict, number(r.Score), number(r.MaxScore))
	if r.Message != "" {
		fmt.Fprintf(w, "; %s", assay.Printable(r.Message, maxLine))
	}
	fmt.Fprintf(w, "\n%s\n", timeline(r.Timeline))
}

// table gives the header and a row for each test, in columns.
func table(tests []assay.TestResult) []string {
	var b strings.Builder
	columns := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(columns, "  \tTEST\tPOINTS\tVERDICT\tTIME\tMEMORY")
	for _, t := range tests {
		mark := "✗"
		if t.Verdict == assay.Passed {
			mark = "✓"
		}
		name := assay.Printable(t.Name, maxCell)
		if t.Hidden {
			name += " (hidden)"
		}
		fmt.Fprintf(columns, "  %s\t%s\t%s / %s\t%s\t%s\t%s\n", mark, name, number(t.Points), number(t.MaxPoints),
			t.Verdict, millis(t.Usage.WallMS), memory(t.Usage.Memory))
	}
	columns.Flush() //nolint:errcheck // a strings.Builder takes everything
	return strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
}

// why says where a test failed: its message, how it ended, and what it had to
// say itself.
func why(t assay.TestResult) []string {
	if t.Verdict == assay.Passed {
		return nil
	}
	lines := printableLines(t.Message, maxMessageRows)
	if t.Exit != nil && *t.Exit != 0 && !strings.Contains(t.Message, "exit status") {
		lines = append(lines, fmt.Sprintf("exit status %d", *t.Exit))
	}
	stderr := strings.Split(strings.TrimRight(t.Stderr, "\n"), "\n")
	for _, line := range printableLines(strings.Join(stderr[max(0, len(stderr)-maxStderrRows):], "\n"), maxStderrRows) {
		lines = append(lines, "| "+line)
	}
	return lines
}

// printableLines makes text fit for a terminal, line by line.
func printableLines(text string, most int) []string {
	var lines []string
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		switch {
		case line == "" && text == "":
		case len(lines) == most:
			return append(lines, "…")
		default:
			lines = append(lines, assay.Printable(strings.ReplaceAll(line, "\t", "    "), maxLine))
		}
	}
	return lines
}

// timeline says what took how long.
func timeline(moments []assay.Moment) string {
	parts := make([]string, 0, len(moments))
	total := 0.0
	for _, m := range moments {
		total += m.Millis
		part := string(m.Stage) + " " + millis(m.Millis)
		if m.Detail != "" {
			part += " (" + assay.Printable(m.Detail, maxLine) + ")"
		}
		parts = append(parts, part)
	}
	return "took " + millis(total) + ": " + strings.Join(parts, ", ")
}

func millis(ms float64) string {
	if ms < 1000 {
		return fmt.Sprintf("%.0f ms", ms)
	}
	return fmt.Sprintf("%.1f s", ms/1000)
}

func memory(n int64) string {
	if n == 0 {
		return "–"
	}
	return assay.Bytes(n)
}

// number writes points, with at most two digits after the point.
func number(x float64) string { return strconv.FormatFloat(math.Round(x*100)/100, 'f', -1, 64) }

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
