package bus

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/assay-project/assay/internal/assay"
)

// MaxObject is how many bytes an object may have.
const MaxObject = 512 << 20

// chunkSize keeps a chunk below the payload limit of every NATS server,
// which is 1 MiB unless it was configured.
const chunkSize = 512 << 10

const sizeHeader = "Assay-Size"

// Objects lie in a stream of their own, chunk n of digest d under
// files.<d>.<n>, and not in NATS' object store: there, two who put the same
// content at the same time delete each other's chunks while others read them.
// Here they write the same bytes to the same subjects. Chunk 0 carries the
// size and is written last, so that an object is there as a whole or not at
// all.

// PutObject stores what r gives under its digest. It is Invalid when the
// bytes have another digest, TooLarge when there are more than MaxObject.
// Putting what is there does nothing; r may then be read in part or not at all.
func (b *Bus) PutObject(ctx context.Context, d assay.Digest, r io.Reader) error {
	there, err := b.HasObject(ctx, d)
	if err != nil || there {
		return err
	}
	h := sha256.New()
	r = io.TeeReader(io.LimitReader(r, MaxObject+1), h)
	first, err := readChunk(r)
	if err != nil {
		return err
	}
	size := int64(len(first))
	for n, last := 1, len(first) < chunkSize; !last; n++ {
		chunk, err := readChunk(r)
		if err != nil {
			return err
		}
		last = len(chunk) < chunkSize
		if size += int64(len(chunk)); size > MaxObject {
			return errors.Join(assay.Errorf(assay.TooLarge, "The files are over the limit of %d MiB.", MaxObject>>20), b.dropChunks(ctx, d))
		}
		if len(chunk) > 0 {
			if err := b.put(ctx, &nats.Msg{Subject: chunkSubject(d, n), Data: chunk}); err != nil {
				return err
			}
		}
	}
	if got := assay.SumDigest(h); got != d {
		return errors.Join(assay.Errorf(assay.Invalid, "The files have the digest %s and not %s, as was said.", got, d), b.dropChunks(ctx, d))
	}
	msg := nats.NewMsg(chunkSubject(d, 0))
	msg.Header.Set(sizeHeader, strconv.FormatInt(size, 10))
	msg.Data = first
	return b.put(ctx, msg)
}

func readChunk(r io.Reader) ([]byte, error) {
	chunk := make([]byte, chunkSize)
	n, err := io.ReadFull(r, chunk)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	return chunk[:n], err
}

// dropChunks removes what was written of an object that is not to be.
func (b *Bus) dropChunks(ctx context.Context, d assay.Digest) error {
	return b.files.Purge(ctx, jetstream.WithPurgeSubject("files."+d.Hex()+".*"))
}

// HasObject reports whether the object is there as a whole.
func (b *Bus) HasObject(ctx context.Context, d assay.Digest) (bool, error) {
	_, _, err := b.head(ctx, d)
	if assay.CodeOf(err) == assay.NotFound {
		return false, nil
	}
	return err == nil, err
}

// GetObject opens an object: NotFound when it is not there. Reading it to the
// end proves its digest: bytes that have another give an error instead of
// io.EOF, so that nothing read may be used before. ctx bounds the reading.
func (b *Bus) GetObject(ctx context.Context, d assay.Digest) (io.ReadCloser, error) {
	first, size, err := b.head(ctx, d)
	if err != nil {
		return nil, err
	}
	return &object{ctx: ctx, bus: b, digest: d, chunk: first, left: size, hash: sha256.New()}, nil
}

// head reads an object's first chunk and its size.
func (b *Bus) head(ctx context.Context, d assay.Digest) (first []byte, size int64, err error) {
	if !d.Valid() {
		return nil, 0, assay.Errorf(assay.Invalid, "%.100q is not a digest.", d)
	}
	msg, err := b.files.GetLastMsgForSubject(ctx, chunkSubject(d, 0))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, 0, assay.Errorf(assay.NotFound, "The files %s are not in the store.", d)
	}
	if err != nil {
		return nil, 0, unavailable("read files from", err)
	}
	size, err = strconv.ParseInt(msg.Header.Get(sizeHeader), 10, 64)
	if err != nil || size < 0 || size > MaxObject {
		return nil, 0, damaged(d)
	}
	return msg.Data, size, nil
}

func chunkSubject(d assay.Digest, n int) string { return fmt.Sprintf("files.%s.%d", d.Hex(), n) }

func damaged(d assay.Digest) error {
	return assay.Errorf(assay.Unavailable, "The stored files %s are damaged: check the disk, and upload them again.", d)
}

// object reads chunk after chunk.
type object struct {
	ctx    context.Context // io.Reader has none
	bus    *Bus
	digest assay.Digest
	n      int    // index of chunk
	chunk  []byte // what is left of it
	left   int64  // of the object, chunk included
	hash   hash.Hash
}

func (o *object) Read(p []byte) (int, error) {
	if o.left == 0 {
		if assay.SumDigest(o.hash) != o.digest {
			return 0, damaged(o.digest)
		}
		return 0, io.EOF
	}
	if len(o.chunk) == 0 {
		msg, err := o.bus.files.GetLastMsgForSubject(o.ctx, chunkSubject(o.digest, o.n+1))
		if errors.Is(err, jetstream.ErrMsgNotFound) || err == nil && len(msg.Data) == 0 {
			return 0, damaged(o.digest)
		}
		if err != nil {
			return 0, unavailable("read files from", err)
		}
		o.n++
		o.chunk = msg.Data
	}
	n := copy(p[:min(int64(len(p)), o.left)], o.chunk)
	o.hash.Write(o.chunk[:n])
	o.chunk = o.chunk[n:]
	o.left -= int64(n)
	return n, nil
}

func (o *object) Close() error { return nil }
