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

//go:noescape
func fitLoadAVX512(x *float32, lo, hi *[FitLanes]float32, src *float32, n int)

//go:noescape
func fitLoadAVX2(x *float32, lo, hi *[FitLanes]float32, src *float32, n int)

//go:noescape
func fitMultiplyAVX512(x *float32, factor *[FitLanes]float32, n int)

//go:noescape
func fitMultiplyAVX2(x *float32, factor *[FitLanes]float32, n int)

//go:noescape
func fitLevelsAVX512(q *int8, f *Fit, src *float32, factor *[FitLanes]float32, n int, lo, hi float32)

//go:noescape
func fitLevelsAVX2(q *int8, f *Fit, src *float32, factor *[FitLanes]float32, n int, lo, hi float32)

//go:noescape
func fitIndicesAVX512(q *int8, f *Fit, src *float32, factor *[FitLanes]float32, n int)

//go:noescape
func fitIndicesAVX2(q *int8, f *Fit, src *float32, factor *[FitLanes]float32, n int)

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

func fitLoad(x []float32, lo, hi *[FitLanes]float32, src []float32) {
	switch {
	case useAVX512:
		fitLoadAVX512(&x[0], lo, hi, &src[0], len(x)/FitLanes)
	case useAVX2:
		fitLoadAVX2(&x[0], lo, hi, &src[0], len(x)/FitLanes)
	default:
		fitLoadGeneric(x, lo, hi, src)
	}
}

func fitMultiply(x []float32, factor *[FitLanes]float32) {
	switch {
	case useAVX512:
		fitMultiplyAVX512(&x[0], factor, len(x)/FitLanes)
	case useAVX2:
		fitMultiplyAVX2(&x[0], factor, len(x)/FitLanes)
	default:
		fitMultiplyGeneric(x, factor)
	}
}

func fitLevels(q []int8, f *Fit, src []float32, factor *[FitLanes]float32, lo, hi float32) {
	switch {
	case useAVX512:
		fitLevelsAVX512(&q[0], f, &src[0], factor, len(src)/FitLanes, lo, hi)
	case useAVX2:
		fitLevelsAVX2(&q[0], f, &src[0], factor, len(src)/FitLanes, lo, hi)
	default:
		fitLevelsGeneric(q, f, src, factor, lo, hi)
	}
}

func fitIndices(q []int8, f *Fit, src []float32, factor *[FitLanes]float32) {
	switch {
	case useAVX512:
		fitIndicesAVX512(&q[0], f, &src[0], factor, len(src)/FitLanes)
	case useAVX2:
		fitIndicesAVX2(&q[0], f, &src[0], factor, len(src)/FitLanes)
	default:
		fitIndicesGeneric(q, f, src, factor)
	}
}
