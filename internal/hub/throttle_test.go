package hub

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/assay-project/assay/internal/assay"
)

func always(name string) func(int) string { return func(int) string { return name } }

func TestThrottle(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	throttle := newThrottle()
	throttle.now = func() time.Time { return now }
	admitted := func(n int, name func(int) string, remote string) int {
		count := 0
		for i := range n {
			err := throttle.admit(name(i), remote)
			if err == nil {
				count++
			} else if assay.CodeOf(err) != assay.TooMany {
				t.Fatal(err)
			}
		}
		return count
	}
	if n := admitted(20, always("ada"), "192.0.2.1:1000"); n != 10 {
		t.Errorf("one name from one address: %d tries", n)
	}
	if n := admitted(20, always("ADA"), "192.0.2.1:2000"); n != 0 {
		t.Errorf("in capitals, from another port: %d tries", n)
	}
	if n := admitted(1, always("ada"), "192.0.2.2:1000"); n != 1 {
		t.Error("the user's own address is kept out")
	}
	for range 10 {
		if n := admitted(60, always("ada"), "192.0.2.1:1000"); n != 0 {
			t.Errorf("refused %d tries later: %d tries", 60, n)
		}
	}
	if n := admitted(1, always("ada"), "192.0.2.2:1000"); n != 1 {
		t.Error("tries that were refused keep the user's own address out")
	}
	now = now.Add(10 * time.Second)
	if n := admitted(20, always("ada"), "192.0.2.1:1000"); n != 1 {
		t.Errorf("ten seconds later: %d tries", n)
	}
	now = now.Add(time.Hour)
	if n := admitted(100, strconv.Itoa, "[2001:db8::1]:1"); n != 60 {
		t.Errorf("many names from one address: %d tries", n)
	}
	if n := admitted(1, always("ada"), "[2001:db8::2]:1"); n != 0 {
		t.Error("the next address of the same network is admitted")
	}
}

func TestThrottleForgetsTheOldest(t *testing.T) {
	throttle := newThrottle()
	throttle.max = 9
	for i := range 1000 {
		if err := throttle.admit(fmt.Sprint(i), fmt.Sprintf("192.0.2.%d:1", i%250)); err != nil {
			t.Fatal(err)
		}
		if len(throttle.keys) > throttle.max || throttle.used.Len() != len(throttle.keys) {
			t.Fatalf("%d keys, %d in order", len(throttle.keys), throttle.used.Len())
		}
	}
}
