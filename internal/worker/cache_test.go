package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/assay-project/assay/internal/assay"
)

func openCache(t *testing.T, load loader) *cache {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "graders")
	c, err := newCache(dir, logger(t), load)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	return c
}

// folders counts what the cache has on disk once it has come to rest.
func folders(t *testing.T, c *cache) int {
	t.Helper()
	c.work.Wait()
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func quiet(string) {}

func TestCacheStartsEmpty(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "graders")
	if err := os.MkdirAll(filepath.Join(dir, "half-written"), 0o700); err != nil {
		t.Fatal(err)
	}
	c, err := newCache(dir, logger(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := folders(t, c); n != 0 {
		t.Errorf("%d folders of a predecessor are left", n)
	}
}

func TestPreparationIsSharedAndKept(t *testing.T) {
	files := assay.DigestOf([]byte("grader"))
	proceed := make(chan struct{})
	loads := 0
	c := openCache(t, func(_ context.Context, d assay.Digest, dir string, log func(string)) (*prepared, error) {
		loads++
		<-proceed
		log("built")
		return &prepared{image: "image of " + string(d)}, os.WriteFile(filepath.Join(dir, "file"), []byte("12345"), 0o600)
	})
	var waiting, users sync.WaitGroup
	var heard [5]int
	for i := range heard {
		waiting.Add(1)
		users.Go(func() {
			e, leave := c.join(files, func(string) { heard[i]++ })
			waiting.Done()
			defer leave()
			if <-e.ready; e.err != nil || e.value.image != "image of "+string(files) {
				t.Errorf("%+v", e)
			}
		})
	}
	waiting.Wait()
	close(proceed)
	users.Wait()
	p, release, err := c.get(t.Context(), files, quiet)
	if err != nil || p.image == "" {
		t.Fatal(err)
	}
	release()
	if loads != 1 || heard != [5]int{1, 1, 1, 1, 1} {
		t.Errorf("prepared %d times, heard of it %v", loads, heard)
	}
	if n := folders(t, c); n != 1 || c.entries[files].size != 5 {
		t.Errorf("%d folders, %d bytes", n, c.entries[files].size)
	}
}

func TestFailureIsSharedAndNotKept(t *testing.T) {
	files := assay.DigestOf([]byte("grader"))
	fail := errors.New("no")
	c := openCache(t, func(context.Context, assay.Digest, string, func(string)) (*prepared, error) { return &prepared{}, fail })
	if _, _, err := c.get(t.Context(), files, quiet); !errors.Is(err, fail) {
		t.Errorf("got %v", err)
	}
	if n := folders(t, c); n != 0 {
		t.Errorf("%d folders are left of it", n)
	}
	fail = nil
	_, release, err := c.get(t.Context(), files, quiet)
	if err != nil {
		t.Fatalf("the second try: %v", err)
	}
	release()
}

func TestPreparationNobodyWaitsForIsStopped(t *testing.T) {
	files := assay.DigestOf([]byte("grader"))
	begun, stopped := make(chan struct{}, 1), make(chan struct{})
	c := openCache(t, func(ctx context.Context, _ assay.Digest, _ string, _ func(string)) (*prepared, error) {
		select {
		case <-stopped: // the second time
			return &prepared{}, nil
		default:
		}
		begun <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	})
	ctx, cancel := context.WithCancel(t.Context())
	_, stay := c.join(files, quiet)
	gone := make(chan error)
	go func() {
		_, _, err := c.get(ctx, files, quiet)
		gone <- err
	}()
	<-begun
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("who went away got %v", err)
	}
	c.mu.Lock()
	e := c.entries[files]
	c.mu.Unlock()
	if e == nil {
		t.Fatal("stopped while somebody waits")
	}
	stay()
	<-e.ready
	close(stopped)
	if !errors.Is(e.err, context.Canceled) {
		t.Errorf("it ended with %v", e.err)
	}
	_, release, err := c.get(t.Context(), files, quiet)
	if err != nil {
		t.Fatalf("who comes next gets %v", err)
	}
	release()
	if n := folders(t, c); n != 1 {
		t.Errorf("%d folders", n)
	}
}

func TestLeastRecentlyUsedGradersGo(t *testing.T) {
	c := openCache(t, func(_ context.Context, d assay.Digest, _ string, _ func(string)) (*prepared, error) {
		return &prepared{image: string(d)}, nil
	})
	first := assay.DigestOf([]byte("0"))
	held, release, err := c.get(t.Context(), first, quiet)
	if err != nil {
		t.Fatal(err)
	}
	for i := range keepGraders + 10 {
		_, leave, err := c.get(t.Context(), assay.DigestOf(fmt.Append(nil, "n", i)), quiet)
		if err != nil {
			t.Fatal(err)
		}
		leave()
	}
	if n := folders(t, c); n != keepGraders || len(c.entries) != keepGraders {
		t.Errorf("%d folders, %d entries", n, len(c.entries))
	}
	if c.entries[first] == nil || c.entries[assay.DigestOf([]byte("n0"))] != nil || c.entries[assay.DigestOf(fmt.Append(nil, "n", keepGraders+9))] == nil {
		t.Error("not the oldest went, or one that is in use")
	}
	// One whose image is gone goes at once, its files when nobody uses them.
	c.forget(held)
	if n := folders(t, c); n != keepGraders || c.entries[first] != nil {
		t.Errorf("%d folders while it is in use", n)
	}
	release()
	if n := folders(t, c); n != keepGraders-1 {
		t.Errorf("%d folders after it was", n)
	}
}
