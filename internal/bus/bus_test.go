package bus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sys/unix"

	"github.com/assay-project/assay/internal/assay"
)

// shortWait is an acknowledgement wait that a test can sit out, and that a
// busy machine does not miss.
const shortWait = 1500 * time.Millisecond

func start(t *testing.T, cfg Config) *Bus {
	t.Helper()
	if cfg.Dir == "" {
		cfg.Dir = t.TempDir()
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	b, err := Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func ticket(job string, p assay.Priority) assay.Ticket {
	return assay.Ticket{Job: job, Pool: "main", Priority: p, Files: assay.DigestOf([]byte("grader")), Submission: assay.DigestOf([]byte(job))}
}

func publish(t *testing.T, b *Bus, tickets ...assay.Ticket) {
	t.Helper()
	for _, one := range tickets {
		if err := b.PublishJob(t.Context(), one); err != nil {
			t.Fatal(err)
		}
	}
}

func jobs(t *testing.T, b *Bus) *Queue[assay.Ticket] {
	t.Helper()
	q, err := b.Jobs(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(q.Close)
	return q
}

func next[T any](t *testing.T, q *Queue[T]) *Delivery[T] {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	d, err := q.Next(ctx)
	if err != nil {
		t.Fatalf("no ticket: %v", err)
	}
	return d
}

func ack[T any](t *testing.T, d *Delivery[T]) {
	t.Helper()
	if err := d.Ack(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// known waits until a lane's consumer knows of a ticket, which is a moment
// after it is stored.
func known(t *testing.T, q *Queue[assay.Ticket], lane int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; {
		info, err := q.lanes[lane].Info(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if info.NumPending > 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the consumer never heard of the ticket")
		}
	}
}

// empty fails unless the whole queue is.
func empty(t *testing.T, b *Bus) {
	t.Helper()
	queued, err := b.Queued(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	for p, n := range queued {
		if n != 0 {
			t.Errorf("%d jobs of priority %s are left in the queue", n, p)
		}
	}
}

func TestMostUrgentJobComesFirst(t *testing.T) {
	b := start(t, Config{})
	publish(t, b, ticket("l1", assay.Low), ticket("n1", assay.Normal), ticket("h1", assay.High), ticket("n2", assay.Normal), ticket("h2", assay.High))
	q := jobs(t, b)
	var got []string
	for range 5 {
		d := next(t, q)
		if d.Redelivered {
			t.Errorf("%s says it was held before", d.Ticket.Job)
		}
		got = append(got, d.Ticket.Job)
		ack(t, d)
	}
	if want := "h1 h2 n1 n2 l1"; strings.Join(got, " ") != want {
		t.Errorf("order %v, want %s", got, want)
	}
	empty(t, b)
}

func TestHighPriorityOvertakesUnderLoad(t *testing.T) {
	b := start(t, Config{})
	q := jobs(t, b)
	const each = 100
	for i := range each {
		publish(t, b, ticket(fmt.Sprintf("l%d", i), assay.Low), ticket(fmt.Sprintf("n%d", i), assay.Normal))
	}
	seen := make(map[string]bool)
	high := 0
	for i := range 3 * each {
		if high < each { // one urgent job arrives before each take
			publish(t, b, ticket(fmt.Sprintf("h%d", high), assay.High))
			high++
			known(t, q, 0)
		}
		d := next(t, q)
		if i < each && d.Ticket.Priority != assay.High {
			t.Fatalf("take %d gave %s before the urgent one", i, d.Ticket.Job)
		}
		if i >= each && i < 2*each && d.Ticket.Priority != assay.Normal {
			t.Fatalf("take %d gave %s before the normal ones", i, d.Ticket.Job)
		}
		if seen[d.Ticket.Job] {
			t.Fatalf("%s came twice", d.Ticket.Job)
		}
		seen[d.Ticket.Job] = true
		ack(t, d)
	}
	empty(t, b)
}

func TestEveryTicketWakesWhoWaits(t *testing.T) {
	b := start(t, Config{})
	q := jobs(t, b)
	q.poll = time.Hour // nothing but the wake finds it
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	taken := make(chan error)
	var worker sync.WaitGroup
	worker.Go(func() {
		for {
			d, err := q.Next(ctx)
			if err == nil {
				err = d.Ack(ctx)
			}
			taken <- err
			if err != nil {
				return
			}
		}
	})
	for i := range 300 {
		publish(t, b, ticket(fmt.Sprint("j", i), assay.Priorities[i%3]))
		if err := <-taken; err != nil {
			t.Fatalf("ticket %d: %v", i, err)
		}
	}
	cancel()
	if err := <-taken; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	worker.Wait()
	empty(t, b)
}

func TestPublishingTwiceMakesOneTicket(t *testing.T) {
	b := start(t, Config{})
	publish(t, b, ticket("j", assay.Normal), ticket("j", assay.Normal))
	q := jobs(t, b)
	ack(t, next(t, q))
	publish(t, b, ticket("j", assay.Normal)) // nor after it was done
	empty(t, b)
}

func TestDeadWorkersTicketIsDeliveredAgain(t *testing.T) {
	t.Parallel()
	b := start(t, Config{AckWait: shortWait})
	publish(t, b, ticket("j", assay.Normal))
	q := jobs(t, b)
	silent := next(t, q)
	if silent.Redelivered {
		t.Fatalf("first delivery: %+v", silent)
	}
	d := next(t, q)
	if d.Ticket.Job != "j" || !d.Redelivered {
		t.Errorf("second delivery: %+v", d)
	}
	// Should the dead turn out to be alive, the ticket is not theirs any more.
	if err := silent.Nak(0); err != nil {
		t.Error(err)
	}
	ack(t, silent)
	if queued, err := b.Queued(t.Context(), "main"); err != nil || queued[assay.Normal] != 1 {
		t.Errorf("who was silent took the ticket away: %v %v", queued, err)
	}
	ack(t, d)
	empty(t, b)
}

func TestKeptAliveTicketStays(t *testing.T) {
	t.Parallel()
	b := start(t, Config{AckWait: shortWait})
	publish(t, b, ticket("j", assay.Normal))
	q := jobs(t, b)
	d := next(t, q)
	alive, die := context.WithCancel(t.Context())
	var keeper sync.WaitGroup
	keeper.Go(func() { d.KeepAlive(alive) })
	ctx, cancel := context.WithTimeout(t.Context(), 3*shortWait)
	defer cancel()
	if again, err := q.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a ticket that is worked on was given to another: %+v %v", again, err)
	}
	die()
	keeper.Wait()
	ack(t, d)
	empty(t, b)
}

func TestTicketGivenBackComesAfterItsDelay(t *testing.T) {
	b := start(t, Config{})
	publish(t, b, ticket("j", assay.Normal))
	q := jobs(t, b)
	began := time.Now()
	if err := next(t, q).Nak(300 * time.Millisecond); err != nil {
		t.Fatal(err)
	}
	d := next(t, q)
	if took := time.Since(began); took < 300*time.Millisecond || !d.Redelivered {
		t.Errorf("came back after %s, redelivered %v", took, d.Redelivered)
	}
	ack(t, d)
}

func TestRestartKeepsTicketsAndFiles(t *testing.T) {
	dir := t.TempDir()
	b := start(t, Config{Dir: dir})
	q := jobs(t, b)
	publish(t, b, ticket("held", assay.High), ticket("waiting", assay.Low), ticket("given back", assay.Normal))
	content := []byte("print('hello')\n")
	digest := assay.DigestOf(content)
	if err := b.PutObject(t.Context(), digest, bytes.NewReader(content)); err != nil {
		t.Fatal(err)
	}
	held := next(t, q)
	if err := next(t, q).Nak(0); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}

	b = start(t, Config{Dir: dir})
	q = jobs(t, b)
	began := time.Now()
	var got []string
	for range 3 {
		d := next(t, q)
		if !d.Redelivered {
			t.Errorf("%s may have been held by who died and does not say so", d.Ticket.Job)
		}
		got = append(got, d.Ticket.Job)
		ack(t, d)
	}
	if want := "held,given back,waiting"; strings.Join(got, ",") != want || held.Ticket.Job != "held" {
		t.Errorf("after the restart came %q, want %s", got, want)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("what the dead held took %s to come back", took)
	}
	publish(t, b, ticket("waiting", assay.Low)) // still known
	empty(t, b)
	if got := read(t, b, digest); !bytes.Equal(got, content) {
		t.Errorf("the files are now %q", got)
	}
}

func TestUnreadableTicketIsDropped(t *testing.T) {
	t.Parallel()
	b := start(t, Config{AckWait: shortWait})
	for i, payload := range []string{"", "{", `[]`, `{"job":5}`, `{"job":""}`, `{"job":"x","pool":"main","priority":"normal","files":"sha256:../../etc"}`, strings.Repeat("[", 100_000)} {
		if _, err := b.js.Publish(t.Context(), "jobs.main.normal", []byte(payload)); err != nil {
			t.Fatal(i, err)
		}
	}
	publish(t, b, ticket("good", assay.Normal))
	q := jobs(t, b)
	d := next(t, q)
	if d.Ticket.Job != "good" {
		t.Errorf("got %+v", d.Ticket)
	}
	ack(t, d)
	ctx, cancel := context.WithTimeout(t.Context(), 2*shortWait)
	defer cancel()
	if d, err := q.Next(ctx); err == nil {
		t.Errorf("something unreadable came back: %+v", d.Ticket)
	}
	empty(t, b)
}

func TestWhatCannotBeQueuedIsRefused(t *testing.T) {
	b := start(t, Config{})
	good := ticket("j", assay.Normal)
	for name, spoil := range map[string]func(*assay.Ticket){
		"no job":           func(t *assay.Ticket) { t.Job = "" },
		"unknown priority": func(t *assay.Ticket) { t.Priority = "urgent" },
		"wildcard":         func(t *assay.Ticket) { t.Pool = "*" },
		"two tokens":       func(t *assay.Ticket) { t.Pool = "a.b" },
		"no pool":          func(t *assay.Ticket) { t.Pool = "" },
		"no files":         func(t *assay.Ticket) { t.Files = "latest" },
	} {
		bad := good
		spoil(&bad)
		if err := b.PublishJob(t.Context(), bad); assay.CodeOf(err) != assay.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	good.Label = strings.Repeat("x", maxTicket)
	if err := b.PublishJob(t.Context(), good); assay.CodeOf(err) != assay.TooLarge {
		t.Errorf("a ticket too large: %v", err)
	}
	if _, err := b.js.Publish(t.Context(), "jobs.main.normal", make([]byte, maxTicket+1)); err == nil {
		t.Error("the stream takes what is too large")
	}
	empty(t, b)
}

func TestBuildsAreQueuedToo(t *testing.T) {
	b := start(t, Config{})
	if err := b.PublishBuild(t.Context(), "main", assay.BuildTicket{Build: "b1", Name: "python", Dockerfile: "FROM debian:bookworm\n"}); err != nil {
		t.Fatal(err)
	}
	q, err := b.Builds(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	d := next(t, q)
	if d.Ticket.Dockerfile != "FROM debian:bookworm\n" {
		t.Errorf("got %+v", d.Ticket)
	}
	ack(t, d)
}

func TestOutcomeIsAcknowledgedOnlyAfterItIsRecorded(t *testing.T) {
	t.Parallel()
	b := start(t, Config{AckWait: shortWait})
	for _, job := range []string{"a", "b", "stale"} {
		if err := b.PublishOutcome(t.Context(), assay.Outcome{Job: job, Token: "t", State: assay.Done, Result: &assay.Result{Verdict: assay.Passed}}); err != nil {
			t.Fatal(err)
		}
	}
	for _, garbage := range []string{"{", `{"job":"x","token":"t","state":"running"}`, `{"job":"x","token":"t","state":"done"}`} {
		if _, err := b.js.Publish(t.Context(), "results.job", []byte(garbage)); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	tries := make(map[string]int)
	err := b.Outcomes(ctx, func(_ context.Context, o assay.Outcome) error {
		tries[o.Job]++
		switch {
		case o.Job == "stale":
			return assay.Errorf(assay.Conflict, "Another attempt has ended this job.")
		case o.Job == "a" && tries["a"] == 1:
			return assay.Errorf(assay.Unavailable, "The disk is full.")
		case tries["a"] == 2 && tries["b"] == 1:
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if tries["a"] != 2 || tries["b"] != 1 || tries["stale"] != 1 || len(tries) != 3 {
		t.Errorf("recorded %v", tries)
	}
	stream, err := b.js.Stream(t.Context(), "RESULTS")
	if err != nil {
		t.Fatal(err)
	}
	if info, err := stream.Info(t.Context()); err != nil || info.State.Msgs != 0 {
		t.Errorf("%d outcomes are left: %v", info.State.Msgs, err)
	}
}

func TestOutcomesFetchedAheadAreGivenBack(t *testing.T) {
	b := start(t, Config{}) // an acknowledgement wait of 30 s
	for i := range 10 {
		if err := b.PublishBuildOutcome(t.Context(), assay.BuildOutcome{Build: fmt.Sprint(i), State: assay.Done}); err != nil {
			t.Fatal(err)
		}
	}
	seen := make(map[string]int)
	for _, stopAt := range []int{1, 10} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		err := b.BuildOutcomes(ctx, func(_ context.Context, o assay.BuildOutcome) error {
			if seen[o.Build]++; len(seen) == stopAt {
				cancel()
			}
			return nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("after %d of 10: %v", len(seen), err)
		}
	}
	for build, n := range seen {
		if n != 1 {
			t.Errorf("build %s was recorded %d times", build, n)
		}
	}
}

func TestLargeOutcomeLosesOutputNotScores(t *testing.T) {
	b := start(t, Config{})
	big := strings.Repeat("é", 32<<10)
	r := &assay.Result{Verdict: assay.Passed, Score: 200, Build: &assay.TestResult{Stdout: big}}
	for i := range 200 {
		r.Tests = append(r.Tests, assay.TestResult{Name: fmt.Sprint("test ", i), Points: 1, Stdout: big, Stderr: big, Expected: &big})
	}
	if err := b.PublishOutcome(t.Context(), assay.Outcome{Job: "j", Token: "t", State: assay.Done, Result: r}); err != nil {
		t.Fatal(err)
	}
	if r.Tests[0].Cut || r.Tests[0].Stdout != big {
		t.Error("the caller's result was changed")
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := b.Outcomes(ctx, func(_ context.Context, o assay.Outcome) error {
		defer cancel()
		if o.Result.Score != 200 || len(o.Result.Tests) != 200 {
			t.Errorf("score %v, %d tests", o.Result.Score, len(o.Result.Tests))
		}
		for _, test := range o.Result.Tests {
			if !test.Cut || test.Points != 1 || !strings.HasPrefix(big, test.Stdout) || test.Stdout == "" || len(*test.Expected) > len(big) {
				t.Fatalf("%s: cut %v, %d bytes", test.Name, test.Cut, len(test.Stdout))
			}
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func read(t *testing.T, b *Bus, d assay.Digest) []byte {
	t.Helper()
	r, err := b.GetObject(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	return content
}

func TestObjectsOfEverySizeComeBack(t *testing.T) {
	b := start(t, Config{})
	random := rand.NewChaCha8([32]byte{})
	for _, size := range []int{0, 1, chunkSize - 1, chunkSize, chunkSize + 1, 3 * chunkSize} {
		content := make([]byte, size)
		random.Read(content) //nolint:errcheck // never fails
		d := assay.DigestOf(content)
		if has, err := b.HasObject(t.Context(), d); has || err != nil {
			t.Fatalf("%d bytes: there before: %v %v", size, has, err)
		}
		// Several at the same time, in small pieces, as a network gives them.
		var putters sync.WaitGroup
		for range 3 {
			putters.Go(func() {
				if err := b.PutObject(t.Context(), d, io.MultiReader(bytes.NewReader(content[:size/3]), bytes.NewReader(content[size/3:]))); err != nil {
					t.Errorf("%d bytes: %v", size, err)
				}
			})
		}
		putters.Wait()
		if has, err := b.HasObject(t.Context(), d); !has || err != nil {
			t.Fatalf("%d bytes: not there: %v", size, err)
		}
		if got := read(t, b, d); !bytes.Equal(got, content) {
			t.Errorf("%d bytes came back as %d others", size, len(got))
		}
	}
}

func TestObjectWithAnotherDigestIsRefused(t *testing.T) {
	b := start(t, Config{})
	content := make([]byte, 2*chunkSize)
	said := assay.DigestOf([]byte("something else"))
	if err := b.PutObject(t.Context(), said, bytes.NewReader(content)); assay.CodeOf(err) != assay.Invalid {
		t.Errorf("put: %v", err)
	}
	if _, err := b.GetObject(t.Context(), said); assay.CodeOf(err) != assay.NotFound {
		t.Errorf("get: %v", err)
	}
	if info, err := b.files.Info(t.Context()); err != nil || info.State.Msgs != 0 {
		t.Errorf("%d chunks are left of it: %v", info.State.Msgs, err)
	}
	for _, d := range []assay.Digest{"", "sha256:x", "*", "../../etc/passwd"} {
		if err := b.PutObject(t.Context(), d, bytes.NewReader(nil)); assay.CodeOf(err) != assay.Invalid {
			t.Errorf("put as %q: %v", d, err)
		}
	}
}

func TestDamagedObjectIsAnError(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), chunkSize/8) // two chunks
	d := assay.DigestOf(content)
	for name, damage := range map[string]func(b *Bus) error{
		"other bytes": func(b *Bus) error {
			_, err := b.js.Publish(t.Context(), chunkSubject(d, 1), make([]byte, chunkSize))
			return err
		},
		"shorter": func(b *Bus) error {
			_, err := b.js.Publish(t.Context(), chunkSubject(d, 1), make([]byte, 10))
			return err
		},
		"empty": func(b *Bus) error {
			_, err := b.js.Publish(t.Context(), chunkSubject(d, 1), nil)
			return err
		},
		"missing": func(b *Bus) error {
			return b.files.Purge(t.Context(), jetstream.WithPurgeSubject(chunkSubject(d, 1)))
		},
		"no size": func(b *Bus) error {
			_, err := b.js.Publish(t.Context(), chunkSubject(d, 0), content[:chunkSize])
			return err
		},
		"huge size": func(b *Bus) error {
			msg := nats.NewMsg(chunkSubject(d, 0))
			msg.Header.Set(sizeHeader, "9223372036854775807")
			_, err := b.js.PublishMsg(t.Context(), msg)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := start(t, Config{})
			if err := b.PutObject(t.Context(), d, bytes.NewReader(content)); err != nil {
				t.Fatal(err)
			}
			if err := damage(b); err != nil {
				t.Fatal(err)
			}
			r, err := b.GetObject(t.Context(), d)
			if err == nil {
				_, err = io.Copy(io.Discard, r)
				if err := r.Close(); err != nil {
					t.Error(err)
				}
			}
			if err == nil || !strings.Contains(err.Error(), "damaged") {
				t.Errorf("read without a complaint: %v", err)
			}
		})
	}
}

func TestBeginIsAskedOfTheHub(t *testing.T) {
	b := start(t, Config{})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := b.AskBegin(ctx, BeginRequest{ID: "j", Worker: "w"}); assay.CodeOf(err) != assay.Unavailable {
		t.Errorf("without a hub: %v", err)
	}
	stop, err := b.ServeBegin(func(_ context.Context, r BeginRequest) (Begin, error) {
		switch {
		case r.ID == "gone":
			return Begin{Verdict: Gone}, nil
		case r.ID == "sick":
			return Begin{}, assay.Errorf(assay.Unavailable, "The disk is full.")
		case r.ID == "strange":
			return Begin{Verdict: "maybe"}, nil
		}
		return Begin{Verdict: Go, Attempt: assay.Attempt{Job: r.ID, Worker: r.Worker, Number: 2, Token: "secret"}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		request BeginRequest
		want    BeginVerdict
		code    assay.Code
	}{
		{BeginRequest{ID: "gone", Worker: "w"}, Gone, ""},
		{BeginRequest{ID: "j", Worker: "w", Redelivered: true}, Go, ""},
		{BeginRequest{ID: "sick", Worker: "w"}, "", assay.Unavailable},
		{BeginRequest{ID: "strange", Worker: "w"}, "", assay.Invalid},
		{BeginRequest{ID: "", Worker: "w"}, "", assay.Unavailable},
		{BeginRequest{ID: strings.Repeat("x", 1<<16), Worker: "w"}, "", assay.Unavailable},
	} {
		got, err := b.AskBegin(ctx, c.request)
		if c.code != "" {
			if assay.CodeOf(err) != c.code {
				t.Errorf("%.20q: %v, want %s", c.request.ID, err, c.code)
			}
			continue
		}
		if err != nil || got.Verdict != c.want || (c.want == Go) != (got.Attempt.Token == "secret") {
			t.Errorf("%q: %+v %v, want %s", c.request.ID, got, err, c.want)
		}
	}
	msg, err := b.conn.Request("ask.begin.job", []byte("{"), time.Second)
	if err != nil || !strings.Contains(string(msg.Data), "not the JSON") {
		t.Errorf("garbage is answered %s %v", msg.Data, err)
	}
	stop()
	if _, err := b.AskBegin(ctx, BeginRequest{ID: "j", Worker: "w"}); assay.CodeOf(err) != assay.Unavailable {
		t.Errorf("after stop: %v", err)
	}
}

func TestLiveMessagesReachWhoWatches(t *testing.T) {
	b := start(t, Config{})
	heard := make(chan string, 20)
	watches := []struct {
		watch func() (func(), error)
		tell  func() error
		want  string
	}{
		{func() (func(), error) {
			return b.WatchProgress(func(p assay.Progress) { heard <- "progress " + p.Job })
		}, func() error { return b.PublishProgress(assay.Progress{Job: "j"}) }, "progress j"},
		{func() (func(), error) {
			return b.WatchBuildProgress(func(p assay.BuildProgress) { heard <- "build progress " + p.Build })
		}, func() error { return b.PublishBuildProgress(assay.BuildProgress{Build: "b"}) }, "build progress b"},
		{func() (func(), error) {
			return b.WatchFigures(func(f assay.Figures) { heard <- "figures " + f.Worker.ID })
		}, func() error { return b.PublishFigures(assay.Figures{Worker: assay.Worker{ID: "w"}}) }, "figures w"},
		{func() (func(), error) { return b.WatchWanted(func() { heard <- "wanted" }) }, b.WantFigures, "wanted"},
		{func() (func(), error) { return b.WatchCancel(func(id string) { heard <- "cancel " + id }) },
			func() error { return b.Cancel("j") }, "cancel j"},
		{func() (func(), error) { return b.WatchCancelBuild(func(id string) { heard <- "cancel build " + id }) },
			func() error { return b.CancelBuild("b") }, "cancel build b"},
		{func() (func(), error) { return b.WatchChange(func(j assay.Job) { heard <- "job " + j.ID }) },
			func() error { return b.PublishChange(assay.Job{ID: "j"}) }, "job j"},
		{func() (func(), error) {
			return b.WatchBuildChange(func(build assay.Build) { heard <- "build " + build.ID })
		}, func() error { return b.PublishBuildChange(assay.Build{ID: "b"}) }, "build b"},
	}
	for _, w := range watches {
		stop, err := w.watch()
		if err != nil {
			t.Fatal(err)
		}
		defer stop()
	}
	if err := b.conn.Publish("live.progress", []byte("{")); err != nil { // ignored
		t.Fatal(err)
	}
	for _, w := range watches {
		if err := w.tell(); err != nil {
			t.Fatal(err)
		}
		if got := <-heard; got != w.want {
			t.Errorf("heard %q, want %q", got, w.want)
		}
	}
	if err := b.PublishProgress(assay.Progress{Log: strings.Repeat("x", maxLive)}); assay.CodeOf(err) != assay.TooLarge {
		t.Errorf("too large: %v", err)
	}
}

func TestStartSaysWhyItCannot(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, cfg := range map[string]Config{
		"a file in the way": {Dir: file},
		"nobody there":      {URL: "nats://127.0.0.1:1"},
	} {
		b, err := Start(cfg)
		if err == nil {
			t.Errorf("%s: started: %v", name, b.Close())
		} else if assay.CodeOf(err) != assay.Unavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCloseLeavesNothingRunning(t *testing.T) {
	b := start(t, Config{})
	q := jobs(t, b)
	stop, err := b.WatchProgress(func(assay.Progress) {})
	if err != nil {
		t.Fatal(err)
	}
	defer stop() // after Close: must not hang
	ended := make(chan error, 2)
	go func() { _, err := q.Next(context.Background()); ended <- err }()
	go func() {
		ended <- b.Outcomes(context.Background(), func(context.Context, assay.Outcome) error { return nil })
	}()
	publish(t, b, ticket("j", assay.Normal))
	if err := <-ended; err != nil { // Next
		t.Fatal(err)
	}
	go func() { _, err := q.Next(context.Background()); ended <- err }()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := <-ended; assay.CodeOf(err) != assay.Unavailable || !errors.Is(err, ErrClosed) {
			t.Errorf("who waited got %v", err)
		}
	}
	deadline := time.Now().Add(10 * time.Second)
	for {
		var stacks strings.Builder
		if err := pprof.Lookup("goroutine").WriteTo(&stacks, 1); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(stacks.String(), "nats-io/") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("still running:\n" + stacks.String())
		}
		<-time.After(20 * time.Millisecond)
	}
}

func TestFullDiskIsRefusedAndRecoveredFrom(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=24m"); err != nil {
		t.Fatalf("this test mounts a small file system: run it as root (%v)", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	b := start(t, Config{Dir: filepath.Join(dir, "bus")})
	put := func() (assay.Digest, error) {
		content := []byte(assay.NewID() + strings.Repeat("x", 100<<10))
		d := assay.DigestOf(content)
		return d, b.PutObject(t.Context(), d, bytes.NewReader(content))
	}
	if _, err := put(); err == nil || !strings.Contains(err.Error(), "full") || assay.CodeOf(err) != assay.Unavailable {
		t.Fatalf("with less free than must stay so: %v", err)
	}
	b.server.reserve = 1 << 20
	kept, err := put()
	if err != nil {
		t.Fatal(err)
	}
	publish(t, b, ticket("before", assay.Normal))

	// Somebody else fills the disk between our look and the writing, so
	// this one goes past the look.
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 24<<20), 0o600); !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	content := make([]byte, 8<<10)
	if _, err := b.js.Publish(ctx, chunkSubject(assay.DigestOf(content), 0), content); err == nil {
		t.Fatal("something was stored on a full disk")
	}
	b.server.failed()
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	// The server is restarted, and everything is as it was.
	deadline := time.Now().Add(30 * time.Second)
	for {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		err := b.put(ctx, &nats.Msg{Subject: chunkSubject(assay.DigestOf(content), 0), Data: content})
		cancel()
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("with room again: %v", err)
		}
	}
	read(t, b, kept)
	publish(t, b, ticket("after", assay.Low))
	q := jobs(t, b)
	for _, want := range []string{"before", "after"} {
		d := next(t, q)
		if d.Ticket.Job != want {
			t.Errorf("got %s, want %s", d.Ticket.Job, want)
		}
		ack(t, d)
	}
	empty(t, b)
}
