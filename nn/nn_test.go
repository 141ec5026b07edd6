package nn

import (
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/deskseek/deskseek/tensor"
)

// arena returns an Arena with the given number of workers.
func arena(t testing.TB, workers int) *Arena {
	p := NewPool(workers)
	t.Cleanup(p.Close)
	return NewArena(p, Exact)
}

func random(r *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

// randomMat returns a matrix of a's memory.
func randomMat(a *Arena, r *rand.Rand, rows, cols int) Mat {
	m := a.Mat(rows, cols)
	copy(m.data, random(r, rows*cols))
	return m
}

// weight returns a random weight of a type, and its values.
func weight(r *rand.Rand, d tensor.DType, rows, cols int) (*tensor.Tensor, []float32) {
	v := random(r, rows*cols)
	t := &tensor.Tensor{Name: "w", DType: d, Rows: rows, Cols: cols, Shape: []int{rows, cols}}
	switch d {
	case tensor.F32:
		for _, x := range v {
			t.Data = binary.LittleEndian.AppendUint32(t.Data, math.Float32bits(x))
		}
	case tensor.BF16:
		for _, x := range v {
			t.Data = binary.LittleEndian.AppendUint16(t.Data, uint16(math.Float32bits(x)>>16))
		}
	case tensor.F16:
		for _, x := range v {
			t.Data = binary.LittleEndian.AppendUint16(t.Data, tensor.F32ToF16(x))
		}
	case tensor.Q8_0:
		t.Data = make([]byte, d.RowBytes(len(v)))
		tensor.EncodeQ8_0(t.Data, v)
	case tensor.MLX4, tensor.MLX8:
		t.Data = make([]byte, d.RowBytes(len(v)))
		for i := range t.Data {
			t.Data[i] = byte(r.Uint32())
		}
		t.Scale, _ = weight(r, tensor.BF16, rows, cols/64)
		t.Bias, _ = weight(r, tensor.F16, rows, cols/64)
	}
	for i := range rows {
		tensor.Decode(v[i*cols:(i+1)*cols], t, i)
	}
	return t, v
}

// near checks values against float64 ones, relative to the largest.
func near(t *testing.T, what string, got []float32, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	var top float64
	for _, w := range want {
		top = max(top, math.Abs(w))
	}
	for i, w := range want {
		if d := math.Abs(float64(got[i]) - w); !(d <= 3e-6*top) {
			t.Fatalf("%s: value %d is %g, want %g", what, i, got[i], w)
		}
	}
}

func TestLinear(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, d := range []tensor.DType{tensor.F32, tensor.BF16, tensor.Q8_0} {
		for _, n := range []int{1, 5} {
			a := arena(t, 3)
			w, v := weight(r, d, 33, 64)
			x, xt := randomMat(a, r, n, 64), randomMat(a, r, n, 33)
			y := NewLinear(w).Apply(x)
			yt := NewLinear(w).Transposed().Apply(xt)
			want, wantT := make([]float64, n*33), make([]float64, n*64)
			for i := range n {
				for o := range 33 {
					for k := range 64 {
						want[i*33+o] += float64(v[o*64+k]) * float64(x.row(i)[k])
						wantT[i*64+k] += float64(v[o*64+k]) * float64(xt.row(i)[o])
					}
				}
			}
			near(t, d.String(), y.Host(nil), want)
			near(t, d.String()+" transposed", yt.Host(nil), wantT)
		}
	}
}

// TestUnalignedF32 checks a weight that lies at an odd address, as a tensor of a
// file may.
func TestUnalignedF32(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	a := arena(t, 1)
	w, _ := weight(r, tensor.F32, 4, 16)
	moved := *w
	moved.Data = append(make([]byte, 1, 1+len(w.Data)), w.Data...)[1:]
	x := randomMat(a, r, 2, 16)
	if got, want := NewLinear(&moved).Apply(x).Host(nil), NewLinear(w).Apply(x).Host(nil); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// naiveChoice is a Gate as the report words it, by sorting.
func naiveChoice(g *Gate, scores []float32) map[int32]float32 {
	n, size := len(scores), len(scores)/g.Groups
	biased := make([]float64, n)
	for i, s := range scores {
		biased[i] = float64(s + g.Bias[i])
	}
	byValue := func(v []float64) []int {
		order := make([]int, len(v))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(i, j int) int {
			switch {
			case v[i] > v[j]:
				return -1
			case v[i] < v[j]:
				return 1
			}
			return 0
		})
		return order
	}
	rank := make([]float64, g.Groups)
	for i := range rank {
		group := biased[i*size : (i+1)*size]
		for _, e := range byValue(group)[:min(2, size)] {
			rank[i] += group[e]
		}
	}
	kept := byValue(rank)[:g.Kept]
	for e := range biased {
		if !slices.Contains(kept, e/size) {
			biased[e] = math.Inf(-1)
		}
	}
	chosen := map[int32]float32{}
	var sum float64
	for _, e := range byValue(biased)[:g.TopK] {
		chosen[int32(e)] = scores[e]
		sum += float64(scores[e])
	}
	for e, s := range chosen {
		chosen[e] = float32(float64(s) / sum * float64(g.Scale))
	}
	return chosen
}

// TestRoute compares routing with the naive form, with negative biases, and with
// ties, which go to the lower id.
func TestRoute(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	for _, shape := range [][4]int{{256, 8, 4, 8}, {8, 4, 2, 2}, {64, 1, 1, 6}, {12, 12, 3, 3}} {
		for range 200 {
			w, _ := weight(r, tensor.F32, shape[0], 16)
			g := &Gate{Scores: NewLinear(w), Groups: shape[1], Kept: shape[2], TopK: shape[3], Normalize: true, Scale: 2.5}
			a := arena(t, 1)
			x := randomMat(a, r, 3, 16)
			if r.IntN(3) == 0 {
				clear(x.data) // all scores are the same
			}
			g.Bias = random(r, shape[0])
			for i := range g.Bias {
				g.Bias[i] = float32(math.Round(float64(g.Bias[i])*2)) - 3 // ties, and below zero
			}
			routes := g.Route(x)
			experts, weights := routes.Host()
			for i := range x.rows {
				want := naiveChoice(g, routes.Scores().row(i))
				if !slices.IsSorted(experts[i*g.TopK : (i+1)*g.TopK]) {
					t.Fatalf("experts %v are not in order", experts[i*g.TopK:(i+1)*g.TopK])
				}
				for j := range g.TopK {
					w, ok := want[experts[i*g.TopK+j]]
					if got := weights[i*g.TopK+j]; !ok || math.Abs(float64(got-w)) > 1e-6 {
						t.Fatalf("%v: experts %v, weights %v, want %v", shape, experts[i*g.TopK:(i+1)*g.TopK], weights[i*g.TopK:(i+1)*g.TopK], want)
					}
				}
			}
		}
	}
}

// TestRouteNaN checks that a NaN ends in k experts, not in a crash: the layer's
// values are then not finite, which is reported.
func TestRouteNaN(t *testing.T) {
	g := &Gate{Bias: make([]float32, 8), Groups: 4, Kept: 2, TopK: 3, Scale: 1}
	nan := float32(math.NaN())
	experts, weights := make([]int32, 3), make([]float32, 3)
	g.choose(&chooser{}, []float32{nan, nan, nan, nan, nan, nan, nan, nan}, experts, weights)
	if !slices.Equal(experts, []int32{0, 1, 2}) {
		t.Errorf("experts %v, want the lowest", experts)
	}
}

// A strictStore has only the experts it was asked for.
type strictStore struct {
	t       *testing.T
	experts []Expert
	held    []int32
	err     error
}

func (s *strictStore) Acquire(ids []int32) error {
	if s.err != nil {
		return s.err
	}
	if s.held != nil || !slices.IsSorted(ids) || len(slices.Compact(slices.Clone(ids))) != len(ids) {
		s.t.Errorf("acquired %v while holding %v", ids, s.held)
	}
	s.held = slices.Clone(ids)
	return nil
}

func (s *strictStore) Expert(id int32) Expert {
	if !slices.Contains(s.held, id) {
		s.t.Errorf("expert %d was not acquired; %v were", id, s.held)
	}
	return s.experts[id]
}

func (s *strictStore) Release(ids []int32) {
	if !slices.Equal(ids, s.held) {
		s.t.Errorf("released %v, held %v", ids, s.held)
	}
	s.held = nil
}

func TestExperts(t *testing.T) {
	const experts, dim, hidden, rows, k = 6, 32, 64, 9, 3
	r := rand.New(rand.NewPCG(4, 1))
	var all []Expert
	for range experts {
		gate, _ := weight(r, tensor.BF16, hidden, dim)
		up, _ := weight(r, tensor.Q8_0, hidden, dim)
		down, _ := weight(r, tensor.F32, dim, hidden)
		all = append(all, Expert{NewLinear(gate), NewLinear(up), NewLinear(down)})
	}
	a := arena(t, 4)
	x := randomMat(a, r, rows, dim)
	routes := &Routes{n: rows, k: k}
	want := make([]float64, rows*dim)
	for i := range rows {
		chosen := r.Perm(experts - 1)[:k] // the last expert is never chosen
		slices.Sort(chosen)
		for _, e := range chosen {
			w := float32(r.Float64())
			routes.experts, routes.weights = append(routes.experts, int32(e)), append(routes.weights, w)
			for c, v := range all[e].Apply(x.Slice(i, i+1)).Host(nil) {
				want[i*dim+c] += float64(w) * float64(v)
			}
		}
	}
	store := &strictStore{t: t, experts: all}
	layer := &Experts{Store: store, Count: experts, Hidden: hidden}
	y, err := layer.Apply(x, routes)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "experts", y.Host(nil), want)
	if store.held != nil {
		t.Errorf("experts %v were not released", store.held)
	}
	store.err = errors.New("disk gone")
	if _, err := layer.Apply(x, routes); !errors.Is(err, store.err) {
		t.Errorf("error %v, want that of the store", err)
	}
}

