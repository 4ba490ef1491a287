package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// How long throughput goes on.
const (
	throughputTry    = 3 * time.Second // to find the best parallelism
	throughputTurn   = 6 * time.Second
	throughputTurns  = 5
	throughputAtMost = 95 * time.Second // no turn begins later
)

// throughput is how many trivial jobs end in a second, each in a sandbox of
// its own that is gone afterwards.
func throughput() measurement {
	return measurement{name: "throughput", unit: perSecond, better: higher, goal: 1.8, run: runThroughput}
}

func runThroughput(ctx context.Context, log io.Writer) (s samples, err error) {
	parallel := []int{2, 4, 8}
	r, err := newRig(ctx, log, slices.Max(parallel), "true")
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, r.close(ctx)) }()
	p := newPeer(image)
	defer func() { err = errors.Join(err, p.close(ctx)) }()

	ours := side{rate: func(n int, d time.Duration) (float64, error) { return r.rate(ctx, n, d) }}
	theirs := side{rate: func(n int, d time.Duration) (float64, error) {
		return rate(n, d, func() error { _, err := p.run(ctx, "true"); return err })
	}}
	stop := time.Now().Add(throughputAtMost)
	for range slices.Max(parallel) {
		r.prepare()
	}
	if err := r.settle(ctx, slices.Max(parallel)); err != nil {
		return s, err
	}
	for _, n := range parallel {
		if err := errors.Join(ours.try(n), theirs.try(n)); err != nil {
			return s, err
		}
	}
	for turn := range throughputTurns {
		if turn > 0 && time.Now().After(stop) {
			break
		}
		a, err := ours.rate(ours.parallel, throughputTurn)
		if err != nil {
			return s, err
		}
		b, err := theirs.rate(theirs.parallel, throughputTurn)
		if err != nil {
			return s, err
		}
		fmt.Fprintf(log, "throughput: ours %.1f/s with %d at a time, peer %.1f/s with %d\n", a, ours.parallel, b, theirs.parallel)
		s.ours, s.peer = append(s.ours, a), append(s.peer, b)
	}
	return s, nil
}

// side is one of the two, and how many jobs at a time were best for it.
type side struct {
	rate     func(parallel int, d time.Duration) (float64, error)
	parallel int
	best     float64
}

// try measures the rate with n jobs at a time.
func (s *side) try(n int) error {
	got, err := s.rate(n, throughputTry)
	if got > s.best {
		s.parallel, s.best = n, got
	}
	return err
}

// rate is our jobs a second. Sandboxes that were parked when the clock
// started and are not replaced when it stops were not made meanwhile, so
// their jobs do not count.
func (r *rig) rate(ctx context.Context, parallel int, d time.Duration) (float64, error) {
	if err := r.settle(ctx, 0); err != nil {
		return 0, err
	}
	before, started := r.parked(), time.Now()
	var jobs atomic.Int64
	if _, err := rate(parallel, d, func() error {
		_, err := r.grade(ctx)
		jobs.Add(1)
		return err
	}); err != nil {
		return 0, err
	}
	if err := r.settle(ctx, 0); err != nil {
		return 0, err
	}
	made := float64(jobs.Load()) - float64(max(0, before-r.parked()))
	return made / time.Since(started).Seconds(), nil
}

// rate is how often a second job ends when as many as parallel run at a time
// for d. The last ones are waited for, and their time counts.
func rate(parallel int, d time.Duration, job func() error) (float64, error) {
	started := time.Now()
	var jobs atomic.Int64
	errs := make([]error, parallel)
	var loops sync.WaitGroup
	for i := range parallel {
		loops.Go(func() {
			for errs[i] == nil && time.Since(started) < d {
				errs[i] = job()
				jobs.Add(1)
			}
		})
	}
	loops.Wait()
	return float64(jobs.Load()) / time.Since(started).Seconds(), errors.Join(errs...)
}
