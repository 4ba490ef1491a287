package live

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/disk"
	"github.com/shirou/gopsutil/v4/load"
	"github.com/shirou/gopsutil/v4/mem"

	"github.com/assay-project/assay/internal/assay"
)

// machine reads the figures of the whole machine.
type machine struct {
	dataDir string
	busy    float64 // seconds of CPU time at the last reading
	at      time.Time
}

// read fills in w. A figure that cannot be read keeps its value, and the
// error says why.
func (m *machine) read(w *assay.Worker, now time.Time) error {
	w.Cores = runtime.NumCPU()
	var errs []error
	if times, err := cpu.Times(false); err != nil || len(times) == 0 {
		errs = append(errs, fmt.Errorf("reading the machine's CPU time: %w", err))
	} else {
		// User includes the time of guests. Stolen time is not ours.
		t := times[0]
		busy := t.User + t.Nice + t.System + t.Irq + t.Softirq
		if elapsed := now.Sub(m.at).Seconds(); !m.at.IsZero() && elapsed > 0 {
			w.CPU = max(0, (busy-m.busy)/elapsed)
		}
		m.busy, m.at = busy, now
	}
	if avg, err := load.Avg(); err != nil {
		errs = append(errs, fmt.Errorf("reading the load: %w", err))
	} else {
		w.Load = avg.Load1
	}
	if memory, err := mem.VirtualMemory(); err != nil {
		errs = append(errs, fmt.Errorf("reading the machine's memory: %w", err))
	} else {
		w.Memory, w.MemoryTotal = clamp(memory.Used), clamp(memory.Total)
	}
	if usage, err := disk.Usage(m.dataDir); err != nil {
		errs = append(errs, fmt.Errorf("reading the disk of %s: %w", m.dataDir, err))
	} else {
		w.Disk, w.DiskTotal = clamp(usage.Used), clamp(usage.Total)
	}
	return errors.Join(errs...)
}
