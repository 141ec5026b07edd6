//go:build !purego && amd64

package kernel

import (
	"encoding/binary"
	"math"
)

// A flat row is one row of weights taken apart into bytes, for the AVX2 loops.
// Its blocks of 256 are
//
//	q [256] uint8, or int8 if they are signed
//	scale [16][8] int16, each 8 times
//	shift [16] int16, d, dmin float32, 32 bytes to work in, 24 unused
//
// and its blocks of 32 are those of Q8_0, without the minima.
const (
	flatBytes      = 608
	plainFlatBytes = 34
)

// signed reports whether integers beyond 127 occur, which no instruction
// multiplies with signed ones, so that zero is taken off before.
func signed(e Encoding) bool { return e == IQ4_XS }

// flats does MatMulQ8, several rows at a time.
func (s *Scratch) flats(dst []float32, stride int, w []byte, e Encoding, rows int, a *Q8Rows) {
	values, _ := e.Block()
	blocks, rowBytes := a.K/values, e.rowBytes(a.K)
	size := plainFlatBytes * blocks
	if values == 256 {
		size = flatBytes * blocks
	}
	if len(s.flat) < flatRows*size {
		s.flat = make([]byte, flatRows*size)
	}
	most := flatRows
	if a.N <= 4 {
		most = 1
	}
	for r := 0; r < rows; r += most {
		n := min(most, rows-r)
		from, flat := w[r*rowBytes:][:n*rowBytes], s.flat
		if e == Q8_0 {
			flat = from
		} else {
			for i := range n {
				flatten(flat[i*size:], e, from[i*rowBytes:][:rowBytes], blocks)
			}
		}
		dotFlats(dst[r:], stride, flat, size, e, n, a)
		if encodings[e].affine && values == 32 {
			subtractMinima(dst[r:], stride, from, e, n, a)
		}
	}
}

// flatten takes a row apart.
func flatten(flat []byte, e Encoding, row []byte, blocks int) {
	values, bytes := e.Block()
	if flattenStored(flat, e, row, blocks) {
		return
	}
	var u block
	for b := range blocks {
		u.unpack(e, row[b*bytes:][:bytes])
		if values == 256 {
			u.flattenSuper(flat[b*flatBytes:][:flatBytes], signed(e))
			continue
		}
		to := flat[b*plainFlatBytes:][:plainFlatBytes]
		copy(to[:2], row[b*bytes:]) // d comes first in all of them
		centreBytes(to[2:], u.q[:32], encodings[e].zero)
	}
}

// centreBytes sets dst = q - zero. Either zero is 128, or q is below that.
func centreBytes(dst, q []byte, zero int) {
	high := uint64(0x80 * everyByte)
	if zero == 128 {
		high, zero = 0, 0
	}
	for i := 0; i+8 <= len(q); i += 8 {
		v := (eight(q[i:]) | high) - uint64(zero)*everyByte
		putEight(dst[i:], v^0x80*everyByte)
	}
}

func (u *block) flattenSuper(flat []byte, signed bool) {
	little := binary.LittleEndian
	zero := 0
	if signed {
		zero = 128
		clear(u.shift[:])
	}
	centreBytes(flat, u.q[:], zero)
	for j, scale := range u.scale {
		four := uint64(uint16(scale)) * 0x0001000100010001
		putEight(flat[256+16*j:], four)
		putEight(flat[256+16*j+8:], four)
		little.PutUint16(flat[512+2*j:], uint16(u.shift[j]))
	}
	little.PutUint32(flat[544:], math.Float32bits(u.d))
	little.PutUint32(flat[548:], math.Float32bits(u.dmin))
}

// dotFlats multiplies n flat rows, size bytes each, with all tokens, four at a
// time.
func dotFlats(dst []float32, stride int, flat []byte, size int, e Encoding, n int, a *Q8Rows) {
	blocks := a.K / a.Block
	var out [4]float32
	for t := 0; t < a.N; {
		tokens := 1
		if a.N-t >= 4 {
			tokens = 4
		}
		q, d, sums := &a.Q[t*a.K], &a.D[t*blocks], &a.Sums[t*a.K/16]
		for r := range n {
			dotFlat(&out, &flat[r*size], tokens, e, q, d, sums, a.K, blocks)
			for i := range tokens {
				dst[(t+i)*stride+r] = out[i]
			}
		}
		t += tokens
	}
}

// subtractMinima takes m from the results of n rows of affine blocks of 32, the
// minima of which flat rows do not have.
func subtractMinima(dst []float32, stride int, w []byte, e Encoding, n int, a *Q8Rows) {
	_, bytes := e.Block()
	blocks := a.K / 32
	for t := range a.N {
		d, sums := a.D[t*blocks:][:blocks], a.Sums[2*t*blocks:][:2*blocks]
		for r := range n {
			dst[t*stride+r] -= minima(w[r*blocks*bytes:][:blocks*bytes], bytes, d, sums)
		}
	}
}
