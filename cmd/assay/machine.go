package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/bus"
	"github.com/assay-project/assay/internal/docker"
	"github.com/assay-project/assay/internal/live"
	"github.com/assay-project/assay/internal/sandbox"
	"github.com/assay-project/assay/internal/worker"
)

type machineConfig struct {
	data  string // the worker's own folder
	slots int
	log   *slog.Logger
}

// machine is the worker of this machine. The hub does without it: when there
// is no engine it keeps looking for one, and the pages say so.
type machine struct {
	machineConfig
	problem atomic.Pointer[string]
}

func newMachine(cfg machineConfig) *machine {
	cfg.slots = cmp.Or(cfg.slots, runtime.NumCPU())
	return &machine{machineConfig: cfg}
}

// trouble is why nothing can be graded here; empty when something can.
func (m *machine) trouble() string {
	if p := m.problem.Load(); p != nil {
		return *p
	}
	return ""
}

const (
	firstRetry   = time.Second
	longestRetry = 15 * time.Second
)

// run grades until ctx ends.
func (m *machine) run(ctx context.Context, queue *bus.Bus) {
	for delay := firstRetry; ; delay = min(2*delay, longestRetry) {
		began := time.Now()
		err := m.work(ctx, queue)
		if ctx.Err() != nil {
			if err != nil && !errors.Is(err, context.Canceled) {
				m.log.Error("the worker did not end well", "error", err)
			}
			return
		}
		if time.Since(began) > longestRetry {
			delay = firstRetry
		}
		if err != nil {
			why := err.Error()
			if m.trouble() != why {
				m.log.Error("nothing can be graded on this machine; trying again", "error", err)
			}
			m.problem.Store(&why)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(delay):
		}
	}
}

// work grades with one connection to the engine.
func (m *machine) work(ctx context.Context, queue *bus.Bus) (err error) {
	engine, err := docker.Connect(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	id, err := worker.ID(m.data)
	if err != nil {
		return err
	}
	warden, err := sandbox.InstallWarden(m.data, engine.Info().Arch)
	if err != nil {
		return err
	}
	pool := sandbox.NewPool(engine.Launcher(docker.LauncherConfig{Owner: id, WardenPath: warden}),
		sandbox.PoolConfig{Budget: max(4, 2*m.slots), Log: m.log})
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removal)
		defer cancel()
		err = errors.Join(err, pool.Close(ctx))
	}()
	self := m.describe(id, engine.Info())
	figures := live.NewCollector(live.Config{
		Engine: engine.Containers(docker.LabelOwner + "=" + id), Sandboxes: worker.LiveSandboxes(pool),
		Worker: self, DataDir: m.data, Log: m.log,
	})
	m.problem.Store(nil)
	m.log.Info("grading on this machine", "engine", self.Engine, "slots", m.slots)
	return worker.New(worker.Config{
		ID: id, Engine: engine, Sandboxes: pool, Figures: figures, DataDir: m.data, Slots: m.slots, Log: m.log,
	}).Run(ctx, queue)
}

func (m *machine) describe(id string, engine docker.Info) assay.Worker {
	name, err := os.Hostname()
	if err != nil {
		name = id
	}
	return assay.Worker{
		ID: id, Name: name, Version: version, Engine: engine.Version, Kernel: engine.Kernel,
		CgroupVersion: engine.CgroupVersion, Runtimes: engine.Runtimes, Slots: m.slots, StartedAt: time.Now(),
	}
}
