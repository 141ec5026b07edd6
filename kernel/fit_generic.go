package kernel

// roundingUnit, added to a float32 of a magnitude below 2^22 and subtracted again,
// leaves it rounded to a whole number, ties to even.
const roundingUnit = 0x1.8p23

func fitUniformGeneric(f *Fit, x, w []float32, lo, hi float32) {
	w = w[:len(x)]
	for l := range FitLanes {
		scale, inverse, offset := f.Scale[l], f.Inverse[l], f.Offset[l]
		var e, sr, qr, sq, qq float32
		for i := l; i < len(x); i += FitLanes {
			t := x[i] + offset
			q := uniformLevel(float32(t*inverse), lo, hi)
			r := t - float32(scale*q)
			wr, wq := float32(w[i]*r), float32(w[i]*q)
			e += float32(wr * r)
			sr += wr
			qr += float32(wq * r)
			sq += wq
			qq += float32(wq * q)
		}
		f.Error[l], f.R[l], f.QR[l], f.Q[l], f.QQ[l] = e, sr, qr, sq, qq
	}
}

// uniformLevel limits and rounds q; a NaN becomes lo.
func uniformLevel(q, lo, hi float32) float32 {
	if !(q > lo) {
		q = lo
	}
	if !(q < hi) {
		q = hi
	}
	return q + roundingUnit - roundingUnit
}

func fitLoadGeneric(x []float32, lo, hi *[FitLanes]float32, src []float32) {
	n := len(src) / FitLanes
	for l := range FitLanes {
		in := src[n*l:][:n]
		least, greatest := in[0], in[0]
		for i, v := range in {
			x[FitLanes*i+l] = v
			if v < least {
				least = v
			}
			if v > greatest {
				greatest = v
			}
		}
		lo[l], hi[l] = least, greatest
	}
}

func fitMultiplyGeneric(x []float32, factor *[FitLanes]float32) {
	for ; len(x) > 0; x = x[FitLanes:] {
		for l, v := range x[:FitLanes] {
			x[l] = v * factor[l]
		}
	}
}

func fitLevelsGeneric(q []int8, f *Fit, src []float32, factor *[FitLanes]float32, lo, hi float32) {
	n := len(src) / FitLanes
	for l := range FitLanes {
		inverse, offset, factor := f.Inverse[l], f.Offset[l], factor[l]
		out := q[n*l:][:n]
		for i, v := range src[n*l:][:n] {
			t := float32(v*factor) + offset
			out[i] = int8(uniformLevel(float32(t*inverse), lo, hi))
		}
	}
}

// nonlinearLevels are those of IQ4_NL (ggml: kvalues_iq4nl), and nonlinearSteps
// what lies in the middle between two of them.
var (
	nonlinearLevels = [16]float32{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}
	nonlinearSteps  = [15]float32{-115.5, -93.5, -74, -57, -42, -28.5, -16, -4.5, 7, 19, 31.5, 45.5, 61, 79, 101}
)

// nonlinearIndex returns how many steps are below t: a search by halves.
func nonlinearIndex(t float32) int {
	i := 0
	for n := 8; n > 0; n /= 2 {
		if t > nonlinearSteps[i+n-1] {
			i += n
		}
	}
	return i
}

func fitNonlinearGeneric(f *Fit, x, w []float32) {
	w = w[:len(x)]
	for l := range FitLanes {
		scale, inverse, offset := f.Scale[l], f.Inverse[l], f.Offset[l]
		var e, sr, qr, sq, qq float32
		for i := l; i < len(x); i += FitLanes {
			t := x[i] + offset
			q := nonlinearLevels[nonlinearIndex(float32(t*inverse))]
			r := t - float32(scale*q)
			wr, wq := float32(w[i]*r), float32(w[i]*q)
			e += float32(wr * r)
			sr += wr
			qr += float32(wq * r)
			sq += wq
			qq += float32(wq * q)
		}
		f.Error[l], f.R[l], f.QR[l], f.Q[l], f.QQ[l] = e, sr, qr, sq, qq
	}
}

func fitIndicesGeneric(q []int8, f *Fit, src []float32, factor *[FitLanes]float32) {
	n := len(src) / FitLanes
	for l := range FitLanes {
		inverse, offset, factor := f.Inverse[l], f.Offset[l], factor[l]
		out := q[n*l:][:n]
		for i, v := range src[n*l:][:n] {
			t := float32(v*factor) + offset
			out[i] = int8(nonlinearIndex(float32(t * inverse)))
		}
	}
}

func fitBetterGeneric(best, f *Fit) {
	for l, e := range f.Error {
		if e < best.Error[l] {
			best.Scale[l], best.Inverse[l], best.Offset[l] = f.Scale[l], f.Inverse[l], f.Offset[l]
			best.Error[l], best.R[l], best.QR[l], best.Q[l], best.QQ[l] = e, f.R[l], f.QR[l], f.Q[l], f.QQ[l]
			best.Whole[l], best.Minimum[l] = f.Whole[l], f.Minimum[l]
		}
	}
}

// fitDegenerate is how much of weight·QQ has to be left, of the determinant of the
// equations, for them to have a solution that rounding has not made.
const fitDegenerate = 1e-5

func fitRefitGeneric(next, f *Fit, weight *[FitLanes]float32, form FitForm) {
	for l, w := range weight {
		scale, offset := f.Scale[l], f.Offset[l]
		r, qr, q, qq := f.R[l], f.QR[l], f.Q[l], f.QQ[l]
		if form == FitScale {
			if qq > 0 {
				scale += qr / qq
			}
		} else {
			wqq := float32(w * qq)
			det := wqq - float32(q*q)
			var ds float32
			if det > float32(wqq*fitDegenerate) {
				ds = (float32(w*qr) - float32(r*q)) / det
			}
			do := (float32(ds*q) - r) / w
			if form == FitMinimum && offset+do < 0 {
				do = -offset
				ds = (qr + float32(do*q)) / qq
			}
			if w > 0 && scale+ds > 0 {
				scale, offset = scale+ds, offset+do
			}
		}
		next.Scale[l], next.Inverse[l], next.Offset[l] = scale, finiteInverse(scale), offset
	}
}

// finiteInverse returns 1/x, or 0 where that is not finite.
func finiteInverse(x float32) float32 {
	if y := 1 / x; y-y == 0 {
		return y
	}
	return 0
}

func fitWholeGeneric(next, f *Fit, u *FitUnits) {
	for l := range FitLanes {
		whole := uniformLevel(float32(f.Scale[l]*u.InverseD[l]), u.Lo, u.Hi)
		whole = uniformLevel(whole+u.MoreScale, u.Lo, u.Hi)
		scale := float32(u.D[l] * whole)
		more := float32((float32((scale-f.Scale[l])*f.Q[l]) - f.R[l]) * u.InverseWeight[l])
		minimum := uniformLevel(float32((f.Offset[l]+more)*u.InverseDmin[l]), 0, u.Top)
		minimum = uniformLevel(minimum+u.MoreMinimum, 0, u.Top)
		next.Whole[l], next.Minimum[l] = whole, minimum
		next.Scale[l], next.Inverse[l], next.Offset[l] = scale, finiteInverse(scale), float32(u.Dmin[l]*minimum)
	}
}
