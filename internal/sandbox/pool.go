package sandbox

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/assay-project/assay/internal/assay"
)

// PoolConfig bounds a pool. The zero value of a field means its default.
type PoolConfig struct {
	Budget   int           // sandboxes parked at most, over all shapes; 0 parks none
	Keep     time.Duration // how long the last one of a shape stays parked without demand; 5 minutes
	Launches int           // sandboxes being made or removed at one time; one a core, at least 4
	Log      *slog.Logger  // what goes wrong in the background; slog.Default()
}

// window is the past that counts as recent demand: as many sandboxes of a
// shape as were taken in it are kept parked.
const window = 10 * time.Second

// tidyEvery is how often the pool looks for sandboxes that are no longer
// wanted or no longer alive.
const tidyEvery = time.Second

// removeTimeout bounds the removal of one sandbox. What is not gone by then
// is left to the next Sweep.
const removeTimeout = time.Minute

// Pool makes sandboxes ahead and grades in them. A sandbox is used once. It is
// safe for concurrent use.
type Pool struct {
	launcher Launcher
	cfg      PoolConfig
	slots    chan struct{} // a token for each launch or removal under way
	wake     chan struct{} // something for the tidying goroutine to do
	ctx      context.Context
	stop     context.CancelFunc
	work     sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	shelves  map[assay.Shape]*shelf
	boxes    map[*box]*Sandbox // all that exist
	making   int               // launches that will be parked
	waiting  int               // Grade calls that wait for a launch: they come first
	lastUser int
}

// shelf is what is parked of one shape.
type shelf struct {
	parked []*box
	making int
	takes  []time.Time // the newest, at most Budget
}

// State says what a sandbox is doing.
type State string

// The states there are.
const (
	Parked  State = "parked"  // waiting for a job
	Running State = "running" // has one, or had one and is being removed
)

// Sandbox is one sandbox as it is now, for people to look at.
type Sandbox struct {
	ID        string
	State     State
	Shape     assay.Shape
	Ticket    assay.Ticket // of its job, when running
	Step      string       // the test or step that runs now
	StartedAt time.Time    // of the job; of the sandbox when parked
}

// NewPool makes a pool. It starts nothing but its own tidying goroutine, for
// which Close waits.
func NewPool(l Launcher, cfg PoolConfig) *Pool {
	if cfg.Keep <= 0 {
		cfg.Keep = 5 * time.Minute
	}
	if cfg.Launches <= 0 {
		cfg.Launches = max(4, runtime.NumCPU())
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	ctx, stop := context.WithCancel(context.Background())
	p := &Pool{
		launcher: l, cfg: cfg,
		slots: make(chan struct{}, cfg.Launches), wake: make(chan struct{}, 1),
		ctx: ctx, stop: stop,
		shelves: map[assay.Shape]*shelf{}, boxes: map[*box]*Sandbox{},
		// Another worker of the same machine begins elsewhere.
		lastUser: rand.IntN(userPairs),
	}
	p.work.Go(p.tidy)
	return p
}

// Prepare parks a sandbox of a shape ahead of its first demand, in the
// background, if the budget allows.
func (p *Pool) Prepare(shape assay.Shape) {
	p.mu.Lock()
	p.shelf(shape).note(time.Now(), p.cfg.Budget)
	p.mu.Unlock()
	p.nudge()
}

// Sandboxes is a snapshot of all that exist, in no order.
func (p *Pool) Sandboxes() []Sandbox {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]Sandbox, 0, len(p.boxes))
	for _, s := range p.boxes {
		all = append(all, *s)
	}
	return all
}

// update changes what Sandboxes shows of a sandbox.
func (p *Pool) update(b *box, change func(*Sandbox)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.boxes[b]; s != nil {
		change(s)
	}
}

