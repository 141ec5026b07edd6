package nn

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/deskseek/deskseek/tensor"
)

// fastWeight returns a random weight; in FP8 it is rows from the middle of a larger
// matrix.
func fastWeight(r *rand.Rand, d tensor.DType, rows, cols int) *tensor.Tensor {
	if d != tensor.F8E4M3 {
		w, _ := weight(r, d, rows, cols)
		return w
	}
	const before = 77
	all := before + rows
	w := &tensor.Tensor{Name: "w", DType: d, Rows: all, Cols: cols, Shape: []int{all, cols}, Data: make([]byte, all*cols)}
	for i := range w.Data {
		w.Data[i] = byte(r.UintN(0x70) | r.UintN(2)<<7)
	}
	const side = tensor.F8Block
	scale := &tensor.Tensor{Name: "w_scale_inv", DType: tensor.F32, Rows: (all + side - 1) / side, Cols: (cols + side - 1) / side}
	for range scale.Rows * scale.Cols {
		scale.Data = binary.LittleEndian.AppendUint32(scale.Data, math.Float32bits(float32(1+r.Float64())/64))
	}
	w.Scale = scale
	return w.Slice(before, all)
}

var fastTypes = []tensor.DType{tensor.F8E4M3, tensor.Q8_0, tensor.MLX4, tensor.MLX8, tensor.BF16, tensor.F16, tensor.F32}

func fastArena(t testing.TB, workers int) *Arena {
	a := arena(t, workers)
	a.math = Fast
	return a
}

// TestFastNear compares fast math with exact math: an activation is off by half of
// what its integers count in, if it becomes one, and a weight of FP8 by half a unit of 2⁻⁵, times its
// scale, which is at most 2⁻⁵.
func TestFastNear(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 1))
	for _, d := range fastTypes {
		const rows, cols, n = 200, 320, 3
		w := fastWeight(r, d, rows, cols)
		exact, fast := arena(t, 2), fastArena(t, 2)
		x := randomMat(exact, r, n, cols)
		want := NewLinear(w).Apply(x)
		y := fast.Mat(n, cols)
		Copy(y, x)
		got := NewLinear(w).Apply(y)
		values := make([]float32, cols)
		for i := range n {
			var greatest float64
			for _, v := range x.row(i) {
				greatest = max(greatest, math.Abs(float64(v)))
			}
			step := greatest / 127 / 2
			if d == tensor.F8E4M3 {
				step = greatest / 1170 / 2 // 128 values of the greatest add up to 149700
			}
			for o := range rows {
				tensor.Decode(values, w, o)
				bound := 0.0
				for c, v := range values {
					bound += math.Abs(float64(v)) * step * 1.01
					if d == tensor.F8E4M3 {
						bound += 0x1p-6 / 32 * math.Abs(float64(x.row(i)[c]))
					}
				}
				if e := math.Abs(float64(got.row(i)[o] - want.row(i)[o])); !(e <= bound) {
					t.Fatalf("%v: row %d, output %d: %g, exactly %g, want within %g", d, i, o, got.row(i)[o], want.row(i)[o], bound)
				}
			}
		}
		if slices.Equal(got.Host(nil), want.Host(nil)) {
			t.Errorf("%v: fast math is exact math", d)
		}
	}
}

