package worker

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/assay-project/assay/internal/assay"
)

// Bounds of what is kept of graders that nobody uses at the moment.
const (
	keepGraders = 64
	keepBytes   = 2 << 30
)

// cache keeps prepared graders by the digest of their files, so that the
// second job of a grader finds everything done, and jobs that come at the
// same time wait for one preparation. It owns its directory and starts empty:
// what is on a disk after a crash is not to be trusted, and getting it again
// takes milliseconds.
type cache struct {
	dir  string
	load loader
	log  *slog.Logger
	work sync.WaitGroup // preparations and removals under way

	mu      sync.Mutex
	entries map[assay.Digest]*entry
}

// loader gets the files of a grader into dir and prepares it.
type loader func(ctx context.Context, files assay.Digest, dir string, log func(line string)) (*prepared, error)

// entry is one grader, for who holds the cache's lock. Once ready is closed
// value and err do not change, and may be read without it.
type entry struct {
	ready chan struct{}
	value *prepared
	err   error

	digest    assay.Digest
	dir       string
	size      int64
	cancel    context.CancelFunc // of its preparation
	users     int                // who waits for it, works with it or prepares it
	used      time.Time
	listeners map[int]func(line string) // who hears of its preparation
	last      int                       // number of the newest listener
}

func newCache(dir string, log *slog.Logger, load loader) (*cache, error) {
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o700)); err != nil {
		return nil, assay.Errorf(assay.Unavailable, "Cannot make the graders' folder %s: %w.", dir, err)
	}
	return &cache{dir: dir, load: load, log: log, entries: make(map[assay.Digest]*entry)}, nil
}

// get gives a grader by the digest of its files, prepared now if need be; log
// hears of that. Call release when done with it. The preparation is stopped
// when nobody waits for it any more. Failures are not kept.
func (c *cache) get(ctx context.Context, files assay.Digest, log func(line string)) (p *prepared, release func(), err error) {
	e, release := c.join(files, log)
	select {
	case <-ctx.Done():
		err = ctx.Err()
	case <-e.ready:
		err = e.err
	}
	if err != nil {
		release()
		return nil, nil, err
	}
	return e.value, release, nil
}

func (c *cache) join(files assay.Digest, log func(string)) (e *entry, leave func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e = c.entries[files]
	if e == nil {
		ctx, cancel := context.WithCancel(context.Background())
		e = &entry{ready: make(chan struct{}), digest: files, cancel: cancel, users: 1, listeners: make(map[int]func(string))}
		c.entries[files] = e
		c.work.Go(func() { c.prepare(ctx, e) })
	}
	e.users++
	e.last++
	listener := e.last
	e.listeners[listener] = log
	return e, func() { c.leave(e, listener) }
}

// prepare is the entry's first user.
func (c *cache) prepare(ctx context.Context, e *entry) {
	dir, err := os.MkdirTemp(c.dir, e.digest.Hex()[:12]+"-")
	var value *prepared
	var size int64
	if err != nil {
		err = assay.Errorf(assay.Unavailable, "Cannot make a folder for a grader: %w.", err)
	} else if value, err = c.load(ctx, e.digest, dir, func(line string) { c.tell(e, line) }); err == nil {
		size, err = sizeOf(dir)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	e.value, e.err, e.dir, e.size = value, err, dir, size
	if err != nil {
		c.drop(e)
	}
	close(e.ready)
	c.left(e)
}

func (c *cache) tell(e *entry, line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, log := range e.listeners {
		log(line)
	}
}

func (c *cache) leave(e *entry, listener int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(e.listeners, listener)
	c.left(e)
}

// left counts a user of e less. The caller holds the lock.
func (c *cache) left(e *entry) {
	e.users--
	e.used = time.Now()
	prepared := true
	select {
	case <-e.ready:
	default:
		prepared = false
	}
	switch {
	case !prepared && e.users == 1: // only the preparation is left
		c.drop(e)
	case prepared && e.users == 0 && c.entries[e.digest] != e:
		c.remove(e)
	}
	c.shrink()
}

// drop forgets an entry, so that who comes next starts anew. Its files go
// when its last user does.
func (c *cache) drop(e *entry) {
	e.cancel()
	if c.entries[e.digest] == e {
		delete(c.entries, e.digest)
	}
}

// forget drops a grader whose image turned out to be gone.
func (c *cache) forget(p *prepared) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.entries {
		if e.value == p {
			c.drop(e)
		}
	}
}

// shrink removes the graders that were not used for the longest time, when
// there are too many.
func (c *cache) shrink() {
	var idle []*entry
	var total int64
	for _, e := range c.entries {
		total += e.size
		if e.users == 0 {
			idle = append(idle, e)
		}
	}
	slices.SortFunc(idle, func(a, b *entry) int { return a.used.Compare(b.used) })
	for count := len(c.entries); len(idle) > 0 && (count > keepGraders || total > keepBytes); count-- {
		total -= idle[0].size
		c.drop(idle[0])
		c.remove(idle[0])
		idle = idle[1:]
	}
}

func (c *cache) remove(e *entry) {
	c.work.Go(func() {
		if err := os.RemoveAll(e.dir); err != nil {
			c.log.Warn("cannot remove a grader's files", "error", err)
		}
	})
}

// close waits for what is under way. Nobody uses the cache any more.
func (c *cache) close() { c.work.Wait() }

func sizeOf(dir string) (int64, error) {
	var size int64
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	return size, err
}
