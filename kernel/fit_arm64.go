//go:build !purego

package kernel

//go:noescape
func fitUniformNEON(f *Fit, x, w *float32, n int, lo, hi float32)

func fitUniform(f *Fit, x, w []float32, lo, hi float32) {
	if !useNEON {
		fitUniformGeneric(f, x, w, lo, hi)
		return
	}
	fitUniformNEON(f, &x[0], &w[0], len(x)/FitLanes, lo, hi)
}
