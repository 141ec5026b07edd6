package nn

import (
	"fmt"

	"github.com/deskseek/deskseek/kernel"
	"github.com/deskseek/deskseek/tensor"
)

// rowsJob does an operation that looks at one row at a time.
type rowsJob struct {
	op       rowOp
	dst, x   Mat
	y        Mat
	norm     RMSNorm
	angles   Angles
	step     int // of dst, from head to head
	xStep    int // of x
	count    int // of heads
	n        int // columns of one
	table    *tensor.Tensor
	ids      []int32
	from     []int32 // rows of x; for opAddBack tokens (twice.go), the rows of dst
	gate     *Gate
	routes   *Routes
	infinite []int32 // by row, the first column that is not finite, or -1
}

type rowOp uint8

const (
	opNorm rowOp = iota
	opAdd
	opAddBack
	opSwiGLU
	opRope
	opLookup
	opGather
	opFinite
	opCopy
	opCopyHeads
	opConcat
	opRoute
)

func (a *Arena) runRows(n int, j rowsJob) {
	if n == 0 {
		return
	}
	j.infinite = a.jobs.rows.infinite
	if j.op == opFinite {
		if cap(j.infinite) < n {
			j.infinite = make([]int32, n)
		}
		j.infinite = j.infinite[:n]
	}
	a.jobs.rows = j
	values := n * max(j.dst.cols, j.x.cols)
	if j.op == opRoute {
		values *= 16
	}
	a.pool.runProducts(&a.jobs.rows, perValue*values)
}

// perValue is how many multiplications of a Linear take the time of one value of an
// operation on rows, or of quantizing it.
const perValue = 4

func (j *rowsJob) work(w *worker) {
	n := j.dst.rows
	if j.op == opFinite || j.op == opAddBack {
		n = j.x.rows
	}
	lo, hi := w.share(n)
	for i := lo; i < hi; i++ {
		switch j.op {
		case opNorm:
			kernel.RMSNorm(j.dst.row(i), j.x.row(i), j.norm.Weight, j.norm.Eps)
		case opAdd:
			kernel.Add(j.dst.row(i), j.x.row(i))
		case opAddBack:
			kernel.Add(j.dst.row(int(rowOf(j.from[i]))), j.x.row(i))
		case opSwiGLU:
			swiGLU(j.x.arena.math, j.dst.row(i), j.x.row(i), j.y.row(i))
		case opRope:
			cos, sin := j.angles.cos.row(i), j.angles.sin.row(i)
			for h := range j.count {
				kernel.Rope(j.dst.row(i)[h*j.step:h*j.step+2*len(cos)], cos, sin)
			}
		case opLookup:
			tensor.Decode(j.dst.row(i), j.table, int(j.ids[i]))
		case opGather:
			copy(j.dst.row(i), j.x.row(int(j.from[i])))
		case opFinite:
			j.infinite[i] = int32(kernel.Finite(j.x.row(i)))
		case opCopy:
			copy(j.dst.row(i), j.x.row(i))
		case opCopyHeads:
			for h := range j.count {
				copy(j.dst.row(i)[h*j.step:h*j.step+j.n], j.x.row(i)[h*j.xStep:])
			}
		case opConcat:
			copy(j.dst.row(i), j.x.row(i))
			copy(j.dst.row(i)[j.x.cols:], j.y.row(i))
		case opRoute:
			j.gate.row(&w.choice, j.routes, i)
		}
	}
}

// An RMSNorm scales a row to a root mean square of one, and by Weight.
type RMSNorm struct {
	Weight []float32
	Eps    float32
}

// Apply returns x·rsqrt(mean(x²)+eps)·weight for every row of x.
func (n RMSNorm) Apply(x Mat) Mat {
	if x.cols != len(n.Weight) {
		panic(fmt.Sprintf("nn: RMSNorm of %d weights over %d columns", len(n.Weight), x.cols))
	}
	y := x.arena.Mat(x.rows, x.cols)
	x.arena.runRows(x.rows, rowsJob{op: opNorm, dst: y, x: x, norm: n})
	return y
}

// Add adds y to x.
func Add(x, y Mat) {
	if x.rows != y.rows || x.cols != y.cols {
		panic(fmt.Sprintf("nn: adding [%d %d] to [%d %d]", y.rows, y.cols, x.rows, x.cols))
	}
	x.arena.runRows(x.rows, rowsJob{op: opAdd, dst: x, x: y})
}

// An MLP is a dense SwiGLU layer: down(silu(gate x)·up x).
type MLP struct {
	Gate, Up Linear // [hidden, dim]
	Down     Linear // [dim, hidden]
}

// Apply returns the MLP of every row of x.
func (m MLP) Apply(x Mat) Mat {
	gate, up := m.Gate.Apply(x), m.Up.Apply(x)
	x.arena.runRows(x.rows, rowsJob{op: opSwiGLU, dst: gate, x: gate, y: up})
	return m.Down.applyHidden(gate)
}

func swiGLU(m Math, dst, gate, up []float32) {
	if m == Fast {
		kernel.SwiGLUFast(dst, gate, up)
	} else {
		kernel.SwiGLU(dst, gate, up)
	}
}

// Lookup returns the rows of table that ids name: [len(ids), table.Cols].
func (a *Arena) Lookup(table *tensor.Tensor, ids []int32) Mat {
	y := a.Mat(len(ids), table.Cols)
	a.runRows(len(ids), rowsJob{op: opLookup, dst: y, table: table, ids: ids})
	return y
}

// Gather returns the given rows of x, in that order, in a's memory.
func (a *Arena) Gather(x Mat, rows []int32) Mat {
	y := a.Mat(len(rows), x.cols)
	a.runRows(len(rows), rowsJob{op: opGather, dst: y, x: x, from: rows})
	return y
}

// Concat returns [x ; y] row by row: [n, x.cols+y.cols].
func Concat(x, y Mat) Mat {
	z := x.arena.Mat(x.rows, x.cols+y.cols)
	x.arena.runRows(x.rows, rowsJob{op: opConcat, dst: z, x: x, y: y})
	return z
}

// Finite returns the first row and column of x that holds a NaN or an infinity,
// and false; or true where there is none.
func Finite(x Mat) (row, col int, ok bool) {
	if x.rows == 0 {
		return 0, 0, true
	}
	x.arena.runRows(x.rows, rowsJob{op: opFinite, x: x})
	for i, c := range x.arena.jobs.rows.infinite {
		if c >= 0 {
			return i, int(c), false
		}
	}
	return 0, 0, true
}
