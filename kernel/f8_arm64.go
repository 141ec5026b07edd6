//go:build !purego

package kernel

//go:noescape
func unpackF8NEON(v *int16, w *byte, n int) (nan uint32)

//go:noescape
func dots2x4F8NEON(out *float32, v, q *int16, d, scales *float32, k, blocks int)

//go:noescape
func dots2x1F8NEON(out *float32, v, q *int16, d, scales *float32, k, blocks int)

//go:noescape
func quantizeQ16NEON(q *int16, d, x *float32, blocks int)

func matMulF8(dst []float32, stride int, w *F8Rows, a *Q16Rows, s *Scratch) {
	if useNEON {
		s.flatF8.flatsF8(dst, stride, w, a)
	} else {
		matMulF8Generic(dst, stride, w, a)
	}
}

func quantizeQ16(q []int16, d, x []float32) {
	if !useNEON {
		quantizeQ16Generic(q, d, x)
		return
	}
	whole := len(x) / F8Block
	if whole > 0 {
		quantizeQ16NEON(&q[0], &d[0], &x[0], whole)
	}
	if whole < len(d) {
		quantizeQ16Generic(q[whole*F8Block:], d[whole:], x[whole*F8Block:])
	}
}

// unpackF8 sets v to the integers of n weights, a multiple of 32, and reports
// whether one is a NaN.
func unpackF8(v *int16, w *byte, n int) bool { return unpackF8NEON(v, w, n) != 0 }

// dotsF8x4 multiplies two rows with four tokens, and dotsF8x1 with one.
func dotsF8x4(out *float32, v, q *int16, d, scales *float32, k, blocks int) {
	dots2x4F8NEON(out, v, q, d, scales, k, blocks)
}

func dotsF8x1(out *float32, v, q *int16, d, scales *float32, k, blocks int) {
	dots2x1F8NEON(out, v, q, d, scales, k, blocks)
}
