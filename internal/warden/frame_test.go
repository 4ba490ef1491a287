package warden

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestFramesComeBackAsTheyWereSent(t *testing.T) {
	raw, err := AppendHead(nil, KindHello, Hello{Version: 1, Student: 2, Grader: 3})
	if err != nil {
		t.Fatal(err)
	}
	raw = AppendFrame(raw, KindOut, []byte{byte(Stderr)}, []byte("text"))
	raw = AppendFrame(raw, KindData)
	for name, src := range map[string]io.Reader{"at once": bytes.NewReader(raw), "byte by byte": iotest.OneByteReader(bytes.NewReader(raw))} {
		t.Run(name, func(t *testing.T) {
			r := NewReader(src)
			for _, want := range []struct {
				kind    Kind
				payload string
			}{{KindHello, `{"version":1,"student":2,"grader":3,"disk":0,"files":0}`}, {KindOut, "\x02text"}, {KindData, ""}} {
				kind, payload, err := r.Next()
				if err != nil || kind != want.kind || string(payload) != want.payload {
					t.Errorf("%d %q %v, not %d %q", kind, payload, err, want.kind, want.payload)
				}
			}
			if _, _, err := r.Next(); !errors.Is(err, io.EOF) {
				t.Errorf("at the end: %v", err)
			}
		})
	}
}

func TestBadFramesAreRefused(t *testing.T) {
	for name, raw := range map[string][]byte{
		"no kind":       {0, 0, 0, 0},
		"too long":      binary.BigEndian.AppendUint32(nil, MaxPayload+2),
		"longest there": {0xff, 0xff, 0xff, 0xff, 1},
		"cut length":    {0, 0},
		"cut kind":      {0, 0, 0, 1},
		"cut payload":   {0, 0, 0, 9, 1, 'x'},
	} {
		t.Run(name, func(t *testing.T) {
			r := NewReader(bytes.NewReader(raw))
			if kind, payload, err := r.Next(); err == nil || errors.Is(err, io.EOF) {
				t.Errorf("%d %q %v", kind, payload, err)
			}
			if cap(r.buf) > MaxPayload {
				t.Errorf("%d bytes were allocated", cap(r.buf))
			}
		})
	}
}

func TestHeadsAreBounded(t *testing.T) {
	if _, err := AppendHead(nil, KindRun, Run{Argv: []string{strings.Repeat("x", MaxPayload)}}); err == nil {
		t.Error("a head over the limit was made")
	}
}

func TestData(t *testing.T) {
	content := strings.Repeat("0123456789", Chunk/4)
	var wire bytes.Buffer
	w := NewDataWriter(&wire)
	if _, err := io.WriteString(w, content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	wire.Write(AppendFrame(nil, KindRun, []byte("{}")))
	r := NewReader(&wire)
	got, err := io.ReadAll(NewData(r))
	if err != nil || string(got) != content {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if kind, _, err := r.Next(); err != nil || kind != KindRun {
		t.Errorf("after the data: %d, %v", kind, err)
	}
}

func TestDataThatDoesNotEnd(t *testing.T) {
	for name, raw := range map[string][]byte{
		"cut":          AppendFrame(nil, KindData, []byte("x")),
		"another kind": AppendFrame(AppendFrame(nil, KindData, []byte("x")), KindRun, []byte("{}")),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := io.ReadAll(NewData(NewReader(bytes.NewReader(raw))))
			if err == nil || string(got) != "x" {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func FuzzReader(f *testing.F) {
	f.Add(AppendFrame(nil, KindData, []byte("abc")))
	f.Add(AppendFrame(AppendFrame(nil, KindOut, []byte("\x01abc")), KindExited, []byte("{}")))
	f.Add([]byte{0, 0, 0, 0})
	f.Add([]byte{0, 16, 0, 1, 4})
	f.Fuzz(func(t *testing.T, raw []byte) {
		r := NewReader(bytes.NewReader(raw))
		var again []byte
		for {
			kind, payload, err := r.Next()
			if err != nil {
				if errors.Is(err, io.EOF) && !bytes.Equal(again, raw) {
					t.Errorf("%q was read as %q", raw, again)
				}
				return
			}
			if len(payload) > MaxPayload {
				t.Errorf("a payload of %d bytes", len(payload))
			}
			again = AppendFrame(again, kind, payload)
			if !bytes.HasPrefix(raw, again) {
				t.Fatalf("%q was read as %q", raw, again)
			}
		}
	})
}
