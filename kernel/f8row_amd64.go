//go:build !purego

package kernel

import "math"

//go:noescape
func rows4x1F8VNNI(acc *float32, nan *uint64, w *byte, rowBytes int, q *int16, d, scales *float32, k, blocks int)

//go:noescape
func rows4x2F8VNNI(acc *float32, nan *uint64, w *byte, rowBytes int, q *int16, d, scales *float32, k, blocks int)

// f8FewTokens are multiplied with rows as they are stored, four at a time: taking
// a panel apart would cost more.
const f8FewTokens = 2

// rowsF8 does MatMulF8 for one token or two and at least four rows. The last four
// rows are there again if there are fewer left.
func (f *f8Panels) rowsF8(dst []float32, stride int, w *F8Rows, a *Q16Rows) {
	f.grow(w, a)
	blocks := F8Blocks(w.K)
	k, whole := blocks*F8Block, w.K/F8Block
	scales := f.panels[0].scales
	square := -1
	for r := 0; r < w.Rows; {
		n := w.sameScales(r, 4)
		base := min(r, w.Rows-4)
		n = min(n, base+4-r)
		if now := (w.First + r) / F8Block; now != square {
			square = now
			for b := range blocks {
				scales[b] = f8Unit * w.scale(r, b)
			}
		}
		var acc [2][4]float32
		var nan [4]uint64
		if whole > 0 {
			rows4F8(a.N, &acc[0][0], &nan[0], &w.W[base*w.K], w.K, &a.Q[0], &a.D[0], &scales[0], k, whole)
		}
		if whole < blocks {
			clear(f.ragged[:4*F8Block])
			for i := range 4 {
				copy(f.ragged[i*F8Block:], w.W[(base+i)*w.K+whole*F8Block:(base+i+1)*w.K])
			}
			rows4F8(a.N, &acc[0][0], &nan[0], &f.ragged[0], F8Block, &a.Q[whole*F8Block], &a.D[whole], &scales[whole], k, 1)
		}
		for t := range a.N {
			for i := range n {
				v := acc[t][r-base+i]
				if nan[r-base+i] != 0 {
					v = float32(math.NaN())
				}
				dst[t*stride+r+i] = v
			}
		}
		r += n
	}
}

// rows4F8 adds blocks of four rows to the accumulators of one token or two, whose
// activations lie k apart, and sets what is not 0 in nan for a row with a NaN.
func rows4F8(tokens int, acc *float32, nan *uint64, w *byte, rowBytes int, q *int16, d, scales *float32, k, blocks int) {
	if tokens == 1 {
		rows4x1F8VNNI(acc, nan, w, rowBytes, q, d, scales, k, blocks)
	} else {
		rows4x2F8VNNI(acc, nan, w, rowBytes, q, d, scales, k, blocks)
	}
}
