package bus

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/assay-project/assay/internal/assay"
)

// PublishJob puts a job's ticket in the queue and returns when it is stored.
// Publishing the same job again within two minutes does nothing; later it
// makes a second ticket, which the hub answers with gone when a worker wants
// to begin.
func (b *Bus) PublishJob(ctx context.Context, t assay.Ticket) error {
	if err := checkTicket(t); err != nil {
		return err
	}
	return b.publish(ctx, "jobs."+t.Pool+"."+string(t.Priority), t.Job, t, maxTicket)
}

// PublishBuild puts a build's ticket in the queue of a pool, as PublishJob
// does a job's.
func (b *Bus) PublishBuild(ctx context.Context, pool string, t assay.BuildTicket) error {
	if err := errors.Join(checkPool(pool), checkBuildTicket(t)); err != nil {
		return err
	}
	return b.publish(ctx, "builds."+pool, t.Build, t, maxTicket)
}

// publish stores v and waits until that is done; id keeps a repetition out.
func (b *Bus) publish(ctx context.Context, subject, id string, v any, limit int) error {
	data, err := encode(v, limit)
	if err != nil {
		return err
	}
	var options []jetstream.PublishOpt
	if id != "" {
		options = append(options, jetstream.WithMsgID(id))
	}
	return b.put(ctx, &nats.Msg{Subject: subject, Data: data}, options...)
}

func encode(v any, limit int) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, assay.Errorf(assay.Internal, "A message cannot be written as JSON: %w.", err)
	}
	if len(data) > limit {
		return nil, assay.Errorf(assay.TooLarge, "A message of %d bytes is over the queue's limit of %d.", len(data), limit)
	}
	return data, nil
}

func checkTicket(t assay.Ticket) error {
	known := false
	for _, p := range assay.Priorities {
		known = known || t.Priority == p
	}
	switch {
	case t.Job == "" || len(t.Job) > 64:
		return assay.Errorf(assay.Invalid, "The ticket has no job.")
	case !known:
		return assay.Errorf(assay.Invalid, "%.20q is not a priority: use high, normal or low.", t.Priority)
	case !t.Files.Valid() || !t.Submission.Valid():
		return assay.Errorf(assay.Invalid, "The ticket of job %s does not say which files.", t.Job)
	}
	return checkPool(t.Pool)
}

func checkBuildTicket(t assay.BuildTicket) error {
	if t.Build == "" || len(t.Build) > 64 || t.Dockerfile == "" {
		return assay.Errorf(assay.Invalid, "The ticket does not say what to build.")
	}
	return nil
}

// Queued counts the jobs of a pool that have not ended, those that a worker
// holds included.
func (b *Bus) Queued(ctx context.Context, pool string) (map[assay.Priority]int, error) {
	if err := checkPool(pool); err != nil {
		return nil, err
	}
	stream, err := b.js.Stream(ctx, "JOBS")
	if err != nil {
		return nil, unavailable("ask", err)
	}
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter("jobs."+pool+".*"))
	if err != nil {
		return nil, unavailable("ask", err)
	}
	queued := make(map[assay.Priority]int)
	for _, p := range assay.Priorities {
		queued[p] = int(info.State.Subjects["jobs."+pool+"."+string(p)])
	}
	return queued, nil
}

// Queue hands out the tickets of one pool. One goroutine calls Next.
type Queue[T any] struct {
	lanes []jetstream.Consumer // the most urgent first
	check func(T) error
	woken chan struct{}
	sub   *nats.Subscription
	poll  time.Duration
	bus   *Bus
}

// Jobs opens the queue of a pool's jobs. Close it when done.
func (b *Bus) Jobs(ctx context.Context, pool string) (*Queue[assay.Ticket], error) {
	if err := checkPool(pool); err != nil {
		return nil, err
	}
	q := &Queue[assay.Ticket]{bus: b, check: checkTicket}
	for _, p := range assay.Priorities {
		if err := q.addLane(ctx, "JOBS", pool+"-"+string(p), "jobs."+pool+"."+string(p)); err != nil {
			return nil, err
		}
	}
	return q, q.listen("wake.jobs." + pool + ".*")
}

