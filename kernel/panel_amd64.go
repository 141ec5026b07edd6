//go:build !purego

package kernel

import "unsafe"

// A panel is 32 rows of weights, taken apart into bytes, for one stretch of
// blocks: the row is the fastest index, after the four consecutive bytes that
// one instruction multiplies. Centred weights have no minima in it. Each block is
//
//	super32, of 256  8 times  q [8][32][4] uint8, scale [32] int32
//	                 minima [4][32][2] int16, d [32], dmin [32] float32
//	                 of Q4_K q [2][4][2][8][8], eight of four rows 4i and 4i+1, and then
//	                 of 4i+2 and 4i+3, scale [32][2] int16, twice the same
//	super16, of 256  16 times q [4][32][4] uint8, scale [32] int32
//	                 minima [8][32][2] int16, d [32], dmin [32] float32
//	plain, of 32     q [8][32][4] uint8, d [32], dmin [32] float32
const (
	panelRows    = 32
	super16Bytes = 16*(512+128) + 1024 + 256

	// A panel has up to so many values of a row: 370 kB, which the second cache
	// holds beside the activations.
	panelValues = 8192

	// For up to fewTiles tiles, taking it apart costs more than calling them more
	// often, and a short one, of 23 kB, is in the first cache. Blocks of 32 are
	// taken apart too soon to gain by it.
	shortPanel = 512
	fewTiles   = 10

	// passTokens bounds the accumulators that stay in the cache beside a panel.
	passTokens = 240
	tileTokens = 6
)

// A Scratch is what MatMulQ8, MatMulAffine, MatMulF8 and MatMulFloats work in. One
// call at a time uses it. It grows to what the widest weights need, and then
// allocates nothing.
type Scratch struct {
	panel  []byte    // begins at a cache line; strips work in it
	acc    []float32 // [token][acc, m][row]
	sums   []int32   // of activations
	most   []int32   // survey
	tokens []byte    // activations as strips want them
	flat   []byte    // rows
	work   []int32   // sums of a tile's block, from a cache line on

	panelF8 f8Panels
	flatF8  f8Flat
	floats  floatScratch
	affine  affineScratch
}

// NewScratch returns a Scratch for weights and activations of any size.
func NewScratch() *Scratch {
	const line = 64
	panel := make([]byte, panelValues/256*super16Bytes+line)
	skip := -uintptr(unsafe.Pointer(&panel[0])) % line
	return &Scratch{panel: panel[skip:], acc: make([]float32, passTokens*2*panelRows), work: make([]int32, 64)}
}

// prepare sets sums to what the tiles of an encoding want of the activations beside
// them, sumsBlock dwords for each block.
func (s *Scratch) prepare(e Encoding, a *Q8Rows) {
	blocks := a.N * a.K / a.Block
	if need := blocks * sumsBlock(e); len(s.sums) < need {
		s.sums = make([]int32, need)
	}
	switch e {
	case Q4_K, Q5_K:
		pairSumsVNNI((*int16)(unsafe.Pointer(&s.sums[0])), &a.Sums[0], 8*blocks)
	case Q6_K:
		wideSumsVNNI(&s.sums[0], &a.Sums[0], -encodings[e].zero, 16*blocks)
		s.survey(a)
	case Q8_0:
		scaledSumsVNNI(&s.sums[0], &a.Sums[0], -encodings[e].zero, blocks)
	}
}

// sumsBlock returns how many dwords of sums belong to a block.
func sumsBlock(e Encoding) int {
	switch e {
	case Q4_K, Q5_K:
		return 4
	case Q6_K:
		return 16
	}
	return 1
}

// multiply does MatMulQ8 for at least panelRows rows and at most passTokens
// tokens, of the encodings that have strips. The last panel is the last panelRows
// rows, some of them perhaps again.
func (s *Scratch) multiply(dst []float32, stride int, w []byte, e Encoding, rows int, a *Q8Rows) {
	s.prepare(e, a)
	values, bytes := e.Block()
	blocks, rowBytes := a.K/values, e.rowBytes(a.K)
	stretch := panelValues / values
	if values == 256 && a.N <= fewTiles*tileTokens {
		stretch = shortPanel / values
	}
	for next := 0; next < rows; next += panelRows {
		r := min(next, rows-panelRows)
		clear(s.acc[:a.N*2*panelRows])
		from := w[r*rowBytes:][:panelRows*rowBytes]
		if next == 0 {
			// Read in one go, the rows come twice as fast as 16 side by side do.
			ReadLoop(from)
		}
		// The next panel's rows, or these if there is none.
		ahead := w[min(r+panelRows, rows-panelRows)*rowBytes:][:panelRows*rowBytes]
		for b := 0; b < blocks; b += stretch {
			n := min(stretch, blocks-b)
			s.unpack(e, from[b*bytes:], rowBytes, n)
			var to []float32
			if b+n == blocks {
				to = dst[r:]
			}
			s.tiles(e, a, b, n, ahead[b*bytes*panelRows:][:n*bytes*panelRows], to, stride)
		}
	}
}

