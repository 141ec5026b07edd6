package nn

import (
	"fmt"
	"slices"

	"github.com/deskseek/deskseek/kernel"
)

// An Expert is the SwiGLU layer of one routed expert: down(silu(gate x)·up x).
type Expert = MLP

// A Store gives access to the weights of a layer's routed experts. Experts tells
// it all experts of a step before it computes, so that a Store may read them
// from disk, keep copies near a worker, or hold them on a device.
type Store interface {
	// Acquire makes the given experts (ascending ids) readable.
	Acquire(ids []int32) error
	// Expert returns the weights of an acquired expert.
	Expert(id int32) Expert
	// Release ends the use of what Acquire was called with.
	Release(ids []int32)
}

// Resident is a Store of experts that are readable at all times: windows of a
// mapped file.
type Resident []Expert

// Acquire does nothing: all experts are readable.
func (r Resident) Acquire([]int32) error { return nil }

// Expert returns the weights of one expert.
func (r Resident) Expert(id int32) Expert { return r[id] }

// Release does nothing.
func (r Resident) Release([]int32) {}

// Experts is the routed part of an MoE layer.
type Experts struct {
	Store  Store
	Count  int // number of experts
	Hidden int // width of one: moe_intermediate_size
}

// Apply returns Σ weight·expert(x) over each row's routes, by ascending expert
// id. The rows are grouped by expert, so that each expert of the step is read
// once.
func (e *Experts) Apply(x Mat, r *Routes) (Mat, error) {
	a := x.arena
	j := &a.jobs.experts
	j.group(r, e.Count)
	if err := e.Store.Acquire(j.active); err != nil {
		return Mat{}, fmt.Errorf("reading experts: %w", err)
	}
	defer e.Store.Release(j.active)
	j.experts = j.experts[:0]
	for _, id := range j.active {
		j.experts = append(j.experts, e.Store.Expert(id))
	}
	j.math, j.down = a.math, false
	j.gather(a, x)
	j.mid = a.Mat(len(j.rows), e.Hidden)
	j.y = a.Mat(x.rows, x.cols)
	products := len(j.rows) * x.cols * j.mid.cols
	a.pool.runProducts(j, 2*products)
	j.down = true
	j.told(a, j.mid, downMatrices)
	j.roundHidden(a)
	a.pool.runProducts(j, products)
	return j.y, nil
}

// roundHidden makes the inputs of the second pass in the forms that its matrices ask
// for: a token for each pair, and where an expert has coarse ones, another for what is
// left of them, behind its others.
func (j *expertsJob) roundHidden(a *Arena) {
	d, x := &a.jobs.doubled, window{j.mid.data, j.mid.stride}
	forms := j.wanted(downMatrices)
	for _, f := range forms {
		if f != asTheyAre {
			a.round(&j.acts[f], f, x, j.mid.rows, j.mid.cols, 1, 0)
		}
		if f == eight256 {
			a.survey(d, &j.acts[f], x)
		}
	}
	d.begin(j.mid.rows)
	j.first = append(j.first[:0], 0)
	for i, e := range j.experts {
		j.first = append(j.first, d.add(e.Down.form(j.math), j.start[i], j.start[i+1]))
	}
	j.tokens, j.hidden = d.tokens, &j.acts
	if len(d.tokens) == j.mid.rows {
		return
	}
	j.hidden = &d.acts
	for _, f := range forms {
		if f != asTheyAre {
			a.double(d, &j.acts[f], x)
		}
	}
}

// upMatrices and downMatrices are those of the first and of the second pass.
func upMatrices(e *Expert) [2]Linear   { return [2]Linear{e.Gate, e.Up} }
func downMatrices(e *Expert) [2]Linear { return [2]Linear{e.Down, e.Down} }

// wanted returns the forms that the given matrices of the active experts ask for.
func (j *expertsJob) wanted(of func(e *Expert) [2]Linear) []form {
	j.forms = j.forms[:0]
	for i := range j.experts {
		for _, l := range of(&j.experts[i]) {
			if f := l.form(j.math); !slices.Contains(j.forms, f) {
				j.forms = append(j.forms, f)
			}
		}
	}
	return j.forms
}

// gather makes the inputs of the first pass, a row for each pair, in the forms that
// its matrices ask for. A row of x is rounded once, however many experts take it.
func (j *expertsJob) gather(a *Arena, x Mat) {
	forms := j.wanted(upMatrices)
	j.in = Mat{}
	if a.watch != nil || slices.Contains(forms, asTheyAre) {
		j.in = a.Gather(x, j.rows)
		j.told(a, j.in, upMatrices)
	}
	for _, f := range forms {
		if f != asTheyAre {
			a.round(&a.jobs.acts, f, window{x.data, x.stride}, x.rows, x.cols, 1, 0)
			a.gatherRounded(&j.acts[f], &a.jobs.acts, j.rows)
		}
	}
}

