package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"
)

// guarded16 returns a copy of x that ends at the end of readable memory.
func guarded16[T int16 | uint16](t testing.TB, x []T) []T {
	if len(x) == 0 {
		return nil
	}
	b := atEnd(t, 2*len(x))
	g := unsafe.Slice((*T)(unsafe.Pointer(&b[0])), len(x))
	copy(g, x)
	return g
}

// wild returns values of very different sizes: some columns are outliers, as in
// real latents.
func wild(r *rand.Rand, n int) []float32 {
	x := normal(r, n)
	for i := range x {
		if r.IntN(16) == 0 {
			x[i] *= 30
		}
	}
	return x
}

// column returns the column of a panel as integers, [k] or one more.
func column(panel []int16, l int) []int16 {
	var x []int16
	for i := 2 * l; i < len(panel); i += 2 * Queries {
		x = append(x, panel[i], panel[i+1])
	}
	return x
}

// panelOf rounds Queries queries of k values each.
func panelOf(q []float32, k int) (panel []int16, scale [Queries]float32) {
	panel = make([]int16, (k+1)/2*2*Queries)
	for l := range Queries {
		scale[l] = RoundQuery(panel[2*l:], q[l*k:(l+1)*k], make([]int16, k))
	}
	return panel, scale
}

// TestRoundKey: a rounded key is within half a unit of what was rounded, and the
// same on all tiers.
func TestRoundKey(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, n := range lengths[1:] {
		x := wild(r, n)
		bits := make([]uint16, n)
		for i, v := range x {
			bits[i] = uint16(math.Float32bits(v) >> 16)
		}
		var first, firstBF16 []int16
		eachTier(t, func(t *testing.T) {
			dst := guarded16(t, make([]int16, n))
			unit := roundKey(dst, guarded(t, x))
			for i, v := range x {
				if d := math.Abs(float64(unit)*float64(dst[i]) - float64(v)); d > 0.5001*float64(unit) {
					t.Fatalf("%d values: element %d is off by %v units", n, i, d/float64(unit))
				}
			}
			half := guarded16(t, make([]int16, n))
			unit = roundKeyBF16(half, guarded16(t, bits))
			for i, v := range bits {
				want := float64(math.Float32frombits(uint32(v) << 16))
				if d := math.Abs(float64(unit)*float64(half[i]) - want); d > 0.5001*float64(unit) {
					t.Fatalf("%d values: bfloat16 %d is off by %v units", n, i, d/float64(unit))
				}
			}
			if first == nil {
				first, firstBF16 = slices.Clone(dst), slices.Clone(half)
			}
			if !slices.Equal(first, dst) || !slices.Equal(firstBF16, half) {
				t.Errorf("%d values: not the same on all tiers", n)
			}
		})
	}
}

func TestRoundSpecial(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	eachTier(t, func(t *testing.T) {
		const n = 37
		dst, panel := make([]int16, n), make([]int16, (n+1)*Queries)
		for i := range 3 * n {
			bad, x, bits := []float32{nan, inf, -inf}[i%3], flat(n), make([]uint16, n)
			x[i/3], bits[i/3] = bad, uint16(math.Float32bits(bad)>>16)
			for name, unit := range map[string]float32{
				"RoundKey": roundKey(dst, x), "RoundKeyBF16": roundKeyBF16(dst, bits), "RoundQuery": RoundQuery(panel, x, dst),
			} {
				if unit == unit {
					t.Errorf("%s with %v at %d: unit %v, want NaN", name, bad, i/3, unit)
				}
			}
		}
		for _, x := range [][]float32{{0, 0, 0}, {1e-45, 0, 0}} {
			dst, panel := dst[:3], panel[:4*Queries]
			panel[0], dst[0] = 1, 1
			if unit := roundKey(dst, x); unit != 0 || dst[0] != 0 {
				t.Errorf("RoundKey of %v: %v, unit %v", x, dst, unit)
			}
			if unit := RoundQuery(panel, x, dst); unit != 0 || panel[0] != 0 {
				t.Errorf("RoundQuery of %v: %v, unit %v", x, panel[0], unit)
			}
		}
	})
}

