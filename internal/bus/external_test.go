package bus

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/assay-project/assay/internal/assay"
)

// serve runs a NATS server of its own, as a cluster would be, on a port
// (-1 chooses one).
func serve(t *testing.T, dir string, port int) *server.Server {
	t.Helper()
	srv, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: dir, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	if !srv.ReadyForConnections(30 * time.Second) {
		t.Fatal("the NATS server did not start")
	}
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	return srv
}

func TestExternalServerMayGoAndComeBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	srv := serve(t, dir, -1)
	hub, worker := start(t, Config{URL: srv.ClientURL()}), start(t, Config{URL: srv.ClientURL()})
	content := []byte("print()")
	if err := hub.PutObject(t.Context(), assay.DigestOf(content), bytes.NewReader(content)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	outcomes := make(chan string, 10)
	var listening sync.WaitGroup
	defer listening.Wait()
	listening.Go(func() {
		err := hub.Outcomes(ctx, func(_ context.Context, o assay.Outcome) error { outcomes <- o.Job; return nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("listening ended with %v", err)
		}
	})
	defer cancel()
	stop, err := hub.ServeBegin(func(_ context.Context, r BeginRequest) (Begin, error) {
		return Begin{Verdict: Go, Attempt: assay.Attempt{Job: r.ID, Number: 1, Worker: r.Worker, Token: "t"}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()

	q := jobs(t, worker)
	taken := make(chan *Delivery[assay.Ticket], 1)
	take := func() {
		listening.Go(func() {
			d, err := q.Next(ctx)
			if err != nil {
				t.Errorf("waiting for a ticket: %v", err)
			}
			taken <- d
		})
	}
	work := func() {
		d := <-taken
		if d == nil {
			t.FailNow()
		}
		begin, err := worker.AskBegin(ctx, BeginRequest{ID: d.Ticket.Job, Worker: "w", Redelivered: d.Redelivered})
		if err != nil || begin.Verdict != Go {
			t.Fatalf("%+v %v", begin, err)
		}
		if err := worker.PublishOutcome(ctx, assay.Outcome{Job: d.Ticket.Job, Token: "t", State: assay.Done, Result: &assay.Result{}}); err != nil {
			t.Fatal(err)
		}
		ack(t, d)
		if job := <-outcomes; job != d.Ticket.Job {
			t.Errorf("the outcome of %s, not of %s", job, d.Ticket.Job)
		}
	}
	take()
	publish(t, hub, ticket("before", assay.Normal))
	work()

	take() // waits while the server is away
	port := srv.Addr().(interface{ AddrPort() netip.AddrPort }).AddrPort().Port()
	srv.Shutdown()
	srv.WaitForShutdown()
	short, cancelShort := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancelShort()
	if err := hub.PublishJob(short, ticket("lost", assay.Normal)); assay.CodeOf(err) != assay.Unavailable {
		t.Errorf("published to nobody: %v", err)
	}
	serve(t, dir, int(port))
	for {
		try, cancel := context.WithTimeout(ctx, time.Second)
		err := hub.PublishJob(try, ticket("after", assay.High))
		cancel()
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			t.Fatalf("the server is back: %v", err)
		}
	}
	work()
	if got := read(t, worker, assay.DigestOf(content)); !bytes.Equal(got, content) {
		t.Errorf("the files are now %q", got)
	}
}