// An expertsJob holds the (row, expert) pairs of a step, expert by expert:
// active[i] has the pairs start[i] to start[i+1].
type expertsJob struct {
	active  []int32
	start   []int
	next    []int     // by expert: where its next pair goes
	rows    []int32   // by pair: the row of x
	weights []float32 // by pair
	experts []Expert  // by active expert
	forms   []form    // wanted
	in, mid Mat       // by pair: [pairs, dim], if it is asked for, and [pairs, hidden]
	y       Mat
	math    Math
	down    bool           // the second pass
	acts    [forms]rounded // in, then mid, as the weights ask for

	// Of the second pass: active[i] has the tokens first[i] to first[i+1], each of a pair.
	first  []int
	tokens []int32
	hidden *[forms]rounded // by token
}

// group sorts the routes by expert, rows ascending within one.
func (j *expertsJob) group(r *Routes, experts int) {
	j.next = grow(j.next, experts)
	clear(j.next)
	for _, e := range r.experts {
		j.next[e]++
	}
	j.active, j.start = j.active[:0], j.start[:0]
	pairs := 0
	for e, n := range j.next {
		if n > 0 {
			j.active, j.start = append(j.active, int32(e)), append(j.start, pairs)
		}
		j.next[e] = pairs
		pairs += n
	}
	j.start = append(j.start, pairs)
	j.rows, j.weights = grow(j.rows, pairs), grow(j.weights, pairs)
	for i, e := range r.experts {
		at := j.next[e]
		j.next[e]++
		j.rows[at], j.weights[at] = int32(i/r.k), r.weights[i]
	}
}

// work computes a share of the rows of all active experts: in the first pass
// of silu(gate x)·up x, in the second of the weighted sum of down.
func (j *expertsJob) work(w *worker) {
	if j.down {
		j.downRows(w)
		return
	}
	panels := (j.mid.cols + panel - 1) / panel // of one expert
	lo, hi := w.share(len(j.experts) * panels)
	for at := lo; at < hi; {
		i := at / panels
		end := min(hi, (i+1)*panels)
		j.upRows(w, i, (at-i*panels)*panel, min((end-i*panels)*panel, j.mid.cols))
		at = end
	}
}

// upRows computes the hidden values lo to hi of active expert i.
func (j *expertsJob) upRows(w *worker, i, lo, hi int) {
	n := j.start[i+1] - j.start[i]
	step := rowsAtOnce(j.experts[i].Gate.In(), n)
	for r := lo; r < hi; r += step {
		rows := min(step, hi-r)
		both := w.buffer(bufferProducts, 2*n*rows)
		gate, up := both[:n*rows], both[n*rows:]
		in := j.in.from(j.start[i])
		j.products(w, gate, j.experts[i].Gate, r, r+rows, n, in, &j.acts, j.start[i])
		j.products(w, up, j.experts[i].Up, r, r+rows, n, in, &j.acts, j.start[i])
		for t := range n {
			at := t * rows
			swiGLU(j.math, j.mid.row(j.start[i] + t)[r:r+rows], gate[at:at+rows], up[at:at+rows])
		}
	}
}

// downRows computes a share of the output's columns, experts ascending.
func (j *expertsJob) downRows(w *worker) {
	lo, hi := w.shareRows(j.y.cols)
	for t := range j.y.rows {
		clear(j.y.row(t)[lo:hi])
	}
	for i, e := range j.experts {
		from, n, pairs := j.first[i], j.first[i+1]-j.first[i], j.start[i+1]-j.start[i]
		step := rowsAtOnce(j.mid.cols, n)
		for r := lo; r < hi; r += step {
			rows := min(step, hi-r)
			down := w.buffer(bufferProducts, 2*pairs*rows)[:n*rows]
			j.products(w, down, e.Down, r, r+rows, n, j.mid.from(j.start[i]), j.hidden, from)
			for t := range n {
				pair := rowOf(j.tokens[from+t])
				y := j.y.row(int(j.rows[pair]))[r:]
				kernel.AddScaled(y[:rows], j.weights[pair], down[t*rows:(t+1)*rows])
			}
		}
	}
}

// products sets dst to rows lo to hi of l times n tokens, the first of which is x's
// first row, or token first of acts: token t's are dst[t·(hi-lo):].
func (j *expertsJob) products(w *worker, dst []float32, l Linear, lo, hi, n int, x window, acts *[forms]rounded, first int) {
	to := window{dst, hi - lo}
	if f := l.form(j.math); f != asTheyAre {
		tokens := acts[f].slice(first, first+n)
		l.multiply(w, lo, hi, to, window{}, n, &tokens, j.math)
		return
	}
	l.multiply(w, lo, hi, to, x, n, nil, j.math)
}