// Sweep removes sandboxes of this owner that are not this pool's: what a
// worker left that died. Call it before the first job.
func (p *Pool) Sweep(ctx context.Context) error {
	// Listed first: what is made meanwhile is not in it.
	ids, err := p.launcher.List(ctx)
	if err != nil {
		return err
	}
	ours := map[string]bool{}
	for _, s := range p.Sandboxes() {
		ours[s.ID] = true
	}
	var errs []error
	for _, id := range ids {
		if !ours[id] {
			errs = append(errs, p.launcher.Remove(ctx, id))
		}
	}
	return errors.Join(errs...)
}

// Close ends every Grade, removes every sandbox and waits for that. It is
// Unavailable when ctx ends before.
func (p *Pool) Close(ctx context.Context) error {
	p.mu.Lock()
	p.closed = true
	var parked []*box
	for _, s := range p.shelves {
		parked = append(parked, s.parked...)
		s.parked = nil
	}
	p.mu.Unlock()
	p.stop()
	for _, b := range parked {
		p.discard(b)
	}
	done := make(chan struct{})
	go func() {
		p.work.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		return assay.Errorf(assay.Unavailable, "some sandboxes could not be removed in time; the next start removes them: %w", context.Cause(ctx))
	}
	// Again for what a launch that was cut off may have left in the engine.
	return p.Sweep(ctx)
}

// errClosed is what a Grade gets that a Close ends or comes before.
var errClosed = assay.Errorf(assay.Unavailable, "this worker is shutting down: try again")

// enter counts a Grade, so that Close waits for it; leave takes it back.
func (p *Pool) enter() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return errClosed
	}
	p.work.Add(1)
	return nil
}

func (p *Pool) leave() { p.work.Done() }

// take gives a parked sandbox of a shape, or makes one; parked tells which.
func (p *Pool) take(ctx context.Context, shape assay.Shape) (b *box, parked bool, err error) {
	p.mu.Lock()
	s := p.shelf(shape)
	s.note(time.Now(), p.cfg.Budget)
	for len(s.parked) > 0 && b == nil {
		// The oldest first: it has certainly come to rest.
		b, s.parked = s.parked[0], s.parked[1:]
		if !b.alive() {
			p.discard(b)
			b = nil
		}
	}
	if b == nil {
		p.waiting++
	}
	p.mu.Unlock()
	defer p.nudge()
	if b != nil {
		return b, true, nil
	}
	b, err = p.launch(ctx, shape)
	p.mu.Lock()
	p.waiting--
	p.mu.Unlock()
	return b, false, err
}

// launch makes a sandbox when there is a slot for it.
func (p *Pool) launch(ctx context.Context, shape assay.Shape) (*box, error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-p.slots }()
	u := p.user()
	b, err := open(ctx, p.launcher, shape, u)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.boxes[b] = &Sandbox{ID: b.id, State: Parked, Shape: shape, StartedAt: time.Now()}
	return b, nil
}

// discard ends a sandbox at once and removes it in the background.
func (p *Pool) discard(b *box) {
	b.close()
	p.work.Go(func() {
		<-b.ended // nobody reads its stream any more
		p.slots <- struct{}{}
		defer func() { <-p.slots }()
		ctx, cancel := context.WithTimeout(context.Background(), removeTimeout)
		defer cancel()
		if err := p.launcher.Remove(ctx, b.id); err != nil {
			p.cfg.Log.Error("A sandbox could not be removed; the next start of the worker will try again", "sandbox", b.id, "error", err)
		}
		p.mu.Lock()
		delete(p.boxes, b)
		p.mu.Unlock()
	})
}

// nudge has the shelves looked at.
func (p *Pool) nudge() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// tidy keeps the shelves as recent demand asks for them.
func (p *Pool) tidy() {
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		select {
		case <-p.ctx.Done():
			return
		case <-tick.C:
		case <-p.wake:
		}
		for p.balance(time.Now()) {
		}
	}
}

