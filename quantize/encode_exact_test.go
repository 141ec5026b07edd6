package quantize

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/deskseek/deskseek/kernel"
	"github.com/deskseek/deskseek/tensor"
)

// levelsOf are the values of q of the encodings that have a scale and no more.
func levelsOf(d tensor.DType) (levels []float64) {
	switch d {
	case tensor.Q4_0:
		for q := -8; q < 8; q++ {
			levels = append(levels, float64(q))
		}
	case tensor.Q5_0:
		for q := -16; q < 16; q++ {
			levels = append(levels, float64(q))
		}
	case tensor.IQ4_NL:
		levels = []float64{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}
	}
	return levels
}

// least returns the least squared error that a block can have, of all the halves
// that d may be, and the best level for each value.
func least(x, w []float32, levels []float64) float64 {
	best := math.Inf(1)
	for h := range uint16(0x7c00) {
		d := float64(tensor.F16ToF32(h))
		for _, d := range []float64{d, -d} {
			var sum float64
			for i, v := range x {
				e := math.Inf(1)
				for _, q := range levels {
					e = min(e, (float64(v)-d*q)*(float64(v)-d*q))
				}
				if sum += e * float64(w[i]); sum >= best {
					break
				}
			}
			best = min(best, sum)
		}
	}
	return best
}

// TestEncodeBestScale compares with the best there is, found by trying all: each
// block of few values or many is near to it, and all together are nearer.
func TestEncodeBestScale(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for _, d := range []tensor.DType{tensor.Q4_0, tensor.Q5_0, tensor.IQ4_NL} {
		levels := levelsOf(d)
		var got, want float64
		for _, n := range []int{1, 2, 3, 5, 8, 32, 32} {
			x, w := make([]float32, 32), make([]float32, 32)
			for i := range n {
				x[i], w[i] = float32(r.NormFloat64()), float32(r.ExpFloat64())
			}
			e := squares(x, decoded(d, encoded(d, x, w), 32), w)
			best := least(x[:n], w[:n], levels)
			if power := squares(x, nil, w); e > 1.3*best+5e-4*power {
				t.Errorf("%v: error of %d values is %.3g, could be %.3g, of %.3g", d, n, e, best, power)
			}
			got, want = got+e, want+best
		}
		if got > 1.03*want {
			t.Errorf("%v: error of all is %.4f times what it could be", d, got/want)
		}
	}
}

// plainly returns the squared error of a superblock that is rounded in one go: the
// scale of each sub-block from its least and greatest value (or the greatest
// magnitude, which gets the lowest level), d and dmin from the largest of those.
func plainly(l *layout, x []float32) (sum float64) {
	n := l.values
	scale, offset := make([]float64, l.subs), make([]float64, l.subs)
	var largest, furthest float64
	for j := range l.subs {
		var lo, hi float64
		if l.form == kernel.FitOffset {
			lo, hi = float64(x[n*j]), float64(x[n*j])
		}
		for _, v := range x[n*j:][:n] {
			lo, hi = min(lo, float64(v)), max(hi, float64(v))
		}
		if l.form == kernel.FitScale {
			scale[j] = max(-lo, hi) / float64(l.lo)
			if -lo > hi {
				scale[j] = -scale[j]
			}
		} else {
			scale[j], offset[j] = (hi-lo)/float64(l.hi), -lo
		}
		if math.Abs(scale[j]) > math.Abs(largest) {
			largest = scale[j]
		}
		furthest = max(furthest, offset[j])
	}
	top := float64(l.scaleHi)
	if l.form == kernel.FitScale {
		top = float64(l.scaleLo)
	}
	for j := range l.subs {
		s, m := scale[j], offset[j]
		if l.subs > 1 {
			d := float64(tensor.F16ToF32(tensor.F32ToF16(float32(largest / top))))
			dmin := float64(tensor.F16ToF32(tensor.F32ToF16(float32(furthest / top))))
			s = d * math.Round(s/d)
			if dmin > 0 {
				m = dmin * math.Round(m/dmin)
			}
		}
		for _, v := range x[n*j:][:n] {
			best := float64(v)
			if s != 0 {
				q := math.Round((float64(v) + m) / s)
				q = max(float64(l.lo), min(float64(l.hi), q))
				best += m - s*q
			}
			sum += best * best
		}
	}
	return sum
}

// TestEncodeBeatsPlainRounding: a row is better than if it had been rounded without
// a search, but for what two halves may be wrong by, and no superblock is much worse
// (a search for the least of many sums may find another that is near it).
func TestEncodeBeatsPlainRounding(t *testing.T) {
	const n = 256 * 64
	for _, d := range Types() {
		if !notRounded(d) {
			continue
		}
		l := layoutOf(d)
		if l.nonlinear {
			continue // there is no plain way
		}
		values, _ := d.Block()
		for _, name := range []string{"normal", "laplace", "shifted", "outlier", "positive", "negative", "signs", "constant"} {
			x := rows(n)[name]
			y := decoded(d, encoded(d, x, nil), n)
			var all, allPlain float64
			for i := 0; i < n; i += values {
				x, y := x[i:][:values], y[i:][:values]
				e, plain := squares(x, y, nil), plainly(&l, x)+1e-6*squares(x, nil, nil)
				if e > 1.05*plain {
					t.Errorf("%v, %s: the error of the block from %d is %.3g, rounded plainly %.3g", d, name, i, e, plain)
				}
				all, allPlain = all+e, allPlain+plain
			}
			if all > allPlain {
				t.Errorf("%v, %s: the error of all is %.3g, rounded plainly %.3g", d, name, all, allPlain)
			}
		}
	}
}
