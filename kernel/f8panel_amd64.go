//go:build !purego

package kernel

import (
	"math"
	"unsafe"
)

// A panel of e4m3 weights is 32 rows of integers of 16 bits, for one stretch of
// blocks: the row is the fastest index, after the pair of consecutive integers
// that one instruction multiplies. A block of 128 has 64 pairs [32][2] int16.
//
// Of the tokens of one tile, up to 12, a panel has 4 blocks and stays in the first
// cache. Of more tokens, there are up to four panels at a time, of 8 blocks, which
// stay in the second; the activations of a tile meet all of them while they are in
// the first.
const (
	f8BlockWords   = panelRows * F8Block // of a panel
	f8Group        = 4
	f8LongStretch  = 8
	f8ShortStretch = 4
	f8TileTokens   = 12
	f8TileScales   = 16 // a cache line
)

// An f8Panels is what MatMulF8 works in with AVX-512.
type f8Panels struct {
	panels [f8Group]f8Panel
	ragged []byte    // a block of 32 rows that are not whole, or not there
	acc    []float32 // [panel][token][row]
	d      []float32 // [tile][block][16]: the scales of the activations
}

// An f8Panel has the rows from base on; n of them, from row base+skip on, are asked
// for and have the same scales.
type f8Panel struct {
	base, skip, n int
	words         []int16   // begin at a cache line
	scales        []float32 // of the blocks, in the integers' units
	nan           [2]uint64 // four bits a row, any of which is set if it has a NaN
}

// panelsF8 does MatMulF8.
func (f *f8Panels) panelsF8(dst []float32, stride int, w *F8Rows, a *Q16Rows) {
	group, stretch := f8Group, f8LongStretch
	if a.N <= f8TileTokens {
		group, stretch = 1, f8ShortStretch
	}
	f.grow(w, a)
	f.spread(a)
	for r := 0; r < w.Rows; {
		count := 0
		for ; count < group && r < w.Rows; count++ {
			p := &f.panels[count]
			p.begin(w, r)
			r += p.n
		}
		clear(f.acc[:count*a.N*panelRows])
		blocks := F8Blocks(w.K)
		for b := 0; b < blocks; b += stretch {
			n := min(stretch, blocks-b)
			for i := range count {
				f.unpack(&f.panels[i], w, b, n)
			}
			f.tiles(count, a, b, n)
		}
		for i := range count {
			f.panels[i].finish(dst, stride, f.acc[i*a.N*panelRows:], a.N)
		}
	}
}

// grow makes room for what w and a need.
func (f *f8Panels) grow(w *F8Rows, a *Q16Rows) {
	blocks := F8Blocks(w.K)
	if f.ragged == nil {
		f.ragged = make([]byte, f8BlockWords)
		for i := range f.panels {
			f.panels[i].words = alignedWords(f8LongStretch * f8BlockWords)
		}
	}
	for i := range f.panels {
		if p := &f.panels[i]; len(p.scales) < blocks {
			p.scales = make([]float32, blocks)
		}
	}
	if need := f8Group * a.N * panelRows; len(f.acc) < need {
		f.acc = make([]float32, need)
	}
	if need := (a.N + f8TileTokens - 1) / f8TileTokens * blocks * f8TileScales; len(f.d) < need {
		f.d = make([]float32, need)
	}
}

// alignedWords returns n words that begin at a cache line.
func alignedWords(n int) []int16 {
	const line = 64
	words := make([]int16, n+line/2)
	skip := -uintptr(unsafe.Pointer(&words[0])) % line / 2
	return words[skip:][:n]
}

// f8Tiles calls f for every tile of n tokens, about as many in each.
func f8Tiles(n int, f func(tile, first, tokens int)) {
	count := (n + f8TileTokens - 1) / f8TileTokens
	for i, t := 0, 0; i < count; i++ {
		tokens := (n - t) / (count - i)
		f(i, t, tokens)
		t += tokens
	}
}

// spread puts the scales of a tile's activations for a block side by side.
func (f *f8Panels) spread(a *Q16Rows) {
	blocks := F8Blocks(a.K)
	f8Tiles(a.N, func(tile, first, tokens int) {
		to := f.d[tile*blocks*f8TileScales:]
		for t := range tokens {
			for b, d := range a.D[(first+t)*blocks:][:blocks] {
				to[b*f8TileScales+t] = d
			}
		}
	})
}

// begin makes p the panel from row r on: of the last 32 rows, if there are fewer.
func (p *f8Panel) begin(w *F8Rows, r int) {
	p.base = max(0, min(r, w.Rows-panelRows))
	p.skip, p.n = r-p.base, w.sameScales(r, panelRows-(r-p.base))
	p.nan = [2]uint64{}
	for b := range F8Blocks(w.K) {
		p.scales[b] = f8Unit * w.scale(r, b)
	}
}

