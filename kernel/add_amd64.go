//go:build !purego

package kernel

//go:noescape
func addScaledAVX512(dst, x *float32, a float32, n int)

//go:noescape
func addScaledAVX2(dst, x *float32, a float32, n int)

//go:noescape
func addScaledBF16AVX512(dst *float32, w *byte, a float32, n int)

//go:noescape
func addScaledBF16AVX2(dst *float32, w *byte, a float32, n int)

func addScaled(dst []float32, a float32, x []float32) {
	switch {
	case useAVX512:
		addScaledAVX512(&dst[0], &x[0], a, len(dst))
	case useAVX2:
		addScaledAVX2(&dst[0], &x[0], a, len(dst))
	default:
		addScaledGeneric(dst, a, x)
	}
}

func addScaledBF16(dst []float32, a float32, w []byte) {
	switch {
	case useAVX512:
		addScaledBF16AVX512(&dst[0], &w[0], a, len(dst))
	case useAVX2:
		addScaledBF16AVX2(&dst[0], &w[0], a, len(dst))
	default:
		addScaledBF16Generic(dst, a, w)
	}
}
