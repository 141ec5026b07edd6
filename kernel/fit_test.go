package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// fitCase returns 16 blocks of n values with weights, and parameters that suit them
// more or less; the blocks are of all sizes, and some are zeros.
func fitCase(t testing.TB, r *rand.Rand, n int, lo, hi float32) (f Fit, x, w []float32) {
	x, w = normal(r, n*FitLanes), normal(r, n*FitLanes)
	for i := range x {
		l := i % FitLanes
		switch l % 4 {
		case 1:
			x[i] = float32(r.IntN(9)-4) / 2 // ties
		case 2:
			x[i] *= float32(math.Ldexp(1, r.IntN(40)-20))
		case 3:
			if r.IntN(2) == 0 {
				x[i] = 0
			}
		}
		w[i] = float32(math.Abs(float64(w[i])))
		if r.IntN(5) == 0 {
			w[i] = 0
		}
	}
	for l := range FitLanes {
		f.Scale[l] = float32(r.NormFloat64()) * 4 / (hi - lo)
		if l%4 == 1 {
			f.Scale[l] = 1
		}
		f.Inverse[l] = 1 / f.Scale[l]
		if r.IntN(3) == 0 {
			f.Offset[l] = float32(r.NormFloat64())
		}
		if r.IntN(9) == 0 {
			f.Scale[l], f.Inverse[l] = 0, 0
		}
	}
	return f, guarded(t, x), guarded(t, w)
}

// fitNaive is a step by the words of the contract, in float64 but for what is
// rounded.
func fitNaive(f *Fit, x, w []float32, nearest func(t float32) float32) {
	for l := range FitLanes {
		var e, sr, qr, sq, qq float32
		for i := l; i < len(x); i += FitLanes {
			t := float32(float64(x[i]) + float64(f.Offset[l]))
			q := nearest(float32(float64(t) * float64(f.Inverse[l])))
			product := float32(float64(f.Scale[l]) * float64(q))
			r := float32(float64(t) - float64(product))
			times := func(a, b, c float32) float32 {
				return float32(float64(float32(float64(a)*float64(b))) * float64(c))
			}
			e += times(w[i], r, r)
			sr += times(w[i], r, 1)
			qr += times(w[i], q, r)
			sq += times(w[i], q, 1)
			qq += times(w[i], q, q)
		}
		f.Error[l], f.R[l], f.QR[l], f.Q[l], f.QQ[l] = e, sr, qr, sq, qq
	}
}

func sameFit(t *testing.T, got, want *Fit) {
	t.Helper()
	for i, g := range [][FitLanes]float32{got.Error, got.R, got.QR, got.Q, got.QQ} {
		w := [][FitLanes]float32{want.Error, want.R, want.QR, want.Q, want.QQ}[i]
		for l := range g {
			if !same(g[l], w[l]) {
				t.Fatalf("%s of lane %d: %v, want %v", []string{"Error", "R", "QR", "Q", "QQ"}[i], l, g[l], w[l])
			}
		}
	}
}

// nearestUniform and nearestNonlinear look at every level.
func nearestUniform(lo, hi float32) func(float32) float32 {
	return func(t float32) float32 {
		return float32(math.RoundToEven(math.Max(float64(lo), math.Min(float64(hi), float64(t)))))
	}
}

func nearestNonlinear(t float32) float32 {
	best := nonlinearLevels[0]
	for _, v := range nonlinearLevels {
		if math.Abs(float64(t)-float64(v)) < math.Abs(float64(t)-float64(best)) {
			best = v
		}
	}
	return best
}

func TestFit(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 21))
		for n := 1; n <= 33; n++ {
			for _, limits := range [][2]float32{{0, 3}, {-4, 3}, {0, 15}, {-8, 7}, {-32, 31}, {-127, 127}} {
				f, x, w := fitCase(t, r, n, limits[0], limits[1])
				want := f
				FitUniform(&f, x, w, limits[0], limits[1])
				fitNaive(&want, x, w, nearestUniform(limits[0], limits[1]))
				sameFit(t, &f, &want)
			}
			f, x, w := fitCase(t, r, n, -127, 113)
			for i := range x {
				if i%FitLanes == 1 {
					x[i] *= 23 // halves, where thresholds are
				}
			}
			want := f
			FitNonlinear(&f, x, w)
			fitNaive(&want, x, w, nearestNonlinear)
			sameFit(t, &f, &want)
		}
	})
}

