package hub

import (
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/assay-project/assay/internal/assay"
)

// event is something that happened, as it goes out to every stream.
type event struct {
	name   string
	course string // whose it is
	data   json.RawMessage
}

// feed is the newest events about one thing, for any number of readers who
// each remember how far they have read. A reader never delays who adds, and
// has no memory of its own here: one that is too slow finds that what it has
// not read is gone, and starts anew.
type feed struct {
	epoch   string // tells this feed's positions from those of one before
	limit   int    // bytes of data
	mu      sync.Mutex
	events  []event
	first   int // position of events[0]
	size    int
	changed chan struct{} // closed when something is added

	running atomic.Bool // of a job: whether its row is known to say so
}

func newFeed(limit int) *feed {
	return &feed{epoch: assay.NewID(), limit: limit, changed: make(chan struct{})}
}

func (f *feed) add(e event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events = append(f.events, e)
	f.size += len(e.data)
	for f.size > f.limit && len(f.events) > 1 {
		f.size -= len(f.events[0].data)
		f.events = f.events[1:]
		f.first++
	}
	close(f.changed)
	f.changed = make(chan struct{})
}

// after is the events from position n on, the position after them, and a
// channel that is closed when there are more. ok is false when some are gone
// already: then these are all there are.
func (f *feed) after(n int) (events []event, next int, changed <-chan struct{}, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	next, changed = f.first+len(f.events), f.changed
	if n < f.first || n > next {
		return f.events[:len(f.events):len(f.events)], next, changed, false
	}
	return f.events[n-f.first : len(f.events) : len(f.events)], next, changed, true
}

// id names the position after n events for Last-Event-ID.
func (f *feed) id(n int) string { return f.epoch + "-" + strconv.Itoa(n) }

// position reads what id wrote; -1 when it is not of this feed.
func (f *feed) position(id string) int {
	epoch, number, _ := strings.Cut(id, "-")
	n, err := strconv.Atoi(number)
	if epoch != f.epoch || err != nil {
		return -1
	}
	return n
}

// feeds are those of the jobs and builds that run now.
type feeds struct {
	mu sync.Mutex
	of map[string]*feed
}

func newFeeds() *feeds { return &feeds{of: map[string]*feed{}} }

// maxFeed is how much of a job or build is kept for pages that come late.
const maxFeed = 1 << 20

// find is the feed of a job or build; nil when it has none (yet).
func (f *feeds) find(id string) *feed {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.of[id]
}

// open is the feed of a job or build, made when it has none. Only for what
// has not ended: end removes it.
func (f *feeds) open(id string) *feed {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of[id] == nil {
		f.of[id] = newFeed(maxFeed)
	}
	return f.of[id]
}

// end forgets a feed. Who reads it still may.
func (f *feeds) end(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.of, id)
}