// TestFastAlone checks, to the bit, that in fast math a row's values depend neither
// on the workers nor on the rows beside it: of a linear map, of heads, and of
// experts.
func TestFastAlone(t *testing.T) {
	const n, dim, hidden, heads, experts, k = 17, 256, 192, 4, 5, 2
	for _, d := range fastTypes {
		r := rand.New(rand.NewPCG(8, 1))
		l := NewLinear(fastWeight(r, d, 300, dim))
		stack := fastWeight(r, d, heads*40, dim/heads)
		var maps []Linear
		for h := range heads {
			maps = append(maps, NewLinear(stack.Slice(h*40, (h+1)*40)))
		}
		var all Resident
		for range experts {
			all = append(all, Expert{NewLinear(fastWeight(r, d, hidden, dim)), NewLinear(fastWeight(r, d, hidden, dim)), NewLinear(fastWeight(r, d, dim, hidden))})
		}
		layer := &Experts{Store: all, Count: experts, Hidden: hidden}
		values := random(r, n*dim)
		routes := &Routes{n: n, k: k}
		for range n {
			chosen := r.Perm(experts)[:k]
			slices.Sort(chosen)
			for _, e := range chosen {
				routes.experts, routes.weights = append(routes.experts, int32(e)), append(routes.weights, float32(r.Float64()))
			}
		}
		// compute does all three operations on rows lo to hi.
		compute := func(workers, lo, hi int) [3][]float32 {
			a := fastArena(t, workers)
			x := a.Mat(hi-lo, dim)
			copy(x.data, values[lo*dim:hi*dim])
			y := a.Mat(hi-lo, heads*40)
			ApplyHeads(maps, y, x, 40, dim/heads)
			part := &Routes{n: hi - lo, k: k, experts: routes.experts[lo*k : hi*k], weights: routes.weights[lo*k : hi*k]}
			z, err := layer.Apply(x, part)
			if err != nil {
				t.Fatal(err)
			}
			return [3][]float32{l.Apply(x).Host(nil), y.Host(nil), z.Host(nil)}
		}
		want := compute(1, 0, n)
		for _, workers := range []int{1, 2, 7} {
			for _, rows := range []int{1, 3, n} {
				for lo := 0; lo < n; lo += rows {
					hi := min(lo+rows, n)
					for i, got := range compute(workers, lo, hi) {
						cols := len(want[i]) / n
						if !slices.Equal(got, want[i][lo*cols:hi*cols]) {
							t.Fatalf("%v: operation %d, rows %d to %d, %d workers: not the values of all rows and one worker", d, i, lo, hi, workers)
						}
					}
				}
			}
		}
	}
}

// TestFastLinear checks that fast math gives a row what it gives it alone, and the
// same with any number of workers, where the kernel adds stretches of columns; and
// that it is near exact math, and is not it.
func TestFastLinear(t *testing.T) {
	const out, cols = 165, 1152
	for _, d := range fastTypes {
		r := rand.New(rand.NewPCG(7, uint64(d)))
		w := fastWeight(r, d, out, cols)
		l := NewLinear(w)
		for _, n := range []int{1, 2, 3, 13} {
			values := random(r, n*cols)
			apply := func(a *Arena, lo, hi int) []float32 {
				x := a.Mat(hi-lo, cols)
				copy(x.data, values[lo*cols:])
				return l.Apply(x).Host(nil)
			}
			all := apply(fastArena(t, 1), 0, n)
			if !slices.Equal(apply(fastArena(t, 3), 0, n), all) {
				t.Errorf("%v, %d rows: three workers give other values", d, n)
			}
			for i := range n {
				if !slices.Equal(apply(fastArena(t, 2), i, i+1), all[i*out:][:out]) {
					t.Errorf("%v: row %d of %d has other values alone", d, i, n)
				}
			}
			exact := apply(arena(t, 1), 0, n)
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
		w := fastWeight(r, d, 64, 128)
		values := random(r, 3*64)
		apply := func(a *Arena) []float32 {
			x := a.Mat(3, 64)
			copy(x.data, values)
			return NewLinear(w).Transposed().Apply(x).Host(nil)
		}
		if !slices.Equal(apply(fastArena(t, 2)), apply(arena(t, 2))) {
			t.Errorf("%v: the transpose has other values", d)
		}
	}
}

// TestFastStepDoesNotAllocate is TestStepDoesNotAllocate of what fast math rounds.
func TestFastStepDoesNotAllocate(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 1))
	for _, d := range fastTypes {
		a := fastArena(t, 2)
		l := NewLinear(fastWeight(r, d, 64, 64))
		e := &Experts{Store: Resident{{l, l, l}, {l, l, l}}, Count: 2, Hidden: 64}
		routes := &Routes{n: 4, k: 1, experts: []int32{0, 1, 1, 0}, weights: []float32{1, 2, 3, 4}}
		heads, values := []Linear{l}, random(r, 4*64)
		step := func() {
			a.Reset()
			x := a.Mat(4, 64)
			copy(x.data, values)
			y := a.Mat(4, 64)
			ApplyHeads(heads, y, l.Apply(x), 64, 64)
			if _, err := e.Apply(y, routes); err != nil {
				t.Error(err)
			}
		}
		step()
		if n := allocations(step); n != 0 {
			t.Errorf("%v: a step allocates %v times, want 0", d, n)
		}
	}
}
