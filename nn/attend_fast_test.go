package nn

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/deskseek/deskseek/tensor"
)

// TestAttendFast compares both forms, in every cache type, with a plain softmax in
// float64 over the values that went into the cache; and with themselves when
// another number of workers divides the work otherwise.
func TestAttendFast(t *testing.T) {
	const layer = 1
	r := rand.New(rand.NewPCG(5, 2))
	for _, test := range []struct{ position, n, first, heads, rank, rope, nope, v int }{
		{0, 1, 0, 3, 32, 16, 24, 20},
		{0, 70, 0, 3, 32, 16, 24, 20},
		{510, 5, 0, 33, 36, 15, 17, 13}, // nothing is even
		{1100, 2, 1, 40, 32, 16, 24, 20},
		{63, 2, 63, 3, 32, 16, 24, 20},
		{1535, 1, 0, 2, 64, 16, 24, 20},
	} {
		end := test.position + test.n
		need := (end + PageSize - 1) / PageSize
		var table []PageID
		for _, p := range r.Perm(need + 3)[:need] {
			table = append(table, PageID(p))
		}
		c, key := random(r, end*test.rank), random(r, end*test.rope)
		for i := range c {
			c[i] = tensor.BF16ToF32(tensor.F32ToBF16(c[i])) // so that only CacheQ8 rounds
		}
		for i := range key {
			key[i] = tensor.BF16ToF32(tensor.F32ToBF16(20 * key[i])) // keys are larger than latents
		}
		var keys, values []Linear
		var kv, vv [][]float32
		for range test.heads {
			w, x := weight(r, tensor.F32, test.rank, test.nope) // stored transposed
			keys, kv = append(keys, NewLinear(w).Transposed()), append(kv, x)
			w, x = weight(r, tensor.F32, test.v, test.rank)
			values, vv = append(values, NewLinear(w)), append(vv, x)
		}
		width, full := test.nope+test.rope, test.rank+test.rope
		q := random(r, test.n*test.heads*width)
		const scale = 0.02
		host := func(n, cols int, v []float32) Mat { return FromHost(n, cols, v) }
		var want []float64
		for i := range test.n {
			for h := range test.heads {
				at := (i*test.heads + h) * width
				want = append(want, naiveAttention(q[at:at+width], kv[h], vv[h], host(end, test.rank, c), host(end, test.rope, key), test.first, test.position+i+1, scale)...)
			}
		}
		for _, cache := range []CacheType{CacheF32, CacheBF16, CacheQ8} {
			// Scores are off by some 2⁻¹² of what they are made of, in
			// CacheQ8 by 2⁻⁸, and results by that and as much again.
			tolerance := 4e-3
			if cache == CacheQ8 {
				tolerance = 6e-2
			}
			var first [2][]float32
			for _, workers := range []int{1, 2, 9} {
				a := arena(t, workers)
				a.math = Fast
				l, err := NewLatents(need+3, 2, test.rank, test.rope, cache)
				if err != nil {
					t.Fatal(err)
				}
				l.Store(layer, []Span{{Len: end, Pages: table}}, host(end, test.rank, c), host(end, test.rope, key))
				span := []Span{{Len: test.n, Position: test.position, First: test.first, Pages: table}}
				mq := a.Mat(test.n, test.heads*width)
				copy(mq.data, q)
				expanded := l.AttendExpanded(layer, span, 0, mq, keys, values, scale)
				closeTo(t, "expanded", expanded.Host(nil), want, tolerance)

				ql := a.Mat(test.n, test.heads*full)
				absorb := make([]Linear, test.heads)
				for h := range absorb {
					absorb[h] = keys[h].Transposed()
				}
				ApplyHeads(absorb, ql, mq, full, width)
				CopyHeads(ql.Columns(test.rank, ql.cols), mq.Columns(test.nope, mq.cols), test.heads, test.rope, full, width)
				o := l.Attend(layer, span, ql, test.heads, scale)
				y := a.Mat(test.n, test.heads*test.v)
				ApplyHeads(values, y, o, test.v, test.rank)
				closeTo(t, "absorbed", y.Host(nil), want, tolerance)

				got := [2][]float32{expanded.Host(nil), y.Host(nil)}
				if first[0] == nil {
					first = got
				}
				for i := range got {
					if !slices.Equal(got[i], first[i]) {
						t.Errorf("%+v, cache %d, form %d: %d workers have other bits than one", test, cache, i, workers)
					}
				}
			}
		}
	}
}

// closeTo allows a mean square error, relative to the mean square.
func closeTo(t *testing.T, what string, got []float32, want []float64, tolerance float64) {
	t.Helper()
	var off, all float64
	for i, w := range want {
		off += (float64(got[i]) - w) * (float64(got[i]) - w)
		all += w * w
	}
	if e := math.Sqrt(off / all); !(e <= tolerance) {
		t.Errorf("%s: off by %.2g, allowed %g", what, e, tolerance)
	}
}

// TestFewGroupsSplit: one token over many segments is divided by segments, many
// tokens are not; both ways are tested above.
func TestFewGroupsSplit(t *testing.T) {
	for _, test := range []struct {
		tokens, heads, workers int
		split                  bool
		units                  int
	}{
		{1, 128, 2, true, 12}, {1, 128, 32, true, 12}, {8, 128, 2, false, 8}, {1, 4, 1, true, 3},
	} {
		j := absorbedFastJob{spans: []Span{{Len: test.tokens, Position: 1200}}, heads: test.heads}
		j.plan(test.workers)
		if j.split != test.split || len(j.units) != test.units {
			t.Errorf("%+v: split %t, %d units", test, j.split, len(j.units))
		}
	}
}

// TestRoundTo8 checks the cache's 8-bit rows.
func TestRoundTo8(t *testing.T) {
	q := make([]int8, 3)
	if u := roundTo8(q, []float32{2, -4, 1}); u != float32(4)/127 || !slices.Equal(q, []int8{64, -127, 32}) {
		t.Errorf("%v in units of %v", q, u)
	}
	if u := roundTo8(q, []float32{0, 0, 0}); u != 0 {
		t.Errorf("zeros in units of %v", u)
	}
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
		if u := roundTo8(q, []float32{1, bad, 3}); u == u {
			t.Errorf("%v in units of %v, want NaN", bad, u)
		}
	}
}
