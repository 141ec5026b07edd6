//go:build !purego

package kernel

import "unsafe"

//go:noescape
func dotSuperNEON(dst *float32, flat *byte, q *int8, d *float32, sums *int16, blocks, affine int)

//go:noescape
func dotPlainNEON(dst *float32, flat *byte, q *int8, d *float32, blocks int)

//go:noescape
func flattenQ4KNEON(flat, w *byte, blocks int)

//go:noescape
func flattenQ5KNEON(flat, w *byte, blocks int)

//go:noescape
func flattenQ6KNEON(flat, w *byte, blocks int)

// flattenStored takes apart a row, if there is a loop for its encoding.
func flattenStored(flat []byte, e Encoding, row []byte, blocks int) bool {
	switch e {
	case Q4_K:
		flattenQ4KNEON(&flat[0], &row[0], blocks)
	case Q5_K:
		flattenQ5KNEON(&flat[0], &row[0], blocks)
	case Q6_K:
		flattenQ6KNEON(&flat[0], &row[0], blocks)
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
	x, scales, bySixteen := unsafe.Slice(q, tokens*k), unsafe.Slice(d, tokens*blocks), unsafe.Slice(sums, tokens*k/16)
	for t := range tokens {
		if values == 32 {
			dotPlainNEON(&out[t], flat, &x[t*k], &scales[t*blocks], blocks)
		} else {
			dotSuperNEON(&out[t], flat, &x[t*k], &scales[t*blocks], &bySixteen[t*k/16], blocks, affine)
		}
	}
}

// minima returns m of a row of affine blocks of 32, and one token.
func minima(row []byte, bytes int, d []float32, sums []int16) (m float32) {
	for b, dx := range d {
		dmin := -half(row[b*bytes+2:])
		m = fma(dmin*dx, float32(int32(sums[2*b])+int32(sums[2*b+1])), m)
	}
	return m
}
