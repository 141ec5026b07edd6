package nn

import (
	"fmt"
	"unsafe"

	"github.com/deskseek/deskseek/kernel"
	"github.com/deskseek/deskseek/tensor"
)

// A Linear is a map y = W x without bias. Its weight stays in the encoding it
// is stored in.
//
// Where a checkpoint stores the transpose of what an operation needs (kv_b of
// MLA: the absorbed query wants W^UKᵀ, decompression W^UK), the same bytes serve
// both: Transposed sums over the stored rows, ascending.
type Linear struct {
	w          *tensor.Tensor
	transposed bool
}

// NewLinear returns the map by w [out, in].
func NewLinear(w *tensor.Tensor) Linear { return Linear{w: w} }

// Transposed returns the map by the transpose of l's weight.
func (l Linear) Transposed() Linear { return Linear{l.w, !l.transposed} }

// In returns the length of an input row.
func (l Linear) In() int {
	if l.transposed {
		return l.w.Rows
	}
	return l.w.Cols
}

// Out returns the length of an output row.
func (l Linear) Out() int {
	if l.transposed {
		return l.w.Cols
	}
	return l.w.Rows
}

// Bytes returns the stored bytes of the weight, its scales included.
func (l Linear) Bytes() int64 {
	n := int64(len(l.w.Data))
	for _, t := range []*tensor.Tensor{l.w.Scale, l.w.Bias} {
		if t != nil {
			n += int64(len(t.Data))
		}
	}
	return n
}

// Apply returns W x for every row of x: [n, in] → [n, out].
func (l Linear) Apply(x Mat) Mat {
	l.begin(x)
	return l.apply(x, x.rows)
}

// applyHidden is Apply where x is what a SwiGLU layer hides: coarse rows of it are
// multiplied twice (twice.go).
func (l Linear) applyHidden(x Mat) Mat {
	l.begin(x)
	a, d := x.arena, &x.arena.jobs.doubled
	f := l.form(a.math)
	if f != eight256 || x.rows == 0 {
		return l.apply(x, x.rows)
	}
	rows := window{x.data, x.stride}
	a.survey(d, &a.jobs.acts, rows)
	d.begin(x.rows)
	tokens := d.add(f, 0, x.rows)
	if tokens == x.rows {
		return l.apply(x, x.rows)
	}
	a.double(d, &a.jobs.acts, rows)
	a.jobs.linear.acts = &d.acts[f]
	y := l.apply(x, tokens)
	sum, rest := y.Slice(0, x.rows), y.Slice(x.rows, tokens)
	a.runRows(rest.rows, rowsJob{op: opAddBack, dst: sum, x: rest, from: d.tokens[x.rows:]})
	return sum
}

// begin makes the job that apply runs, with x in the form that l's weight asks for.
func (l Linear) begin(x Mat) {
	if x.cols != l.In() {
		panic(fmt.Sprintf("nn: %s: input of %d columns, want %d", l.w.Name, x.cols, l.In()))
	}
	a := x.arena
	j := &a.jobs.linear
	*j = linearJob{l: l, x: x, math: a.math}
	if x.rows == 0 {
		return
	}
	if a.watch != nil {
		a.watch(l, x)
	}
	if f := l.form(a.math); f != asTheyAre {
		j.acts = &a.jobs.acts
		a.round(j.acts, f, window{x.data, x.stride}, x.rows, x.cols, 1, 0)
	}
}

// apply runs the job for n tokens: the rows of x, unless its acts are others.
func (l Linear) apply(x Mat, n int) Mat {
	a := x.arena
	y := a.Mat(n, l.Out())
	if n > 0 {
		a.jobs.linear.y = y
		a.pool.runProducts(&a.jobs.linear, n*x.cols*y.cols)
	}
	return y
}

type linearJob struct {
	l    Linear
	x, y Mat
	acts *rounded // x; nil where it is used as it is
	math Math
}

func (j *linearJob) work(w *worker) {
	if lo, hi := w.shareRows(j.l.Out()); lo < hi {
		y := window{j.y.data[lo:], j.y.stride}
		j.l.multiply(w, lo, hi, y, window{j.x.data, j.x.stride}, j.x.rows, j.acts, j.math)
	}
}

// A window is rows of activations with a stride, as a job sees them.
type window struct {
	data   []float32
	stride int
}

func (v window) row(i, n int) []float32 { return v.data[i*v.stride : i*v.stride+n] }

// multiply computes the outputs lo to hi for the n inputs x, which acts are where l's
// weight asks for another form, into y: output lo is y's first column.
func (l Linear) multiply(w *worker, lo, hi int, y, x window, n int, acts *rounded, m Math) {
	if acts != nil {
		roundedRows(w, y.data, y.stride, l.w, lo, hi, acts)
	} else if f, ok := l.floats(m); ok {
		floatRows(w, y.data, y.stride, l.w, f, lo, hi, x, n)
	} else {
		l.rows(w, lo, hi, y, x, n)
	}
}