// TestAttend compares both forms with a plain softmax in float64, over several
// segments and scattered pages.
func TestAttend(t *testing.T) {
	const heads, rank, rope, nope, v, layer = 3, 32, 16, 24, 20, 1
	r := rand.New(rand.NewPCG(5, 1))
	for _, test := range []struct{ position, n, first int }{{0, 1, 0}, {0, 70, 0}, {510, 5, 0}, {1020, 9, 1}, {63, 2, 63}} {
		a := arena(t, 2)
		end := test.position + test.n
		need := (end + PageSize - 1) / PageSize
		l, err := NewLatents(need+3, 2, rank, rope, CacheF32)
		if err != nil {
			t.Fatal(err)
		}
		var table []PageID
		for _, p := range r.Perm(need + 3)[:need] {
			table = append(table, PageID(p))
		}
		c, key := randomMat(a, r, end, rank), randomMat(a, r, end, rope)
		l.Store(layer, []Span{{Len: end, Pages: table}}, c, key)
		var keys, values []Linear
		var kv, vv [][]float32
		for range heads {
			w, x := weight(r, tensor.F32, rank, nope) // stored transposed
			keys, kv = append(keys, NewLinear(w).Transposed()), append(kv, x)
			w, x = weight(r, tensor.F32, v, rank)
			values, vv = append(values, NewLinear(w)), append(vv, x)
		}
		span := []Span{{Len: test.n, Position: test.position, First: test.first, Pages: table}}
		const scale = 0.2
		q := randomMat(a, r, test.n, heads*(nope+rope))
		want := make([]float64, 0, test.n*heads*v)
		for i := range test.n {
			for h := range heads {
				want = append(want, naiveAttention(q.row(i)[h*(nope+rope):(h+1)*(nope+rope)], kv[h], vv[h], c, key, test.first, test.position+i+1, scale)...)
			}
		}
		expanded := l.AttendExpanded(layer, span, 0, q, keys, values, scale)
		near(t, "expanded", expanded.Host(nil), want)

		ql := a.Mat(test.n, heads*(rank+rope))
		absorb := make([]Linear, heads)
		for h := range absorb {
			absorb[h] = keys[h].Transposed()
		}
		ApplyHeads(absorb, ql, q, rank+rope, nope+rope)
		CopyHeads(ql.Columns(rank, ql.cols), q.Columns(nope, q.cols), heads, rope, rank+rope, nope+rope)
		o := l.Attend(layer, span, ql, heads, scale)
		y := a.Mat(test.n, heads*v)
		ApplyHeads(values, y, o, v, rank)
		near(t, "absorbed", y.Host(nil), want)
	}
}

