package nn

import (
	"github.com/deskseek/deskseek/kernel"
	"github.com/deskseek/deskseek/tensor"
)

// Math is how products with weights are computed.
type Math uint8

const (
	// Exact multiplies f32 activations with the value that tensor.Decode gives
	// each weight. It is the definition.
	Exact Math = iota
	// Fast multiplies integer weights with activations in 8 bits, a block at a
	// time, and stored floats with f32 activations; kernel.MatMulQ8, MatMulAffine
	// and MatMulFloats are its definition. Weights of other encodings, and the
	// transposes of all, are computed as in Exact.
	Fast
)

// encodings are the kernel's names of the encodings that it multiplies with
// 8-bit activations.
var encodings = map[tensor.DType]kernel.Encoding{
	tensor.Q4_0: kernel.Q4_0, tensor.Q4_1: kernel.Q4_1, tensor.Q5_0: kernel.Q5_0, tensor.Q5_1: kernel.Q5_1,
	tensor.Q8_0: kernel.Q8_0, tensor.IQ4_NL: kernel.IQ4_NL, tensor.IQ4_XS: kernel.IQ4_XS,
	tensor.Q2_K: kernel.Q2_K, tensor.Q3_K: kernel.Q3_K, tensor.Q4_K: kernel.Q4_K, tensor.Q5_K: kernel.Q5_K, tensor.Q6_K: kernel.Q6_K,
}

// integer returns how the kernel multiplies l's weight with 8-bit activations,
// and the block that these are quantized in; ok is false where it does not. It
// depends on the weight alone, so that a token's values do not depend on what
// else is computed.
func (l Linear) integer(m Math) (e kernel.Encoding, block int, ok bool) {
	if m != Fast || l.transposed {
		return 0, 0, false
	}
	if affine(l.w) {
		return 0, kernel.AffineBlock, true // of no Encoding: integerRows knows it
	}
	if e, ok = encodings[l.w.DType]; ok {
		block, _ = e.Block()
	}
	return e, block, ok
}

// panel is how many rows of a weight the kernel likes to take at a time: shares
// of work are cut at multiples of it.
const panel = 32

// shareRows returns the part of n rows that is w's, in whole panels.
func (w *worker) shareRows(n int) (lo, hi int) {
	lo, hi = w.share((n + panel - 1) / panel)
	return min(lo*panel, n), min(hi*panel, n)
}

// mostProducts is the number of multiplications that one call of a kernel may
// do: some milliseconds at the worst, so that the runtime can stop a thread.
const mostProducts = 1 << 26

// rowsAtOnce returns how many rows of k weights to multiply with n tokens in one
// call.
func rowsAtOnce(k, n int) int { return max(panel, mostProducts/(k*n)/panel*panel) }

// integerRows computes rows lo to hi of w for the tokens of a, into y: token t's
// value of row r is y[t·stride+r-lo].
func integerRows(w *worker, y []float32, stride int, m *tensor.Tensor, e kernel.Encoding, lo, hi int, a *kernel.Q8Rows) {
	if affine(m) {
		affineRows(w, y, stride, m, lo, hi, a)
		return
	}
	step := rowsAtOnce(m.Cols, a.N)
	n := m.RowBytes()
	for r := lo; r < hi; r += step {
		end := min(r+step, hi)
		kernel.MatMulQ8(y[r-lo:], stride, m.Data[r*n:end*n], e, end-r, m.Cols, a, w.scratch)
	}
}

// quantize sets q to x in 8 bits, in blocks of the given size. Of each row of x there are
// groups windows of k columns, step apart, and row t of group g becomes row
// g·x.rows+t.
func (a *Arena) quantize(q *kernel.Q8Rows, x window, n, k, groups, step, block int) {
	q.N, q.K, q.Block = groups*n, k, block
	q.Q = grow(q.Q, q.N*k)
	q.D = grow(q.D, q.N*k/block)
	q.Sums = grow(q.Sums, q.N*k/16)
	j := &a.jobs.quantize
	*j = quantizeJob{q, x, n, step}
	if q.N*k < 1<<13 {
		j.blocks(0, q.N*k/block) // less work than telling the others
		return
	}
	a.pool.run(j)
}

type quantizeJob struct {
	q    *kernel.Q8Rows
	x    window
	n    int // rows of a group
	step int
}

// work takes a share of all blocks.
func (j *quantizeJob) work(w *worker) { j.blocks(w.share(len(j.q.D))) }

func (j *quantizeJob) blocks(lo, hi int) {
	q := j.q
	perRow := q.K / q.Block
	for b := lo; b < hi; {
		row := b / perRow
		end := min(hi, (row+1)*perRow)
		g, t := row/j.n, row%j.n
		from, to := b*q.Block, end*q.Block
		x := j.x.data[t*j.x.stride+g*j.step:][from-row*q.K : to-row*q.K]
		kernel.QuantizeQ8(q.Q[from:to], q.D[b:end], q.Sums[from/16:to/16], x, q.Block)
		b = end
	}
}
