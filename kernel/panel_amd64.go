//go:build !purego

package kernel

import (
	"encoding/binary"
	"math"
	"unsafe"
)

// A panel is 32 rows of weights, taken apart into bytes, for one stretch of
// blocks: the row is the fastest index, after the four consecutive bytes that
// one instruction multiplies. Centred weights have no minima in it. Each block is
//
//	super32, of 256  8 times  q [8][32][4] uint8, scale [32] int32
//	                 minima [4][32][2] int16, d [32], dmin [32] float32
//	super16, of 256  16 times q [4][32][4] uint8, scale [32] int32
//	                 minima [8][32][2] int16, d [32], dmin [32] float32
//	plain, of 32     q [8][32][4] uint8, d [32], dmin [32] float32
const (
	panelRows    = 32
	super32Bytes = 8*(1024+128) + 512 + 256
	super16Bytes = 16*(512+128) + 1024 + 256
	plainBytes   = 1024 + 256

	// A panel has up to so many values of a row: 370 kB, which the second cache
	// holds beside the activations.
	panelValues = 8192

	// passTokens bounds the accumulators that stay in the cache beside a panel.
	passTokens = 240
	tileTokens = 6
)

// A Scratch is what MatMulQ8 works in. One call at a time uses it. It grows to
// what the widest weights need, and then allocates nothing.
type Scratch struct {
	panel  []byte    // begins at a cache line
	acc    []float32 // [token][acc, m][row]
	sums   []int32   // of a tile's activations
	flat   []byte    // rows
	floats floatScratch
	affine affineScratch
}

// NewScratch returns a Scratch for weights and activations of any size.
func NewScratch() *Scratch {
	const line = 64
	panel := make([]byte, panelValues/256*super16Bytes+line)
	skip := -uintptr(unsafe.Pointer(&panel[0])) % line
	return &Scratch{panel: panel[skip:], acc: make([]float32, passTokens*2*panelRows)}
}

// grow makes room for the sums of a tile's activations.
func (s *Scratch) grow(a *Q8Rows) {
	if need := 2 * tileTokens * a.K / 32; len(s.sums) < need {
		s.sums = make([]int32, need)
	}
}

// pairs is the same memory, for sums in 16 bits.
func (s *Scratch) pairs() []int16 {
	return unsafe.Slice((*int16)(unsafe.Pointer(&s.sums[0])), 2*len(s.sums))
}

// multiply does MatMulQ8 for at least panelRows rows and at most passTokens
// tokens. The last panel is the last panelRows rows, some of them perhaps again.
func (s *Scratch) multiply(dst []float32, stride int, w []byte, e Encoding, rows int, a *Q8Rows) {
	s.grow(a)
	values, bytes := e.Block()
	blocks, rowBytes := a.K/values, e.rowBytes(a.K)
	stretch := panelValues / values
	for next := 0; next < rows; next += panelRows {
		r := min(next, rows-panelRows)
		clear(s.acc[:a.N*2*panelRows])
		// Read in one go, the rows come twice as fast as 16 side by side do.
		ReadLoop(w[r*rowBytes:][:panelRows*rowBytes])
		for b := 0; b < blocks; b += stretch {
			n := min(stretch, blocks-b)
			s.unpack(e, w[r*rowBytes+b*bytes:], rowBytes, n)
			s.tiles(e, a, b, n)
		}
		finishVNNI(&dst[r], &s.acc[0], stride, a.N)
	}
}

// unpack fills the panel with n blocks of 32 rows that lie rowBytes apart.
func (s *Scratch) unpack(e Encoding, w []byte, rowBytes, n int) {
	for half := range 2 {
		p, from := &s.panel[64*half], &w[16*half*rowBytes]
		switch e {
		case Q4_K:
			unpackQ4KVNNI(p, from, rowBytes, n)
		case Q5_K:
			unpackQ5KVNNI(p, from, rowBytes, n)
		case Q6_K:
			unpackQ6KVNNI(p, from, rowBytes, n)
		case Q8_0:
			unpackQ8VNNI(p, from, rowBytes, n)
		default:
			s.scatter(e, w, rowBytes, n)
			return
		}
	}
}

