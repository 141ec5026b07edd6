//go:build !purego

package kernel

import (
	"encoding/binary"
	"math"
	"unsafe"
)

// A panel is two groups of four rows of weights, taken apart into int8 with zero
// taken off, for one stretch of blocks. A unit is 16 values of its four pairs of rows: of
// every pair 8 of one row, 8 of the other, and the same of the next 8. Scales are those of
// a pair of rows, and once more, for two tokens. Each block is
//
//	super, of 256  16 units; d, dmin [4 pairs][2][2] float32
//	               minima of 32: [4 pairs][2 rows][8] int8, or of 16: twice that
//	               scale [8 or 16][4 pairs][2][2] int32
//	plain, of 32   2 units; d, dmin [4 pairs][2][2] float32
//
// The activations are packed likewise, a pair of tokens at a time: a unit is 8 values of
// one, 8 of the other, and the same of the next 8. Each block is
//
//	super  16 units; sums of 32: high [2][8], low [2][8] int8, or of 16: high
//	       [2][2][8], low [2][2][8]; d [2 tokens][2] float32
//	plain  2 units; d, and the sums of 32 [2 tokens][2] float32
//
// where a sum is 64·high + low. For products of four bytes a group's unit becomes 4 values of
// four rows, and the next 4 of them, and so on.
const (
	panelRows  = 8
	unitBytes  = 16 * panelRows
	superBytes = 16*unitBytes + 128 + 128 + 1024
	plainBytes = 2*unitBytes + 128

	packedSuper = 16*32 + 64 + 16
	packedPlain = 2*32 + 16 + 16

	// A panel has up to so many values of a row: 26 kB, which the first cache
	// holds beside the activations.
	panelValues = 2048

	// passTokens bounds the packed activations that stay in the second cache.
	passTokens = 128
)

// A Scratch is what MatMulQ8, MatMulAffine, MatMulF8 and MatMulFloats work in. One
// call at a time uses it. It grows to what the widest operands need, and then
// allocates nothing.
type Scratch struct {
	panel, packed []byte    // begin at a cache line
	acc           []float32 // [2 tokens][acc, m][2 rows][token][row]
	flat          []byte    // rows
	flatF8        f8Flat
	floats        floatScratch
	affine        affineScratch
}

// NewScratch returns a Scratch for weights and activations of any size.
func NewScratch() *Scratch {
	return &Scratch{
		panel: fromLine(max(panelValues/256*superBytes, panelValues/32*plainBytes)),
		acc:   make([]float32, passTokens*2*panelRows),
	}
}

// fromLine returns n bytes that begin at a cache line.
func fromLine(n int) []byte {
	const line = 128 // Apple's; others have 64
	b := make([]byte, n+line)
	return b[-uintptr(unsafe.Pointer(&b[0]))%line:][:n]
}

// multiply does MatMulQ8 for at most passTokens tokens. A group at the end is the last
// four rows, some of them perhaps again; of fewer than four it is one, four times.
func (s *Scratch) multiply(dst []float32, stride int, w []byte, e Encoding, rows int, a *Q8Rows) {
	s.pack(e, a)
	values, bytes := e.Block()
	blocks, rowBytes := a.K/values, e.rowBytes(a.K)
	group, apart := 4, rowBytes
	if rows < 4 {
		group, apart = 1, 0
	}
	stretch := panelValues / values
	for next := 0; next < rows; next += 2 * group {
		r := [2]int{min(next, rows-group), min(next+group, rows-group)}
		clear(s.acc[:(a.N+1)/2*4*panelRows])
		for b := 0; b < blocks; b += stretch {
			n := min(stretch, blocks-b)
			for g := range r {
				s.unpack(e, w[r[g]*rowBytes+b*bytes:], apart, n, g)
			}
			if !useI8MM {
				s.quads(values, n)
			}
			s.tiles(e, a.N, b, blocks, n)
		}
		for t := range a.N {
			for g := range r {
				s.finish(dst[t*stride+r[g]:][:group], t, 4*g)
			}
		}
	}
}

// finish sets dst to the results of token t and the rows from r on.
func (s *Scratch) finish(dst []float32, t, r int) {
	sums := (*[4 * panelRows]float32)(s.acc[t/2*4*panelRows:])
	for i := range dst {
		at := (r+i)/2*4 + t%2*2 + i%2
		dst[i] = sums[at] - sums[2*panelRows+at]
	}
}

// packedBytes returns the bytes of a block of a pair of tokens.
func packedBytes(block int) int {
	if block == 256 {
		return packedSuper
	}
	return packedPlain
}

// pack packs the activations. A token without another is a pair with itself.
func (s *Scratch) pack(e Encoding, a *Q8Rows) {
	blocks, sums := a.K/a.Block, a.K/16
	pitch := packedBytes(a.Block) * blocks
	pairs := (a.N + 1) / 2
	if len(s.packed) < pairs*pitch {
		s.packed = fromLine(pairs * pitch)
	}
	wide := 0
	if !by32(e) {
		wide = 1
	}
	for p := range pairs {
		t, u := 2*p, min(2*p+1, a.N-1)
		to := &s.packed[p*pitch]
		if a.Block == 256 {
			packSuperNEON(to, &a.Q[t*a.K], &a.Q[u*a.K], &a.D[t*blocks], &a.D[u*blocks], &a.Sums[t*sums], &a.Sums[u*sums], blocks, wide)
		} else {
			packPlainNEON(to, &a.Q[t*a.K], &a.Q[u*a.K], &a.D[t*blocks], &a.D[u*blocks], &a.Sums[t*sums], &a.Sums[u*sums], blocks)
		}
	}
}

