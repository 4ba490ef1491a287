package bus

import (
	"errors"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/assay-project/assay/internal/assay"
)

// Live messages go to whoever listens at the moment and may be lost. Each
// Watch calls f for one message after the other, never two at a time, until
// stop, which waits for the call under way (so f must not call it).

// PublishProgress tells how far a job is.
func (b *Bus) PublishProgress(p assay.Progress) error { return b.tell("live.progress", p) }

// WatchProgress hears how far jobs are.
func (b *Bus) WatchProgress(f func(assay.Progress)) (stop func(), err error) {
	return watch(b, "live.progress", f)
}

// PublishBuildProgress tells how far a build is.
func (b *Bus) PublishBuildProgress(p assay.BuildProgress) error {
	return b.tell("live.build-progress", p)
}

// WatchBuildProgress hears how far builds are.
func (b *Bus) WatchBuildProgress(f func(assay.BuildProgress)) (stop func(), err error) {
	return watch(b, "live.build-progress", f)
}

// PublishFigures tells how a worker and its containers are.
func (b *Bus) PublishFigures(f assay.Figures) error { return b.tell("live.figures", f) }

// WatchFigures hears how workers and their containers are.
func (b *Bus) WatchFigures(f func(assay.Figures)) (stop func(), err error) {
	return watch(b, "live.figures", f)
}

// WantFigures asks workers to publish figures each second for the next few
// seconds: say it every two seconds while somebody watches.
func (b *Bus) WantFigures() error { return b.tell("live.want-figures", "") }

// WatchWanted hears that somebody wants figures.
func (b *Bus) WatchWanted(f func()) (stop func(), err error) {
	return watch(b, "live.want-figures", func(string) { f() })
}

// Cancel tells workers that a job has been cancelled. The hub has recorded it
// before; a worker that does not hear it finds out when it begins or when its
// outcome is not recorded.
func (b *Bus) Cancel(job string) error { return b.tell("live.cancel", job) }

// WatchCancel hears which jobs have been cancelled.
func (b *Bus) WatchCancel(f func(job string)) (stop func(), err error) {
	return watch(b, "live.cancel", f)
}

// CancelBuild tells workers that a build has been cancelled.
func (b *Bus) CancelBuild(build string) error { return b.tell("live.cancel-build", build) }

// WatchCancelBuild hears which builds have been cancelled.
func (b *Bus) WatchCancelBuild(f func(build string)) (stop func(), err error) {
	return watch(b, "live.cancel-build", f)
}

// PublishChange tells every hub that a job's row has changed.
func (b *Bus) PublishChange(j assay.Job) error { return b.tell("live.job", j) }

// WatchChange hears which jobs' rows have changed.
func (b *Bus) WatchChange(f func(assay.Job)) (stop func(), err error) { return watch(b, "live.job", f) }

// PublishBuildChange tells every hub that a build's row has changed.
func (b *Bus) PublishBuildChange(build assay.Build) error { return b.tell("live.build", build) }

// WatchBuildChange hears which builds' rows have changed.
func (b *Bus) WatchBuildChange(f func(assay.Build)) (stop func(), err error) {
	return watch(b, "live.build", f)
}

func (b *Bus) tell(subject string, v any) error {
	data, err := encode(v, maxLive)
	if err != nil {
		return err
	}
	if err := b.conn.Publish(subject, data); err != nil {
		return unavailable("write to", err)
	}
	return nil
}

func watch[T any](b *Bus, subject string, f func(T)) (stop func(), err error) {
	sub, err := b.conn.Subscribe(subject, func(msg *nats.Msg) {
		v, err := decode[T](msg.Data, maxLive, nil)
		if err != nil {
			b.log.Warn("bus: ignored a live message", "subject", subject, "error", err)
			return
		}
		f(v)
	})
	if err != nil {
		return nil, unavailable("listen to", err)
	}
	return b.stopper(sub)
}

// stopper makes a function that ends a subscription and waits for its
// callback to return.
func (b *Bus) stopper(sub *nats.Subscription) (stop func(), err error) {
	ended := make(chan struct{})
	sub.SetClosedHandler(func(string) { close(ended) })
	// The subscription must be known to the server before something happens
	// that it should hear of.
	if err := b.conn.FlushTimeout(5 * time.Second); err != nil {
		return nil, unavailable("listen to", errors.Join(err, sub.Unsubscribe()))
	}
	return func() {
		if err := sub.Unsubscribe(); err != nil && !errors.Is(err, nats.ErrConnectionClosed) && !errors.Is(err, nats.ErrBadSubscription) {
			b.log.Warn("bus: stop listening", "error", err)
		}
		<-ended
	}, nil
}
