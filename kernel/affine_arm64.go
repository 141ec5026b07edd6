//go:build !purego

package kernel

func matMulAffine(dst []float32, stride int, w *Affine, rows int, a *Q8Rows, s *Scratch) {
	if useNEON && hasDotProducts {
		s.affineFlats(dst, stride, w, rows, a)
	} else {
		matMulAffineGeneric(dst, stride, w, rows, a)
	}
}

// groupSumsStored does groupSums as far as there is a loop for it: not at all.
func groupSumsStored([]float32, []float32, []int16, int) int { return 0 }

// flattenAffine takes apart integers of four bits.
func flattenAffine(flat, w []byte) {
	flattenAffine4NEON(&flat[0], &w[0], len(w)/16)
}

// dotAffine adds to out the products of a row with one token.
func dotAffine(out *float32, flat *byte, q *int8, d *float32, sums *int32, blocks int, scales *float32, perGroup, flip int) {
	dotAffineNEON(out, flat, q, d, sums, blocks, scales, perGroup, flip)
}

//go:noescape
func flattenAffine4NEON(flat, w *byte, blocks int)

//go:noescape
func dotAffineNEON(dst *float32, flat *byte, q *int8, d *float32, sums *int32, blocks int, scales *float32, perGroup, flip int)
