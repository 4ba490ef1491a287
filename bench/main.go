// Command bench measures Assay beside the program it is meant to beat, in the
// same run and in turns, so that whatever else the machine does meets both.
//
// Each measurement prints one line,
//
//	NAME ours=… peer=… ratio=… goal=… ok|short
//
// where the values are medians and the ratio says how many times better ours
// is. BENCH=name picks one measurement, BENCH_JSON=file writes everything as
// JSON. The exit status is 1 only when something could not be measured: a goal
// that was missed is a finding, not an error. docs/bench.md says what exactly
// is measured.
//
// To add a measurement, write a file with a function of the form of run and
// name it in measurements.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/assay-project/assay/internal/assay"
)

// measurements are all there are, in the order in which they run.
func measurements() []measurement {
	return []measurement{handoff(), throughput()}
}

// measurement is one comparison.
type measurement struct {
	name   string
	unit   unit
	better better
	goal   float64 // the least ratio that is ok
	// run takes the samples. It stops by itself, within two minutes, and
	// leaves nothing behind, also when ctx ends. Progress goes to log.
	run func(ctx context.Context, log io.Writer) (samples, error)
}

// samples are what both sides took, in the measurement's unit.
type samples struct{ ours, peer []float64 }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Stdout, os.Stderr, os.Getenv("BENCH"), os.Getenv("BENCH_JSON")); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run takes the measurement called only, or all when it is empty, and prints
// their lines. One that fails does not keep the others from being taken.
func run(ctx context.Context, out, log io.Writer, only, file string) error {
	all := measurements()
	var errs []error
	var lines []line
	found := only == ""
	for _, m := range all {
		if only != "" && m.name != only {
			continue
		}
		found = true
		s, err := m.run(ctx, log)
		if err == nil && (len(s.ours) == 0 || len(s.peer) == 0) {
			err = errors.New("no samples were taken")
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s could not be measured: %w", m.name, err))
			continue
		}
		l := m.line(s)
		lines = append(lines, l)
		if _, err := fmt.Fprintln(out, l); err != nil {
			return err
		}
	}
	if !found {
		names := make([]string, len(all))
		for i, m := range all {
			names[i] = m.name
		}
		return assay.Errorf(assay.Invalid, "there is no measurement %q: BENCH is one of %s, or empty for all", only, strings.Join(names, ", "))
	}
	if file != "" {
		errs = append(errs, writeJSON(file, lines))
	}
	return errors.Join(errs...)
}

// report is what BENCH_JSON gets.
type report struct {
	At           time.Time `json:"at"`
	OS           string    `json:"os"`
	Arch         string    `json:"arch"`
	Cores        int       `json:"cores"`
	Measurements []line    `json:"measurements"`
}

func writeJSON(file string, lines []line) error {
	text, err := json.MarshalIndent(report{
		At: time.Now().UTC(), OS: runtime.GOOS, Arch: runtime.GOARCH, Cores: runtime.NumCPU(), Measurements: lines,
	}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}
