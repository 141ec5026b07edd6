//go:build purego || !amd64

package kernel

func fitUniform(f *Fit, x, w []float32, lo, hi float32) { fitUniformGeneric(f, x, w, lo, hi) }

func fitNonlinear(f *Fit, x, w []float32) { fitNonlinearGeneric(f, x, w) }

func fitBetter(best, f *Fit) { fitBetterGeneric(best, f) }

func fitRefit(next, f *Fit, weight *[FitLanes]float32, form FitForm) {
	fitRefitGeneric(next, f, weight, form)
}

func fitWhole(next, f *Fit, u *FitUnits) { fitWholeGeneric(next, f, u) }
