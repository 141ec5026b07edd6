package nn

import "github.com/deskseek/deskseek/kernel"

// attendFast is Attend in fast math: in 16-bit integers, 32 heads at a time.
//
// Within a segment the softmax goes page by page, relative to the largest score so
// far; the segments' results are merged in ascending order. Who computes which does
// not matter.
func (l *Latents) attendFast(layer int, spans []Span, q Mat, heads int, scale float32) Mat {
	y := q.arena.Mat(q.rows, heads*l.rank)
	j := &q.arena.jobs.absorbedFast
	j.l, j.layer, j.spans, j.q, j.y, j.heads, j.scale = l, layer, spans, q, y, heads, scale
	j.plan(q.arena.pool.Workers())
	j.pass = absorbedRound
	q.arena.pool.runProducts(j, perValue*q.rows*q.cols)
	j.pass = absorbedAttend
	q.arena.pool.runProducts(j, j.products())
	if j.split {
		j.pass = absorbedMerge
		q.arena.pool.runProducts(j, perValue*j.at[len(j.at)-1]*queries*l.rank)
	}
	return y
}

type absorbedFastJob struct {
	l      *Latents
	layer  int
	spans  []Span
	q, y   Mat
	heads  int
	scale  float32
	pass   absorbedPass
	groups []queryGroup
	of     []groupPlace // by group
	units  []attendUnit

	// With few groups, their segments are units of their own: split is true, and
	// partials are theirs, group by group.
	split    bool
	partials []partial
	at       []int // by group: its first partial, and the end
}

type absorbedPass uint8

const (
	absorbedRound  absorbedPass = iota // queries to integers
	absorbedAttend                     // units
	absorbedMerge                      // partials
)

// A groupPlace says which queries a group has: of a span's (token, head) pairs, in
// order, those from first on.
type groupPlace struct{ span, first, n int }

// An attendUnit is what a worker does at once: groups lo to hi, of one span, which
// share its keys; where partials are split, in one segment.
type attendUnit struct {
	lo, hi   int
	from, to int // positions
	segment  int // of the span's
}

// groupsAtOnce is the most groups that share the rounding of keys: their sums stay in
// the second cache.
const groupsAtOnce = 4

// plan divides the work. It changes who computes what, and no result.
func (j *absorbedFastJob) plan(workers int) {
	j.of, j.units, j.at = j.of[:0], j.units[:0], j.at[:0]
	for i, s := range j.spans {
		n := s.Len * j.heads
		for first := 0; first < n; first += queries {
			j.of = append(j.of, groupPlace{i, first, min(queries, n-first)})
		}
	}
	for len(j.groups) < len(j.of) {
		j.groups = append(j.groups, queryGroup{})
	}
	// Keys are rounded once for the groups of a unit, so these shall be many; and
	// units shall be many enough for all workers.
	j.split = len(j.of) < groupsAtOnce*workers
	together := groupsAtOnce
	for together > 1 && j.count(together) < 4*workers && (j.split || j.count(together) < workers) {
		together /= 2
	}
	partials := 0
	for lo := 0; lo < len(j.of); {
		hi := lo + 1
		for hi < len(j.of) && hi-lo < together && j.of[hi].span == j.of[lo].span {
			hi++
		}
		s := j.spans[j.of[lo].span]
		if !j.split {
			j.units = append(j.units, attendUnit{lo, hi, s.First, s.Position + s.Len, 0})
			lo = hi
			continue
		}
		n := 0
		for from, to := range segments(s.First, s.Position+s.Len) {
			j.units = append(j.units, attendUnit{lo, hi, from, to, n})
			n++
		}
		for ; lo < hi; lo++ {
			j.at = append(j.at, partials)
			partials += n
		}
	}
	j.at = append(j.at, partials)
	for len(j.partials) < partials {
		j.partials = append(j.partials, partial{})
	}
}

// products returns how many products there are of queries, keys and values.
func (j *absorbedFastJob) products() int {
	n := 0
	for _, s := range j.spans {
		n += s.Len * (s.Position + s.Len - s.First)
	}
	return n * j.heads * (2*j.l.rank + j.l.rope)
}

// count returns how many units there are with that many groups in each.
func (j *absorbedFastJob) count(together int) int {
	n := 0
	for _, s := range j.spans {
		units := (s.Len*j.heads + together*queries - 1) / (together * queries)
		if j.split {
			units *= (s.Position+s.Len-1)/segment - s.First/segment + 1
		}
		n += units
	}
	return n
}