// naiveAttention is one head of one token; uk is W^UKᵀ [rank, nope], uv W^UV
// [v, rank].
func naiveAttention(q, uk, uv []float32, c, key Mat, first, end int, scale float64) []float64 {
	rank, nope := c.cols, len(q)-key.cols
	var top float64 = math.Inf(-1)
	scores := make([]float64, end)
	for p := first; p < end; p++ {
		var s float64
		for n := range nope {
			var k float64
			for i := range rank {
				k += float64(uk[i*nope+n]) * float64(c.row(p)[i])
			}
			s += float64(q[n]) * k
		}
		for i, k := range key.row(p) {
			s += float64(q[nope+i]) * float64(k)
		}
		scores[p] = s * scale
		top = max(top, scores[p])
	}
	latent, sum := make([]float64, rank), 0.0
	for p := first; p < end; p++ {
		e := math.Exp(scores[p] - top)
		sum += e
		for i := range latent {
			latent[i] += e * float64(c.row(p)[i])
		}
	}
	out := make([]float64, len(uv)/rank)
	for o := range out {
		for i := range rank {
			out[o] += float64(uv[o*rank+i]) * latent[i] / sum
		}
	}
	return out
}

// TestShares checks that workers' shares are all of the work, without overlap.
func TestShares(t *testing.T) {
	for count := 1; count < 9; count++ {
		for n := range 20 {
			at := 0
			for i := range count {
				w := &worker{index: i, count: count}
				lo, hi := w.share(n)
				if lo != at || hi < lo {
					t.Fatalf("worker %d of %d has %d to %d of %d, want from %d on", i, count, lo, hi, n, at)
				}
				at = hi
			}
			if at != n {
				t.Fatalf("%d workers share %d of %d", count, at, n)
			}
		}
	}
}

