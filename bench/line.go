package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// unit is what samples are counted in; it stands behind each value.
type unit string

// The units in use.
const (
	milliseconds unit = "ms"
	perSecond    unit = "/s"
)

// better says in which direction a value improves.
type better string

// The directions there are.
const (
	lower  better = "lower"
	higher better = "higher"
)

// line is the outcome of one measurement.
type line struct {
	Name   string  `json:"name"`
	Unit   unit    `json:"unit"`
	Better better  `json:"better"`
	Ours   summary `json:"ours"`
	Peer   summary `json:"peer"`
	Ratio  float64 `json:"ratio"` // of the medians: how many times better ours is
	Goal   float64 `json:"goal"`
	OK     bool    `json:"ok"`
}

// summary is one side's samples in a few numbers.
type summary struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Min float64 `json:"min"`
	Max float64 `json:"max"`
	N   int     `json:"n"`
}

// line compares the samples, of which there must be some.
func (m measurement) line(s samples) line {
	l := line{Name: m.name, Unit: m.unit, Better: m.better, Ours: summarize(s.ours), Peer: summarize(s.peer), Goal: m.goal}
	l.Ratio = l.Ours.P50 / l.Peer.P50
	if m.better == lower {
		l.Ratio = l.Peer.P50 / l.Ours.P50
	}
	l.OK = l.Ratio >= l.Goal
	return l
}

// String is the line that is printed. The ratio is cut off, not rounded, so
// that it never shows a goal reached that was missed.
func (l line) String() string {
	verdict := "short"
	if l.OK {
		verdict = "ok"
	}
	return fmt.Sprintf("%s ours=%s%s peer=%s%s ratio=%s goal=%s %s",
		l.Name, digits(l.Ours.P50), l.Unit, digits(l.Peer.P50), l.Unit,
		digits(math.Floor(l.Ratio*100)/100), strconv.FormatFloat(l.Goal, 'f', -1, 64), verdict)
}

// digits writes a number with three significant digits, or more when its
// whole part has more.
func digits(x float64) string {
	whole := int(math.Floor(math.Log10(max(x, 0.01)))) + 1
	return strconv.FormatFloat(x, 'f', max(3-max(whole, 1), 0), 64)
}

func summarize(samples []float64) summary {
	sorted := slices.Sorted(slices.Values(samples))
	return summary{
		P50: percentile(sorted, 50), P99: percentile(sorted, 99),
		Min: sorted[0], Max: sorted[len(sorted)-1], N: len(sorted),
	}
}

// percentile is the value below which p percent of the sorted samples lie,
// interpolated between the two nearest.
func percentile(sorted []float64, p float64) float64 {
	at := p / 100 * float64(len(sorted)-1)
	below := int(at)
	if below+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[below] + (at-float64(below))*(sorted[below+1]-sorted[below])
}
