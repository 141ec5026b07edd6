package nn

import (
	"math"

	"github.com/deskseek/deskseek/kernel"
)

// queries is the width of a group: how many queries are multiplied with the same
// keys together.
const queries = kernel.Queries

// A queryGroup is up to 32 queries that share their keys, in 16 bits, and for each
// the position from which on it sees none. A query has two parts, as a key has: the one
// of the latents, or of what was made from them, and the rotated one.
type queryGroup struct {
	part, rope           []int16 // panels, [stride/2][32][2]
	partScale, ropeScale [queries]float32
	end                  [queries]int
	n                    int // queries; the columns behind are 0
}

// reset makes room for n queries in panels of the given strides.
func (g *queryGroup) reset(n, partStride, ropeStride int) {
	g.n = n
	g.part, g.rope = grow(g.part, partStride*queries), grow(g.rope, ropeStride*queries)
	if n < queries {
		clear(g.part)
		clear(g.rope)
		clear(g.partScale[n:])
		clear(g.ropeScale[n:])
	}
}

// set makes query i of what it is multiplied with and of what scales its scores.
func (g *queryGroup) set(w *attendScratch, i int, part, rope []float32, scale float32, end int) {
	g.partScale[i] = w.column(g.part, i, part) * scale
	g.ropeScale[i] = w.column(g.rope, i, rope) * scale
	g.end[i] = end
}

// last returns the position from which on no query sees any.
func (g *queryGroup) last() int {
	last := 0
	for _, e := range g.end[:g.n] {
		last = max(last, e)
	}
	return last
}

// mask hides from the queries what they do not see: s are the scores of n keys from
// position first on.
func (g *queryGroup) mask(s []float32, first, n int) {
	for l, e := range g.end[:g.n] {
		for t := max(0, e-first); t < n; t++ {
			s[t*queries+l] = float32(math.Inf(-1))
		}
	}
}

// An attendScratch is what a worker attends in.
type attendScratch struct {
	keys    keyPage
	work    []int16
	scores  []float32
	weights []int16
	values  []int16
	parts   []partial // of some groups, of a segment
	runs    []partial // of the same, so far

	// Of expanded attention:
	matrix     []float32 // a head's weights
	key, value []int16   // panels of them
	keyScale   [][queries]float32
	valueScale [][queries]float32
	made       []float32 // keys or values of a page
	madeKeys   []int16
	madeValues []int16
	keyUnit    [PageSize]float32
	valueUnit  [PageSize]float32
	groups     []queryGroup
}

// room makes w.parts and w.runs hold n partials.
func (w *attendScratch) room(n int) {
	for len(w.runs) < n {
		w.parts, w.runs = append(w.parts, partial{}), append(w.runs, partial{})
	}
}

// column rounds x to a column of a panel, and returns what it counts in.
func (w *attendScratch) column(panel []int16, i int, x []float32) float32 {
	clear(panel[evenly(len(x), 2)*queries:])
	w.work = grow(w.work, len(x))
	return kernel.RoundQuery(panel[2*i:], x, w.work)
}

// keysAndValues are n keys and values from position first on, up to a page of them.
type keysAndValues struct {
	key, rope                    []int16
	keyUnit, ropeUnit, valueUnit *[PageSize]float32
	keyStride, ropeStride        int
	values                       []int16 // paired
	cols                         int
	first, n                     int
}

// pair makes the values of rows of 16-bit integers.
func (w *attendScratch) pair(rows []int16, stride, cols, n int) []int16 {
	even := evenly(n, 2)
	w.values = grow(w.values, PageSize*cols)
	v := w.values[:even*cols]
	kernel.PairValues(v, rows, stride, even, cols)
	return v
}

// A partial is attention to some of the keys: the state of the softmax, and the
// weighted sum of values, [cols][32].
type partial struct {
	kernel.Online
	sum []float32
}

func (p *partial) reset(cols int) {
	p.Reset()
	p.sum = grow(p.sum, cols*queries)
	clear(p.sum)
}

// add takes in what the group sees of some keys.
func (p *partial) add(w *attendScratch, g *queryGroup, kv *keysAndValues) {
	if g.last() <= kv.first {
		return
	}
	n, eights, even := kv.n, evenly(kv.n, 8), evenly(kv.n, 2)
	w.scores = grow(w.scores, PageSize*queries)
	s := w.scores[:eights*queries]
	kernel.Scores(s, queries, g.part, &g.partScale, kv.key, kv.keyUnit[:eights], kv.keyStride, len(g.part)/queries, false)
	kernel.Scores(s, queries, g.rope, &g.ropeScale, kv.rope, kv.ropeUnit[:eights], kv.ropeStride, len(g.rope)/queries, true)
	s = s[:n*queries]
	g.mask(s, kv.first, n)
	p.Step(s)
	w.weights = grow(w.weights, PageSize*queries)
	p16 := w.weights[:even*queries]
	var scale [queries]float32
	kernel.RoundWeights(p16, &scale, s, kv.valueUnit[:n])
	kernel.Mix(p.sum, &p.Before, &scale, p16, kv.values, even/2, kv.cols)
}

// merge takes in the partial of later keys.
func (p *partial) merge(of *partial) {
	var a, b [queries]float32
	for l := range queries {
		s := softmax{p.Max[l], p.Sum[l]}
		a[l], b[l] = s.merge(of.Max[l], of.Sum[l])
		p.Max[l], p.Sum[l] = s.max, s.sum
	}
	kernel.Blend(p.sum, of.sum, &a, &b)
}

// means writes the weighted means of the queries from i on to the rows of y, as many.
func (p *partial) means(y Mat, i int) {
	var f [queries]float32
	for k := range y.rows {
		f[k] = 1 / p.Sum[i+k]
	}
	kernel.Columns(y.data, y.stride, p.sum[i:], f[:y.rows], y.cols)
}
