package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// How long handoff goes on.
const (
	handoffTurns  = 60
	handoffWarmUp = 3 // turns that do not count: caches fill
	handoffAtMost = 100 * time.Second
)

// handoff is the time from a submission being accepted until the student's
// code runs: until the program, which is date, reads the clock.
func handoff() measurement {
	return measurement{name: "handoff", unit: milliseconds, better: lower, goal: 20, run: runHandoff}
}

func runHandoff(ctx context.Context, log io.Writer) (s samples, err error) {
	clock := []string{"date", "+%s%N"}
	r, err := newRig(ctx, log, 1, clock...)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, r.close(ctx)) }()
	p := newPeer(image)
	defer func() { err = errors.Join(err, p.close(ctx)) }()

	stop := time.Now().Add(handoffAtMost)
	for turn := range handoffWarmUp + handoffTurns {
		if time.Now().After(stop) {
			break
		}
		r.prepare()
		if err := r.settle(ctx, 1); err != nil {
			return s, err
		}
		ours, err := untilRunning(func() (string, error) { return r.grade(ctx) })
		if err != nil {
			return s, err
		}
		r.prepare()
		if err := r.settle(ctx, 1); err != nil {
			return s, err
		}
		theirs, err := untilRunning(func() (string, error) { return p.run(ctx, clock...) })
		if err != nil {
			return s, err
		}
		if turn >= handoffWarmUp {
			s.ours, s.peer = append(s.ours, ours), append(s.peer, theirs)
		}
		if turn%10 == 9 {
			fmt.Fprintf(log, "handoff: turn %d of %d, ours %.1f ms, peer %.1f ms\n", turn+1, handoffWarmUp+handoffTurns, ours, theirs)
		}
	}
	return s, nil
}

// untilRunning is the milliseconds from now until the time that the program
// started by start prints.
func untilRunning(start func() (string, error)) (float64, error) {
	accepted := time.Now()
	printed, err := start()
	if err != nil {
		return 0, err
	}
	nanos, err := strconv.ParseInt(strings.TrimSpace(printed), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("date printed %q instead of nanoseconds: %w", printed, err)
	}
	return float64(time.Unix(0, nanos).Sub(accepted)) / float64(time.Millisecond), nil
}
