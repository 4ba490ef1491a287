package sandbox

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/warden"
)

// box is one sandbox and the talk with its warden. One goroutine uses it at a
// time; close may be called from any.
type box struct {
	id      string
	shape   assay.Shape
	users   users
	stream  io.ReadWriteCloser
	out     *bufio.Writer
	frames  <-chan frame  // what the warden says; closed when it has ended
	ended   chan struct{} // closed with frames
	endErr  error         // why, valid once ended is closed
	closing sync.Once
	quit    chan struct{} // closed by close
}

type frame struct {
	kind    warden.Kind
	payload []byte
}

// users are the two uids of a sandbox.
type users struct{ student, grader int }

// greetTimeout is how long a warden may take to answer. Start-up takes some
// milliseconds, but a machine may be busy.
const greetTimeout = 30 * time.Second

// open launches a sandbox and greets its warden.
func open(ctx context.Context, l Launcher, shape assay.Shape, u users) (*box, error) {
	launched, err := l.Launch(ctx, shape)
	if err != nil {
		return nil, err
	}
	b := newBox(launched, shape, u)
	ctx, cancel := context.WithTimeout(ctx, greetTimeout)
	defer cancel()
	if err := b.greet(ctx); err != nil {
		b.close()
		<-b.ended
		return nil, errors.Join(err, l.Remove(context.WithoutCancel(ctx), b.id))
	}
	return b, nil
}

func newBox(launched assay.Launched, shape assay.Shape, u users) *box {
	frames := make(chan frame, 4)
	b := &box{
		id: launched.ID, shape: shape, users: u, stream: launched.Stream,
		out:    bufio.NewWriterSize(launched.Stream, warden.Chunk+1<<10),
		frames: frames, ended: make(chan struct{}), quit: make(chan struct{}),
	}
	// Reads all the time, so that a parked sandbox's end is noticed. It ends
	// with the stream, which close closes.
	go b.listen(frames)
	return b
}

func (b *box) listen(frames chan<- frame) {
	defer close(b.ended)
	defer close(frames)
	r := warden.NewReader(bufio.NewReaderSize(b.stream, warden.Chunk+1<<10))
	for {
		kind, payload, err := r.Next()
		if err != nil {
			b.endErr = err
			return
		}
		select {
		case frames <- frame{kind, append([]byte(nil), payload...)}:
		case <-b.quit:
			b.endErr = errors.New("the sandbox was closed")
			return
		}
	}
}

// close ends the warden, and with it everything in the sandbox.
func (b *box) close() {
	b.closing.Do(func() {
		close(b.quit)
		b.stream.Close() //nolint:errcheck // whatever it says, the sandbox is then removed
	})
}

// alive reports whether the warden was still there a moment ago.
func (b *box) alive() bool {
	select {
	case <-b.ended:
		return false
	default:
		return true
	}
}

func (b *box) greet(ctx context.Context) error {
	err := b.say(warden.KindHello, warden.Hello{
		Version: warden.Version, Student: b.users.student, Grader: b.users.grader, Disk: b.shape.Disk, Files: b.shape.Files,
	})
	if err == nil {
		err = b.out.Flush()
	}
	if err != nil {
		return b.trouble("greeting it", err)
	}
	f, err := b.next(ctx)
	if err != nil {
		return b.trouble("waiting for its greeting", err)
	}
	var ready warden.Ready
	if f.kind != warden.KindReady || json.Unmarshal(f.payload, &ready) != nil || ready.Version != warden.Version {
		return b.trouble("greeting it", errors.New("its answer is not one of this version"))
	}
	return nil
}

// say puts a head into the buffer; a later flush sends it.
func (b *box) say(kind warden.Kind, head any) error {
	raw, err := warden.AppendHead(nil, kind, head)
	if err != nil {
		return err
	}
	_, err = b.out.Write(raw)
	return err
}

// next is the next frame. A failure that the warden reports is a
// *failureError, the end of the stream or of ctx an error like any other.
func (b *box) next(ctx context.Context) (frame, error) {
	select {
	case f, ok := <-b.frames:
		if !ok {
			return f, b.endErr
		}
		if f.kind == warden.KindError {
			var failure warden.Failure
			if err := json.Unmarshal(f.payload, &failure); err != nil {
				return f, err
			}
			return f, &failureError{failure}
		}
		return f, nil
	case <-ctx.Done():
		return frame{}, context.Cause(ctx)
	}
}

// failureError is what the warden gave up for.
type failureError struct{ warden.Failure }

func (e *failureError) Error() string { return assay.Printable(e.Message, 500) }

// trouble is an error of the machinery, never of the submission.
func (b *box) trouble(doing string, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return assay.Errorf(assay.Unavailable, "sandbox %.12s broke down while %s (see the worker's log and the engine's, then try again): %w", b.id, doing, err)
}

// put unpacks what write writes, a tar stream, into the owner's directory. It
// does not wait: if that fails, the next run tells.
func (b *box) put(owner warden.Owner, write func(io.Writer) error) error {
	if err := b.say(warden.KindPut, warden.Put{Owner: owner}); err != nil {
		return err
	}
	data := warden.NewDataWriter(b.out)
	return errors.Join(write(data), data.Close())
}

// run runs a program to its end, or until ctx ends: then the sandbox is of no
// use any more. What it writes is given to sink as it comes.
func (b *box) run(ctx context.Context, run warden.Run, stdin []byte, sink func(warden.Stream, []byte)) (exited warden.Exited, err error) {
	if err := b.send(run, stdin); err != nil {
		return exited, err
	}
	for {
		f, err := b.next(ctx)
		if err != nil {
			return exited, err
		}
		switch {
		case f.kind == warden.KindExited:
			return exited, json.Unmarshal(f.payload, &exited)
		case f.kind == warden.KindOut && len(f.payload) > 0:
			sink(warden.Stream(f.payload[0]), f.payload[1:])
		default:
			return exited, fmt.Errorf("a frame of kind %d came while a program was running", f.kind)
		}
	}
}

func (b *box) send(run warden.Run, stdin []byte) error {
	run.Stdin = len(stdin) > 0
	if err := b.say(warden.KindRun, run); err != nil {
		return err
	}
	if run.Stdin {
		data := warden.NewDataWriter(b.out)
		if _, err := data.Write(stdin); err != nil {
			return err
		}
		if err := data.Close(); err != nil {
			return err
		}
	}
	return b.out.Flush()
}
