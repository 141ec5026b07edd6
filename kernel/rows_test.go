package kernel

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"testing"
)

func TestRMSNorm(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 4))
		for _, n := range lengths[1:] {
			x, w := normal(r, n), normal(r, n)
			dst := guarded(t, make([]float32, n))
			RMSNorm(dst, guarded(t, x), guarded(t, w), 1e-6)
			mean := exactDot(x, x) / float64(n)
			factor := 1 / math.Sqrt(mean+float64(float32(1e-6)))
			// The sum of squares is off by n·u at most, of which the root keeps
			// half; the factor and two products are rounded.
			bound := (float64(n)/2 + 3) * 0x1p-24 * 1.001
			for i, got := range dst {
				want := float64(x[i]) * factor * float64(w[i])
				if math.Abs(float64(got)-want) > bound*math.Abs(want) {
					t.Fatalf("RMSNorm %d [%d] = %v, want %v", n, i, got, want)
				}
			}
			RMSNorm(x, x, w, 1e-6)
			wantSame(t, fmt.Sprint("RMSNorm in place ", n), x, dst)
		}
		RMSNorm(nil, nil, nil, 1e-6)
		zero := []float32{0, 0}
		RMSNorm(zero, zero, []float32{1, 1}, 1e-6)
		wantSame(t, "RMSNorm of 0", zero, []float32{0, 0})
	})
}

// A pair is a complex number, and its rotation a product with cos + i·sin.
func TestRope(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 5))
	for _, pairs := range []int{0, 1, 7, 32} {
		x, cos, sin := normal(r, 2*pairs), make([]float32, pairs), make([]float32, pairs)
		want := make([]float32, 2*pairs)
		for i := range cos {
			s, c := math.Sincos(r.Float64() * 7)
			cos[i], sin[i] = float32(c), float32(s)
			z := complex(float64(x[2*i]), float64(x[2*i+1])) * complex(float64(cos[i]), float64(sin[i]))
			want[2*i], want[2*i+1] = float32(real(z)), float32(imag(z))
		}
		before := append([]float32{}, x...)
		Rope(x, cos, sin)
		for i := range x {
			// Two products and their sum are rounded.
			size := math.Abs(float64(before[i&^1])) + math.Abs(float64(before[i|1]))
			if math.Abs(float64(x[i])-float64(want[i])) > 3*0x1p-24*size {
				t.Errorf("Rope [%d of %d] = %v, want %v", i, len(x), x[i], want[i])
			}
		}
	}
}

func TestMax(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	if got := Max(nil); !same(got, -inf) {
		t.Errorf("Max of nothing = %v", got)
	}
	r := rand.New(rand.NewPCG(1, 6))
	for n := 1; n < 20; n++ {
		for i := range n {
			x := normal(r, n)
			x[i] = 100
			if got := Max(x); got != 100 {
				t.Errorf("Max with 100 at %d of %d = %v", i, n, got)
			}
			x[i] = nan
			if got := Max(x); got == got {
				t.Errorf("Max with NaN at %d of %d = %v", i, n, got)
			}
			for j := range x {
				x[j] = -inf
			}
			x[i] = -3
			if got := Max(x); got != -3 {
				t.Errorf("Max with -3 at %d of %d infinities = %v", i, n, got)
			}
		}
	}
}

func TestExpSum(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 7))
	for _, n := range lengths {
		x := normal(r, n)
		top := Max(x)
		dst, ones, want := make([]float32, n), make([]float32, n), make([]float32, n)
		sum := ExpSum(dst, x, top)
		for i := range x {
			ones[i], want[i] = 1, float32(exp(float64(x[i])-float64(top)))
		}
		wantSame(t, fmt.Sprint("ExpSum ", n), dst, want)
		if wantSum := naiveDot(dst, ones); !same(sum, wantSum) {
			t.Errorf("ExpSum %d sums to %v, want %v", n, sum, wantSum)
		}
		ExpSum(x, x, top)
		wantSame(t, fmt.Sprint("ExpSum in place ", n), x, want)
	}
	masked := []float32{0, float32(math.Inf(-1))}
	if sum := ExpSum(masked, masked, 0); sum != 1 || masked[1] != 0 {
		t.Errorf("e^-Inf is %v, the sum %v", masked[1], sum)
	}
}

func TestFinite(t *testing.T) {
	bad := []float32{float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()),
		math.Float32frombits(0x7f800001), math.Float32frombits(0xffffffff)}
	for n := range 70 {
		x := make([]float32, n)
		for i := range x {
			x[i] = []float32{math.MaxFloat32, -math.MaxFloat32, 0, math.SmallestNonzeroFloat32}[i%4]
		}
		if got := Finite(x); got != -1 {
			t.Errorf("Finite of %d finite values = %d", n, got)
		}
		for i := n - 1; i >= 0; i-- {
			x[i] = bad[i%len(bad)]
			if got := Finite(x); got != i {
				t.Errorf("Finite of %d values, the first bad at %d = %d", n, i, got)
			}
		}
	}
}

// Every machine, tier and build gives these bits: the digest of all kernels'
// results over the same operands, whatever computed them.
func TestSameBitsEverywhere(t *testing.T) {
	const want = "2f76148e8fcd3e0b"
	eachTier(t, func(t *testing.T) {
		h := fnv.New64a()
		put := func(x ...float32) {
			for _, v := range x {
				bits := math.Float32bits(v)
				h.Write([]byte{byte(bits), byte(bits >> 8), byte(bits >> 16), byte(bits >> 24)})
			}
		}
		r := rand.New(rand.NewPCG(1, 8))
		for _, n := range lengths {
			const tokens = 7
			x, y := normal(r, n*tokens), normal(r, n)
			w, values := normalBF16(r, n)
			var products [tokens]float32
			Dots(products[:], values, x, n)
			put(products[:]...)
			DotsBF16(products[:], w, x, n, n)
			put(products[:]...)
			put(Dot(x[:n], y), DotBF16(w, y))
			AddScaled(x, 0.3, append([]float32{}, x...))
			AddScaled(x[:n], -1.7, values)
			Add(y, x[:n])
			put(x...)
			RMSNorm(y, y, values, 1e-5)
			put(y...)
			put(ExpSum(x, x, Max(x)))
			SwiGLU(y, y, x[:n])
			Rope(x[:n/2*2], y[:n/2], values[:n/2])
			put(x...)
			put(y...)
			put(Sigmoid(products[3]), Exp(products[2]/100))
		}
		if got := fmt.Sprintf("%016x", h.Sum64()); got != want {
			t.Errorf("digest %s, want %s", got, want)
		}
	})
}
