// Package nn is the fixed list of operations that the network is made of, over
// matrices whose storage only this package touches: Linear, RMSNorm, Rope,
// Route, Experts, Attend, Add. It splits each over the workers and makes the
// one choice from encoding to kernel. It knows no model: not how many layers
// there are, nor what a weight is called.
//
// Work is split by what is written, never by what is summed, and a row's result
// does not depend on the rows beside it. So a token's values are the same, to
// the bit, whatever the number of workers and whoever shares its step.
package nn

import "fmt"

// A Mat is a matrix of activations, [rows, cols], row-major, f32, one row a
// token. It lives in an Arena, and is valid until the Arena releases it. A Mat
// is a window: copies of it share their values.
type Mat struct {
	arena  *Arena
	data   []float32
	rows   int
	cols   int
	stride int
}

// Rows returns the number of rows.
func (m Mat) Rows() int { return m.rows }

// Cols returns the number of columns.
func (m Mat) Cols() int { return m.cols }

// Slice returns the rows lo to hi, as a window.
func (m Mat) Slice(lo, hi int) Mat {
	if lo < 0 || hi < lo || hi > m.rows {
		panic(fmt.Sprintf("nn: rows %d to %d of %d", lo, hi, m.rows))
	}
	s := m
	s.rows = hi - lo
	if s.rows == 0 {
		s.data = nil
		return s
	}
	s.data = m.data[lo*m.stride : (hi-1)*m.stride+m.cols]
	return s
}

// Columns returns the columns lo to hi, as a window.
func (m Mat) Columns(lo, hi int) Mat {
	if lo < 0 || hi < lo || hi > m.cols {
		panic(fmt.Sprintf("nn: columns %d to %d of %d", lo, hi, m.cols))
	}
	s := m
	s.cols = hi - lo
	if m.rows > 0 {
		s.data = m.data[lo : (m.rows-1)*m.stride+hi]
	}
	return s
}

// row returns the values of one row.
func (m Mat) row(i int) []float32 { return m.data[i*m.stride : i*m.stride+m.cols] }

// from returns the rows from i on.
func (m Mat) from(i int) window { return window{m.data[i*m.stride:], m.stride} }

// Host copies the values to the host, row after row, into dst where it has
// room. It is for sampling, tests and traces: on a device it waits for
// everything before it.
func (m Mat) Host(dst []float32) []float32 {
	dst = dst[:0]
	for i := range m.rows {
		dst = append(dst, m.row(i)...)
	}
	return dst
}

// An Arena holds the Mats of one step, and the workers that compute them. One
// goroutine uses an Arena at a time.
//
// Memory is taken in slabs that stay, so that a step like the one before it
// allocates nothing.
type Arena struct {
	pool  *Pool
	math  Math
	slabs [][]float32
	slab  int // the slab in use
	used  int // values used of it
	watch Watch
	jobs  jobs
}

// jobs holds one of each kind of parallel job, so that none is allocated.
type jobs struct {
	round    roundJob
	survey   surveyJob
	tokens   tokensJob
	doubled  doubled // the input of a linear or experts job
	acts     rounded // the input of a linear or heads job
	linear   linearJob
	heads    headsJob
	rows     rowsJob
	experts  expertsJob
	absorbed absorbedJob
	expanded expandedJob
	squares  squaresJob

	absorbedFast absorbedFastJob
	expandedFast expandedFastJob

	routes Routes
}

// slabValues is the least size of a slab: 1 MiB values.
const slabValues = 1 << 20

// NewArena returns an empty Arena whose operations run on p, in the given math.
func NewArena(p *Pool, m Math) *Arena { return &Arena{pool: p, math: m} }

// Mat returns a new matrix with arbitrary values.
func (a *Arena) Mat(rows, cols int) Mat {
	return Mat{arena: a, data: a.take(rows * cols), rows: rows, cols: cols, stride: cols}
}

// FromHost returns host values as a matrix of no Arena, which can be copied and
// gathered from, and nothing else.
func FromHost(rows, cols int, values []float32) Mat {
	return Mat{data: values[:rows*cols], rows: rows, cols: cols, stride: cols}
}

// Copy sets y to x.
func Copy(y, x Mat) {
	if x.rows != y.rows || x.cols != y.cols {
		panic(fmt.Sprintf("nn: copying [%d %d] to [%d %d]", x.rows, x.cols, y.rows, y.cols))
	}
	y.arena.runRows(x.rows, rowsJob{op: opCopy, dst: y, x: x})
}

// take returns n values of the current slab, or of the next that has room.
func (a *Arena) take(n int) []float32 {
	const align = 16 // values: 64 bytes
	for ; a.slab < len(a.slabs); a.slab, a.used = a.slab+1, 0 {
		if s := a.slabs[a.slab]; a.used+n <= len(s) {
			v := s[a.used : a.used+n : a.used+n]
			a.used = (a.used + n + align - 1) &^ (align - 1)
			return v
		}
	}
	a.slabs = append(a.slabs, make([]float32, max(n, slabValues)))
	return a.take(n)
}

// A Mark is a state of an Arena to which Release returns.
type Mark struct{ slab, used int }

// Mark returns the present state.
func (a *Arena) Mark() Mark { return Mark{a.slab, a.used} }

// Release gives back all Mats taken since m.
func (a *Arena) Release(m Mark) { a.slab, a.used = m.slab, m.used }

// Reset gives back all Mats.
func (a *Arena) Reset() { a.Release(Mark{}) }
