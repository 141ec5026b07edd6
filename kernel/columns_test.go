package kernel

import (
	"math/rand/v2"
	"testing"
)

// TestColumns: every value of every column is where it belongs, once multiplied, and
// nothing is written between rows.
func TestColumns(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 12))
	const between = 12345
	for _, n := range []int{0, 1, 3, 4, 5, 8, 17, 31, 32} {
		for _, cols := range []int{0, 1, 7, 8, 9, 24, 63, 64, 65, 136, 512} {
			stride, first := cols+r.IntN(3), r.IntN(Queries-n+1)
			acc, scale := normal(r, cols*Queries), normal(r, n)
			if cols > 0 {
				acc = acc[first : (cols-1)*Queries+first+n]
			}
			want := make([]float32, max(0, (n-1)*stride+cols))
			for i := range want {
				want[i] = between
			}
			dst := want
			want = append([]float32(nil), want...)
			for l := range n {
				for c := range cols {
					want[l*stride+c] = acc[c*Queries+l] * scale[l]
				}
			}
			eachTier(t, func(t *testing.T) {
				got := guarded(t, dst)
				Columns(got, stride, guarded(t, acc), guarded(t, scale), cols)
				wantSame(t, "Columns", got, want)
			})
		}
	}
}

func TestColumnsPanics(t *testing.T) {
	dst, acc, scale := make([]float32, 16), make([]float32, 7*Queries+2), make([]float32, 2)
	for name, f := range map[string]func(){
		"short sums":       func() { Columns(dst, 8, acc[1:], scale, 8) },
		"short rows":       func() { Columns(dst[1:], 8, acc, scale, 8) },
		"overlap":          func() { Columns(dst, 7, acc, scale, 8) },
		"too many columns": func() { Columns(dst, 0, acc, make([]float32, Queries+1), 0) },
		"negative":         func() { Columns(dst, 8, acc, scale, -1) },
	} {
		if !panics(f) {
			t.Errorf("%s: no panic", name)
		}
	}
}
