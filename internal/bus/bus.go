package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/assay-project/assay/internal/assay"
)

// Bounds of what is carried, in bytes of JSON.
const (
	maxTicket  = 256 << 10 // a build's ticket carries a Dockerfile
	maxOutcome = 4 << 20   // a result with its captured output
	maxLive    = 1 << 20   // a live message; more is dropped
	maxPayload = 8 << 20   // what the embedded server takes at all
)

// Config says where the bus is and how patient.
type Config struct {
	Dir     string        // where the embedded server keeps its streams; made when absent
	URL     string        // an external server instead, for example nats://user:password@host:4222
	AckWait time.Duration // how long a silent worker keeps a ticket; 0 is DefaultAckWait
	Log     *slog.Logger  // nil is slog.Default()
}

// DefaultAckWait is how long after its last sign of life a dead worker's
// ticket is given to another.
const DefaultAckWait = 30 * time.Second

// Bus is a connection to NATS, and the server itself when it is embedded.
// Its methods may be called from several goroutines.
type Bus struct {
	server  *embedded // nil when external
	conn    *nats.Conn
	js      jetstream.JetStream
	files   jetstream.Stream
	before  map[string]uint64 // by stream: the last ticket that a dead predecessor may have held
	ackWait time.Duration
	log     *slog.Logger
}

// Start starts the embedded server in cfg.Dir, or connects to cfg.URL, and
// makes sure that the streams exist. Two embedded servers must never share a
// directory; the caller holds a lock on it.
func Start(cfg Config) (*Bus, error) {
	b := &Bus{ackWait: cfg.AckWait, log: cfg.Log, before: make(map[string]uint64)}
	if b.ackWait == 0 {
		b.ackWait = DefaultAckWait
	}
	if b.log == nil {
		b.log = slog.Default()
	}
	options := []nats.Option{
		nats.Name("assay"),
		nats.MaxReconnects(-1),
		nats.ErrorHandler(func(_ *nats.Conn, sub *nats.Subscription, err error) {
			if sub != nil {
				err = fmt.Errorf("%s: %w", sub.Subject, err)
			}
			b.log.Warn("bus", "error", err)
		}),
	}
	if cfg.URL == "" {
		var err error
		if b.server, err = startEmbedded(cfg.Dir, b.log); err != nil {
			return nil, err
		}
		options = append(options, nats.InProcessServer(b.server), nats.ReconnectWait(100*time.Millisecond))
	}
	if err := b.connect(cfg.URL, options); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

func (b *Bus) connect(url string, options []nats.Option) error {
	var err error
	if b.conn, err = nats.Connect(url, options...); err != nil {
		return assay.Errorf(assay.Unavailable, "The queue at %q cannot be reached: %w; check the address and that the NATS server runs.", url, err)
	}
	if b.js, err = jetstream.New(b.conn); err != nil {
		return unavailable("open", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for _, cfg := range []jetstream.StreamConfig{
		{
			Name: "JOBS", Subjects: []string{"jobs.*.*"}, Retention: jetstream.WorkQueuePolicy, MaxMsgSize: maxTicket,
			RePublish: &jetstream.RePublish{Source: "jobs.*.*", Destination: "wake.jobs.{{wildcard(1)}}.{{wildcard(2)}}", HeadersOnly: true},
		},
		{
			Name: "BUILDS", Subjects: []string{"builds.*"}, Retention: jetstream.WorkQueuePolicy, MaxMsgSize: maxTicket,
			RePublish: &jetstream.RePublish{Source: "builds.*", Destination: "wake.builds.{{wildcard(1)}}", HeadersOnly: true},
		},
		{Name: "RESULTS", Subjects: []string{"results.*"}, Retention: jetstream.WorkQueuePolicy, MaxMsgSize: maxOutcome + maxHeader},
		{Name: "FILES", Subjects: []string{"files.*.*"}, MaxMsgsPerSubject: 1, AllowDirect: true, MaxMsgSize: chunkSize + maxHeader},
	} {
		stream, err := b.js.CreateOrUpdateStream(ctx, cfg)
		if err != nil {
			return unavailable("make the stream "+cfg.Name+" of", err)
		}
		switch {
		case cfg.Name == "FILES":
			b.files = stream
		case b.server != nil:
			if err := b.takeBack(ctx, stream); err != nil {
				return unavailable("open", err)
			}
		}
	}
	return nil
}

// takeBack makes every ticket available at once that a predecessor of this
// process held: with the embedded server died everybody who was connected to
// it, and there is no need to wait until that shows. (It does not survive a
// restart of the server that a ticket was given back.)
func (b *Bus) takeBack(ctx context.Context, stream jetstream.Stream) error {
	info := stream.CachedInfo()
	b.before[info.Config.Name] = info.State.LastSeq
	names := stream.ConsumerNames(ctx)
	var consumers []string
	for name := range names.Name() {
		consumers = append(consumers, name)
	}
	if err := names.Err(); err != nil {
		return err
	}
	for _, name := range consumers {
		if err := stream.DeleteConsumer(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// put stores one message and returns when that is done.
func (b *Bus) put(ctx context.Context, msg *nats.Msg, options ...jetstream.PublishOpt) error {
	if b.server != nil {
		if err := b.server.room(len(msg.Data)); err != nil {
			return err
		}
	}
	_, err := b.js.PublishMsg(ctx, msg, options...)
	if err == nil {
		return nil
	}
	if b.server != nil {
		b.server.failed()
	}
	return unavailable("write to", err)
}

const maxHeader = 1 << 10 // room for NATS headers, which count as part of a message

// Close ends every subscription, connection and the embedded server, and
// waits for it.
func (b *Bus) Close() error {
	if b.conn != nil {
		// What was published without waiting (a ticket given back, say) is
		// still in the connection's buffer.
		if b.conn.IsConnected() {
			if err := b.conn.FlushTimeout(5 * time.Second); err != nil {
				b.log.Warn("bus: flush before closing", "error", err)
			}
		}
		b.conn.Close()
	}
	if b.server != nil {
		b.server.close()
	}
	return nil
}

// Check says whether the bus can store messages now.
func (b *Bus) Check(ctx context.Context) error {
	if _, err := b.js.AccountInfo(ctx); err != nil {
		return unavailable("ask", err)
	}
	return nil
}

// ErrClosed is the cause of every error after Close: trying again is of no use.
var ErrClosed = errors.New("the queue is closed")

// unavailable is the error for people when NATS fails at something. A
// context that ended is the caller's doing and stays what it is.
func unavailable(what string, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	if errors.Is(err, nats.ErrConnectionClosed) {
		err = ErrClosed
	}
	return assay.Errorf(assay.Unavailable, "Cannot %s the queue: %w; check the disk it is on, and try again.", what, err)
}

var poolName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

// checkPool refuses what cannot be a part of a subject.
func checkPool(pool string) error {
	if !poolName.MatchString(pool) {
		return assay.Errorf(assay.Invalid, "%.80q is not a pool's name: use at most 63 lower-case letters, digits, - and _.", pool)
	}
	return nil
}
