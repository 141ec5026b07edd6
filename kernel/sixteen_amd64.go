//go:build !purego

package kernel

import "unsafe"

// A panel of AVX2 is sixteen rows of weights, taken apart into bytes, for one stretch of
// blocks: the row is the fastest index, after the four consecutive bytes that one
// instruction multiplies. Each block is
//
//	of 256  q [64][16][4] uint8, or int8 if they are signed
//	        scale [16][16][2] int16, twice the same; of Q4_K every other one
//	        minima [8][16][2] int16, or shifts; of Q4_K those of 32 weights, the first half
//	        d [16], dmin [16] float32
//	of 32   q [8][16][4] int8, d [16] float32
const (
	sixteen = 16

	// sixteenTokens are those of a tile.
	sixteenTokens = 4

	// So much of a panel stays in the first cache, beside the activations of a tile; for
	// more tokens than these, that it goes through the accumulators less often counts for more.
	sixteenValues = 512
	sixteenFew    = 16
	sixteenMany   = 2048
)

// gridFew is for how many tokens rows of grids, which are long in taking apart, are better
// taken one by one.
const gridFew = 4

func isGrid(e Encoding) bool { return encodings[e].zero == gridZero }

// sixteens does MatMulQ8 for at least sixteen rows and at most passTokens tokens. The
// last panel is the last sixteen rows, some of them perhaps again.
func (s *Scratch) sixteens(dst []float32, stride int, w []byte, e Encoding, rows int, a *Q8Rows) {
	values, bytes := e.Block()
	blocks, rowBytes := a.K/values, e.rowBytes(a.K)
	stretch := sixteenMany / values
	if a.N <= sixteenFew {
		stretch = sixteenValues / values
	}
	sums := a.Sums
	if e == Q4_K {
		sums = s.pairSums(a)
	}
	acc := s.acc[:a.N*2*sixteen]
	for next := 0; next < rows; next += sixteen {
		r := min(next, rows-sixteen)
		clear(acc)
		from := w[r*rowBytes:][:sixteen*rowBytes]
		for b := 0; b < blocks; b += stretch {
			n := min(stretch, blocks-b)
			ahead := sixteen * (rowBytes + b*bytes)
			s.unpackSixteen(e, from[b*bytes:], rowBytes, n, ahead-b*bytes)
			ahead += 2 * asks[e] * n * 64
			s.sixteenTiles(e, a, b, n, sums, behind{&from[0], ahead, sixteen*(rowBytes+(b+n)*bytes) - ahead})
		}
		finishSixteenAVX2(&dst[r], &acc[0], stride, a.N)
		if encodings[e].affine && values == 32 {
			subtractMinima(dst[r:], stride, from, e, sixteen, a)
		}
	}
}

// pairSums returns the sums of 32 activations, of blocks of 256.
func (s *Scratch) pairSums(a *Q8Rows) []int16 {
	n := a.N * a.K / 32
	if len(s.sums) < n {
		s.sums = make([]int32, n)
	}
	pairs := unsafe.Slice((*int16)(unsafe.Pointer(&s.sums[0])), n)
	pairSumsAVX2(&pairs[0], &a.Sums[0], n/8)
	return pairs
}

// behind is what of the rows behind a panel's is asked for while it is multiplied: bytes that
// begin so many behind its rows. That there may be no such rows is no harm: nothing comes of
// an address that there is not, and mostly the next call's rows are there.
//
// It is asked for little by little: a core has so few lines on their way to it at a time
// that none come while it computes, if all are asked for before.
type behind struct {
	rows      *byte
	at, bytes int
}

// asks is how many lines are asked for with each block of eight rows that is taken apart.
var asks = [numEncodings]int{Q4_K: 8, Q5_K: 8, Q6_K: 8, IQ4_XS: 8, Q2_K: 4, Q3_K: 4, Q8_0: 1, Q5_0: 1, Q4_0: 1, IQ4_NL: 1}

