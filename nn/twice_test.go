package nn

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/deskseek/deskseek/kernel"
	"github.com/deskseek/deskseek/tensor"
)

// superWeight returns random Q4_K.
func superWeight(r *rand.Rand, rows, cols int) *tensor.Tensor {
	data := make([]byte, tensor.Q4_K.RowBytes(cols)*rows)
	for i := range data {
		data[i] = byte(r.Uint32())
	}
	for b := 0; b < len(data); b += 144 {
		data[b], data[b+1] = byte(r.Uint32()), 0x18 // d, some thousandths
		data[b+2], data[b+3] = byte(r.Uint32()), 0x1c
	}
	return &tensor.Tensor{Name: "w", DType: tensor.Q4_K, Rows: rows, Cols: cols, Shape: []int{rows, cols}, Data: data}
}

// spike makes one value of a row some times larger.
func spike(r *rand.Rand, row []float32) {
	row[r.IntN(len(row))] *= float32(1 + 300*r.Float64()*r.Float64())
}

// roundRow returns a row in eight bits, and what that takes off it.
func roundRow(x []float32, f form) (q rounded, rest []float32) {
	q.resize(f, 1, len(x))
	kernel.QuantizeQ8(q.q8.Q, q.q8.D, q.q8.Sums, x, q.q8.Block)
	for i, v := range x {
		rest = append(rest, v-float32(q.q8.D[i/q.q8.Block]*float32(q.q8.Q[i])))
	}
	return q, rest
}

func length(x []float32) float64 {
	var sum float64
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum)
}

// TestCoarse compares the choice of coarse rows with what rounding takes off them.
func TestCoarse(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 1))
	count := 0
	for range 2000 {
		x := random(r, 256*(1+r.IntN(4)))
		spike(r, x)
		for _, f := range []form{eight32, eight256} {
			q, rest := roundRow(x, f)
			got, lost := coarse(x, q.q8.D), length(rest)/length(x)
			if got && (lost < 0.018 || f == eight32) || !got && lost > 0.022 {
				t.Fatalf("form %d: a row that loses %.3f of its length is coarse: %v", f, lost, got)
			}
			if got {
				count++
			}
		}
	}
	if count < 200 || count > 1800 {
		t.Errorf("%d of 2000 rows are coarse", count)
	}
	for _, v := range []float32{0, 1e-44, float32(math.NaN()), float32(math.Inf(1)), math.MaxFloat32} {
		x := make([]float32, 256)
		x[3] = v
		q, _ := roundRow(x, eight256)
		if coarse(x, q.q8.D) {
			t.Errorf("a row of zeros and %g is coarse", v)
		}
	}
}

// TestCoarseTwice checks, to the bit, what becomes of hidden rows: the product of a
// coarse one is that of the row plus that of what rounding took off it, and comes much nearer
// to exact math; that of another is as ever. Rows that are alone have the same.
func TestCoarseTwice(t *testing.T) {
	const n, cols, out = 23, 512, 70
	r := rand.New(rand.NewPCG(9, 2))
	values := random(r, n*cols)
	for i := range n {
		spike(r, values[i*cols:][:cols])
	}
	for _, w := range []*tensor.Tensor{superWeight(r, out, cols), fastWeight(r, tensor.Q8_0, out, cols)} {
		l := NewLinear(w)
		name := w.DType
		apply := func(m Math, workers int, x []float32, f func(Linear, Mat) Mat) []float32 {
			a := arena(t, workers)
			a.math = m
			mat := a.Mat(len(x)/cols, cols)
			copy(mat.data, x)
			return f(l, mat).Host(nil)
		}
		all := apply(Fast, 3, values, Linear.applyHidden)
		coarses := 0
		for i := range n {
			x := values[i*cols:][:cols]
			want := apply(Fast, 1, x, Linear.Apply)
			q, rest := roundRow(x, l.form(Fast))
			if coarse(x, q.q8.D) {
				coarses++
				once := slices.Clone(want)
				for o, v := range apply(Fast, 1, rest, Linear.Apply) {
					want[o] += v
				}
				exact := apply(Exact, 1, x, Linear.Apply)
				if before, after := distance(once, exact), distance(want, exact); after > before/10 {
					t.Errorf("%v, row %d: %g from exact math, once %g", name, i, after, before)
				}
			}
			for workers := range 3 {
				if got := apply(Fast, workers+1, x, Linear.applyHidden); !slices.Equal(got, want) {
					t.Fatalf("%v: row %d alone: not the values that it should have", name, i)
				}
			}
			if !slices.Equal(all[i*out:][:out], want) {
				t.Fatalf("%v: row %d among others: not the values it has alone", name, i)
			}
		}
		if super := l.form(Fast) == eight256; super != (coarses > 0) || coarses == n {
			t.Errorf("%v: %d of %d rows are coarse", name, coarses, n)
		}
	}
}