// unpack fills p with n blocks from b on.
func (f *f8Panels) unpack(p *f8Panel, w *F8Rows, b, n int) {
	whole := min(n, w.K/F8Block-b)
	if w.Rows < panelRows {
		whole = 0
	}
	if whole > 0 {
		for half := range p.nan {
			from := (p.base+16*half)*w.K + b*F8Block
			p.nan[half] |= unpackF8VNNI(&p.words[32*half], &w.W[from], w.K, panelRows*w.K, whole)
		}
	}
	for i := whole; i < n; i++ {
		clear(f.ragged)
		for r := range min(panelRows, w.Rows) {
			at := (p.base + r) * w.K
			copy(f.ragged[r*F8Block:], w.W[at+(b+i)*F8Block:at+min((b+i+1)*F8Block, w.K)])
		}
		for half := range p.nan {
			p.nan[half] |= unpackF8VNNI(&p.words[i*f8BlockWords+32*half], &f.ragged[16*half*F8Block], F8Block, 0, 1)
		}
	}
}

// tiles multiplies n blocks from b on, which are in the panels, with all tokens.
func (f *f8Panels) tiles(count int, a *Q16Rows, b, n int) {
	blocks := F8Blocks(a.K)
	f8Tiles(a.N, func(tile, first, tokens int) {
		for i := range count {
			p := &f.panels[i]
			acc := &f.acc[(i*a.N+first)*panelRows]
			tileF8(tokens, acc, &p.words[0], &a.Q[(first*blocks+b)*F8Block], &f.d[(tile*blocks+b)*f8TileScales], &p.scales[b], blocks*F8Block, n)
		}
	})
}

// finish stores the results of n tokens.
func (p *f8Panel) finish(dst []float32, stride int, acc []float32, n int) {
	for t := range n {
		copy(dst[t*stride+p.base+p.skip:][:p.n], acc[t*panelRows+p.skip:])
	}
	if p.nan == [2]uint64{} {
		return
	}
	for i := p.skip; i < p.skip+p.n; i++ {
		if p.nan[i/16]>>(i%16*4)&15 != 0 {
			for t := range n {
				dst[t*stride+p.base+i] = float32(math.NaN())
			}
		}
	}
}

//go:noescape
func tile1F8VNNI(acc *float32, panel, q *int16, d, scales *float32, k, blocks int)

//go:noescape
func tile2F8VNNI(acc *float32, panel, q *int16, d, scales *float32, k, blocks int)

//go:noescape
func tile3F8VNNI(acc *float32, panel, q *int16, d, scales *float32, k, blocks int)

//go:noescape
func tile4F8VNNI(acc *float32, panel, q *int16, d, scales *float32, k, blocks int)

//go:noescape
func tile5F8VNNI(acc *float32, panel, q *int16, d, scales *float32, k, blocks int)

//go:noescape
func tile6F8VNNI(acc *float32, panel, q *int16, d, scales *float32, k, blocks int)

//go:noescape
func tile7F8VNNI(acc *float32, panel, q *int16, d, scales *float32, k, blocks int)

//go:noescape
func tile8F8VNNI(acc *float32, panel, q *int16, d, scales *float32, k, blocks int)

//go:noescape
func tile9F8VNNI(acc *float32, panel, q *int16, d, scales *float32, k, blocks int)

//go:noescape
func tile10F8VNNI(acc *float32, panel, q *int16, d, scales *float32, k, blocks int)

//go:noescape
func tile11F8VNNI(acc *float32, panel, q *int16, d, scales *float32, k, blocks int)

//go:noescape
func tile12F8VNNI(acc *float32, panel, q *int16, d, scales *float32, k, blocks int)

//go:noescape
func unpackF8VNNI(panel *int16, w *byte, rowBytes, ahead, blocks int) (nan uint64)

// tileF8 adds blocks of a panel to the accumulators of up to 12 tokens, whose
// activations lie k apart.
func tileF8(tokens int, acc *float32, panel, q *int16, d, scales *float32, k, blocks int) {
	switch tokens {
	case 1:
		tile1F8VNNI(acc, panel, q, d, scales, k, blocks)
	case 2:
		tile2F8VNNI(acc, panel, q, d, scales, k, blocks)
	case 3:
		tile3F8VNNI(acc, panel, q, d, scales, k, blocks)
	case 4:
		tile4F8VNNI(acc, panel, q, d, scales, k, blocks)
	case 5:
		tile5F8VNNI(acc, panel, q, d, scales, k, blocks)
	case 6:
		tile6F8VNNI(acc, panel, q, d, scales, k, blocks)
	case 7:
		tile7F8VNNI(acc, panel, q, d, scales, k, blocks)
	case 8:
		tile8F8VNNI(acc, panel, q, d, scales, k, blocks)
	case 9:
		tile9F8VNNI(acc, panel, q, d, scales, k, blocks)
	case 10:
		tile10F8VNNI(acc, panel, q, d, scales, k, blocks)
	case 11:
		tile11F8VNNI(acc, panel, q, d, scales, k, blocks)
	case 12:
		tile12F8VNNI(acc, panel, q, d, scales, k, blocks)
	}
}
