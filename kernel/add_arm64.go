//go:build !purego

package kernel

//go:noescape
func addScaledNEON(dst, x *float32, a float32, n int)

func addScaled(dst []float32, a float32, x []float32) {
	if useNEON {
		addScaledNEON(&dst[0], &x[0], a, len(dst))
	} else {
		addScaledGeneric(dst, a, x)
	}
}
