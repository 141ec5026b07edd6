//go:build !purego

package kernel

//go:noescape
func fitUniformAVX512(f *Fit, x, w *float32, n int, lo, hi float32)

//go:noescape
func fitUniformAVX2(f *Fit, x, w *float32, n int, lo, hi float32)

//go:noescape
func fitNonlinearAVX512(f *Fit, x, w *float32, n int)

//go:noescape
func fitNonlinearAVX2(f *Fit, x, w *float32, n int)

func fitUniform(f *Fit, x, w []float32, lo, hi float32) {
	switch {
	case useAVX512:
		fitUniformAVX512(f, &x[0], &w[0], len(x)/FitLanes, lo, hi)
	case useAVX2:
		fitUniformAVX2(f, &x[0], &w[0], len(x)/FitLanes, lo, hi)
	default:
		fitUniformGeneric(f, x, w, lo, hi)
	}
}

func fitNonlinear(f *Fit, x, w []float32) {
	switch {
	case useAVX512:
		fitNonlinearAVX512(f, &x[0], &w[0], len(x)/FitLanes)
	case useAVX2:
		fitNonlinearAVX2(f, &x[0], &w[0], len(x)/FitLanes)
	default:
		fitNonlinearGeneric(f, x, w)
	}
}