// TestFitLoad: what is put into lanes is what was there, and the least and greatest.
func TestFitLoad(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 25))
		for n := 1; n <= 33; n++ {
			src, x := guarded(t, normal(r, n*FitLanes)), guarded(t, make([]float32, n*FitLanes))
			var lo, hi, factor [FitLanes]float32
			FitLoad(x, &lo, &hi, src)
			for l := range FitLanes {
				factor[l] = float32(math.Ldexp(1, r.IntN(9)))
				block := src[n*l:][:n]
				if lo[l] != slices.Min(block) || hi[l] != slices.Max(block) {
					t.Fatalf("block %d from %v to %v, want from %v to %v", l, lo[l], hi[l], slices.Min(block), slices.Max(block))
				}
			}
			FitMultiply(x, &factor)
			for i, v := range src {
				if got, want := x[FitLanes*(i%n)+i/n], v*factor[i/n]; got != want {
					t.Fatalf("value %d of block %d is %v, want %v", i%n, i/n, got, want)
				}
			}
		}
	})
}

// TestFitLevels: the levels are those that a step finds nearest.
func TestFitLevels(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(6, 26))
		for _, n := range []int{16, 32, 48} {
			for _, limits := range [][2]float32{{0, 3}, {-4, 3}, {-32, 31}, {-127, 113}} {
				f, src, _ := fitCase(t, r, n, limits[0], limits[1])
				var factor [FitLanes]float32
				for l := range factor {
					factor[l] = float32(math.Ldexp(1, r.IntN(3)))
				}
				if limits[1] == 113 {
					for i := range src {
						src[i] = float32(r.IntN(500)-250) / 2 // thresholds among them
					}
					for l := range FitLanes {
						f.Inverse[l], f.Offset[l] = 1, 0
					}
				}
				levels, indices := make([]int8, len(src)), make([]int8, len(src))
				FitLevels(levels, &f, src, &factor, limits[0], limits[1])
				FitIndices(indices, &f, src, &factor)
				for i, v := range src {
					l := i / n
					u := (float32(v*factor[l]) + f.Offset[l]) * f.Inverse[l]
					if want := nearestUniform(limits[0], limits[1])(u); float32(levels[i]) != want {
						t.Fatalf("level of %v is %d, want %v", u, levels[i], want)
					}
					if want := nearestNonlinear(u); nonlinearLevels[indices[i]] != want {
						t.Fatalf("level of %v is %v, want %v", u, nonlinearLevels[indices[i]], want)
					}
				}
			}
		}
	})
}

func TestFitWrongLengthsPanic(t *testing.T) {
	var f Fit
	var lane [FitLanes]float32
	x, w, q := make([]float32, 256), make([]float32, 256), make([]int8, 256)
	FitUniform(&f, x, w, 0, 1)
	for name, call := range map[string]func(){
		"values":    func() { FitUniform(&f, x[1:], w[1:], 0, 1) },
		"none":      func() { FitNonlinear(&f, nil, nil) },
		"weights":   func() { FitNonlinear(&f, x, w[16:]) },
		"source":    func() { FitLoad(x, &lane, &lane, w[16:]) },
		"multiples": func() { FitMultiply(x[1:], &lane) },
		"levels":    func() { FitLevels(q[16:], &f, x, &lane, 0, 1) },
		"blocks":    func() { FitIndices(q[16:], &f, x[16:], &lane) },
	} {
		if !panics(call) {
			t.Errorf("%s: no panic", name)
		}
	}
}

// fitSums returns what a step leaves, edges included, and the sums of its weights.
func fitSums(r *rand.Rand, weight *[FitLanes]float32) (f Fit) {
	x, w := normal(r, 32*FitLanes), make([]float32, 32*FitLanes)
	clear(weight[:])
	for i := range w {
		l := i % FitLanes
		if l != 3 {
			w[i] = float32(r.ExpFloat64())
		}
		if l == 5 {
			x[i] = 1 // one level
		}
		weight[l] += w[i]
	}
	for l := range FitLanes {
		f.Scale[l] = float32(r.ExpFloat64()) / 4
		f.Offset[l] = float32(r.ExpFloat64())
		f.Inverse[l] = 1 / f.Scale[l]
		if l == 7 {
			f.Scale[l], f.Inverse[l] = 0, 0
		}
		f.Whole[l], f.Minimum[l] = float32(l), float32(16+l)
	}
	FitUniform(&f, x, w, 0, 15)
	return f
}

