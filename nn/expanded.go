package nn

import "github.com/deskseek/deskseek/kernel"

// expandedFastJob is AttendExpanded in fast math: the head's keys and values are
// made from the latents page by page, in 16-bit integers, and used for all queries of a
// span, 32 tokens at a time. The softmax goes page by page, relative to the largest
// score so far.
type expandedFastJob struct {
	l            *Latents
	layer        int
	spans        []Span
	first        int
	q, y         Mat
	keys, values []Linear
	scale        float32
}

// products returns about how many products there are, of which those that make keys
// and values take half.
func (j *expandedFastJob) products() int {
	n := 0
	for _, s := range j.spans {
		n += s.Position + s.Len
	}
	return 2 * n * len(j.keys) * j.l.rank * (j.keys[0].Out() + j.values[0].Out())
}

// work takes a share of the heads.
func (j *expandedFastJob) work(w *worker) {
	lo, hi := w.share(len(j.keys))
	for h := lo; h < hi; h++ {
		w.attend.key, w.attend.keyScale = j.panels(w, w.attend.key, w.attend.keyScale, j.keys[h])
		w.attend.value, w.attend.valueScale = j.panels(w, w.attend.value, w.attend.valueScale, j.values[h])
		for _, s := range j.spans {
			s.Row -= j.first
			j.head(&w.attend, s, h)
		}
	}
}

// panels rounds a head's weights to panels, one for every 32 outputs.
func (j *expandedFastJob) panels(w *worker, panels []int16, scale [][queries]float32, m Linear) ([]int16, [][queries]float32) {
	in, out := m.In(), m.Out()
	a := &w.attend
	a.matrix = grow(a.matrix, out*in)
	m.decode(w, a.matrix)
	stride := j.l.latentStride() * queries
	n := evenly(out, queries) / queries
	panels, scale = grow(panels, n*stride), grow(scale, n)
	for p := range n {
		panel := panels[p*stride : (p+1)*stride]
		if (p+1)*queries > out {
			clear(panel)
			clear(scale[p][:])
		}
		for i := range min(queries, out-p*queries) {
			o := p*queries + i
			scale[p][i] = a.column(panel, i, a.matrix[o*in:(o+1)*in])
		}
	}
	return panels, scale
}

// decode sets dst to l's matrix, [out, in].
func (l Linear) decode(w *worker, dst []float32) {
	cols := l.w.Cols
	if !l.transposed {
		for r := range l.w.Rows {
			copy(dst[r*cols:], decoded(w, l.w, r))
		}
		return
	}
	// A row of a transpose is scattered over dst, where only so many of them
	// together fill a line of the cache.
	const together = 16
	rows := w.buffer(bufferRows, together*cols)
	for r := 0; r < l.w.Rows; r += together {
		n := min(together, l.w.Rows-r)
		for i := range n {
			copy(rows[i*cols:], decoded(w, l.w, r+i))
		}
		for o := range cols {
			to := dst[o*l.w.Rows+r:][:n]
			for i := range to {
				to[i] = rows[i*cols+o]
			}
		}
	}
}

// head computes one head of all tokens of a span.
func (j *expandedFastJob) head(w *attendScratch, s Span, h int) {
	l := j.l
	nope, v := j.keys[h].Out(), j.values[h].Out()
	partStride, cols := evenly(nope, 2), evenly(v, 8)
	n := evenly(s.Len, queries) / queries
	for len(w.groups) < n {
		w.groups = append(w.groups, queryGroup{})
	}
	w.room(n)
	for i := range n {
		g := &w.groups[i]
		g.reset(min(queries, s.Len-i*queries), partStride, l.ropeStride())
		for k := range g.n {
			t := i*queries + k
			q := j.q.row(s.Row + t)[h*(nope+l.rope) : (h+1)*(nope+l.rope)]
			g.set(w, k, q[:nope], q[nope:], j.scale, s.Position+t+1)
		}
		w.runs[i].reset(cols)
	}
	for _, r := range tiles(s.First, s.Position+s.Len) {
		l.keys(&w.keys, s.Pages[r.page], j.layer, r.from, r.n)
		w.madeKeys = j.make(w, w.madeKeys, &w.keyUnit, w.key, w.keyScale, nope, partStride, r.n)
		w.madeValues = j.make(w, w.madeValues, &w.valueUnit, w.value, w.valueScale, v, cols, r.n)
		kv := keysAndValues{
			key: w.madeKeys, keyUnit: &w.keyUnit, keyStride: partStride,
			rope: w.keys.rope, ropeUnit: &w.keys.ropeUnit, ropeStride: l.ropeStride(),
			valueUnit: &w.valueUnit, cols: cols, first: s.First + r.at, n: r.n,
		}
		kv.values = w.pair(w.madeValues, cols, cols, r.n)
		for i := range n {
			w.runs[i].add(w, &w.groups[i], &kv)
		}
	}
	y := j.y.Columns(h*v, (h+1)*v).Slice(s.Row, s.Row+s.Len)
	for i := range n {
		w.runs[i].means(y.Slice(i*queries, i*queries+w.groups[i].n), 0)
	}
}

// make multiplies n latents with panels of weights, and rounds the out results of
// each.
func (j *expandedFastJob) make(w *attendScratch, dst []int16, unit *[PageSize]float32, panels []int16, scale [][queries]float32, out, stride, n int) []int16 {
	width, in := len(scale)*queries, j.l.latentStride()
	eights := evenly(n, 8)
	w.made = grow(w.made, PageSize*width)
	for p := range scale {
		kernel.Scores(w.made[p*queries:], width, panels[p*in*queries:(p+1)*in*queries], &scale[p], w.keys.latent, w.keys.latentUnit[:eights], in, in, false)
	}
	dst = grow(dst, PageSize*stride)
	for t := range n {
		clear(dst[t*stride+out : (t+1)*stride])
	}
	kernel.RoundKeys(dst, unit[:n], w.made, stride, width, out)
	return dst
}