// unpackSixteen fills the panel with n blocks of sixteen rows that lie rowBytes apart, and
// asks for what begins so many bytes ahead.
func (s *Scratch) unpackSixteen(e Encoding, w []byte, rowBytes, n, ahead int) {
	for half := range 2 {
		p, from, ahead := &s.panel[32*half], w[8*half*rowBytes:], ahead+half*(asks[e]*n*64-8*rowBytes)
		switch e {
		case Q4_K:
			unpackQ4KSixteenAVX2(p, &from[0], rowBytes, n, ahead)
		case Q5_K:
			unpackQ5KSixteenAVX2(p, &from[0], rowBytes, n, ahead)
		case Q6_K:
			unpackQ6KSixteenAVX2(p, &from[0], rowBytes, n, ahead)
		case Q2_K:
			unpackQ2KSixteenAVX2(p, &from[0], rowBytes, n, ahead)
		case Q3_K:
			unpackQ3KSixteenAVX2(p, &from[0], rowBytes, n, ahead)
		case IQ4_XS:
			unpackIQ4XSSixteenAVX2(p, &from[0], rowBytes, n, ahead)
		case Q8_0:
			unpackPlainSixteenAVX2(p, &from[0], rowBytes, n, ahead)
		case Q4_0:
			unpackQ4_0SixteenAVX2(p, &from[0], rowBytes, n, ahead)
		case IQ4_NL:
			unpackIQ4NLSixteenAVX2(p, &from[0], rowBytes, n, ahead)
		case Q5_0:
			unpackQ5_0SixteenAVX2(p, &from[0], rowBytes, n, ahead)
		default:
			s.unpackFlattened(p, e, from, rowBytes, n)
		}
	}
}

// unpackFlattened fills half a panel with eight rows that are taken apart first.
func (s *Scratch) unpackFlattened(panel *byte, e Encoding, w []byte, rowBytes, n int) {
	values, bytes := e.Block()
	size := n * plainFlatBytes
	if values == 256 {
		size = n * flatBytes
	}
	if len(s.flat) < 8*size {
		s.flat = make([]byte, 8*size)
	}
	for i := range 8 {
		flatten(s.flat[i*size:], e, w[i*rowBytes:][:n*bytes], n)
	}
	if values == 256 {
		unpackFlatSixteenAVX2(panel, &s.flat[0], size, n)
	} else {
		unpackPlainSixteenAVX2(panel, &s.flat[0], size, n, 0)
	}
}

// sixteenTiles multiplies n blocks from b on, which are in the panel, with all tokens.
func (s *Scratch) sixteenTiles(e Encoding, a *Q8Rows, b, n int, sums []int16, next behind) {
	affine := 0
	if encodings[e].affine {
		affine = 1
	}
	blocks := a.K / a.Block
	perBlock := len(sums) / (a.N * blocks)
	loops := sixteenLoops(e)
	count := (a.N + sixteenTokens - 1) / sixteenTokens
	share := max(0, next.bytes/count)
	step := share / n
	if a.Block == 256 {
		step /= 8
	}
	for t, i := 0, 0; i < count; i++ {
		size := (a.N - t) / (count - i)
		at := t*blocks + b
		loops[size-1](&s.acc[t*2*sixteen], &s.panel[0], &a.Q[at*a.Block], &a.D[at], &sums[at*perBlock], a.K, n, &s.work[0], affine, next.rows, next.at+i*share, step)
		t += size
	}
}

// A sixteenTile adds blocks of sixteen rows to the accumulators of as many tokens as its
// name says, [token][acc, m][row].
type sixteenTile func(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)

