//go:build !purego && (amd64 || arm64)

package kernel

import "math"

// An f8Flat is rows of e4m3 weights as integers, for the AVX2 and NEON loops,
// which multiply two of them with one token or four.
type f8Flat struct {
	v      [][]int16 // by pair of rows, [2][F8Blocks(K)·F8Block], the rest of the last block 0
	d      []float32 // [tokens/4][block][4]: the scales of the activations
	scales []float32 // of the blocks, in the integers' units
	nan    [2 * f8Pairs]bool
}

// f8Pairs is how many pairs of rows stay in the cache for all tokens; for up to
// four tokens, which come but once, one does.
const f8Pairs = 4

// flatsF8 does MatMulF8.
func (f *f8Flat) flatsF8(dst []float32, stride int, w *F8Rows, a *Q16Rows) {
	f.grow(w, a)
	f.spread(a)
	blocks := F8Blocks(w.K)
	k := blocks * F8Block
	most := 2 * f8Pairs
	if a.N <= 4 {
		most = 2
	}
	square := -1
	for r := 0; r < w.Rows; {
		n := w.sameScales(r, most)
		if now := (w.First + r) / F8Block; now != square {
			square = now
			for b := range blocks {
				f.scales[b] = f8Unit * w.scale(r, b)
			}
		}
		for i := range n {
			f.nan[i] = integersF8(f.v[i/2][i%2*k:][:k], w.W[(r+i)*w.K:][:w.K])
		}
		for t := 0; t < a.N; {
			tokens := 1
			if a.N-t >= 4 {
				tokens = 4
			}
			for i := 0; i < n; i += 2 {
				f.pair(dst[t*stride+r+i:], stride, i, min(2, n-i), a, t, tokens)
			}
			t += tokens
		}
		r += n
	}
}

// pair multiplies the pair of rows i and i+1, of which n are asked for, with
// tokens from t on, one or four.
func (f *f8Flat) pair(dst []float32, stride, i, n int, a *Q16Rows, t, tokens int) {
	blocks := F8Blocks(a.K)
	k := blocks * F8Block
	var out [8]float32 // [row][token]
	v, q := &f.v[i/2][0], &a.Q[t*k]
	if tokens == 4 {
		dotsF8x4(&out[0], v, q, &f.d[t*blocks], &f.scales[0], k, blocks)
	} else {
		dotsF8x1(&out[0], v, q, &a.D[t*blocks], &f.scales[0], k, blocks)
	}
	for j := range n {
		for u := range tokens {
			dst[u*stride+j] = out[j*tokens+u]
			if f.nan[i+j] {
				dst[u*stride+j] = float32(math.NaN())
			}
		}
	}
}

// grow makes room for what w and a need.
func (f *f8Flat) grow(w *F8Rows, a *Q16Rows) {
	blocks := F8Blocks(w.K)
	if len(f.scales) < blocks {
		f.scales = make([]float32, blocks)
		f.v = make([][]int16, f8Pairs)
		for i := range f.v {
			f.v[i] = make([]int16, 2*blocks*F8Block)
		}
	}
	if len(f.d) < a.N*blocks {
		f.d = make([]float32, a.N*blocks)
	}
}

// spread puts the scales of four tokens for a block side by side.
func (f *f8Flat) spread(a *Q16Rows) {
	blocks := F8Blocks(a.K)
	for t := range a.N &^ 3 {
		for b, d := range a.D[t*blocks:][:blocks] {
			f.d[(t/4*blocks+b)*4+t%4] = d
		}
	}
}

// integersF8 sets v to the integers of a row, and reports whether there is a NaN
// in it.
func integersF8(v []int16, row []byte) bool {
	const step = 32
	nan := false
	if whole := len(row) / step * step; whole > 0 {
		nan = unpackF8(&v[0], &row[0], whole)
		v, row = v[whole:], row[whole:]
	}
	clear(v[len(row):])
	for i, code := range row {
		v[i] = integerF8[code]
		nan = nan || isNaNF8(code)
	}
	return nan
}
