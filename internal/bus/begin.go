package bus

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/assay-project/assay/internal/assay"
)

// Begin is the hub's answer to a worker that wants to begin.
type Begin struct {
	Verdict BeginVerdict
	Attempt assay.Attempt // when Go; of a build it has the number alone
}

// BeginVerdict says whether a worker may begin.
type BeginVerdict string

// The answers there are.
const (
	Go   BeginVerdict = "go"
	Gone BeginVerdict = "gone" // cancelled, ended, never heard of, or under way by another ticket: drop this one
)

// BeginRequest is a worker's question whether it may begin.
type BeginRequest struct {
	ID          string // of the job or build
	Worker      string
	Redelivered bool // the ticket was held before, so a running attempt is presumed dead
}

// AskBegin asks the hub whether a job may begin. It is Unavailable when no
// hub answers within ten seconds.
func (b *Bus) AskBegin(ctx context.Context, r BeginRequest) (Begin, error) {
	return b.ask(ctx, "ask.begin.job", r)
}

// AskBeginBuild asks the hub whether a build may begin.
func (b *Bus) AskBeginBuild(ctx context.Context, r BeginRequest) (Begin, error) {
	return b.ask(ctx, "ask.begin.build", r)
}

// ServeBegin answers workers that want to begin a job; of several hubs one is
// asked. After an error the worker tries again later.
func (b *Bus) ServeBegin(answer func(context.Context, BeginRequest) (Begin, error)) (stop func(), err error) {
	return b.serve("ask.begin.job", answer)
}

// ServeBeginBuild answers workers that want to begin a build.
func (b *Bus) ServeBeginBuild(answer func(context.Context, BeginRequest) (Begin, error)) (stop func(), err error) {
	return b.serve("ask.begin.build", answer)
}

const askTimeout = 10 * time.Second

// reply is what travels back: an answer, or why there is none.
type reply struct {
	Begin
	Error string `json:",omitempty"`
}

func (b *Bus) ask(ctx context.Context, subject string, r BeginRequest) (Begin, error) {
	data, err := encode(r, maxLive)
	if err != nil {
		return Begin{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	msg, err := b.conn.RequestWithContext(ctx, subject, data)
	if errors.Is(err, nats.ErrConnectionClosed) {
		return Begin{}, unavailable("ask", err)
	}
	if err != nil {
		return Begin{}, assay.Errorf(assay.Unavailable, "No hub answers: %w.", err)
	}
	answer, err := decode(msg.Data, maxLive, func(a reply) error {
		switch {
		case a.Error != "":
			return assay.Errorf(assay.Unavailable, "The hub cannot say now whether to begin: %s", a.Error)
		case a.Verdict != Go && a.Verdict != Gone:
			return assay.Errorf(assay.Invalid, "The hub answers %.20q, which this worker does not know.", a.Verdict)
		}
		return nil
	})
	return answer.Begin, err
}

func (b *Bus) serve(subject string, answer func(context.Context, BeginRequest) (Begin, error)) (stop func(), err error) {
	sub, err := b.conn.QueueSubscribe(subject, "hub", func(msg *nats.Msg) {
		ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
		defer cancel()
		var out reply
		request, err := decode(msg.Data, maxLive, func(r BeginRequest) error {
			if r.ID == "" || len(r.ID) > 64 || r.Worker == "" || len(r.Worker) > 64 {
				return assay.Errorf(assay.Invalid, "The question does not say who wants to begin what.")
			}
			return nil
		})
		if err == nil {
			out.Begin, err = answer(ctx, request)
		}
		if err != nil {
			b.log.Error("bus: cannot answer a worker", "subject", subject, "id", request.ID, "worker", request.Worker, "error", err)
			out.Error = cut(err.Error(), 1<<10)
		}
		data, err := json.Marshal(out)
		if err == nil {
			err = msg.Respond(data)
		}
		if err != nil {
			b.log.Warn("bus: cannot answer a worker", "error", err)
		}
	})
	if err != nil {
		return nil, unavailable("listen to", err)
	}
	return b.stopper(sub)
}