// scatter is unpack for the encodings that have no loop of their own.
func (s *Scratch) scatter(e Encoding, w []byte, rowBytes, n int) {
	values, bytes := e.Block()
	size := plainBytes
	if values == 256 {
		size = super16Bytes
	}
	var u block
	for r := range panelRows {
		for b := range n {
			u.unpack(e, w[r*rowBytes+b*bytes:][:bytes])
			if p := s.panel[b*size+4*r:]; values == 256 {
				u.scatterSuper16(p)
			} else {
				u.scatterPlain(p)
			}
		}
	}
}

// scatterSuper16 writes a block to its row in a panel, which begins at p.
func (u *block) scatterSuper16(p []byte) {
	little := binary.LittleEndian
	for j, scale := range u.scale {
		for i := range 4 {
			copy(p[640*j+128*i:][:4], u.q[16*j+4*i:][:4])
		}
		little.PutUint32(p[640*j+512:], uint32(int32(scale)))
		little.PutUint16(p[16*640+j/2*128+j%2*2:], uint16(u.shift[j]))
	}
	little.PutUint32(p[16*640+1024:], math.Float32bits(u.d))
	little.PutUint32(p[16*640+1152:], math.Float32bits(u.dmin))
}

func (u *block) scatterPlain(p []byte) {
	for i := range 8 {
		copy(p[128*i:][:4], u.q[4*i:][:4])
	}
	binary.LittleEndian.PutUint32(p[1024:], math.Float32bits(u.d))
	binary.LittleEndian.PutUint32(p[1152:], math.Float32bits(u.dmin))
}

// tiles multiplies n blocks from b on, which are in the panel, with all tokens,
// about as many in every tile.
func (s *Scratch) tiles(e Encoding, a *Q8Rows, b, n int) {
	count := (a.N + tileTokens - 1) / tileTokens
	t := 0
	for i := range count {
		size := (a.N - t) / (count - i)
		tile := a.Slice(t, t+size)
		s.tile(e, &tile, &s.acc[t*2*panelRows], b, n)
		t += size
	}
}

func (s *Scratch) tile(e Encoding, a *Q8Rows, acc *float32, b, n int) {
	blocks, q, d := a.K/a.Block, &a.Q[b*a.Block], &a.D[b]
	switch {
	case e == Q4_K || e == Q5_K:
		pairs := s.pairs()
		pairSumsVNNI(&pairs[0], &a.Sums[0], a.N*a.K/32)
		tileSuper32(a.N, acc, &s.panel[0], q, d, &pairs[b*8], a.K, n)
	case a.Block == 256 && encodings[e].affine:
		tileSuper16(a.N, acc, &s.panel[0], q, d, &a.Sums[b*16], a.K, n)
	case a.Block == 256:
		wideSumsVNNI(&s.sums[0], &a.Sums[0], -encodings[e].zero, a.N*a.K/16)
		tileCentred16(a.N, acc, &s.panel[0], q, d, &s.sums[b*16], a.K, n)
	case !encodings[e].affine:
		scaledSumsVNNI(&s.sums[0], &a.Sums[0], -encodings[e].zero, a.N*blocks)
		tilePlain32(a.N, acc, &s.panel[0], q, d, &s.sums[b], a.K, n)
	default:
		s.tileMinima(a, acc, b, n)
	}
}

// tileMinima is tile for affine blocks of 32: their sums begin at 0, and there
// are minima.
func (s *Scratch) tileMinima(a *Q8Rows, acc *float32, b, n int) {
	blocks := a.K / 32
	start, sums := s.sums[:len(s.sums)/2], s.sums[len(s.sums)/2:]
	clear(start[:a.N*blocks])
	scaledSumsVNNI(&sums[0], &a.Sums[0], 1, a.N*blocks)
	tilePlain32(a.N, acc, &s.panel[0], &a.Q[b*32], &a.D[b], &start[b], a.K, n)
	m := unsafe.Slice(acc, a.N*2*panelRows)
	for t := range a.N {
		minimaPlain32VNNI(&m[t*2*panelRows+panelRows], &s.panel[0], &a.D[t*blocks+b], &sums[t*blocks+b], n)
	}
}

//go:noescape
func unpackQ4KVNNI(panel, w *byte, rowBytes, blocks int)

//go:noescape
func unpackQ5KVNNI(panel, w *byte, rowBytes, blocks int)

//go:noescape
func unpackQ6KVNNI(panel, w *byte, rowBytes, blocks int)

//go:noescape
func unpackQ8VNNI(panel, w *byte, rowBytes, blocks int)
