package docker

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
)

// stream carries frames to and from a container's process 1.
type stream struct {
	conn   net.Conn
	src    *bufio.Reader
	closed func() // tells the launcher
	left   uint32 // bytes of standard output that are next in src

	mu     sync.Mutex
	stderr []byte // its end
}

// maxStderr is how much of the warden's own complaints is kept, in bytes.
const maxStderr = 4 << 10

// Read reads standard output. The engine sends it in pieces: a byte that
// names the stream, three zeros, and the length in four bytes, big-endian
// (Engine API, "ContainerAttach").
func (s *stream) Read(p []byte) (int, error) {
	for s.left == 0 {
		var head [8]byte
		if _, err := io.ReadFull(s.src, head[:]); err != nil {
			return 0, s.ended(err)
		}
		n := binary.BigEndian.Uint32(head[4:])
		switch head[0] {
		case 1:
			s.left = n
		case 2:
			if err := s.keep(n); err != nil {
				return 0, s.ended(err)
			}
		default:
			return 0, fmt.Errorf("the engine sent stream %d of a container, and there is none", head[0])
		}
	}
	n, err := s.src.Read(p[:min(len(p), int(s.left))])
	s.left -= uint32(n)
	if err != nil {
		err = s.ended(err)
	}
	return n, err
}

// keep reads n bytes of standard error and keeps the last of them.
func (s *stream) keep(n uint32) error {
	if skip := int64(n) - maxStderr; skip > 0 {
		if _, err := io.CopyN(io.Discard, s.src, skip); err != nil {
			return io.ErrUnexpectedEOF
		}
		n = maxStderr
	}
	buf := make([]byte, n)
	if _, err := io.ReadFull(s.src, buf); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stderr = append(s.stderr, buf...)
	s.stderr = slices.Clone(s.stderr[max(len(s.stderr)-maxStderr, 0):])
	return nil
}

// ended adds what the warden complained of to the stream's end.
func (s *stream) ended(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.stderr) == 0 {
		return err
	}
	return fmt.Errorf("%w; its last words: %s", err, strings.TrimSpace(strings.ToValidUTF8(string(s.stderr), "\uFFFD")))
}

func (s *stream) Write(p []byte) (int, error) { return s.conn.Write(p) }

func (s *stream) Close() error {
	s.closed()
	return s.conn.Close()
}
