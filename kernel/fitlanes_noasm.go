//go:build purego || !amd64

package kernel

func fitNonlinear(f *Fit, x, w []float32) { fitNonlinearGeneric(f, x, w) }

func fitBetter(best, f *Fit) { fitBetterGeneric(best, f) }

func fitRefit(next, f *Fit, weight *[FitLanes]float32, form FitForm) {
	fitRefitGeneric(next, f, weight, form)
}

func fitWhole(next, f *Fit, u *FitUnits) { fitWholeGeneric(next, f, u) }

func fitLoad(x []float32, lo, hi *[FitLanes]float32, src []float32) { fitLoadGeneric(x, lo, hi, src) }

func fitMultiply(x []float32, factor *[FitLanes]float32) { fitMultiplyGeneric(x, factor) }

func fitLevels(q []int8, f *Fit, src []float32, factor *[FitLanes]float32, lo, hi float32) {
	fitLevelsGeneric(q, f, src, factor, lo, hi)
}

func fitIndices(q []int8, f *Fit, src []float32, factor *[FitLanes]float32) {
	fitIndicesGeneric(q, f, src, factor)
}
