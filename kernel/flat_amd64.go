//go:build !purego

package kernel

import "github.com/deskseek/deskseek/internal/grid"

//go:noescape
func dotSuper4AVX2(dst *float32, flat *byte, q *int8, d *float32, sums *int16, k, blocks, affine int)

//go:noescape
func dotSuper1AVX2(dst *float32, flat *byte, q *int8, d *float32, sums *int16, k, blocks, affine int)

//go:noescape
func dotSigned4AVX2(dst *float32, flat *byte, q *int8, d *float32, sums *int16, k, blocks, affine int)

//go:noescape
func dotSigned1AVX2(dst *float32, flat *byte, q *int8, d *float32, sums *int16, k, blocks, affine int)

//go:noescape
func dotPlain4AVX2(dst *float32, flat *byte, q *int8, d *float32, sums *int16, k, blocks int)

//go:noescape
func dotPlain1AVX2(dst *float32, flat *byte, q *int8, d *float32, sums *int16, k, blocks int)

//go:noescape
func flattenQ4KAVX2(flat, w *byte, blocks int)

//go:noescape
func flattenQ5KAVX2(flat, w *byte, blocks int)

//go:noescape
func flattenQ6KAVX2(flat, w *byte, blocks int)

//go:noescape
func flattenQ4_0AVX2(flat, w *byte, blocks int)

//go:noescape
func flattenQ4_1AVX2(flat, w *byte, blocks int)

//go:noescape
func flattenQ5_0AVX2(flat, w *byte, blocks int)

//go:noescape
func flattenQ5_1AVX2(flat, w *byte, blocks int)

//go:noescape
func flattenIQ4NLAVX2(flat, w *byte, blocks int)

//go:noescape
func flattenQ2KAVX2(flat, w *byte, blocks int)

//go:noescape
func flattenQ3KAVX2(flat, w *byte, blocks int)

//go:noescape
func flattenIQ4XSAVX2(flat, w *byte, blocks int)

//go:noescape
func flattenIQ3XXSAVX2(flat, w *byte, blocks int, grid *uint32)

//go:noescape
func flattenIQ3SAVX2(flat, w *byte, blocks int, grid *uint32)

//go:noescape
func flattenIQ2XXSAVX2(flat, w *byte, blocks int, grid *uint32)

//go:noescape
func flattenIQ2XSAVX2(flat, w *byte, blocks int, grid *uint32)

//go:noescape
func flattenIQ2SAVX2(flat, w *byte, blocks int, grid *uint32)

//go:noescape
func flattenIQ1SAVX2(flat, w *byte, blocks int, grid *uint32)

//go:noescape
func flattenIQ1MAVX2(flat, w *byte, blocks int, grid *uint32)

// flattenStored takes apart a row, if there is a loop for its encoding.
func flattenStored(flat []byte, e Encoding, row []byte, blocks int) bool {
	switch e {
	case Q4_K:
		flattenQ4KAVX2(&flat[0], &row[0], blocks)
	case Q5_K:
		flattenQ5KAVX2(&flat[0], &row[0], blocks)
	case Q6_K:
		flattenQ6KAVX2(&flat[0], &row[0], blocks)
	case Q4_0:
		flattenQ4_0AVX2(&flat[0], &row[0], blocks)
	case Q4_1:
		flattenQ4_1AVX2(&flat[0], &row[0], blocks)
	case Q5_0:
		flattenQ5_0AVX2(&flat[0], &row[0], blocks)
	case Q5_1:
		flattenQ5_1AVX2(&flat[0], &row[0], blocks)
	case IQ4_NL:
		flattenIQ4NLAVX2(&flat[0], &row[0], blocks)
	case Q2_K:
		flattenQ2KAVX2(&flat[0], &row[0], blocks)
	case Q3_K:
		flattenQ3KAVX2(&flat[0], &row[0], blocks)
	case IQ4_XS:
		flattenIQ4XSAVX2(&flat[0], &row[0], blocks)
	case IQ3_XXS:
		flattenIQ3XXSAVX2(&flat[0], &row[0], blocks, &grid.IQ3XXS[0])
	case IQ3_S:
		flattenIQ3SAVX2(&flat[0], &row[0], blocks, &grid.IQ3S[0])
	case IQ2_XXS:
		flattenIQ2XXSAVX2(&flat[0], &row[0], blocks, &grid.IQ2XXS[0])
	case IQ2_XS:
		flattenIQ2XSAVX2(&flat[0], &row[0], blocks, &grid.IQ2XS[0])
	case IQ2_S:
		flattenIQ2SAVX2(&flat[0], &row[0], blocks, &grid.IQ2S[0])
	case IQ1_S:
		flattenIQ1SAVX2(&flat[0], &row[0], blocks, &grid.IQ1[0])
	case IQ1_M:
		flattenIQ1MAVX2(&flat[0], &row[0], blocks, &grid.IQ1[0])
	default:
		return false
	}
	return true
}

// dotFlat multiplies a flat row with one token or four.
func dotFlat(out *[4]float32, flat *byte, tokens int, e Encoding, q *int8, d *float32, sums *int16, k, blocks int) {
	values, _ := e.Block()
	affine := 0
	if encodings[e].affine {
		affine = 1
	}
	switch {
	case values == 32 && tokens == 4:
		dotPlain4AVX2(&out[0], flat, q, d, sums, k, blocks)
	case values == 32:
		dotPlain1AVX2(&out[0], flat, q, d, sums, k, blocks)
	case signed(e) && tokens == 4:
		dotSigned4AVX2(&out[0], flat, q, d, sums, k, blocks, affine)
	case signed(e):
		dotSigned1AVX2(&out[0], flat, q, d, sums, k, blocks, affine)
	case tokens == 4:
		dotSuper4AVX2(&out[0], flat, q, d, sums, k, blocks, affine)
	default:
		dotSuper1AVX2(&out[0], flat, q, d, sums, k, blocks, affine)
	}
}

//go:noescape
func minimaAVX2(row *byte, bytes int, d *float32, sums *int16, blocks int) float32

// minima returns m of a row of affine blocks of 32, and one token.
func minima(row []byte, bytes int, d []float32, sums []int16) float32 {
	return minimaAVX2(&row[0], bytes, &d[0], &sums[0], len(d))
}