// balance takes one step towards what the shelves should hold and reports
// whether there may be another.
func (p *Pool) balance(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	var hungry, full assay.Shape
	deficit, surplus := 0, 0
	parked := 0
	for shape, s := range p.shelves {
		s.parked = slices.DeleteFunc(s.parked, func(b *box) bool {
			if b.alive() {
				return false
			}
			p.cfg.Log.Warn("A parked sandbox has ended by itself", "sandbox", b.id, "error", b.endErr)
			p.discard(b)
			return true
		})
		parked += len(s.parked)
		want := s.want(now, p.cfg)
		if d := want - len(s.parked) - s.making; d > deficit {
			hungry, deficit = shape, d
		}
		if d := len(s.parked) - want; d > surplus {
			full, surplus = shape, d
		}
		if want == 0 && len(s.parked) == 0 && s.making == 0 {
			delete(p.shelves, shape)
		}
	}
	if surplus > 0 {
		p.retire(full)
		return true
	}
	if deficit == 0 || p.waiting > 0 || len(p.slots) == cap(p.slots) {
		return false // whoever waits or holds a slot nudges when done
	}
	if parked+p.making >= p.cfg.Budget {
		// Room is made only by a shape that holds at least two more, so that
		// two shapes in turn do not throw out each other's last.
		victim, most := p.richest()
		if most < len(p.shelves[hungry].parked)+p.shelves[hungry].making+2 {
			return false
		}
		p.retire(victim)
	}
	p.park(hungry)
	return true
}

// retire removes the newest parked sandbox of a shape. p.mu is held.
func (p *Pool) retire(shape assay.Shape) {
	s := p.shelves[shape]
	last := len(s.parked) - 1
	p.discard(s.parked[last])
	s.parked = s.parked[:last]
}

// richest is the shape with the most parked sandboxes. p.mu is held.
func (p *Pool) richest() (richest assay.Shape, most int) {
	for shape, s := range p.shelves {
		if len(s.parked) > most {
			richest, most = shape, len(s.parked)
		}
	}
	return richest, most
}

// park makes a sandbox for a shelf in the background. p.mu is held.
func (p *Pool) park(shape assay.Shape) {
	s := p.shelf(shape)
	s.making++
	p.making++
	p.work.Go(func() {
		b, err := p.launch(p.ctx, shape)
		p.mu.Lock()
		defer p.mu.Unlock()
		s.making--
		p.making--
		switch {
		case err != nil:
			// Without demand there is no further try: the next job of this
			// shape finds out for itself and tells its people.
			s.takes = nil
			if p.ctx.Err() == nil {
				p.cfg.Log.Warn("A sandbox could not be prepared", "image", shape.Image, "error", err)
			}
		case p.closed:
			p.discard(b)
		default:
			s.parked = append(s.parked, b)
			p.nudge()
		}
	})
}

// shelf is the shelf of a shape, made when missing. p.mu is held.
func (p *Pool) shelf(shape assay.Shape) *shelf {
	s := p.shelves[shape]
	if s == nil {
		s = &shelf{}
		p.shelves[shape] = s
	}
	return s
}

// note records demand.
func (s *shelf) note(now time.Time, budget int) {
	s.takes = append(s.takes, now)
	if extra := len(s.takes) - max(budget, 1); extra > 0 {
		s.takes = slices.Delete(s.takes, 0, extra)
	}
}

// want is how many should be parked: as many as were asked for in the window,
// and one until Keep has passed.
func (s *shelf) want(now time.Time, cfg PoolConfig) int {
	if len(s.takes) == 0 || now.Sub(s.takes[len(s.takes)-1]) > cfg.Keep {
		return 0
	}
	recent := 0
	for _, at := range s.takes {
		if now.Sub(at) <= window {
			recent++
		}
	}
	return min(max(recent, 1), cfg.Budget)
}

// The uids of sandboxes: two each, from a range that nothing else uses. Two
// sandboxes that exist at one time never share one, because the kernel bounds
// some things by user over the whole machine (pipe buffers, inotify watches,
// pending signals).
const (
	firstUser = 1_000_000_000
	userPairs = 1 << 20
)

func (p *Pool) user() users {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		p.lastUser = (p.lastUser + 1) % userPairs
		u := users{firstUser + 2*p.lastUser, firstUser + 2*p.lastUser + 1}
		taken := false
		for b := range p.boxes {
			taken = taken || b.users == u
		}
		if !taken {
			return u
		}
	}
}