// rows is multiply in exact math.
func (l Linear) rows(w *worker, lo, hi int, y, x window, n int) {
	if l.transposed {
		l.rowsT(w, lo, hi, y, x, n)
		return
	}
	dots := w.buffer(bufferDots, n)
	for r := lo; r < hi; r++ {
		rowDots(w, dots, l.w, r, x)
		for t, v := range dots {
			y.data[t*y.stride+r-lo] = v
		}
	}
}

// rowsT is rows of the transposed map: y = Σ x[r]·W[r],
// r ascending. The stored rows are decoded once, for all inputs.
func (l Linear) rowsT(w *worker, lo, hi int, y, x window, n int) {
	in, cols := l.w.Rows, hi-lo
	rows := w.buffer(bufferMatrix, in*cols)
	for r := range in {
		copy(rows[r*cols:(r+1)*cols], decoded(w, l.w, r)[lo:hi])
	}
	for t := range n {
		out := y.row(t, cols)
		clear(out)
		kernel.AddScaledRows(out, x.row(t, in), rows, cols)
	}
}

// rowDots sets dots[t] to the product of row r of m and x's row t, in exact math.
// This is the one place where an encoding chooses its kernel for that.
func rowDots(w *worker, dots []float32, m *tensor.Tensor, r int, x window) {
	switch {
	case m.DType == tensor.BF16:
		kernel.DotsBF16(dots, m.Row(r), x.data, m.Cols, x.stride)
	default:
		kernel.Dots(dots, decoded(w, m, r), x.data, x.stride)
	}
}

// decoded returns row r of m as f32: its stored values where they are f32 in
// memory already, otherwise decoded into a buffer of w.
func decoded(w *worker, m *tensor.Tensor, r int) []float32 {
	if m.DType == tensor.F32 {
		if v, ok := floats(m.Row(r)); ok {
			return v
		}
	}
	row := w.buffer(bufferRow, m.Cols)
	tensor.Decode(row, m, r)
	return row
}

// littleEndian is whether this machine's floats lie in memory as files have them.
var littleEndian = func() bool {
	x := uint16(1)
	return *(*byte)(unsafe.Pointer(&x)) == 1
}()

// floats returns b as f32 values without copying, where b is aligned and the
// machine little-endian.
func floats(b []byte) ([]float32, bool) {
	if len(b) == 0 || !littleEndian || uintptr(unsafe.Pointer(&b[0]))%4 != 0 {
		return nil, false
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&b[0])), len(b)/4), true
}

// ApplyHeads applies one map a head. Head h reads the columns of x from
// h·xStep on and writes those of y from h·yStep on; x and y may be windows that
// start at a column of their own.
func ApplyHeads(heads []Linear, y, x Mat, yStep, xStep int) {
	if x.rows == 0 {
		return
	}
	a := x.arena
	a.toldHeads(heads, x, xStep)
	j := &a.jobs.heads
	*j = headsJob{heads, window{y.data, y.stride}, window{x.data, x.stride}, yStep, xStep, x.rows, nil, a.math}
	if f := heads[0].form(a.math); f != asTheyAre {
		j.acts = &a.jobs.acts
		a.round(j.acts, f, j.x, x.rows, heads[0].In(), len(heads), xStep)
	}
	a.pool.runProducts(j, x.rows*len(heads)*heads[0].In()*heads[0].Out())
}

type headsJob struct {
	heads        []Linear // of one stored tensor, and so of one encoding
	y, x         window
	yStep, xStep int
	n            int
	acts         *rounded // x, head by head; nil where it is used as it is
	math         Math
}

func (j *headsJob) work(w *worker) {
	lo, hi := w.share(len(j.heads))
	for h := lo; h < hi; h++ {
		l := j.heads[h]
		y, x := window{j.y.data[h*j.yStep:], j.y.stride}, window{j.x.data[h*j.xStep:], j.x.stride}
		var acts *rounded
		if j.acts != nil {
			q := j.acts.slice(h*j.n, (h+1)*j.n)
			acts = &q
		}
		l.multiply(w, 0, l.Out(), y, x, j.n, acts, j.math)
	}
}

// CopyHeads copies n columns a head: head h's from x's column h·xStep on to y's
// column h·yStep on.
func CopyHeads(y, x Mat, heads, n, yStep, xStep int) {
	y.arena.runRows(x.rows, rowsJob{op: opCopyHeads, dst: y, x: x, count: heads, n: n, step: yStep, xStep: xStep})
}
