//go:build !purego

package kernel

//go:noescape
func addScaledAVX512(dst, x *float32, a float32, n int)

//go:noescape
func addScaledAVX2(dst, x *float32, a float32, n int)

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