// TestRoundQuery: no column adds up to more than QueryLimit, and none wastes the
// room there is.
func TestRoundQuery(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, k := range []int{1, 2, 15, 16, 63, 64, 65, 192, 511, 512, 576} {
		for _, x := range [][]float32{wild(r, Queries*k), flat(Queries * k)} {
			var first []int16
			var firstScale []float32
			eachTier(t, func(t *testing.T) {
				panel, scale := panelOf(x, k)
				for l := range Queries {
					sum, most := 0, 0
					for i, v := range column(panel, l)[:k] {
						sum, most = sum+max(int(v), -int(v)), max(most, int(v), -int(v))
						bound := float64(scale[l]) * (0.5 + math.Abs(float64(v))*0x1p-22) // half a unit, and the factor's rounding
						if d := math.Abs(float64(scale[l])*float64(v) - float64(x[l*k+i])); d > bound {
							t.Fatalf("k %d: element %d of column %d is off by %v", k, i, l, d)
						}
					}
					if sum > QueryLimit || sum < QueryLimit*9/10-2*k && most < 32767 {
						t.Errorf("k %d: column %d adds up to %d, its largest is %d", k, l, sum, most)
					}
				}
				if first == nil {
					first, firstScale = panel, scale[:]
				}
				if !slices.Equal(first, panel) {
					t.Errorf("k %d: not the same on all tiers", k)
				}
				wantSame(t, "RoundQuery", scale[:], firstScale)
			})
		}
	}
}

// flat returns values that all round up.
func flat(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = 1
	}
	return x
}

// TestScores holds Scores to float64 products of what was rounded, and all tiers
// to each other. The largest keys and queries there are leave int32 nowhere.
func TestScores(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 3))
	for _, k := range []int{2, 16, 22, 64, 130, 132, 512} { // pairs modulo four: all
		for _, q := range [][]float32{wild(r, Queries*k), flat(Queries * k)} {
			const n = 24
			panel, scale := panelOf(q, k)
			stride := k + 6
			keys, unit := make([]int16, (n-1)*stride+k), make([]float32, n)
			for i := range keys {
				keys[i] = int16(r.IntN(2*KeyLimit+1) - KeyLimit)
				if q[0] == q[1] {
					keys[i] = KeyLimit
				}
			}
			for i := range unit {
				unit[i] = r.Float32()
			}
			var first []float32
			eachTier(t, func(t *testing.T) {
				dst := guarded(t, make([]float32, (n-1)*40+Queries))
				g, p, u := guarded16(t, keys), guarded16(t, panel), guarded(t, unit)
				Scores(dst, 40, p, &scale, g, u, stride, k, false)
				Scores(dst, 40, p, &scale, g, u, stride, k, true)
				for tok := range n {
					for l := range Queries {
						var sum float64
						for i, v := range column(panel, l) {
							sum += float64(v) * float64(keys[tok*stride+i])
						}
						want := 2 * sum * float64(unit[tok]) * float64(scale[l])
						if got := float64(dst[tok*40+l]); math.Abs(got-want) > 4*0x1p-24*math.Abs(want) {
							t.Fatalf("k %d: score %d of query %d: %v, want %v", k, tok, l, got, want)
						}
					}
				}
				if first == nil {
					first = slices.Clone(dst)
				}
				wantSame(t, "Scores", dst, first)
			})
		}
	}
}

// TestOnline holds the softmax, taken in steps, to that of float64 at once.
func TestOnline(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 4))
	const n = 200
	s := make([]float32, n*Queries)
	for i := range s {
		s[i] = float32(r.NormFloat64() * 10)
		if r.IntN(5) == 0 || i%Queries == 7 && i/Queries < 70 {
			s[i] = float32(math.Inf(-1))
		}
	}
	var first []float32
	eachTier(t, func(t *testing.T) {
		var o Online
		o.Reset()
		var maxima []float32 // by step and query
		p := guarded(t, s)
		var steps []int
		for at := 0; at < n; {
			m := min(64, n-at)
			o.Step(p[at*Queries : (at+m)*Queries])
			steps, maxima = append(steps, at, at+m), append(maxima, o.Max[:]...)
			at += m
		}
		for l := range Queries {
			most, sum := math.Inf(-1), 0.0
			for i := range n {
				most = max(most, float64(s[i*Queries+l]))
			}
			for i := range n {
				sum += math.Exp(float64(s[i*Queries+l] - float32(most)))
			}
			if d := float64(o.Sum[l])/sum - 1; math.Abs(d) > n*0x1p-22 || float64(o.Max[l]) != most {
				t.Errorf("query %d: sum off by %v, maximum %v, want %v", l, d, o.Max[l], most)
			}
			for i := 0; i < len(steps); i += 2 {
				m := maxima[i/2*Queries+l]
				for j := steps[i]; j < steps[i+1]; j++ {
					want := math.Exp(float64(s[j*Queries+l] - m)) // the difference rounded
					if d := math.Abs(float64(p[j*Queries+l]) - want); d > 0x1p-21*want+2e-28 {
						t.Fatalf("query %d key %d: %v, want %v", l, j, p[j*Queries+l], want)
					}
				}
			}
		}
		if first == nil {
			first = slices.Concat(p, o.Max[:], o.Sum[:], o.Before[:])
		}
		wantSame(t, "Online", slices.Concat(p, o.Max[:], o.Sum[:], o.Before[:]), first)
	})
}