// TestCoarseExperts is the same for experts, each of them in another encoding.
func TestCoarseExperts(t *testing.T) {
	const n, dim, hidden, k = 19, 96, 512, 3
	r := rand.New(rand.NewPCG(9, 3))
	var all Resident
	for _, down := range []*tensor.Tensor{
		superWeight(r, dim, hidden), fastWeight(r, tensor.BF16, dim, hidden), superWeight(r, dim, hidden),
		fastWeight(r, tensor.Q8_0, dim, hidden), fastWeight(r, tensor.F8E4M3, dim, hidden),
	} {
		gate, up := fastWeight(r, tensor.F32, hidden, dim), fastWeight(r, tensor.F32, hidden, dim)
		v, ok := floats(up.Row(r.IntN(hidden)))
		if !ok {
			t.Fatal("F32 is not aligned")
		}
		for i := range v {
			v[i] *= 300
		}
		all = append(all, Expert{NewLinear(gate), NewLinear(up), NewLinear(down)})
	}
	layer := &Experts{Store: all, Count: len(all), Hidden: hidden}
	values := random(r, n*dim)
	routes := &Routes{n: n, k: k}
	for range n {
		chosen := r.Perm(len(all))[:k]
		slices.Sort(chosen)
		for _, e := range chosen {
			routes.experts, routes.weights = append(routes.experts, int32(e)), append(routes.weights, float32(r.Float64()))
		}
	}
	compute := func(workers, lo, hi int) []float32 {
		a := fastArena(t, workers)
		x := a.Mat(hi-lo, dim)
		copy(x.data, values[lo*dim:hi*dim])
		y, err := layer.Apply(x, &Routes{n: hi - lo, k: k, experts: routes.experts[lo*k : hi*k], weights: routes.weights[lo*k : hi*k]})
		if err != nil {
			t.Fatal(err)
		}
		return y.Host(nil)
	}
	together := compute(3, 0, n)
	var pairs, coarses int
	for i := range n {
		a := fastArena(t, 1)
		x := a.Mat(1, dim)
		copy(x.data, values[i*dim:])
		want := make([]float32, dim)
		for j := range k {
			e, weight := all[routes.experts[i*k+j]], routes.weights[i*k+j]
			mid := e.Gate.Apply(x)
			swiGLU(Fast, mid.row(0), mid.row(0), e.Up.Apply(x).row(0))
			kernel.AddScaled(want, weight, e.Down.Apply(mid).row(0))
			pairs++
			f := e.Down.form(Fast)
			if f != eight256 {
				continue
			}
			q, rest := roundRow(mid.row(0), f)
			if coarse(mid.row(0), q.q8.D) {
				coarses++
				left := a.Mat(1, hidden)
				copy(left.data, rest)
				second := e.Down.Apply(left)
				kernel.AddScaled(want, weight, second.row(0))
				dense := e.Down.Apply(mid)
				Add(dense, second)
				if !slices.Equal(e.Apply(x).Host(nil), dense.Host(nil)) {
					t.Fatalf("row %d: a dense layer's result is not the sum of both products", i)
				}
			}
		}
		if !slices.Equal(together[i*dim:][:dim], want) {
			t.Fatalf("row %d among others: not the sum of its experts", i)
		}
		if !slices.Equal(compute(2, i, i+1), want) {
			t.Fatalf("row %d alone: not the sum of its experts", i)
		}
	}
	if coarses == 0 || coarses == pairs {
		t.Errorf("%d of %d pairs are coarse", coarses, pairs)
	}
}

// TestCoarseDoesNotAllocate is TestStepDoesNotAllocate of rows that are multiplied twice.
func TestCoarseDoesNotAllocate(t *testing.T) {
	const n, cols = 6, 256
	r := rand.New(rand.NewPCG(9, 4))
	l := NewLinear(superWeight(r, cols, cols))
	up := fastWeight(r, tensor.F32, cols, cols)
	if v, ok := floats(up.Row(7)); ok {
		for i := range v {
			v[i] *= 300
		}
	}
	e := &Experts{Store: Resident{{NewLinear(up), NewLinear(up), l}, {NewLinear(up), NewLinear(up), l}}, Count: 2, Hidden: cols}
	routes := &Routes{n: n, k: 1, experts: []int32{0, 1, 1, 0, 1, 0}, weights: []float32{1, 2, 3, 4, 5, 6}}
	values := random(r, n*cols)
	for i := range n / 2 {
		values[i*cols] *= 300
	}
	a := fastArena(t, 2)
	step := func() {
		a.Reset()
		x := a.Mat(n, cols)
		copy(x.data, values)
		y := l.applyHidden(x)
		if len(a.jobs.doubled.tokens) == n {
			t.Error("no row is coarse")
		}
		if _, err := e.Apply(y, routes); err != nil {
			t.Error(err)
		}
		if len(a.jobs.doubled.tokens) == n {
			t.Error("no pair is coarse")
		}
	}
	step()
	if n := allocations(step); n != 0 {
		t.Errorf("a step allocates %v times, want 0", n)
	}
}