// Builds opens the queue of a pool's builds. Close it when done.
func (b *Bus) Builds(ctx context.Context, pool string) (*Queue[assay.BuildTicket], error) {
	if err := checkPool(pool); err != nil {
		return nil, err
	}
	q := &Queue[assay.BuildTicket]{bus: b, check: checkBuildTicket}
	if err := q.addLane(ctx, "BUILDS", pool, "builds."+pool); err != nil {
		return nil, err
	}
	return q, q.listen("wake.builds." + pool)
}

func (q *Queue[T]) addLane(ctx context.Context, stream, name, subject string) error {
	lane, err := q.bus.js.CreateOrUpdateConsumer(ctx, stream, jetstream.ConsumerConfig{
		Durable:       name,
		FilterSubject: subject,
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       q.bus.ackWait,
		MaxDeliver:    -1, // the hub counts attempts and says when it is enough
		MaxAckPending: -1, // bounded by the workers' slots
	})
	if err != nil {
		return unavailable("listen to", err)
	}
	q.lanes = append(q.lanes, lane)
	return nil
}

// listen makes new tickets wake Next: the stream republishes the head of each
// once it is stored.
func (q *Queue[T]) listen(subject string) error {
	// Tickets that come back to the queue wake nobody; a look now and then
	// finds them.
	q.poll = min(2*time.Second, q.bus.ackWait/10)
	q.woken = make(chan struct{}, 1)
	var err error
	q.sub, err = q.bus.conn.Subscribe(subject, func(*nats.Msg) {
		select {
		case q.woken <- struct{}{}:
		default:
		}
	})
	if err != nil {
		return unavailable("listen to", err)
	}
	return nil
}

// Close ends listening. Tickets that were taken stay taken.
func (q *Queue[T]) Close() {
	if err := q.sub.Unsubscribe(); err != nil && !errors.Is(err, nats.ErrConnectionClosed) && !errors.Is(err, nats.ErrBadSubscription) {
		q.bus.log.Warn("bus: stop listening", "error", err)
	}
}

// Next waits for a ticket and takes the most urgent there is. While the
// server cannot be reached it keeps trying. Its errors are ctx's, and
// Unavailable once the bus is closed.
func (q *Queue[T]) Next(ctx context.Context) (*Delivery[T], error) {
	poll := time.NewTicker(q.poll)
	defer poll.Stop()
	for {
		if d, err := q.sweep(ctx, 0); d != nil || err != nil {
			return d, err
		}
		select {
		case <-ctx.Done():
		case <-poll.C:
		case <-q.woken:
			// The server wakes us once a ticket is stored, a moment before
			// its consumers know of it: look again, and wait a little.
			for _, patience := range []time.Duration{0, 2 * time.Millisecond, 50 * time.Millisecond} {
				if d, err := q.sweep(ctx, patience); d != nil || err != nil {
					return d, err
				}
			}
		}
	}
}

// sweep looks into each lane in turn, for as long as patience each.
func (q *Queue[T]) sweep(ctx context.Context, patience time.Duration) (*Delivery[T], error) {
	for _, lane := range q.lanes {
		// A look that has begun is finished whatever becomes of ctx: a
		// ticket that was on its way here would otherwise be lost for ackWait.
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if q.bus.conn.IsClosed() {
			return nil, unavailable("read from", nats.ErrConnectionClosed)
		}
		d, err := q.take(lane, patience)
		if err != nil {
			q.bus.log.Warn("bus: cannot take from the queue, trying again", "error", err)
		}
		if d != nil {
			return d, nil
		}
	}
	return nil, nil
}