// unpack fills the panel with n blocks of 32 rows that lie rowBytes apart.
func (s *Scratch) unpack(e Encoding, w []byte, rowBytes, n int) {
	for half := range 2 {
		p, from := &s.panel[64*half], &w[16*half*rowBytes]
		switch e {
		case Q4_K:
			unpackQ4KVNNI(p, &s.panel[512*half], from, rowBytes, n)
		case Q5_K:
			unpackQ5KVNNI(p, from, rowBytes, n)
		case Q6_K:
			unpackQ6KVNNI(p, from, rowBytes, n)
		case Q8_0:
			unpackQ8VNNI(p, from, rowBytes, n)
		}
	}
}

// survey sets most to the most, for each tile and block, of what the magnitudes of
// 16 activations come to together.
func (s *Scratch) survey(a *Q8Rows) {
	blocks := a.K / a.Block
	need := (a.N + tileTokens - 1) / tileTokens * blocks
	if len(s.most) < need {
		s.most = make([]int32, need)
	}
	eachTile(a.N, func(i, t, size int) {
		mostVNNI(&s.most[i*blocks], &a.Q[t*a.K], a.K, size, blocks)
	})
}

// eachTile calls f for each tile of n tokens, about as many in every one, with its
// number, its first token, and how many it has.
func eachTile(n int, f func(i, t, size int)) {
	count := (n + tileTokens - 1) / tileTokens
	t := 0
	for i := range count {
		size := (n - t) / (count - i)
		f(i, t, size)
		t += size
	}
}

// tiles multiplies n blocks from b on, which are in the panel, with all tokens, and
// asks for ahead meanwhile. If these are the last blocks, it stores what comes of each
// tile in dst, which takes the next one's time and none of its own.
func (s *Scratch) tiles(e Encoding, a *Q8Rows, b, n int, ahead []byte, dst []float32, stride int) {
	share := len(ahead) / ((a.N + tileTokens - 1) / tileTokens)
	steps := n * a.Block / subBlock(e)
	step := (share + steps - 1) / steps
	eachTile(a.N, func(i, t, size int) {
		s.tile(e, a, i, t, size, b, n, coming{&ahead[i*share], step})
		if dst != nil {
			finishVNNI(&dst[t*stride], &s.acc[t*2*panelRows], stride, size)
		}
	})
}

// coming is what a tile asks for: two lines a sub-block, and step bytes on the next.
type coming struct {
	at   *byte
	step int
}

// subBlock returns how many values a tile multiplies before it weighs the sums.
func subBlock(e Encoding) int {
	if e == Q6_K {
		return 16
	}
	return 32
}

// tile multiplies n blocks from b on with tile i, which is size tokens from t on.
func (s *Scratch) tile(e Encoding, a *Q8Rows, i, t, size, b, n int, c coming) {
	blocks := a.K / a.Block
	at := t*blocks + b
	acc, panel, q, d := &s.acc[t*2*panelRows], &s.panel[0], &a.Q[at*a.Block], &a.D[at]
	sums := &s.sums[at*sumsBlock(e)]
	switch e {
	case Q4_K:
		tileNibbles32(size, acc, panel, q, d, (*int16)(unsafe.Pointer(sums)), a.K, n, c.at, c.step)
	case Q5_K:
		tileSuper32(size, acc, panel, q, d, (*int16)(unsafe.Pointer(sums)), a.K, n, c.at, c.step)
	case Q6_K:
		tileNarrow16(size, acc, panel, q, d, sums, a.K, n, c.at, c.step, &s.most[i*blocks+b])
	case Q8_0:
		tilePlain32(size, acc, panel, q, d, sums, a.K, n, c.at, c.step)
	}
}

//go:noescape
func unpackQ4KVNNI(panel, q, w *byte, rowBytes, blocks int)

//go:noescape
func unpackQ5KVNNI(panel, w *byte, rowBytes, blocks int)

//go:noescape
func unpackQ6KVNNI(panel, w *byte, rowBytes, blocks int)

//go:noescape
func unpackQ8VNNI(panel, w *byte, rowBytes, blocks int)
