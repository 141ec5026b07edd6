package nn

import (
	"math"

	"github.com/deskseek/deskseek/kernel"
)

// segment is the number of positions that a softmax takes at a time. Segments
// start at multiples of it and are merged in ascending order, so that a result
// does not depend on who computes which part.
const segment = 512

// A softmax is the running state of an online softmax over segments: the
// largest score so far, and the sum of the exponentials relative to it. The
// weighted sum of the values is kept beside it.
type softmax struct{ max, sum float32 }

// merge takes in a segment whose scores have the given maximum, and returns the
// factors by which the sum before it and that of the segment are scaled.
func (s *softmax) merge(max, sum float32) (before, of float32) {
	m := s.max
	if max > m {
		m = max
	}
	before = expDiff(s.max, m)
	of = expDiff(max, m)
	s.sum = float32(s.sum*before) + float32(sum*of)
	s.max = m
	return before, of
}

// expDiff returns exp(x-m), and 0 for the empty state.
func expDiff(x, m float32) float32 {
	if x == m {
		return 1
	}
	return kernel.Exp(x - m)
}

var empty = softmax{max: float32(math.Inf(-1))}

// Attend is attention in the latent space (absorbed form): with
//
//	q·k^C = q·(W^UK c) = (W^UKᵀ q)·c        Σ p v^C = W^UV Σ p c
//
// all heads share one key, the cached row [c ; k^R]. q is [n, heads·(rank+rope)],
// a head's row [W^UKᵀ q^C ; q^R]; the result is [n, heads·rank], a head's Σ p c,
// still to be multiplied by W^UV.
//
// The spans' rows are those of q, counted from its first.
func (l *Latents) Attend(layer int, spans []Span, q Mat, heads int, scale float32) Mat {
	if q.arena.math == Fast {
		return l.attendFast(layer, spans, q, heads, scale)
	}
	y := q.arena.Mat(q.rows, heads*l.rank)
	j := &q.arena.jobs.absorbed
	*j = absorbedJob{l, layer, spans, q, y, heads, scale}
	q.arena.pool.run(j)
	return y
}

type absorbedJob struct {
	l     *Latents
	layer int
	spans []Span
	q, y  Mat
	heads int
	scale float32
}

// headsAtOnce is how many heads of a token go through the cache together. They
// share its rows, so a tile of the cache is read once for all of them, while
// their scores and sums stay in cache beside it.
const headsAtOnce = 32

// work takes a share of all (token, head) pairs.
func (j *absorbedJob) work(w *worker) {
	n := 0
	for _, s := range j.spans {
		n += s.Len
	}
	lo, hi := w.share(n * j.heads)
	at := 0 // the first pair of a token
	for _, s := range j.spans {
		for t := range s.Len {
			end := min(hi-at, j.heads)
			for h := max(lo-at, 0); h < end; h += headsAtOnce {
				j.some(w, s, t, h, min(h+headsAtOnce, end))
			}
			at += j.heads
		}
	}
}

// some computes the heads lo to hi of one token.
func (j *absorbedJob) some(w *worker, s Span, t, lo, hi int) {
	width, rank, n := j.l.width(), j.l.rank, hi-lo
	q := j.q.row(s.Row + t)[lo*width : hi*width]
	out := j.y.row(s.Row + t)[lo*rank : hi*rank]
	clear(out)
	states := w.buffer(bufferState, 4*n)
	states, segs := states[:2*n], states[2*n:] // of the head, and of a segment: max, sum
	for h := range n {
		states[2*h], states[2*h+1] = empty.max, empty.sum
	}
	parts := w.buffer(bufferValues, n*rank)
	for from, to := range segments(s.First, s.Position+t+1) {
		length := to - from
		scores := w.buffer(bufferScores, n*length)
		for _, r := range tiles(from, to) {
			rows := j.l.values(s.Pages[r.page], j.layer)[r.from*width:]
			for h := range n {
				kernel.Dots(scores[h*length+r.at:][:r.n], q[h*width:(h+1)*width], rows, width)
			}
		}
		for h := range n {
			p := scores[h*length : (h+1)*length]
			scaleBy(p, j.scale)
			segs[2*h] = kernel.Max(p)
			segs[2*h+1] = kernel.ExpSum(p, p, segs[2*h])
		}
		clear(parts)
		for _, r := range tiles(from, to) {
			rows := j.l.values(s.Pages[r.page], j.layer)[r.from*width:]
			for h := range n {
				kernel.AddScaledRows(parts[h*rank:(h+1)*rank], scores[h*length+r.at:][:r.n], rows, width)
			}
		}
		for h := range n {
			state := softmax{states[2*h], states[2*h+1]}
			before, of := state.merge(segs[2*h], segs[2*h+1])
			states[2*h], states[2*h+1] = state.max, state.sum
			mix(out[h*rank:(h+1)*rank], before, parts[h*rank:(h+1)*rank], of)
		}
	}
	for h := range n {
		scaleBy(out[h*rank:(h+1)*rank], 1/states[2*h+1])
	}
}