// take takes the next readable ticket of a lane, or nil when there is none.
func (q *Queue[T]) take(lane jetstream.Consumer, patience time.Duration) (*Delivery[T], error) {
	for {
		var batch jetstream.MessageBatch
		var err error
		if patience == 0 {
			batch, err = lane.FetchNoWait(1)
		} else {
			batch, err = lane.Fetch(1, jetstream.FetchMaxWait(patience))
		}
		if err != nil {
			return nil, err
		}
		msg, ok := <-batch.Messages()
		if !ok {
			return nil, batch.Error()
		}
		ticket, err := decode(msg.Data(), maxTicket, q.check)
		if err != nil {
			q.bus.drop(msg, err)
			continue
		}
		meta, err := msg.Metadata()
		if err != nil {
			q.bus.drop(msg, err)
			continue
		}
		return &Delivery[T]{
			Ticket:      ticket,
			Redelivered: meta.NumDelivered > 1 || meta.Sequence.Stream <= q.bus.before[meta.Stream],
			Stored:      meta.Timestamp,
			msg:         msg, bus: q.bus, alive: time.Now(),
		}, nil
	}
}

// Delivery is a ticket that a worker holds. It must say what became of it, or
// keep it alive, within the acknowledgement wait.
type Delivery[T any] struct {
	Ticket      T
	Redelivered bool      // somebody may have held it before: perhaps a worker that died
	Stored      time.Time // when it was put in the queue, by the server's clock

	msg jetstream.Msg
	bus *Bus

	mu    sync.Mutex
	alive time.Time // when the queue last heard that it is held; zero once it is lost
}

// KeepAlive tells the queue that the ticket is being worked on, until ctx
// ends. It blocks.
func (d *Delivery[T]) KeepAlive(ctx context.Context) {
	beat := time.NewTicker(d.bus.ackWait / 3)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
		}
		if !d.held() || !d.bus.conn.IsConnected() {
			continue
		}
		if err := d.msg.InProgress(); err != nil {
			d.bus.log.Warn("bus: cannot keep a ticket alive", "error", err)
			continue
		}
		d.mu.Lock()
		d.alive = time.Now()
		d.mu.Unlock()
	}
}

// held reports whether the ticket is still ours. When the queue has not heard
// of us for too long (the network was cut, the machine was suspended) it has
// given it to somebody else, and NATS would take our word for theirs.
func (d *Delivery[T]) held() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if time.Since(d.alive) > d.bus.ackWait {
		d.alive = time.Time{}
	}
	return !d.alive.IsZero()
}

// Ack takes the ticket out of the queue and returns when that is stored. It
// does so even when ctx has ended: the work has been done. A ticket that was
// lost meanwhile is left alone.
func (d *Delivery[T]) Ack(ctx context.Context) error {
	if !d.held() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return said(d.msg.DoubleAck(ctx))
}

// Nak gives the ticket back: it is delivered again after delay. A ticket that
// was lost meanwhile is left alone.
func (d *Delivery[T]) Nak(delay time.Duration) error {
	if !d.held() {
		return nil
	}
	return said(d.msg.NakWithDelay(delay))
}

func said(err error) error {
	if err != nil {
		return unavailable("write to", err)
	}
	return nil
}

// drop takes a message out of its queue that cannot be read, now or ever.
func (b *Bus) drop(msg jetstream.Msg, cause error) {
	b.log.Error("bus: dropped a message that cannot be read", "subject", msg.Subject(), "bytes", len(msg.Data()), "error", cause)
	if err := msg.TermWithReason("unreadable"); err != nil {
		b.log.Warn("bus: cannot drop it", "error", err)
	}
}

// decode reads a message that may have been written by anybody.
func decode[T any](data []byte, limit int, check func(T) error) (T, error) {
	var v T
	if len(data) > limit {
		return v, assay.Errorf(assay.TooLarge, "A message of %d bytes is over the limit of %d.", len(data), limit)
	}
	if err := json.Unmarshal(data, &v); err != nil {
		return v, assay.Errorf(assay.Invalid, "A message is not the JSON it should be: %w.", err)
	}
	if check == nil {
		return v, nil
	}
	return v, check(v)
}
