package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// AddScaledRows is AddScaled of each row, to the bit.
func TestAddScaledRows(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(11, 12))
		for _, n := range []int{0, 1, 15, 16, 17, 63, 64, 65, 127, 128, 129, 200, 512, 576} {
			for _, rows := range []int{0, 1, 2, 7, 64} {
				stride := n + r.IntN(3)
				a, start := normal(r, rows), normal(r, n)
				x := normal(r, max(0, (rows-1)*stride+n))
				want := append([]float32(nil), start...)
				for i, v := range a {
					for j := range want {
						want[j] += float32(v * x[i*stride+j])
					}
				}
				got := guarded(t, start)
				AddScaledRows(got, guarded(t, a), guarded(t, x), stride)
				wantSame(t, fmt.Sprint("AddScaledRows ", rows, "×", n), got, want)
			}
		}
	})
}

// A NaN reaches its own column, and no other.
func TestAddScaledRowsOfNonFinite(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		const n, rows = 150, 3
		for j := range n {
			x := make([]float32, n*rows)
			x[n+j] = float32(math.NaN())
			got := make([]float32, n)
			AddScaledRows(got, []float32{1, 1, 1}, x, n)
			for k, v := range got {
				if (v != v) != (k == j) {
					t.Fatalf("NaN in column %d: column %d is %v", j, k, v)
				}
			}
		}
	})
}

func BenchmarkAddScaledRows(b *testing.B) {
	const rows, stride, n = 64, 576, 512
	r := rand.New(rand.NewPCG(1, 2))
	dst, a, x := normal(r, n), normal(r, rows), normal(r, rows*stride)
	clear(a) // so that sums stay finite
	eachTierBench(b, func(b *testing.B) {
		for b.Loop() {
			AddScaledRows(dst, a, x, stride)
		}
		b.ReportMetric(2*float64(rows*n*b.N)/1e9/b.Elapsed().Seconds(), "Gflop/s")
	})
	b.Run("one by one", func(b *testing.B) {
		for b.Loop() {
			addScaledEach(dst, a, x, stride)
		}
		b.ReportMetric(2*float64(rows*n*b.N)/1e9/b.Elapsed().Seconds(), "Gflop/s")
	})
}