// segments yields the positions first to end cut at multiples of segment.
func segments(first, end int) func(func(lo, hi int) bool) {
	return func(yield func(lo, hi int) bool) {
		for lo := first; lo < end; {
			hi := min(end, (lo/segment+1)*segment)
			if !yield(lo, hi) {
				return
			}
			lo = hi
		}
	}
}

// A tilePart is the part of a segment that lies in one page.
type tilePart struct{ page, from, at, n int }

// tiles yields the parts of the positions lo to hi, page by page.
func tiles(lo, hi int) func(func(int, tilePart) bool) {
	return func(yield func(int, tilePart) bool) {
		for pos, i := lo, 0; pos < hi; i++ {
			page, from := pos/PageSize, pos%PageSize
			n := min(PageSize-from, hi-pos)
			if !yield(i, tilePart{page, from, pos - lo, n}) {
				return
			}
			pos += n
		}
	}
}

func scaleBy(x []float32, a float32) {
	for i := range x {
		x[i] *= a
	}
}

// mix sets out to out·a + x·b.
func mix(out []float32, a float32, x []float32, b float32) {
	for i, v := range x {
		out[i] = float32(out[i]*a) + float32(v*b)
	}
}

// AttendExpanded is attention as the report writes it (decompressed form): keys
// k_h = [W^UK_h c ; k^R] and values W^UV_h c are made from the latents, segment by
// segment, and used for all tokens of a span. q is [n, heads·(nope+rope)], the
// result [n, heads·v].
//
// The spans' rows are counted from first: q's row 0 is their row first.
func (l *Latents) AttendExpanded(layer int, spans []Span, first int, q Mat, keys, values []Linear, scale float32) Mat {
	y := q.arena.Mat(q.rows, len(keys)*values[0].Out())
	if q.arena.math == Fast {
		j := &q.arena.jobs.expandedFast
		*j = expandedFastJob{l, layer, spans, first, q, y, keys, values, scale}
		q.arena.pool.runProducts(j, j.products())
		return y
	}
	j := &q.arena.jobs.expanded
	*j = expandedJob{l, layer, spans, first, q, y, keys, values, scale}
	q.arena.pool.run(j)
	return y
}

type expandedJob struct {
	l            *Latents
	layer        int
	spans        []Span
	first        int
	q, y         Mat
	keys, values []Linear
	scale        float32
}

// work takes a share of the heads.
func (j *expandedJob) work(w *worker) {
	lo, hi := w.share(len(j.keys))
	for h := lo; h < hi; h++ {
		for _, s := range j.spans {
			s.Row -= j.first
			j.head(w, s, h)
		}
	}
}

// head computes one head of all tokens of a span.
func (j *expandedJob) head(w *worker, s Span, h int) {
	nope, v := j.keys[h].Out(), j.values[h].Out()
	key := nope + j.l.rope
	state := w.buffer(bufferState, s.Len*2+v)
	part := state[s.Len*2:]
	for t := range s.Len {
		state[2*t], state[2*t+1] = empty.max, empty.sum
		clear(j.y.row(s.Row + t)[h*v : (h+1)*v])
	}
	end := s.Position + s.Len
	for lo, hi := range segments(s.First, end) {
		k := window{w.buffer(bufferKeys, (hi-lo)*key), key}
		c := window{w.buffer(bufferValues, (hi-lo)*v), v}
		for _, r := range tiles(lo, hi) {
			j.expand(w, s, h, r, window{k.data[r.at*key:], key}, window{c.data[r.at*v:], v})
		}
		for t := range s.Len {
			seen := min(hi, s.Position+t+1) - lo
			if seen <= 0 {
				continue
			}
			q := j.q.row(s.Row + t)[h*key : (h+1)*key]
			scores := w.buffer(bufferScores, seen)
			kernel.Dots(scores, q, k.data, key)
			scaleBy(scores, j.scale)
			max := kernel.Max(scores)
			sum := kernel.ExpSum(scores, scores, max)
			clear(part)
			kernel.AddScaledRows(part, scores, c.data, v)
			of := softmax{state[2*t], state[2*t+1]}
			a, b := of.merge(max, sum)
			state[2*t], state[2*t+1] = of.max, of.sum
			mix(j.y.row(s.Row + t)[h*v:(h+1)*v], a, part, b)
		}
	}
	for t := range s.Len {
		scaleBy(j.y.row(s.Row + t)[h*v:(h+1)*v], 1/state[2*t+1])
	}
}

// expand makes the keys k and values c of one head for a part of a segment.
func (j *expandedJob) expand(w *worker, s Span, h int, r tilePart, k, c window) {
	width, nope := j.l.width(), j.keys[h].Out()
	rows := window{j.l.values(s.Pages[r.page], j.layer)[r.from*width:], width}
	j.keys[h].rows(w, 0, nope, k, rows, r.n)
	j.values[h].rows(w, 0, j.values[h].Out(), c, rows, r.n)
	for i := range r.n {
		copy(k.data[i*k.stride+nope:(i+1)*k.stride], rows.data[i*width+j.l.rank:(i+1)*width])
	}
}
