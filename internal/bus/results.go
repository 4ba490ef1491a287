package bus

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/assay-project/assay/internal/assay"
)

// PublishOutcome stores how an attempt ended, for the hub. An outcome that is
// too large loses captured output, all tests alike, until it fits.
func (b *Bus) PublishOutcome(ctx context.Context, o assay.Outcome) error {
	if err := checkOutcome(o); err != nil {
		return err
	}
	data, err := encode(o, maxOutcome)
	for keep := 32 << 10; assay.CodeOf(err) == assay.TooLarge && keep > 0; keep /= 2 {
		o.Result = shorten(o.Result, keep)
		data, err = encode(o, maxOutcome)
	}
	if err != nil {
		return err
	}
	return b.put(ctx, &nats.Msg{Subject: "results.job", Data: data})
}

// PublishBuildOutcome stores how a build ended, for the hub.
func (b *Bus) PublishBuildOutcome(ctx context.Context, o assay.BuildOutcome) error {
	if err := checkBuildOutcome(o); err != nil {
		return err
	}
	o.Log = cut(o.Log, assay.MaxBuildLog)
	return b.publish(ctx, "results.build", "", o, maxOutcome)
}

// Outcomes gives each outcome to record, one at a time, until ctx ends, and
// acknowledges it when record returns nil. When record refuses it for good
// (Invalid, NotFound, Conflict) it is dropped; any other error brings it back
// in a moment. Several hubs share the work.
func (b *Bus) Outcomes(ctx context.Context, record func(context.Context, assay.Outcome) error) error {
	return consume(ctx, b, "results.job", "jobs", checkOutcome, record)
}

// BuildOutcomes is Outcomes for builds.
func (b *Bus) BuildOutcomes(ctx context.Context, record func(context.Context, assay.BuildOutcome) error) error {
	return consume(ctx, b, "results.build", "builds", checkBuildOutcome, record)
}

func consume[T any](ctx context.Context, b *Bus, subject, durable string, check func(T) error, record func(context.Context, T) error) error {
	consumer, err := b.js.CreateOrUpdateConsumer(ctx, "RESULTS", jetstream.ConsumerConfig{
		Durable: durable, FilterSubject: subject, AckPolicy: jetstream.AckExplicitPolicy, AckWait: b.ackWait, MaxDeliver: -1,
	})
	if err != nil {
		return unavailable("listen to", err)
	}
	// A few at a time: what is fetched and not yet recorded when the hub dies
	// comes back only after the acknowledgement wait.
	messages, err := consumer.Messages(jetstream.PullMaxMessages(16))
	if err != nil {
		return unavailable("listen to", err)
	}
	defer giveBack(messages, b)
	for {
		msg, err := messages.Next(jetstream.NextContext(ctx))
		switch {
		case err == nil:
			handle(ctx, b, msg, check, record)
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, jetstream.ErrMsgIteratorClosed) || b.conn.IsClosed():
			return unavailable("read from", nats.ErrConnectionClosed)
		default: // a missed heartbeat, say; the iterator asks again by itself
			b.log.Warn("bus: outcomes", "error", err)
		}
	}
}

func handle[T any](ctx context.Context, b *Bus, msg jetstream.Msg, check func(T) error, record func(context.Context, T) error) {
	outcome, err := decode(msg.Data(), maxOutcome, check)
	if err == nil {
		err = record(ctx, outcome)
	}
	switch code := assay.CodeOf(err); {
	case err == nil:
		// What is recorded is acknowledged even when it is time to go.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err = msg.DoubleAck(ctx)
	case code == assay.Invalid || code == assay.NotFound || code == assay.Conflict || code == assay.TooLarge:
		b.drop(msg, err)
		err = nil
	case ctx.Err() != nil:
		err = msg.Nak()
	default:
		b.log.Error("bus: an outcome was not recorded and comes back", "error", err)
		err = msg.NakWithDelay(min(2*time.Second, b.ackWait))
	}
	if err != nil {
		b.log.Warn("bus: cannot acknowledge an outcome", "error", err)
	}
}

// giveBack ends a subscription and returns what it had fetched ahead, which
// would otherwise come back only after the acknowledgement wait.
func giveBack(messages jetstream.MessagesContext, b *Bus) {
	messages.Drain()
	for {
		msg, err := messages.Next()
		if err != nil {
			return
		}
		if err := msg.Nak(); err != nil {
			b.log.Warn("bus: cannot give back an outcome", "error", err)
		}
	}
}

func checkOutcome(o assay.Outcome) error {
	switch {
	case o.Job == "" || len(o.Job) > 64 || o.Token == "":
		return assay.Errorf(assay.Invalid, "The outcome does not say of which attempt.")
	case !o.State.Final() && !o.GivenBack():
		return assay.Errorf(assay.Invalid, "The outcome of job %s has the state %.20q.", o.Job, o.State)
	case o.State == assay.Done && o.Result == nil:
		return assay.Errorf(assay.Invalid, "The outcome of job %s is done and has no result.", o.Job)
	}
	return nil
}

func checkBuildOutcome(o assay.BuildOutcome) error {
	switch {
	case o.Build == "" || len(o.Build) > 64:
		return assay.Errorf(assay.Invalid, "The outcome does not say of which build.")
	case !o.State.Final():
		return assay.Errorf(assay.Invalid, "The outcome of build %s has the state %.20q.", o.Build, o.State)
	}
	return nil
}

// shorten copies r with at most keep bytes of each captured text.
func shorten(r *assay.Result, keep int) *assay.Result {
	if r == nil {
		return nil
	}
	short := *r
	short.Message = cut(r.Message, keep)
	if r.Build != nil {
		build := shortenTest(*r.Build, keep)
		short.Build = &build
	}
	short.Tests = make([]assay.TestResult, len(r.Tests))
	for i, t := range r.Tests {
		short.Tests[i] = shortenTest(t, keep)
	}
	return &short
}

func shortenTest(t assay.TestResult, keep int) assay.TestResult {
	t.Cut = t.Cut || len(t.Stdout) > keep || len(t.Stderr) > keep
	for _, text := range []*string{&t.Message, &t.Command, &t.Stdin, &t.Stdout, &t.Stderr} {
		*text = cut(*text, keep)
	}
	if t.Expected != nil {
		expected := cut(*t.Expected, keep)
		t.Expected = &expected
	}
	return t
}

// cut keeps at most n bytes of s, whole characters only.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}
