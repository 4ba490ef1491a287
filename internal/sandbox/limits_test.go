package sandbox

import (
	"strings"
	"testing"
	"time"

	"github.com/assay-project/assay/internal/assay"
)

func TestEveryLimitHasItsVerdict(t *testing.T) {
	r := newRig(t, PoolConfig{Budget: 1})
	for name, test := range map[string]struct {
		limits  func(*assay.Limits)
		script  string
		verdict assay.Verdict
		message string
		within  time.Duration
	}{
		"wall time":                  {func(l *assay.Limits) { l.Wall = 300 * time.Millisecond }, "sleep 60", assay.Timeout, "wall time", 5 * time.Second},
		"wall time, deaf to signals": {func(l *assay.Limits) { l.Wall = 300 * time.Millisecond }, `trap "" TERM INT HUP; while :; do sleep 60; done`, assay.Timeout, "wall time", 5 * time.Second},
		"CPU time":                   {func(l *assay.Limits) { l.CPU = 300 * time.Millisecond }, "while :; do :; done", assay.Timeout, "CPU time; the limit is 300ms", 8 * time.Second},
		"CPU time of children":       {func(l *assay.Limits) { l.CPU = 300 * time.Millisecond }, "(while :; do :; done) & (while :; do :; done) & wait", assay.Timeout, "CPU time; the limit", 8 * time.Second},
		"CPU time of orphans":        {func(l *assay.Limits) { l.CPU = 300 * time.Millisecond }, "setsid sh -c 'while :; do :; done' & sleep 60", assay.Timeout, "CPU time; the limit", 8 * time.Second},
		"memory":                     {func(l *assay.Limits) { l.Memory = 32 << 20 }, "head -c 200M /dev/zero | tail", assay.OutOfMemory, "32 MiB", 0},
		"memory in files":            {func(l *assay.Limits) { l.Memory, l.Disk = 32<<20, 256<<20 }, "head -c 200M /dev/zero > big; sleep 60", assay.OutOfMemory, "32 MiB", 0},
		"memory in /dev/shm":         {func(l *assay.Limits) { l.Memory, l.Disk = 32<<20, 256<<20 }, "head -c 200M /dev/zero > /dev/shm/big; sleep 60", assay.OutOfMemory, "32 MiB", 0},
		"processes":                  {func(l *assay.Limits) { l.Processes = 20 }, `f() { f | f & }; f; sleep 60`, assay.TooManyProcs, "20 processes", 0},
		"processes that sleep":       {func(l *assay.Limits) { l.Processes = 20 }, `i=0; while [ $i -lt 100 ]; do sleep 60 & i=$((i+1)); done; wait`, assay.TooManyProcs, "20 processes", 0},
		"output":                     {func(l *assay.Limits) { l.Output = 100 << 10 }, "head -c 1G /dev/zero", assay.TooMuchOutput, "100 KiB", 0},
		"output on stderr":           {func(l *assay.Limits) { l.Output = 100 << 10 }, "yes >&2", assay.TooMuchOutput, "100 KiB", 0},
		"disk in /work":              {func(l *assay.Limits) { l.Disk = 1 << 20 }, "head -c 5M /dev/zero > big", assay.DiskFull, "1 MiB", 0},
		"disk in /tmp":               {func(l *assay.Limits) { l.Disk = 1 << 20 }, "head -c 5M /dev/zero > /tmp/big", assay.DiskFull, "1 MiB", 0},
		"disk in /dev/shm":           {func(l *assay.Limits) { l.Disk = 1 << 20 }, "head -c 5M /dev/zero > /dev/shm/big", assay.DiskFull, "1 MiB", 0},
		"files":                      {func(l *assay.Limits) { l.Files = 50 }, `i=0; while [ $i -lt 100 ]; do : > f$i; i=$((i+1)); done`, assay.DiskFull, "50 files", 0},
	} {
		t.Run(name, func(t *testing.T) {
			r.t = t
			result := r.grade(job{limits: test.limits, tests: []assay.Test{sh(test.script)}})
			got := result.Tests[0]
			if got.Verdict != test.verdict || result.Verdict != test.verdict || got.Points != 0 {
				t.Errorf("verdict %s (job %s), %g points: %s\nstderr: %s", got.Verdict, result.Verdict, got.Points, got.Message, got.Stderr)
			}
			if !strings.Contains(got.Message, test.message) {
				t.Errorf("message %q does not name the limit: %q", got.Message, test.message)
			}
			if took := time.Duration(got.Usage.WallMS) * time.Millisecond; test.within > 0 && took > test.within {
				t.Errorf("stopped after %s", took)
			}
			t.Logf("%.0f ms, CPU %.0f ms, memory %d, job's memory %d: %s", got.Usage.WallMS, got.Usage.CPUMS, got.Usage.Memory, result.Usage.Memory, got.Message)
		})
	}
}
