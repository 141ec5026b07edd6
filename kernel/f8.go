package kernel

import "fmt"

// F8Rows are rows of weights in e4m3, a byte each, with a scale for every square
// of 128×128 (DeepSeek-V3's release: weight_scale_inv):
//
//	w[i][j] = e4m3(W[i·K+j]) · scale[(First+i)/128][j/128]
//
// The scales of a row of squares are F8Blocks(K) consecutive little-endian
// float32, or bfloat16 where ScaleBytes is 2 instead of 4. Row 0 is row First of
// the matrix that they are counted in, so that rows can be taken from its middle.
type F8Rows struct {
	Rows, K, First int
	W, Scale       []byte
	ScaleBytes     int
}

// scale returns the scale of row r in block b.
func (w *F8Rows) scale(r, b int) float32 {
	i := (w.First+r)/F8Block*F8Blocks(w.K) + b
	return littleFloat(w.Scale[i*w.ScaleBytes:], w.ScaleBytes)
}

// sameScales returns how many rows from r on have the scales of row r, most at
// most.
func (w *F8Rows) sameScales(r, most int) int {
	return min(most, w.Rows-r, F8Block-(w.First+r)%F8Block)
}

// mostF8 is the greatest magnitude of an integer that a weight becomes: 448, in
// units of 2⁻⁵.
const mostF8 = 448 * 32

// MatMulF8 multiplies rows of weights with the activations of a.N tokens:
// dst[t·stride+r] is row r of w times token t.
//
// A weight is taken in units of 2⁻⁵: v = ⌊32·e4m3 + ½⌋. That is exact from 1/2
// on, where a square whose scale was made for it reaches to 448. The products v·q
// of a block are summed exactly in int32, and the sum is rounded to float32.
// Then, block after block,
//
//	acc = fma(2⁻⁵·scale·d, Σ v·q, acc)
//
// from acc = 0 on, where the products are rounded, from the left, and fma is
// rounded once. The result is the same for every tier and for any number of
// tokens and rows. A row with one of e4m3's two NaNs in it is NaN.
func MatMulF8(dst []float32, stride int, w *F8Rows, a *Q16Rows, s *Scratch) {
	checkMatMulF8(dst, stride, w, a)
	if w.Rows > 0 && a.N > 0 {
		matMulF8(dst, stride, w, a, s)
	}
}

func checkMatMulF8(dst []float32, stride int, w *F8Rows, a *Q16Rows) {
	if w.Rows < 0 || w.First < 0 || a.N < 0 || w.K <= 0 || a.K != w.K || w.ScaleBytes != 2 && w.ScaleBytes != 4 {
		panic(fmt.Sprintf("kernel: MatMulF8: rows %d to %d of %d weights with scales of %d bytes, %d tokens of %d",
			w.First, w.First+w.Rows, w.K, w.ScaleBytes, a.N, a.K))
	}
	blocks := F8Blocks(w.K)
	sameLength("MatMulF8: weights", len(w.W), w.Rows*w.K)
	if need := F8Blocks(w.First+w.Rows) * blocks * w.ScaleBytes; len(w.Scale) < need {
		panic(fmt.Sprintf("kernel: MatMulF8: %d bytes of scales, want %d", len(w.Scale), need))
	}
	sameLength("MatMulF8: activations", len(a.Q), a.N*blocks*F8Block)
	sameLength("MatMulF8: activations' scales", len(a.D), a.N*blocks)
	if stride < 0 || a.N > 1 && stride < w.Rows {
		panic(fmt.Sprintf("kernel: MatMulF8: stride %d for %d rows", stride, w.Rows))
	}
	checkTokens("MatMulF8", a.N, w.Rows, len(dst), stride)
}
