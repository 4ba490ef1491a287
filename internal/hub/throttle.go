package hub

import (
	"container/list"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/assay-project/assay/internal/assay"
)

// throttle slows down the guessing of passwords: by name and address
// together (a few tries, then one in ten seconds), by address (somebody who
// tries many names) and by name (many addresses at one name). It remembers
// the keys used last, so its memory is bounded; forgetting one early costs
// an attacker as many other tries.
type throttle struct {
	mu   sync.Mutex
	keys map[string]*list.Element
	used *list.List // of limited, the one used last in front
	max  int
	now  func() time.Time
}

type limited struct {
	key     string
	limiter *rate.Limiter
}

func newThrottle() *throttle {
	return &throttle{keys: map[string]*list.Element{}, used: list.New(), max: 30_000, now: time.Now}
}

// admit takes one try, or says TooMany and for how long. remote is an
// address with port, as http.Request has it.
func (t *throttle) admit(name, remote string) error {
	name, address := strings.ToLower(name), network(remote)
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	for _, one := range []struct {
		key   string
		every time.Duration
		burst int
	}{
		{"a " + address, time.Second, 60},
		{"b " + address + " " + name, 10 * time.Second, 10},
		// Last: a try that is refused must not count against the name, or one
		// address could keep its owner out from everywhere.
		{"n " + name, time.Second, 60},
	} {
		r := t.limiter(one.key, one.every, one.burst).ReserveN(now, 1)
		if wait := r.DelayFrom(now); wait > 0 {
			r.CancelAt(now)
			return assay.Errorf(assay.TooMany, "Too many attempts to sign in; wait %d seconds.", int(wait.Seconds())+1)
		}
	}
	return nil
}

func (t *throttle) limiter(key string, every time.Duration, burst int) *rate.Limiter {
	if e, ok := t.keys[key]; ok {
		t.used.MoveToFront(e)
		return e.Value.(*limited).limiter
	}
	if t.used.Len() >= t.max {
		oldest := t.used.Back()
		t.used.Remove(oldest)
		delete(t.keys, oldest.Value.(*limited).key)
	}
	l := rate.NewLimiter(rate.Every(every), burst)
	t.keys[key] = t.used.PushFront(&limited{key, l})
	return l
}

// network is the address without its port; of IPv6 the first 64 bits, which
// is what one customer has.
func network(remote string) string {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return remote
	}
	address := at.Addr().Unmap()
	if address.Is6() {
		if prefix, err := address.Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return address.String()
}