// The name also says of how many values a word holds the sum, so that no sum is beyond
// 2¹⁵ with weights up to 15, 31, 63, or 127; or of how many bits the weights of blocks
// of 32 are.
var (
	word32Tiles = [sixteenTokens]sixteenTile{tile1Word32AVX2, tile2Word32AVX2, tile3Word32AVX2, tile4Word32AVX2}
	word16Tiles = [sixteenTokens]sixteenTile{tile1Word16AVX2, tile2Word16AVX2, tile3Word16AVX2, tile4Word16AVX2}
	word8Tiles  = [sixteenTokens]sixteenTile{tile1Word8AVX2, tile2Word8AVX2, tile3Word8AVX2, tile4Word8AVX2}
	word4Tiles  = [sixteenTokens]sixteenTile{tile1Word4AVX2, tile2Word4AVX2, tile3Word4AVX2, tile4Word4AVX2}
	signedTiles = [sixteenTokens]sixteenTile{tile1SignedAVX2, tile2SignedAVX2, tile3SignedAVX2, tile4SignedAVX2}
	plain8Tiles = [sixteenTokens]sixteenTile{tile1Plain8AVX2, tile2Plain8AVX2, tile3Plain8AVX2, tile4Plain8AVX2}
	plain4Tiles = [sixteenTokens]sixteenTile{tile1Plain4AVX2, tile2Plain4AVX2, tile3Plain4AVX2, tile4Plain4AVX2}
)

func sixteenLoops(e Encoding) *[sixteenTokens]sixteenTile {
	switch e {
	case Q4_K:
		return &word32Tiles
	case Q5_K, Q3_K, Q2_K:
		return &word16Tiles
	case Q6_K:
		return &word8Tiles
	case IQ4_XS:
		return &signedTiles
	case Q4_0, Q4_1, Q5_0:
		return &plain4Tiles
	case Q8_0, Q5_1, IQ4_NL:
		return &plain8Tiles
	}
	return &word4Tiles // of grids
}

//go:noescape
func pairSumsAVX2(dst, sums *int16, blocks int)

//go:noescape
func finishSixteenAVX2(dst, acc *float32, stride, tokens int)

//go:noescape
func unpackFlatSixteenAVX2(panel, w *byte, rowBytes, blocks int)

//go:noescape
func unpackPlainSixteenAVX2(panel, w *byte, rowBytes, blocks, ahead int)

//go:noescape
func unpackQ4_0SixteenAVX2(panel, w *byte, rowBytes, blocks, ahead int)

//go:noescape
func unpackIQ4NLSixteenAVX2(panel, w *byte, rowBytes, blocks, ahead int)

//go:noescape
func unpackQ5_0SixteenAVX2(panel, w *byte, rowBytes, blocks, ahead int)

//go:noescape
func unpackQ5KSixteenAVX2(panel, w *byte, rowBytes, blocks, ahead int)

//go:noescape
func unpackQ6KSixteenAVX2(panel, w *byte, rowBytes, blocks, ahead int)

//go:noescape
func unpackQ2KSixteenAVX2(panel, w *byte, rowBytes, blocks, ahead int)

//go:noescape
func unpackQ3KSixteenAVX2(panel, w *byte, rowBytes, blocks, ahead int)

//go:noescape
func unpackIQ4XSSixteenAVX2(panel, w *byte, rowBytes, blocks, ahead int)

//go:noescape
func unpackQ4KSixteenAVX2(panel, w *byte, rowBytes, blocks, ahead int)

//go:noescape
func tile1Word32AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)

//go:noescape
func tile2Word32AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)

//go:noescape
func tile3Word32AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)

//go:noescape
func tile4Word32AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)

//go:noescape
func tile1Word16AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)

//go:noescape
func tile2Word16AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)

//go:noescape
func tile3Word16AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)

//go:noescape
func tile4Word16AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)

//go:noescape
func tile1Word8AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)

//go:noescape
func tile2Word8AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)

//go:noescape
func tile3Word8AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)

//go:noescape
func tile4Word8AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)

//go:noescape
func tile1Word4AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)

//go:noescape
func tile2Word4AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)

//go:noescape
func tile3Word4AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)

//go:noescape
func tile4Word4AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)

//go:noescape
func tile1SignedAVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)

//go:noescape
func tile2SignedAVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)

//go:noescape
func tile3SignedAVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)

//go:noescape
func tile4SignedAVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)

//go:noescape
func tile1Plain8AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)

//go:noescape
func tile2Plain8AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)

//go:noescape
func tile3Plain8AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)

//go:noescape
func tile4Plain8AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)

//go:noescape
func tile1Plain4AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)

//go:noescape
func tile2Plain4AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)

//go:noescape
func tile3Plain4AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)

//go:noescape
func tile4Plain4AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)