// by32 reports whether the scales of a block of 256 are those of every 32 values.
func by32(e Encoding) bool { return e == Q4_K || e == Q5_K || e == IQ4_XS }

// unpack fills group g of the panel with n blocks of four rows that lie apart bytes
// apart.
func (s *Scratch) unpack(e Encoding, w []byte, apart, n, g int) {
	p, from := &s.panel[0], &w[0]
	switch e {
	case Q4_K:
		unpackQ4KNEON(p, from, apart, n, g)
	case Q5_K:
		unpackQ5KNEON(p, from, apart, n, g)
	case Q6_K:
		unpackQ6KNEON(p, from, apart, n, g)
	case Q8_0:
		unpackQ8NEON(p, from, apart, n, g)
	case Q2_K:
		unpackQ2KNEON(p, from, apart, n, g)
	case Q3_K:
		unpackQ3KNEON(p, from, apart, n, g)
	case IQ4_XS:
		unpackIQ4XSNEON(p, from, apart, n, g)
	case Q4_0:
		unpackQ40NEON(p, from, apart, n, g)
	case Q4_1:
		unpackQ41NEON(p, from, apart, n, g)
	case Q5_0:
		unpackQ50NEON(p, from, apart, n, g)
	case Q5_1:
		unpackQ51NEON(p, from, apart, n, g)
	case IQ4_NL:
		unpackIQ4NLNEON(p, from, apart, n, g)
	default:
		s.scatter(e, w, apart, n, g)
	}
}

// scatter is unpack for the encodings that have no loop of their own: centred ones,
// of 256 values.
func (s *Scratch) scatter(e Encoding, w []byte, apart, n, g int) {
	_, bytes := e.Block()
	var u block
	for row := range 4 {
		for b := range n {
			u.unpack(e, w[row*apart+b*bytes:][:bytes])
			u.scatter(s.panel[b*superBytes:][:superBytes], uint8(encodings[e].zero), 4*g+row)
		}
	}
}

// scatter writes a block to its row in a panel's block, which p is.
func (u *block) scatter(p []byte, zero uint8, row int) {
	little := binary.LittleEndian
	pair, j := row/2, row%2
	for i := 0; i < 256; i += 8 {
		to := p[i/16*unitBytes+32*pair+8*j+i%16*2:][:8]
		for k := range to {
			to[k] = u.q[i+k] - zero
		}
	}
	p = p[16*unitBytes:]
	d, none, minima, scales := p[16*pair+4*j:], p[64+16*pair+4*j:], p[128+32*pair+16*j:][:16], p[256+16*pair+4*j:]
	clear(minima)
	for _, token := range []int{0, 8} {
		little.PutUint32(d[token:], math.Float32bits(u.d))
		little.PutUint32(none[token:], 0)
		for k, scale := range u.scale {
			little.PutUint32(scales[64*k+token:], uint32(int32(scale)))
		}
	}
}

// quads regroups the units of n blocks for products of four bytes: 4 values of four rows take
// the place of 8 of two.
func (s *Scratch) quads(values, n int) {
	size := plainBytes
	if values == 256 {
		size = superBytes
	}
	units := values / 16
	quadsNEON(&s.panel[0], units, size-units*unitBytes, n)
}

// tiles multiplies n blocks from b on, of so many blocks, which are in the panel, with all
// tokens.
func (s *Scratch) tiles(e Encoding, tokens, b, blocks, n int) {
	values, _ := e.Block()
	size := packedBytes(values)
	pitch := size * blocks
	pairs := (tokens + 1) / 2
	for p := 0; p < pairs; p += 2 {
		acc, x := &s.acc[p*4*panelRows], &s.packed[p*pitch+b*size]
		tile(e, min(2, pairs-p), acc, &s.panel[0], x, pitch, n)
	}
	if values == 32 && encodings[e].affine {
		for p := range pairs {
			minimaPlainNEON(&s.acc[p*4*panelRows], &s.panel[0], &s.packed[p*pitch+b*size], n)
		}
	}
}

//go:noescape
func unpackQ4KNEON(panel, w *byte, rowBytes, blocks, group int)

//go:noescape
func unpackQ5KNEON(panel, w *byte, rowBytes, blocks, group int)

//go:noescape
func unpackQ6KNEON(panel, w *byte, rowBytes, blocks, group int)

//go:noescape
func unpackQ8NEON(panel, w *byte, rowBytes, blocks, group int)

//go:noescape
func unpackQ2KNEON(panel, w *byte, rowBytes, blocks, group int)

//go:noescape
func unpackQ3KNEON(panel, w *byte, rowBytes, blocks, group int)

//go:noescape
func unpackIQ4XSNEON(panel, w *byte, rowBytes, blocks, group int)

//go:noescape
func unpackQ40NEON(panel, w *byte, rowBytes, blocks, group int)

//go:noescape
func unpackQ41NEON(panel, w *byte, rowBytes, blocks, group int)

//go:noescape
func unpackQ50NEON(panel, w *byte, rowBytes, blocks, group int)

//go:noescape
func unpackQ51NEON(panel, w *byte, rowBytes, blocks, group int)

//go:noescape
func unpackIQ4NLNEON(panel, w *byte, rowBytes, blocks, group int)

//go:noescape
func quadsNEON(panel *byte, units, rest, blocks int)

//go:noescape
func packSuperNEON(dst *byte, q0, q1 *int8, d0, d1 *float32, sums0, sums1 *int16, blocks, wide int)

//go:noescape
func packPlainNEON(dst *byte, q0, q1 *int8, d0, d1 *float32, sums0, sums1 *int16, blocks int)

//go:noescape
func minimaPlainNEON(acc *float32, panel, x *byte, blocks int)
