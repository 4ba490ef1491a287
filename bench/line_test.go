package main

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestLines(t *testing.T) {
	handoff := measurement{name: "handoff", unit: milliseconds, better: lower, goal: 20}
	throughput := measurement{name: "throughput", unit: perSecond, better: higher, goal: 1.8}
	for _, c := range []struct {
		of   measurement
		s    samples
		want string
	}{
		{handoff, samples{[]float64{2.4}, []float64{228}}, "handoff ours=2.40ms peer=228ms ratio=95.0 goal=20 ok"},
		{handoff, samples{[]float64{12.04}, []float64{240}}, "handoff ours=12.0ms peer=240ms ratio=19.9 goal=20 short"},
		{handoff, samples{[]float64{3, 1, 2}, []float64{40, 1000, 10}}, "handoff ours=2.00ms peer=40.0ms ratio=20.0 goal=20 ok"},
		{throughput, samples{[]float64{14.2}, []float64{7.6}}, "throughput ours=14.2/s peer=7.60/s ratio=1.86 goal=1.8 ok"},
		{throughput, samples{[]float64{7}, []float64{7}}, "throughput ours=7.00/s peer=7.00/s ratio=1.00 goal=1.8 short"},
		// Rounded, this ratio would look like the goal.
		{throughput, samples{[]float64{1.799}, []float64{1}}, "throughput ours=1.80/s peer=1.00/s ratio=1.79 goal=1.8 short"},
		{throughput, samples{[]float64{12345.6}, []float64{0.5}}, "throughput ours=12346/s peer=0.50/s ratio=24691 goal=1.8 ok"},
	} {
		if got := c.of.line(c.s).String(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestPercentiles(t *testing.T) {
	hundred := make([]float64, 101)
	for i := range hundred {
		hundred[i] = float64(i)
	}
	for _, c := range []struct {
		sorted  []float64
		p, want float64
	}{
		{[]float64{7}, 50, 7},
		{[]float64{7}, 99, 7},
		{[]float64{1, 2}, 50, 1.5},
		{[]float64{1, 2, 4}, 50, 2},
		{[]float64{1, 2, 4}, 100, 4},
		{[]float64{1, 2, 4}, 0, 1},
		{[]float64{0, 10}, 99, 9.9},
		{hundred, 50, 50},
		{hundred, 99, 99},
	} {
		if got := percentile(c.sorted, c.p); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("percentile(%v, %v) = %v, want %v", c.sorted, c.p, got, c.want)
		}
	}
}

func TestSummariesDoNotDisturbTheSamples(t *testing.T) {
	taken := []float64{30, 10, 20}
	want := summary{P50: 20, P99: 29.8, Min: 10, Max: 30, N: 3}
	if diff := cmp.Diff(want, summarize(taken), cmpopts.EquateApprox(0, 1e-9)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]float64{30, 10, 20}, taken); diff != "" {
		t.Error(diff)
	}
}

func TestLineInJSON(t *testing.T) {
	m := measurement{name: "handoff", unit: milliseconds, better: lower, goal: 20}
	got, err := json.Marshal(m.line(samples{[]float64{2}, []float64{50}}))
	want := `{"name":"handoff","unit":"ms","better":"lower",` +
		`"ours":{"p50":2,"p99":2,"min":2,"max":2,"n":1},"peer":{"p50":50,"p99":50,"min":50,"max":50,"n":1},` +
		`"ratio":25,"goal":20,"ok":true}`
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
}
