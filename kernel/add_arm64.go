//go:build !purego

package kernel

//go:noescape
func addScaledNEON(dst, x *float32, a float32, n int)

//go:noescape
func addScaledBF16NEON(dst *float32, w *byte, a float32, n int)

func addScaled(dst []float32, a float32, x []float32) {
	if useNEON {
		addScaledNEON(&dst[0], &x[0], a, len(dst))
	} else {
		addScaledGeneric(dst, a, x)
	}
}

func addScaledBF16(dst []float32, a float32, w []byte) {
	if useNEON {
		addScaledBF16NEON(&dst[0], &w[0], a, len(dst))
	} else {
		addScaledBF16Generic(dst, a, w)
	}
}