func sameParameters(t *testing.T, got, want *Fit) {
	t.Helper()
	for i, g := range [][FitLanes]float32{got.Scale, got.Inverse, got.Offset, got.Whole, got.Minimum} {
		w := [][FitLanes]float32{want.Scale, want.Inverse, want.Offset, want.Whole, want.Minimum}[i]
		for l := range g {
			if !same(g[l], w[l]) {
				t.Fatalf("%s of lane %d: %v, want %v", []string{"Scale", "Inverse", "Offset", "Whole", "Minimum"}[i], l, g[l], w[l])
			}
		}
	}
}

func TestFitBetter(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(2, 22))
		var weight [FitLanes]float32
		best, f := fitSums(r, &weight), fitSums(r, &weight)
		f.Error[2], best.Error[4] = float32(math.NaN()), float32(math.NaN()) // neither is less
		f.Error[6] = best.Error[6]
		want := best
		fitBetterGeneric(&want, &f)
		before := best
		FitBetter(&best, &f)
		sameFit(t, &best, &want)
		sameParameters(t, &best, &want)
		for l := range FitLanes {
			from := &before
			if f.Error[l] < before.Error[l] {
				from = &f
			}
			if best.Scale[l] != from.Scale[l] || !same(best.Error[l], from.Error[l]) || best.Minimum[l] != from.Minimum[l] {
				t.Errorf("lane %d is not that of less error", l)
			}
		}
	})
}

// TestFitRefit holds the solution to the equations: its derivatives are zero, but
// for rounding.
func TestFitRefit(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 23))
		for range 50 {
			var weight [FitLanes]float32
			f := fitSums(r, &weight)
			for _, form := range []FitForm{FitScale, FitMinimum, FitOffset} {
				got, want := Fit{}, Fit{}
				FitRefit(&got, &f, &weight, form)
				fitRefitGeneric(&want, &f, &weight, form)
				sameParameters(t, &got, &want)
				for l := range FitLanes {
					ds, do := float64(got.Scale[l]-f.Scale[l]), float64(got.Offset[l]-f.Offset[l])
					if form == FitScale && do != 0 || form == FitMinimum && got.Offset[l] < 0 {
						t.Fatalf("form %d: offset %v", form, got.Offset[l])
					}
					if l == 3 || l == 7 || form != FitScale && ds == 0 {
						continue // nothing to solve
					}
					if l == 5 && form == FitOffset {
						t.Fatalf("one level, and Scale %v became %v", f.Scale[l], got.Scale[l])
					}
					bySlope := float64(f.QR[l]) - ds*float64(f.QQ[l]) + do*float64(f.Q[l])
					if math.Abs(bySlope) > 1e-4*float64(f.QQ[l]) {
						t.Errorf("form %d, lane %d: derivative by scale %v", form, l, bySlope)
					}
					byOffset := float64(f.R[l]) - ds*float64(f.Q[l]) + do*float64(weight[l])
					if form != FitScale && got.Offset[l] > 0 && math.Abs(byOffset) > 1e-4*float64(f.QQ[l]) {
						t.Errorf("form %d, lane %d: derivative by offset %v", form, l, byOffset)
					}
				}
			}
		}
	})
}

func TestFitWhole(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(4, 24))
		for i := range 200 {
			var weight [FitLanes]float32
			f := fitSums(r, &weight)
			u := FitUnits{Hi: 63, Top: 63, MoreScale: float32(r.IntN(3) - 1), MoreMinimum: float32(r.IntN(3) - 1)}
			if i%2 == 0 {
				u.Lo, u.Hi, u.Top = -32, 31, 0
			}
			for l := range FitLanes {
				u.D[l], u.Dmin[l] = float32(r.NormFloat64())/64, float32(r.ExpFloat64())/63
				if r.IntN(8) == 0 {
					u.D[l] = 0
				}
				u.InverseD[l], u.InverseDmin[l] = finiteInverse(u.D[l]), finiteInverse(u.Dmin[l])
				u.InverseWeight[l] = finiteInverse(weight[l])
			}
			got, want := Fit{}, Fit{}
			FitWhole(&got, &f, &u)
			fitWholeGeneric(&want, &f, &u)
			sameParameters(t, &got, &want)
			for l := range FitLanes {
				if w := got.Whole[l]; w != float32(int(w)) || w < u.Lo || w > u.Hi || got.Scale[l] != u.D[l]*w {
					t.Fatalf("lane %d: scale %v is %v times %v", l, got.Scale[l], w, u.D[l])
				}
				if m := got.Minimum[l]; m != float32(int(m)) || m < 0 || m > u.Top || got.Offset[l] != u.Dmin[l]*m {
					t.Fatalf("lane %d: offset %v is %v times %v", l, got.Offset[l], m, u.Dmin[l])
				}
			}
		}
	})
}
