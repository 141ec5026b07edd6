package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

func TestAddScaled(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(9, 10))
		for _, n := range lengths {
			for shift := range 4 {
				a := float32(r.NormFloat64())
				bits, values := normalBF16(r, n)
				start, x := normal(r, n), normal(r, n)
				want, wantBF16 := make([]float32, n), make([]float32, n)
				for i := range want {
					want[i], wantBF16[i] = start[i]+float32(a*x[i]), start[i]+float32(a*values[i])
				}
				got := guarded(t, append(make([]float32, shift), start...))[shift:]
				AddScaled(got, a, guarded(t, x))
				wantSame(t, fmt.Sprint("AddScaled ", n), got, want)

				got = guarded(t, start)
				AddScaledBF16(got, a, guardedBytes(t, bits, shift))
				wantSame(t, fmt.Sprint("AddScaledBF16 ", n), got, wantBF16)
			}
		}
	})
}

// As in sums, products are rounded: -p plus the product is 0.
func TestScaledIsRounded(t *testing.T) {
	const u, v = 1 + 0x1p-7, 1 + 0x1p-23
	eachTier(t, func(t *testing.T) {
		for n := 1; n < 40; n++ {
			got, gotBF16 := make([]float32, n), make([]float32, n)
			x, w := make([]float32, n), make([]byte, 2*n)
			for i := range got {
				got[i], gotBF16[i] = -float32(u*v), -float32(u*v)
				x[i] = u
				w[2*i], w[2*i+1] = byte(math.Float32bits(u)>>16), byte(math.Float32bits(u)>>24)
			}
			AddScaled(got, v, x)
			AddScaledBF16(gotBF16, v, w)
			wantSame(t, "AddScaled", got, make([]float32, n))
			wantSame(t, "AddScaledBF16", gotBF16, make([]float32, n))
		}
	})
}

// NaN and infinities reach their own element, and no other.
func TestAddScaledOfNonFinite(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		const n = 53
		for i := range n {
			for _, v := range []float32{float32(math.Inf(1)), float32(math.NaN())} {
				x, w := make([]float32, n), make([]byte, 2*n)
				x[i] = v
				w[2*i], w[2*i+1] = byte(math.Float32bits(v)>>16), byte(math.Float32bits(v)>>24)
				want := make([]float32, n)
				want[i] = v
				got, gotBF16 := make([]float32, n), make([]float32, n)
				AddScaled(got, 2, x)
				AddScaledBF16(gotBF16, 2, w)
				wantSame(t, "AddScaled", got, want)
				wantSame(t, "AddScaledBF16", gotBF16, want)
			}
		}
	})
}

func TestAdd(t *testing.T) {
	dst := []float32{1, 2, 3}
	Add(dst, []float32{10, -2, float32(math.Inf(1))})
	wantSame(t, "Add", dst, []float32{11, 0, float32(math.Inf(1))})
}
