package sandbox

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/fstest"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/warden"
)

// impostor launches a sandbox without a container, whose warden greets and
// then does what no real one does on demand.
type impostor struct {
	then    func(c net.Conn, removed <-chan struct{})
	removed chan struct{}
}

func (i *impostor) Launch(context.Context, assay.Shape) (assay.Launched, error) {
	ours, theirs := net.Pipe()
	i.removed = make(chan struct{})
	go func() {
		defer theirs.Close()
		if kind, _, err := warden.NewReader(theirs).Next(); err == nil && kind == warden.KindHello {
			say(theirs, warden.KindReady, warden.Ready{Version: warden.Version})
			i.then(theirs, i.removed)
		}
	}()
	return assay.Launched{ID: "impostor", Stream: ours}, nil
}

func (i *impostor) List(context.Context) ([]string, error) { return nil, nil }

func (i *impostor) Remove(context.Context, string) error {
	close(i.removed)
	return nil
}

func say(w io.Writer, kind warden.Kind, head any) {
	if raw, err := warden.AppendHead(nil, kind, head); err == nil {
		w.Write(raw) //nolint:errcheck // the worker may have hung up
	}
}

// hear reads frames up to one of a kind.
func hear(c net.Conn, until warden.Kind) {
	for frames := warden.NewReader(c); ; {
		if kind, _, err := frames.Next(); err != nil || kind == until {
			return
		}
	}
}

func TestTalkThatBreaksOffIsJudgedByItsCause(t *testing.T) {
	lost := assay.Errorf(assay.Unavailable, "the queue went away")
	whole := func(r io.Reader) io.Reader { return r }
	for name, c := range map[string]struct {
		submission func(io.Reader) io.Reader
		then       func(net.Conn, <-chan struct{})
		verdict    assay.Verdict
		message    string // of the error, when there is no verdict
		within     time.Duration
	}{
		"a warden that does not read the files": {
			whole, func(_ net.Conn, removed <-chan struct{}) { <-removed },
			"", "receiving the submission", handOver,
		},
		"a warden that does not read standard input": {
			whole, func(c net.Conn, removed <-chan struct{}) { hear(c, warden.KindRun); <-removed },
			"", `running "test"`, assay.DefaultLimits.Wall + grace(assay.DefaultLimits),
		},
		"a warden that has no room for the files": {
			whole, func(c net.Conn, _ <-chan struct{}) {
				hear(c, warden.KindData)
				say(c, warden.KindError, warden.Failure{Message: "full", Why: warden.Disk})
			},
			assay.Rejected, "", 0,
		},
		"a submission that is lost on its way": {
			func(r io.Reader) io.Reader {
				return io.MultiReader(io.LimitReader(r, 512<<10), iotest.ErrReader(lost))
			},
			func(c net.Conn, _ <-chan struct{}) { hear(c, warden.KindRun) },
			"", lost.Message, 0,
		},
		"a submission that is not what its digest says": {
			func(r io.Reader) io.Reader { return io.MultiReader(r, iotest.ErrReader(lost)) },
			func(c net.Conn, _ <-chan struct{}) { hear(c, warden.KindRun) },
			"", lost.Message, 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			content := make([]byte, 1<<20) // more than any buffer holds, compressed as well
			rand.Read(content)
			submission := c.submission(packed(t, fstest.MapFS{"answer": {Data: content}}))
			synctest.Test(t, func(t *testing.T) {
				pool := NewPool(&impostor{then: c.then}, PoolConfig{Log: slog.New(slog.DiscardHandler)})
				began := time.Now()
				result, err := pool.Grade(t.Context(), Assignment{
					Grader: &assay.Grader{
						Limits: assay.DefaultLimits, Submission: assay.DefaultSubmissionRules,
						Tests: []assay.Test{{Name: "test", Step: assay.Step{Command: []string{"cat"}}, Stdin: content}},
					},
					Submission: submission,
				}, nil)
				if took := time.Since(began); took != c.within {
					t.Errorf("it took %s, not %s", took, c.within)
				}
				switch {
				case c.verdict != "" && (err != nil || result.Verdict != c.verdict):
					t.Errorf("got %+v, %v", result, err)
				case c.verdict == "" && (assay.CodeOf(err) != assay.Unavailable || !strings.Contains(err.Error(), c.message)):
					t.Errorf("got %+v, %v", result, err)
				}
				if err := pool.Close(t.Context()); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