// Whatever is not finite, or minus zero, comes out of a step as in the Go loop.
func TestOnlineOfNonFinite(t *testing.T) {
	values := []float32{0, float32(math.Copysign(0, -1)), 1, -1, -64, -100, math.MaxFloat32, lowest,
		float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), math.Float32frombits(0x7f800001)}
	r := rand.New(rand.NewPCG(1, 9))
	for range 50 {
		s := make([]float32, 3*Queries)
		for i := range s {
			s[i] = values[r.IntN(len(values))]
		}
		var before Online
		for l := range before.Max {
			before.Max[l], before.Sum[l] = values[r.IntN(8)], r.Float32()
		}
		want, wantS := before, slices.Clone(s)
		onlineStepGeneric(&want, wantS)
		eachTier(t, func(t *testing.T) {
			o, got := before, guarded(t, s)
			o.Step(got)
			wantSame(t, "exponentials", got, wantS)
			wantSame(t, "Max", o.Max[:], want.Max[:])
			wantSame(t, "Sum", o.Sum[:], want.Sum[:])
			wantSame(t, "Before", o.Before[:], want.Before[:])
		})
	}
}

// TestExpSmall holds every thousandth float32 to package math.
func TestExpSmall(t *testing.T) {
	for bits := math.Float32bits(float32(math.Copysign(0, -1))); bits < math.Float32bits(-64); bits += 997 {
		x := math.Float32frombits(bits)
		if got, want := float64(expSmall(x)), math.Exp(float64(x)); math.Abs(got/want-1) > 0x1p-22 {
			t.Fatalf("e^%v = %v, want %v", x, got, want)
		}
	}
}

// TestMix holds RoundWeights, PairValues and Mix to the weighted sum in float64:
// the weights' rounding, half a unit each, is all that is off.
func TestMix(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 5))
	for _, n := range []int{1, 2, 7, 8, 33, 63, 64} {
		testMix(t, r, n, 88, 94)
		testMix(t, r, n, 96, 96)
	}
}

// testMix is TestMix for n rows of cols values.
func testMix(t *testing.T, r *rand.Rand, n, cols, stride int) {
	w, unit := make([]float32, n*Queries), make([]float32, n)
	for i := range w {
		w[i] = float32(math.Exp(-10 * r.Float64()))
		switch i % Queries {
		case 3:
			w[i] = 1 // all alike
		case 4:
			w[i] = 0
		}
	}
	even := (n + 1) / 2 * 2
	values := make([]int16, even*stride)
	for i := range values {
		values[i] = int16(r.IntN(2*KeyLimit+1) - KeyLimit)
		if i%stride == 5 {
			values[i] = KeyLimit
		}
	}
	for i := range unit {
		unit[i] = 1 + r.Float32()/8
	}
	start := normal(r, cols*Queries)
	var before, scale [Queries]float32
	for l := range before {
		before[l] = r.Float32()
	}
	var first []float32
	eachTier(t, func(t *testing.T) {
		p := guarded16(t, make([]int16, even*Queries))
		RoundWeights(p, &scale, guarded(t, w), guarded(t, unit))
		v := guarded16(t, make([]int16, even*cols))
		PairValues(v, guarded16(t, values[:(even-1)*stride+cols]), stride, even, cols)
		acc := guarded(t, start)
		Mix(acc, &before, &scale, p, v, even/2, cols)
		for l := range Queries {
			sum := 0
			for i := range p[: even*Queries : even*Queries] {
				if i%(2*Queries)/2 == l {
					sum += int(p[i])
				}
			}
			if sum > QueryLimit {
				t.Fatalf("%d weights: column %d adds up to %d", n, l, sum)
			}
			for c := range cols {
				want, bound := float64(start[c*Queries+l])*float64(before[l]), 0.0
				for i := range n {
					x := float64(values[i*stride+c])
					want += float64(w[i*Queries+l]) * float64(unit[i]) * x
					bound += 0.501 * float64(scale[l]) * math.Abs(x)
				}
				bound += 4 * 0x1p-24 * (math.Abs(want) + math.Abs(float64(start[c*Queries+l])) + bound)
				if d := math.Abs(float64(acc[c*Queries+l]) - want); d > bound {
					t.Fatalf("%d weights: column %d of query %d is off by %v, at most %v", n, c, l, d, bound)
				}
			}
		}
		if first == nil {
			first = slices.Concat(acc, scale[:])
		}
		wantSame(t, "Mix", slices.Concat(acc, scale[:]), first)
	})
}

