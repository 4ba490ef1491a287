package main

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/assay-project/assay/internal/warden"
)

// A program can send its output's descriptor to a socket that outlives it.
func TestPumpDoesNotWaitForAnEndThatNoProcessHas(t *testing.T) {
	var sent bytes.Buffer
	p, err := newPump(&sender{dst: &sent}, warden.Stdout, &watch{run: warden.Run{Output: 1 << 20}})
	if err != nil {
		t.Fatal(err)
	}
	open, err := unix.Dup(int(p.theirs.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	content := bytes.Repeat([]byte("x"), 60<<10)
	if n, err := unix.Write(open, content); n != len(content) || err != nil {
		t.Fatal(n, err)
	}
	over := make(chan error, 1)
	go func() { over <- p.wait() }()
	select {
	case err := <-over:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("it still waits")
	}
	if err := unix.Close(open); err != nil {
		t.Error(err)
	}
	var got []byte
	for frames := warden.NewReader(&sent); ; {
		_, payload, err := frames.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, payload[1:]...)
	}
	if !bytes.Equal(got, content) {
		t.Errorf("%d bytes arrived, not %d", len(got), len(content))
	}
}
