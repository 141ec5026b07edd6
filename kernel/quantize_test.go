package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// quantizeQ8Naive is QuantizeQ8 as its contract says it, for a block.
func quantizeQ8Naive(x []float32) (q []int8, d float32) {
	q = make([]int8, len(x))
	var amax float32
	for _, v := range x {
		if v-v != 0 {
			return q, float32(math.NaN())
		}
		amax = max(amax, float32(math.Abs(float64(v))))
	}
	inverse := 127 / amax
	if math.IsInf(float64(inverse), 0) {
		return q, 0
	}
	for i, v := range x {
		n := math.RoundToEven(float64(float32(v * inverse)))
		q[i] = int8(max(-127, min(127, n)))
	}
	return q, amax / 127
}

func TestQuantizeQ8(t *testing.T) {
	special := []float32{0, float32(math.Copysign(0, -1)), 1e-45, -1e-40, 3e-37, 4e-37, 1, -127, 63.5, 64.5, -0.5, 1e-3,
		math.MaxFloat32, -math.MaxFloat32, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())}
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 11))
		for _, block := range []int{32, 256} {
			for blocks := range 70 {
				n := blocks * block
				x := normal(r, n)
				for b := range blocks {
					in := x[b*block:][:block]
					switch size := float32(math.Ldexp(1, r.IntN(250)-125)); b % 4 {
					case 0: // whole and half numbers, all of them ties or exact
						for i := range in {
							in[i] = float32(r.IntN(255)-127) / 2
						}
						in[r.IntN(block)] = 127
					case 1:
						for i := range in {
							in[i] *= size
						}
					case 2:
						in[r.IntN(block)] = special[r.IntN(len(special))]
					case 3:
						for i := range in {
							in[i] = special[r.IntN(6)]
						}
					}
				}
				testQuantizeQ8(t, x, block)
			}
		}
	})
}

func testQuantizeQ8(t *testing.T, x []float32, block int) {
	t.Helper()
	n := len(x)
	if n == 0 {
		QuantizeQ8(nil, nil, nil, nil, block)
		return
	}
	qBytes, sumBytes := atEnd(t, n), atEnd(t, n/8)
	q := unsafe.Slice((*int8)(unsafe.Pointer(&qBytes[0])), n)
	sums := unsafe.Slice((*int16)(unsafe.Pointer(&sumBytes[0])), n/16)
	d := guarded(t, make([]float32, n/block))
	QuantizeQ8(q, d, sums, guarded(t, x), block)
	for b := range d {
		wantQ, wantD := quantizeQ8Naive(x[b*block:][:block])
		if !same(d[b], wantD) {
			t.Fatalf("block %d of %d of %d: d = %v, want %v", b, len(d), block, d[b], wantD)
		}
		for i, v := range wantQ {
			if q[b*block+i] != v {
				t.Fatalf("block %d of %d of %d [%d]: q = %d, want %d for %v", b, len(d), block, i, q[b*block+i], v, x[b*block+i])
			}
		}
	}
	for i, sum := range sums {
		for _, v := range q[16*i:][:16] {
			sum -= int16(v)
		}
		if sum != 0 {
			t.Fatalf("sum %d is wrong by %d", i, sum)
		}
	}
}

func FuzzQuantizeQ8(f *testing.F) {
	f.Add(uint64(1), uint32(0x7f800000), uint8(3))
	f.Fuzz(func(t *testing.T, seed uint64, bits uint32, n uint8) {
		r := rand.New(rand.NewPCG(seed, 2))
		x := make([]float32, 256*(int(n)%5+1))
		for i := range x {
			x[i] = math.Float32frombits(r.Uint32() & bits)
		}
		for _, tier := range Tiers() {
			useTier(t, tier)
			testQuantizeQ8(t, x, 32)
			testQuantizeQ8(t, x, 256)
		}
	})
}

func TestQuantizeQ8WrongLengthsPanic(t *testing.T) {
	q, d, sums, x := make([]int8, 256), make([]float32, 1), make([]int16, 16), make([]float32, 256)
	QuantizeQ8(q, d, sums, x, 256)
	for name, f := range map[string]func(){
		"block":    func() { QuantizeQ8(q, d, sums, x, 128) },
		"values":   func() { QuantizeQ8(q[1:], d, sums, x[1:], 256) },
		"integers": func() { QuantizeQ8(q[1:], d, sums, x, 256) },
		"scales":   func() { QuantizeQ8(q, d[1:], sums, x, 256) },
		"sums":     func() { QuantizeQ8(q, d, sums[1:], x, 256) },
	} {
		if !panics(f) {
			t.Errorf("%s: no panic", name)
		}
	}
}
