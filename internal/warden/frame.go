// Package warden is what a worker and the warden, process 1 of a sandbox, say
// to each other: framed messages over the sandbox's standard input and
// output, the one channel that crosses every isolation boundary.
//
// A frame is four bytes of length (big-endian, of what follows), one byte of
// kind, and a payload: JSON for heads, bare bytes for data. Both sides bound
// a length before they allocate for it.
//
//	worker → warden   Hello, once · Put, Data…, Data of no bytes · Run [Data…, Data of no bytes]
//	warden → worker   Ready, to Hello · Out…, Exited, to Run · Error, and then the warden ends
//
// The worker need not wait between Hello, Put and Run. Closing the warden's
// standard input ends it, and with it everything in the sandbox.
package warden

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Version is the protocol's. Worker and warden come from the same build, so
// there is nothing to negotiate: another version is an error.
const Version = 1

// Bounds of a frame, in bytes.
const (
	MaxPayload = 1 << 20  // what a reader accepts
	Chunk      = 32 << 10 // how much data a writer puts in one frame
)

const headLen = 5

// Kind says what a frame is.
type Kind byte

// The kinds there are.
const (
	KindHello  Kind = iota + 1 // Hello
	KindReady                  // Ready
	KindPut                    // Put; Data frames with a tar stream follow
	KindData                   // bytes of what came before; none ends it
	KindRun                    // Run; Data frames with its standard input follow if it says so
	KindOut                    // one byte of Stream, then what was written to it
	KindExited                 // Exited
	KindError                  // Failure
)

// Stream says where output was written.
type Stream byte

// The streams, by their file descriptors.
const (
	Stdout Stream = 1
	Stderr Stream = 2
)

// AppendFrame appends a frame to b.
func AppendFrame(b []byte, kind Kind, payload ...[]byte) []byte {
	n := 1
	for _, p := range payload {
		n += len(p)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(n))
	b = append(b, byte(kind))
	for _, p := range payload {
		b = append(b, p...)
	}
	return b
}

// AppendHead appends a frame whose payload is head in JSON.
func AppendHead(b []byte, kind Kind, head any) ([]byte, error) {
	payload, err := json.Marshal(head)
	if err != nil {
		return b, err
	}
	if len(payload) > MaxPayload {
		return b, fmt.Errorf("a message of %d bytes is over the protocol's limit of %d", len(payload), MaxPayload)
	}
	return AppendFrame(b, kind, payload), nil
}

// Reader reads frames. It is not safe for concurrent use.
type Reader struct {
	src io.Reader
	buf []byte
}

// NewReader reads frames from src, best a buffered one.
func NewReader(src io.Reader) *Reader { return &Reader{src: src} }

// Next reads one frame. The payload is valid until the next call. The error
// is io.EOF only between frames.
func (r *Reader) Next() (Kind, []byte, error) {
	var head [headLen]byte
	if _, err := io.ReadFull(r.src, head[:4]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(head[:4])
	if n == 0 || n > MaxPayload+1 {
		return 0, nil, fmt.Errorf("a frame of %d bytes is outside the protocol's limits", n)
	}
	if _, err := io.ReadFull(r.src, head[4:]); err != nil {
		return 0, nil, unexpected(err)
	}
	n--
	if uint32(cap(r.buf)) < n {
		r.buf = make([]byte, n)
	}
	r.buf = r.buf[:n]
	if _, err := io.ReadFull(r.src, r.buf); err != nil {
		return 0, nil, unexpected(err)
	}
	return Kind(head[4]), r.buf, nil
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Data reads the bytes of Data frames up to the empty one that ends them.
type Data struct {
	r    *Reader
	left []byte
	done bool
}

// NewData reads the data that follows a head on r.
func NewData(r *Reader) *Data { return &Data{r: r} }

func (d *Data) Read(p []byte) (int, error) {
	for len(d.left) == 0 {
		if d.done {
			return 0, io.EOF
		}
		kind, payload, err := d.r.Next()
		if err != nil {
			return 0, unexpected(err)
		}
		if kind != KindData {
			return 0, fmt.Errorf("a frame of kind %d came where data was expected", kind)
		}
		d.left, d.done = payload, len(payload) == 0
	}
	n := copy(p, d.left)
	d.left = d.left[n:]
	return n, nil
}

// DataWriter writes Data frames; Close writes the empty one that ends them
// and leaves the destination open.
type DataWriter struct {
	dst io.Writer
	buf []byte
}

// NewDataWriter writes data that follows a head to dst.
func NewDataWriter(dst io.Writer) *DataWriter { return &DataWriter{dst: dst} }

func (w *DataWriter) Write(p []byte) (int, error) {
	written := 0
	for len(p) > 0 {
		n := min(len(p), Chunk)
		w.buf = AppendFrame(w.buf[:0], KindData, p[:n])
		if _, err := w.dst.Write(w.buf); err != nil {
			return written, err
		}
		written += n
		p = p[n:]
	}
	return written, nil
}

// Close ends the data.
func (w *DataWriter) Close() error {
	_, err := w.dst.Write(AppendFrame(w.buf[:0], KindData))
	return err
}
