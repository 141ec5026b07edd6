//go:build !purego

package kernel

//go:noescape
func quantizeQ16AVX2(q *int16, d, x *float32, blocks int)

func quantizeQ16(q []int16, d, x []float32) {
	if !useAVX512 && !useAVX2 {
		quantizeQ16Generic(q, d, x)
		return
	}
	whole := len(x) / F8Block
	if whole > 0 {
		quantizeQ16AVX2(&q[0], &d[0], &x[0], whole)
	}
	if whole < len(d) {
		quantizeQ16Generic(q[whole*F8Block:], d[whole:], x[whole*F8Block:])
	}
}
