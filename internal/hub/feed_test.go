package hub

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func texts(events []event) []string {
	var all []string
	for _, e := range events {
		all = append(all, string(e.data))
	}
	return all
}

func TestFeedIsReadFromAPosition(t *testing.T) {
	f := newFeed(100)
	_, _, changed, _ := f.after(0)
	for _, data := range []string{"a", "b", "c"} {
		f.add(event{data: []byte(data)})
	}
	<-changed
	events, next, _, ok := f.after(1)
	if diff := cmp.Diff([]string{"b", "c"}, texts(events)); diff != "" || next != 3 || !ok {
		t.Errorf("%s, next %d, %v", diff, next, ok)
	}
	if n := f.position(f.id(2)); n != 2 {
		t.Errorf("position %d", n)
	}
	for _, id := range []string{"", "end", newFeed(1).id(2), f.epoch, f.epoch + "-x", f.epoch + "--5"} {
		if n := f.position(id); n >= 0 {
			t.Errorf("position %d of %q", n, id)
		}
	}
	if _, _, _, ok := f.after(17); ok {
		t.Error("a position that was never given out is accepted")
	}
}

// A reader that is too slow finds that some are gone; the feed stays small.
func TestFeedForgetsTheOldest(t *testing.T) {
	f := newFeed(10)
	for range 1000 {
		f.add(event{data: []byte("1234")})
	}
	events, next, _, ok := f.after(5)
	if ok || len(events) != 2 || next != 1000 || f.size > 10 {
		t.Errorf("%d events, next %d, %v, %d bytes", len(events), next, ok, f.size)
	}
	f.add(event{data: make([]byte, 100)})
	if events, _, _, _ := f.after(1000); len(events) != 1 {
		t.Error("the newest is forgotten because it is long")
	}
}
