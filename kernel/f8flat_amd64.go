//go:build !purego

package kernel

//go:noescape
func unpackF8AVX2(v *int16, w *byte, n int) (nan uint32)

//go:noescape
func dots2x4F8AVX2(out *float32, v, q *int16, d, scales *float32, k, blocks int)

//go:noescape
func dots2x1F8AVX2(out *float32, v, q *int16, d, scales *float32, k, blocks int)

// unpackF8 sets v to the integers of n weights, a multiple of 32, and reports
// whether one is a NaN.
func unpackF8(v *int16, w *byte, n int) bool { return unpackF8AVX2(v, w, n) != 0 }

// dotsF8x4 multiplies two rows with four tokens, and dotsF8x1 with one.
func dotsF8x4(out *float32, v, q *int16, d, scales *float32, k, blocks int) {
	dots2x4F8AVX2(out, v, q, d, scales, k, blocks)
}

func dotsF8x1(out *float32, v, q *int16, d, scales *float32, k, blocks int) {
	dots2x1F8AVX2(out, v, q, d, scales, k, blocks)
}
