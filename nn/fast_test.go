package nn

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/deskseek/deskseek/tensor"
)

var fastTypes = []tensor.DType{tensor.BF16, tensor.F16, tensor.F32, tensor.MLX4, tensor.MLX8, tensor.Q8_0}

// in returns an Arena of the given math.
func in(t *testing.T, workers int, m Math) *Arena {
	a := arena(t, workers)
	a.math = m
	return a
}

// TestFastLinear checks that fast math gives a row what it gives it alone, and the
// same with any number of workers; and that it is near exact math, and is not it.
func TestFastLinear(t *testing.T) {
	const out, cols = 165, 1152
	for _, d := range fastTypes {
		r := rand.New(rand.NewPCG(7, uint64(d)))
		w, _ := weight(r, d, out, cols)
		l := NewLinear(w)
		for _, n := range []int{1, 2, 3, 13} {
			values := random(r, n*cols)
			apply := func(workers int, m Math, lo, hi int) []float32 {
				a := in(t, workers, m)
				x := a.Mat(hi-lo, cols)
				copy(x.data, values[lo*cols:])
				return l.Apply(x).Host(nil)
			}
			all := apply(1, Fast, 0, n)
			if !slices.Equal(apply(3, Fast, 0, n), all) {
				t.Errorf("%v, %d rows: three workers give other values", d, n)
			}
			for i := range n {
				if !slices.Equal(apply(2, Fast, i, i+1), all[i*out:][:out]) {
					t.Errorf("%v: row %d of %d has other values alone", d, i, n)
				}
			}
			exact := apply(1, Exact, 0, n)
			if slices.Equal(all, exact) {
				t.Errorf("%v, %d rows: fast math is exact math", d, n)
			}
			// Activations in 8 bits are off by 1/127 of their block's largest, 3 or
			// so of their standard deviations, at most.
			if off := distance(all, exact); off > 0.02 {
				t.Errorf("%v, %d rows: fast math is %g off", d, n, off)
			}
		}
	}
}

// distance returns ‖a-b‖/‖b‖.
func distance(a, b []float32) float64 {
	var off, size float64
	for i, v := range b {
		off += (float64(a[i]) - float64(v)) * (float64(a[i]) - float64(v))
		size += float64(v) * float64(v)
	}
	return math.Sqrt(off / size)
}

// TestFastTransposed checks that transposes are computed as in exact math.
func TestFastTransposed(t *testing.T) {
	for _, d := range fastTypes {
		r := rand.New(rand.NewPCG(8, uint64(d)))
		w, _ := weight(r, d, 64, 128)
		values := random(r, 3*64)
		apply := func(m Math) []float32 {
			a := in(t, 2, m)
			x := a.Mat(3, 64)
			copy(x.data, values)
			return NewLinear(w).Transposed().Apply(x).Host(nil)
		}
		if !slices.Equal(apply(Fast), apply(Exact)) {
			t.Errorf("%v: the transpose has other values", d)
		}
	}
}

// TestFastHeads checks that heads beside each other have the values of each alone.
func TestFastHeads(t *testing.T) {
	const heads, out, cols, n = 3, 40, 128, 5
	for _, d := range fastTypes {
		r := rand.New(rand.NewPCG(9, uint64(d)))
		w, _ := weight(r, d, heads*out, cols)
		a := in(t, 2, Fast)
		x, y := randomMat(a, r, n, heads*cols), a.Mat(n, heads*out)
		var maps []Linear
		for h := range heads {
			maps = append(maps, NewLinear(w.Slice(h*out, (h+1)*out)))
		}
		ApplyHeads(maps, y, x, out, cols)
		for h, l := range maps {
			want := l.Apply(x.Columns(h*cols, (h+1)*cols)).Host(nil)
			if got := y.Columns(h*out, (h+1)*out).Host(nil); !slices.Equal(got, want) {
				t.Errorf("%v: head %d has other values alone", d, h)
			}
		}
	}
}

// TestFastExperts checks that tokens which share experts have the values of each
// alone, with any number of workers.
func TestFastExperts(t *testing.T) {
	const experts, dim, hidden, n, k = 4, 128, 192, 7, 2
	for _, d := range fastTypes {
		r := rand.New(rand.NewPCG(10, uint64(d)))
		var all Resident
		for range experts {
			gate, _ := weight(r, d, hidden, dim)
			up, _ := weight(r, d, hidden, dim)
			down, _ := weight(r, d, dim, hidden)
			all = append(all, Expert{NewLinear(gate), NewLinear(up), NewLinear(down)})
		}
		routes := &Routes{k: k}
		for range n {
			chosen := r.Perm(experts)[:k]
			slices.Sort(chosen)
			for _, e := range chosen {
				routes.experts, routes.weights = append(routes.experts, int32(e)), append(routes.weights, float32(r.Float64()))
			}
		}
		values := random(r, n*dim)
		apply := func(workers, lo, hi int) []float32 {
			a := in(t, workers, Fast)
			x := a.Mat(hi-lo, dim)
			copy(x.data, values[lo*dim:])
			part := &Routes{n: hi - lo, k: k, experts: routes.experts[lo*k : hi*k], weights: routes.weights[lo*k : hi*k]}
			y, err := (&Experts{Store: all, Count: experts, Hidden: hidden}).Apply(x, part)
			if err != nil {
				t.Fatal(err)
			}
			return y.Host(nil)
		}
		together := apply(1, 0, n)
		if !slices.Equal(apply(3, 0, n), together) {
			t.Errorf("%v: three workers give other values", d)
		}
		for i := range n {
			if !slices.Equal(apply(2, i, i+1), together[i*dim:][:dim]) {
				t.Errorf("%v: token %d has other values alone", d, i)
			}
		}
	}
}