// TestStepDoesNotAllocate checks that operations like those before take no new
// memory.
func TestStepDoesNotAllocate(t *testing.T) {
	for _, math := range []Math{Exact, Fast} {
		a := arena(t, 2)
		a.math = math
		stepDoesNotAllocate(t, a)
	}
}

func stepDoesNotAllocate(t *testing.T, a *Arena) {
	r := rand.New(rand.NewPCG(6, 1))
	w, _ := weight(r, tensor.BF16, 64, 64)
	gate, _ := weight(r, tensor.F32, 8, 64)
	l := NewLinear(w)
	g := &Gate{Scores: NewLinear(gate), Bias: make([]float32, 8), Groups: 4, Kept: 2, TopK: 2, Scale: 1}
	e := &Experts{Store: make(Resident, 8), Count: 8, Hidden: 64}
	for i := range e.Store.(Resident) {
		e.Store.(Resident)[i] = Expert{l, l, l}
	}
	latents, err := NewLatents(1, 1, 48, 16, CacheF32)
	if err != nil {
		t.Fatal(err)
	}
	spans := []Span{{Len: 4, Pages: []PageID{0}}}
	w, _ = weight(r, tensor.F32, 48, 48)
	keys, values := []Linear{NewLinear(w).Transposed()}, []Linear{NewLinear(w)}
	step := func() {
		a.Reset()
		x := a.Mat(4, 64)
		for i := range x.data {
			x.data[i] = float32(i % 7)
		}
		y := l.Apply(RMSNorm{Weight: x.row(0), Eps: 1e-6}.Apply(x))
		latents.Store(0, spans, y.Columns(0, 48), y.Columns(48, 64))
		latents.Attend(0, spans, y, 1, 1)
		latents.AttendExpanded(0, spans, 0, y, keys, values, 1)
		Add(x, y)
		if _, err := e.Apply(x, g.Route(x)); err != nil {
			t.Error(err)
		}
	}
	step()
	if n := allocations(step); n != 0 {
		t.Errorf("a step allocates %v times, want 0", n)
	}
}

// allocations returns how often f allocates once every worker has the memory that it
// works in, which one takes when it first has that work: nobody knows when.
func allocations(f func()) (n float64) {
	for range 50 {
		if n = testing.AllocsPerRun(20, f); n == 0 {
			break
		}
	}
	return n
}
