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

func uniformLevel(q, lo, hi float32) float32 {
	if q < lo {
		q = lo
	}
	if q > hi {
		q = hi
	}
	return q + roundingUnit - roundingUnit
}

func fitLevels(q []int8, f *Fit, x []float32, lo, hi float32) {
	for i, v := range x {
		l := i % FitLanes
		q[i] = int8(uniformLevel(float32((v+f.Offset[l])*f.Inverse[l]), lo, hi))
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

func fitIndices(q []int8, f *Fit, x []float32) {
	for i, v := range x {
		l := i % FitLanes
		q[i] = int8(nonlinearIndex(float32((v + f.Offset[l]) * f.Inverse[l])))
	}
}
