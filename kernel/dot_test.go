package kernel

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// naiveDot is the definition of Dot, word for word.
func naiveDot(a, b []float32) float32 {
	var s [16]float32
	for i := range a {
		s[i%16] += float32(a[i] * b[i]) // an assignment alone would not forbid fusing
	}
	for l := range 8 {
		s[l] += s[l+8]
	}
	for l := range 4 {
		s[l] += s[l+4]
	}
	for l := range 2 {
		s[l] += s[l+2]
	}
	return s[0] + s[1]
}

// errorBound is how far a sum of products in float32 may be off, in whatever
// order: n·u·Σ|a·b|, u half a unit in the last place (Higham, §3.1).
func errorBound(a, b []float32) float64 {
	sum := 0.0
	for i := range a {
		sum += math.Abs(float64(a[i]) * float64(b[i]))
	}
	return float64(len(a)) * 0x1p-24 * sum
}

func exactDot(a, b []float32) float64 {
	sum := 0.0
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

func TestDot(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, n := range lengths {
			for shift := range 4 { // of the addresses, in elements
				a, b := guarded(t, normal(r, n+shift))[shift:], guarded(t, normal(r, n))
				got := Dot(a, b)
				wantSame(t, fmt.Sprint("Dot ", n), []float32{got}, []float32{naiveDot(a, b)})
				if diff := math.Abs(float64(got) - exactDot(a, b)); diff > errorBound(a, b) {
					t.Errorf("Dot %d is off by %g, more than %g", n, diff, errorBound(a, b))
				}
			}
		}
	})
}

func TestDotBF16(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for _, n := range lengths {
			for shift := range 4 { // of the address, in bytes
				bits, values := normalBF16(r, n)
				w, x := guardedBytes(t, bits, shift), guarded(t, normal(r, n))
				got := DotBF16(w, x)
				wantSame(t, fmt.Sprint("DotBF16 ", n), []float32{got}, []float32{naiveDot(values, x)})
			}
		}
	})
}

// Tokens side by side, with a stride or without, are each the product alone.
func TestDots(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		for _, n := range lengths {
			for _, gap := range []int{0, 3} {
				for tokens := range 10 {
					stride := n + gap
					bits, values := normalBF16(r, n)
					x := guarded(t, normal(r, max(0, tokens-1)*stride+n))
					if tokens == 0 {
						x = nil
					}
					want := make([]float32, tokens)
					for i := range want {
						want[i] = naiveDot(values, x[i*stride:i*stride+n])
					}
					got := guarded(t, normal(r, tokens))
					Dots(got, guarded(t, values), x, stride)
					wantSame(t, fmt.Sprint("Dots ", n), got, want)

					got = guarded(t, normal(r, tokens))
					DotsBF16(got, guardedBytes(t, bits, tokens%2), x, n, stride)
					wantSame(t, fmt.Sprint("DotsBF16 ", n), got, want)
				}
			}
		}
	})
}

// A NaN or an infinity in any place reaches the sum, whatever lane it is in.
func TestDotOfNonFinite(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	eachTier(t, func(t *testing.T) {
		for _, n := range []int{1, 15, 16, 17, 47, 64, 100} {
			for i := range n {
				for _, v := range []float32{inf, -inf, nan} {
					x, w := make([]float32, n), make([]byte, 2*n)
					for j := range x {
						x[j] = 1
						binary.LittleEndian.PutUint16(w[2*j:], 0x3f80) // 1
					}
					binary.LittleEndian.PutUint16(w[2*i:], uint16(math.Float32bits(v)>>16))
					values := widened(w)
					for name, got := range map[string]float32{"Dot": Dot(values, x), "Dot reversed": Dot(x, values), "DotBF16": DotBF16(w, x)} {
						if !same(got, v) {
							t.Errorf("%s of %d elements with %v at %d is %v", name, n, v, i, got)
						}
					}
					var got [4]float32
					DotsBF16(got[:], w, x, n, 0)
					wantSame(t, "DotsBF16", got[:], []float32{v, v, v, v})
					Dots(got[:], values, x, 0)
					wantSame(t, "Dots", got[:], []float32{v, v, v, v})
				}
			}
		}
	})
}

// A product that float32 cannot hold is rounded before it is added. Every lane
// here sums -p, p being the rounded product, and the product: rounded this gives
// 0, and by a fused multiply-add the rounding error.
func TestProductsAreRounded(t *testing.T) {
	const u, v = 1 + 0x1p-7, 1 + 0x1p-23
	eachTier(t, func(t *testing.T) {
		var a, b [32]float32
		var w [64]byte
		for i := range a {
			a[i], b[i] = -1, float32(u*v)
			if i >= lanes {
				a[i], b[i] = u, v
			}
			binary.LittleEndian.PutUint16(w[2*i:], uint16(math.Float32bits(a[i])>>16))
		}
		wantSame(t, "Dot, DotBF16", []float32{Dot(a[:], b[:]), DotBF16(w[:], b[:])}, []float32{0, 0})
		var four [4]float32
		Dots(four[:], a[:], b[:], 0)
		wantSame(t, "Dots", four[:], make([]float32, 4))
		DotsBF16(four[:], w[:], b[:], len(b), 0)
		wantSame(t, "DotsBF16", four[:], make([]float32, 4))
	})
}

// FuzzDot compares every tier with the generic loops, on any bits.
func FuzzDot(f *testing.F) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, n := range []int{0, 9, 33, 70} {
		b := make([]byte, 8*n)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		f.Add(b, uint8(n))
	}
	f.Fuzz(func(t *testing.T, data []byte, length uint8) {
		// The first n values are a row of weights, all of them are tokens.
		x := make([]float32, len(data)/4)
		for i := range x {
			x[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
		}
		n := min(int(length), len(x))
		tokens := 0
		if n > 0 {
			tokens = len(x) / n
		}
		w := data[:2*n]
		values := widened(w)

		wantDots, wantBF16 := make([]float32, tokens), make([]float32, tokens)
		dotsGeneric(wantDots, x[:n], x, n)
		dotsBF16Generic(wantBF16, w, x, n)
		wantAdd := append([]float32{}, x[:n]...)
		if n > 0 {
			addScaledGeneric(wantAdd, x[n-1], x[len(x)-n:])
		}
		for i := range tokens {
			wantSame(t, "generic", []float32{wantBF16[i]}, []float32{naiveDot(values, x[i*n:i*n+n])})
		}
		for _, tier := range Tiers() {
			useTier(t, tier)
			got := make([]float32, tokens)
			Dots(got, x[:n], x, n)
			wantSame(t, tier+" Dots", got, wantDots)
			DotsBF16(got, w, x, n, n)
			wantSame(t, tier+" DotsBF16", got, wantBF16)
			for i := range tokens {
				got := []float32{Dot(x[:n], x[i*n:i*n+n]), DotBF16(w, x[i*n:i*n+n])}
				wantSame(t, tier+" Dot, DotBF16", got, []float32{wantDots[i], wantBF16[i]})
			}
			if n > 0 {
				sum := append([]float32{}, x[:n]...)
				AddScaled(sum, x[n-1], x[len(x)-n:])
				wantSame(t, tier+" AddScaled", sum, wantAdd)
			}
		}
	})
}