// TestSwiGLUFast holds it to float64; e^-|g| is within 2^-22, and the rest rounds
// four times.
func TestSwiGLUFast(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	for _, n := range lengths {
		gate, up := normal(r, n), normal(r, n)
		for i := range gate {
			gate[i] *= float32(math.Exp(4 * r.NormFloat64()))
		}
		copy(gate, []float32{0, float32(math.Copysign(0, -1)), 1000, -1000, 63.9, -63.9})
		var first []float32
		eachTier(t, func(t *testing.T) {
			dst := guarded(t, make([]float32, n))
			SwiGLUFast(dst, guarded(t, gate), guarded(t, up))
			for i, v := range dst {
				g := float64(gate[i])
				want := g / (1 + math.Exp(-g)) * float64(up[i])
				if d := math.Abs(float64(v) - want); !(d <= 0x1p-20*math.Abs(want)+1e-26*math.Abs(g*float64(up[i]))) {
					t.Fatalf("silu(%v)·%v = %v, want %v", gate[i], up[i], v, want)
				}
			}
			if first == nil {
				first = slices.Clone(dst)
			}
			wantSame(t, "SwiGLUFast", dst, first)
		})
	}
}

// Columns of weights that no factor fits, and ones that are not finite, have the scale
// of the Go loop.
func TestRoundWeightsSpecial(t *testing.T) {
	values := []float32{0, 1e-45, 1e-38, 1e-30, 1, math.MaxFloat32, float32(math.Inf(1)), float32(math.NaN())}
	r := rand.New(rand.NewPCG(1, 10))
	for range 50 {
		w, unit := make([]float32, 3*Queries), []float32{1, r.Float32(), 1}
		for i := range w {
			w[i] = values[r.IntN(len(values))]
		}
		p := make([]int16, 4*Queries)
		var want, got [Queries]float32
		roundWeightsGeneric(p, &want, w, unit)
		eachTier(t, func(t *testing.T) {
			RoundWeights(p, &got, w, unit)
			wantSame(t, "scale", got[:], want[:])
		})
	}
}

func TestBlendAndWiden(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 7))
	acc, x := normal(r, 5*Queries), normal(r, 5*Queries)
	var a, b [Queries]float32
	for l := range a {
		a[l], b[l] = r.Float32(), r.Float32()
	}
	bytes := make([]byte, 77)
	for i := range bytes {
		bytes[i] = byte(r.IntN(256))
	}
	eachTier(t, func(t *testing.T) {
		got := guarded(t, acc)
		Blend(got, guarded(t, x), &a, &b)
		for i, v := range got {
			l := i % Queries
			if want := float32(acc[i]*a[l]) + float32(x[i]*b[l]); v != want {
				t.Fatalf("Blend: value %d is %v, want %v", i, v, want)
			}
		}
		from := guardedBytes(t, bytes, 0)
		wide := guarded16(t, make([]int16, len(bytes)))
		Widen(wide, unsafe.Slice((*int8)(unsafe.Pointer(&from[0])), len(from)))
		for i, v := range wide {
			if want := 32 * int16(int8(bytes[i])); v != want {
				t.Fatalf("Widen: value %d is %v, want %v", i, v, want)
			}
		}
	})
}

// FuzzAttend: whatever the keys and weights, all tiers have the same bits.
func FuzzAttend(f *testing.F) {
	f.Add(uint64(1), uint8(5), uint8(3))
	f.Add(uint64(2), uint8(64), uint8(40))
	f.Add(uint64(3), uint8(30), uint8(13))
	f.Add(uint64(4), uint8(7), uint8(34))
	f.Fuzz(func(t *testing.T, seed uint64, tokens, half uint8) {
		r := rand.New(rand.NewPCG(seed, 6))
		n, k := int(tokens%64)+1, 2*(int(half)+1)
		q, x := make([]float32, Queries*k), make([]float32, 64*k)
		for _, v := range [][]float32{q, x} {
			for i := range v {
				v[i] = math.Float32frombits(r.Uint32())
				if r.IntN(64) != 0 || v[i] != v[i] {
					v[i] = float32(r.NormFloat64())
				}
			}
		}
		cols := k / 8 * 8
		var first []float32
		eachTier(t, func(t *testing.T) {
			panel, scale := panelOf(q, k)
			keys, unit := make([]int16, 64*k), make([]float32, 64)
			for i := range unit {
				unit[i] = roundKey(keys[i*k:(i+1)*k], x[i*k:(i+1)*k])
			}
			s := make([]float32, 64*Queries)
			Scores(s, Queries, panel, &scale, keys, unit, k, k, false)
			var o Online
			o.Reset()
			o.Step(s[:n*Queries])
			p, pairs := make([]int16, (n+1)/2*2*Queries), make([]int16, (n+1)/2*2*cols)
			RoundWeights(p, &scale, s[:n*Queries], unit[:n])
			PairValues(pairs, keys, k, (n+1)/2*2, cols)
			acc := make([]float32, cols*Queries)
			Mix(acc, &o.Before, &scale, p, pairs, (n+1)/2, cols)
			all := slices.Concat(s, o.Max[:], o.Sum[:], acc)
			if first == nil {
				first = all
			}
			wantSame(t, "attention", all, first)
		})
	})
}