func (j *absorbedFastJob) work(w *worker) {
	switch j.pass {
	case absorbedRound:
		lo, hi := w.share(len(j.of))
		for i := lo; i < hi; i++ {
			j.round(&w.attend, i)
		}
	case absorbedAttend:
		lo, hi := w.share(len(j.units))
		for _, u := range j.units[lo:hi] {
			j.attend(&w.attend, u)
		}
	case absorbedMerge:
		lo, hi := w.share(len(j.of))
		for i := lo; i < hi; i++ {
			parts := j.partials[j.at[i]:j.at[i+1]]
			for k := range parts[1:] {
				parts[0].merge(&parts[1+k])
			}
			j.results(&parts[0], i)
		}
	}
}

// round makes the integers of a group's queries.
func (j *absorbedFastJob) round(w *attendScratch, i int) {
	l, place, g := j.l, j.of[i], &j.groups[i]
	s := j.spans[place.span]
	g.reset(place.n, l.latentStride(), l.ropeStride())
	for k := range place.n {
		t, h := (place.first+k)/j.heads, (place.first+k)%j.heads
		q := j.q.row(s.Row + t)[h*l.width() : (h+1)*l.width()]
		g.set(w, k, q[:l.rank], q[l.rank:], j.scale, s.Position+t+1)
	}
}

// attend does a unit.
func (j *absorbedFastJob) attend(w *attendScratch, u attendUnit) {
	cols := j.l.latentStride()
	n := u.hi - u.lo
	w.room(n)
	var parts [groupsAtOnce]*partial
	begun := false
	for from, to := range segments(u.from, u.to) {
		for k := range n {
			switch {
			case j.split:
				parts[k] = &j.partials[j.at[u.lo+k]+u.segment]
			case begun:
				parts[k] = &w.parts[k]
			default:
				parts[k] = &w.runs[k]
			}
			parts[k].reset(cols)
		}
		j.segment(w, u, from, to, parts[:n])
		for k := range n {
			if begun {
				w.runs[k].merge(parts[k])
			}
		}
		begun = true
	}
	if j.split {
		return
	}
	for k := range n {
		j.results(&w.runs[k], u.lo+k)
	}
}

// segment adds the positions from to to of a unit's groups to parts.
func (j *absorbedFastJob) segment(w *attendScratch, u attendUnit, from, to int, parts []*partial) {
	l := j.l
	s := &j.spans[j.of[u.lo].span]
	pages, end := s.Pages, s.Position+s.Len
	for _, r := range tiles(from, to) {
		// The page behind comes from memory while this one is in work, a piece at a time: a
		// core has few lines on their way at once, and waits if more are asked for.
		var ahead []byte
		if next := r.page + 1; next*PageSize < end {
			ahead = l.tile(pages[next], j.layer)
		}
		l.keys(&w.keys, pages[r.page], j.layer, r.from, r.n)
		kv := keysAndValues{
			key: w.keys.latent, keyUnit: &w.keys.latentUnit, keyStride: l.latentStride(),
			rope: w.keys.rope, ropeUnit: &w.keys.ropeUnit, ropeStride: l.ropeStride(),
			valueUnit: &w.keys.latentUnit, cols: l.latentStride(), first: from + r.at, n: r.n,
		}
		kv.values = w.pair(kv.key, kv.keyStride, kv.cols, r.n)
		for k := range parts {
			piece := len(ahead) / (len(parts) - k)
			kernel.Prefetch(ahead[:piece])
			ahead = ahead[piece:]
			parts[k].add(w, &j.groups[u.lo+k], &kv)
		}
	}
}

// results writes those of a group, token by token: a token's are a row of y, head
// by head.
func (j *absorbedFastJob) results(p *partial, i int) {
	place := j.of[i]
	s, rank := j.spans[place.span], j.l.rank
	for k := 0; k < place.n; {
		t, h := (place.first+k)/j.heads, (place.first+k)%j.heads
		n := min(place.n-k, j.heads-h)
		p.means(Mat{data: j.y.row(s.Row + t)[h*rank : (h+n)*rank], rows: n, cols: rank, stride: rank}, k)
		k += n
	}
}
