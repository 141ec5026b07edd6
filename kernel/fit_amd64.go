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

//go:noescape
func fitBetterAVX512(best, f *Fit)

//go:noescape
func fitBetterAVX2(best, f *Fit)

//go:noescape
func fitRefitAVX512(next, f *Fit, weight *[FitLanes]float32, form FitForm)

//go:noescape
func fitRefitAVX2(next, f *Fit, weight *[FitLanes]float32, form FitForm)

//go:noescape
func fitWholeAVX512(next, f *Fit, u *FitUnits)

//go:noescape
func fitWholeAVX2(next, f *Fit, u *FitUnits)

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

func fitBetter(best, f *Fit) {
	switch {
	case useAVX512:
		fitBetterAVX512(best, f)
	case useAVX2:
		fitBetterAVX2(best, f)
	default:
		fitBetterGeneric(best, f)
	}
}

func fitRefit(next, f *Fit, weight *[FitLanes]float32, form FitForm) {
	switch {
	case useAVX512:
		fitRefitAVX512(next, f, weight, form)
	case useAVX2:
		fitRefitAVX2(next, f, weight, form)
	default:
		fitRefitGeneric(next, f, weight, form)
	}
}

func fitWhole(next, f *Fit, u *FitUnits) {
	switch {
	case useAVX512:
		fitWholeAVX512(next, f, u)
	case useAVX2:
		fitWholeAVX2(next, f, u)
	default:
		fitWholeGeneric(next, f, u)
	}
}
