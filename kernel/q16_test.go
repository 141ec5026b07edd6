package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// quantizeQ16Naive is QuantizeQ16 as its contract says it, for a block.
func quantizeQ16Naive(x []float32) (q []int16, d float32) {
	q = make([]int16, F8Block)
	var amax float32
	magnitudes, ones := make([]float32, len(x)), make([]float32, len(x))
	for i, v := range x {
		magnitudes[i], ones[i] = float32(math.Abs(float64(v))), 1
		if magnitudes[i] > amax {
			amax = magnitudes[i]
		}
	}
	sum := naiveDot(magnitudes, ones)
	if math.IsNaN(float64(sum)) || math.IsInf(float64(sum), 0) {
		return q, float32(math.NaN())
	}
	factor := min(32767/amax, 149700/sum)
	if sum == 0 || math.IsInf(float64(factor), 0) {
		return q, 0
	}
	for i, v := range x {
		q[i] = int16(math.RoundToEven(float64(float32(v * factor))))
	}
	return q, max(amax/32767, sum/149700)
}

func TestQuantizeQ16(t *testing.T) {
	special := []float32{0, float32(math.Copysign(0, -1)), 1e-45, -1e-40, 9e-35, 1e-34, 1, -32767, 0.5, 2.5, -0.5, 1e-3, 1e37,
		math.MaxFloat32, -math.MaxFloat32, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())}
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 16))
		for n := range 700 {
			x := normal(r, n)
			for b := 0; b*F8Block < n; b++ {
				in := x[b*F8Block : min((b+1)*F8Block, n)]
				switch size := float32(math.Ldexp(1, r.IntN(250)-125)); (b + n) % 5 {
				case 0: // whole and half numbers, the factor being 1
					for i := range in {
						in[i] = float32(r.IntN(255)-127) / 2
					}
					in[r.IntN(len(in))] = 32767
				case 1:
					for i := range in {
						in[i] *= size
					}
				case 2:
					in[r.IntN(len(in))] = special[r.IntN(len(special))]
				case 3:
					for i := range in {
						in[i] = special[r.IntN(6)]
					}
				case 4: // all alike: the greatest sum after rounding
					for i := range in {
						in[i] = size
					}
				}
			}
			testQuantizeQ16(t, x)
		}
	})
}

func testQuantizeQ16(t *testing.T, x []float32) {
	t.Helper()
	blocks := F8Blocks(len(x))
	if blocks == 0 {
		QuantizeQ16(nil, nil, nil)
		return
	}
	q, d := guarded16(t, make([]int16, blocks*F8Block)), guarded(t, make([]float32, blocks))
	QuantizeQ16(q, d, guarded(t, x))
	for b := range d {
		wantQ, wantD := quantizeQ16Naive(x[b*F8Block : min((b+1)*F8Block, len(x))])
		if !same(d[b], wantD) {
			t.Fatalf("block %d of %d values: d = %v, want %v", b, len(x), d[b], wantD)
		}
		sum := 0
		for i, v := range wantQ {
			if q[b*F8Block+i] != v {
				t.Fatalf("block %d of %d values [%d]: q = %d, want %d", b, len(x), i, q[b*F8Block+i], v)
			}
			sum += max(int(v), -int(v))
		}
		if sum > most16 {
			t.Fatalf("block %d of %d values: magnitudes add up to %d, at most %d may", b, len(x), sum, most16)
		}
	}
}

func FuzzQuantizeQ16(f *testing.F) {
	f.Add(uint64(1), uint32(0x7f800000), uint16(300))
	f.Add(uint64(2), uint32(0xffffffff), uint16(128))
	f.Fuzz(func(t *testing.T, seed uint64, bits uint32, n uint16) {
		r := rand.New(rand.NewPCG(seed, 2))
		x := make([]float32, n%1000)
		for i := range x {
			x[i] = math.Float32frombits(r.Uint32() & bits)
		}
		for _, tier := range Tiers() {
			useTier(t, tier)
			testQuantizeQ16(t, x)
		}
	})
}

func TestQuantizeQ16WrongLengthsPanic(t *testing.T) {
	q, d, x := make([]int16, 256), make([]float32, 2), make([]float32, 200)
	QuantizeQ16(q, d, x)
	for name, f := range map[string]func(){
		"values":   func() { QuantizeQ16(q, d, x[:128]) },
		"integers": func() { QuantizeQ16(q[1:], d, x) },
		"scales":   func() { QuantizeQ16(q, d[1:], x) },
	} {
		if !panics(f) {
			t.Errorf("%s: no panic", name)
		}
	}
}
