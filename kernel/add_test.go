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
				start, x := normal(r, n), normal(r, n)
				want := make([]float32, n)
				for i := range want {
					want[i] = start[i] + float32(a*x[i])
				}
				got := guarded(t, append(make([]float32, shift), start...))[shift:]
				AddScaled(got, a, guarded(t, x))
				wantSame(t, fmt.Sprint("AddScaled ", n), got, want)
			}
		}
	})
}

// As in sums, products are rounded: -p plus the product is 0.
func TestScaledIsRounded(t *testing.T) {
	const u, v = 1 + 0x1p-7, 1 + 0x1p-23
	eachTier(t, func(t *testing.T) {
		for n := 1; n < 40; n++ {
			got, x := make([]float32, n), make([]float32, n)
			for i := range got {
				got[i], x[i] = -float32(u*v), u
			}
			AddScaled(got, v, x)
			wantSame(t, "AddScaled", got, make([]float32, n))
		}
	})
}

// NaN and infinities reach their own element, and no other.
func TestAddScaledOfNonFinite(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		const n = 53
		for i := range n {
			for _, v := range []float32{float32(math.Inf(1)), float32(math.NaN())} {
				x, want, got := make([]float32, n), make([]float32, n), make([]float32, n)
				x[i], want[i] = v, v
				AddScaled(got, 2, x)
				wantSame(t, "AddScaled", got, want)
			}
		}
	})
}

func TestAdd(t *testing.T) {
	dst := []float32{1, 2, 3}
	Add(dst, []float32{10, -2, float32(math.Inf(1))})
	wantSame(t, "Add", dst, []float32{11, 0, float32(math.Inf(1))})
}
