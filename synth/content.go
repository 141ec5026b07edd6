package synth

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
)

var little = binary.LittleEndian

// content is what fills a tensor.
type content interface {
	io.WriterTo
}

// chunk is about how many bytes are made at a time.
const chunk = 1 << 20

// A source is a stream of random bits that belongs to a name.
type source struct{ pcg *rand.PCG }

func newSource(seed uint64, name string) source {
	h := fnv.New64a()
	_, _ = io.WriteString(h, name) // a hash takes all writes
	return source{rand.NewPCG(seed, h.Sum64())}
}

// fill sets b, a multiple of 8 bytes, to random bits.
func (s source) fill(b []byte) {
	for ; len(b) >= 8; b = b[8:] {
		little.PutUint64(b, s.pcg.Uint64())
	}
}

// A choice fills a tensor with values drawn from 256 equally likely ones.
type choice struct {
	seed   uint64
	name   string // of the stream
	count  int64  // values
	values []byte // 256 values of 1, 2 or 4 bytes, one after the other
}

// WriteTo writes the values.
func (c choice) WriteTo(w io.Writer) (n int64, err error) {
	width := len(c.values) / 256
	bits := make([]byte, chunk/width)
	out := make([]byte, len(bits)*width)
	s := newSource(c.seed, c.name)
	for left := c.count; left > 0; {
		s.fill(bits)
		k := int(min(left, int64(len(bits))))
		c.take(out, bits[:k])
		m, err := w.Write(out[:k*width])
		n += int64(m)
		if err != nil {
			return n, err
		}
		left -= int64(k)
	}
	return n, nil
}

// take sets out to the values that the bytes of bits choose.
func (c choice) take(out, bits []byte) {
	switch len(c.values) / 256 {
	case 1:
		for i, b := range bits {
			out[i] = c.values[b]
		}
	case 2:
		for i, b := range bits {
			little.PutUint16(out[2*i:], little.Uint16(c.values[2*int(b):]))
		}
	default:
		for i, b := range bits {
			little.PutUint32(out[4*i:], little.Uint32(c.values[4*int(b):]))
		}
	}
}

// blocks fills a tensor with quantization blocks: random bits, but for scales.
type blocks struct {
	seed   uint64
	name   string
	count  int64
	layout *layout
	scales [16]scale // equally likely
}

// A scale is the two halves of a block, as bits.
type scale struct{ d, min uint16 }

// WriteTo writes the blocks.
func (b blocks) WriteTo(w io.Writer) (n int64, err error) {
	size := b.layout.bytes
	per := chunk / size / 8 * 8 // whole words of random bits
	buf := make([]byte, per*size)
	s := newSource(b.seed, b.name)
	for left := b.count; left > 0; {
		s.fill(buf)
		k := int(min(left, int64(per)))
		for at := 0; at < k*size; at += size {
			b.layout.finish(buf[at:at+size], &b.scales)
		}
		m, err := w.Write(buf[:k*size])
		n += int64(m)
		if err != nil {
			return n, err
		}
		left -= int64(k)
	}
	return n, nil
}

// A hole is bytes that are not written, and read as zeros.
type hole int64

// WriteTo skips the bytes; w is a *writer.
func (h hole) WriteTo(w io.Writer) (int64, error) {
	f, ok := w.(*writer)
	if !ok {
		return 0, fmt.Errorf("%T has no holes", w)
	}
	return int64(h), f.skip(int64(h))
}
