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
	// Fast multiplies integer weights with activations in 8 bits, and FP8 weights
	// with activations in 16 bits, a block at a time, and stored floats with f32
	// activations; kernel.MatMulQ8, MatMulAffine, MatMulF8 and MatMulFloats are its
	// definition, and coarse for which rows that is done twice. Weights of other
	// encodings, and the transposes of all, are computed as in Exact.
	Fast
)

// encodings are the kernel's names of the encodings that it multiplies with
// 8-bit activations.
var encodings = map[tensor.DType]kernel.Encoding{
	tensor.Q4_0: kernel.Q4_0, tensor.Q4_1: kernel.Q4_1, tensor.Q5_0: kernel.Q5_0, tensor.Q5_1: kernel.Q5_1,
	tensor.Q8_0: kernel.Q8_0, tensor.IQ4_NL: kernel.IQ4_NL, tensor.IQ4_XS: kernel.IQ4_XS,
	tensor.Q2_K: kernel.Q2_K, tensor.Q3_K: kernel.Q3_K, tensor.Q4_K: kernel.Q4_K, tensor.Q5_K: kernel.Q5_K, tensor.Q6_K: kernel.Q6_K,
	tensor.IQ3_XXS: kernel.IQ3_XXS, tensor.IQ3_S: kernel.IQ3_S, tensor.IQ2_XXS: kernel.IQ2_XXS, tensor.IQ2_XS: kernel.IQ2_XS,
	tensor.IQ2_S: kernel.IQ2_S, tensor.IQ1_S: kernel.IQ1_S, tensor.IQ1_M: kernel.IQ1_M,
}

// A form is how the kernel takes the activations that meet a weight.
type form uint8

const (
	asTheyAre form = iota // f32
	eight32               // kernel.Q8Rows in blocks of 32
	eight256              // kernel.Q8Rows in blocks of 256
	sixteen               // kernel.Q16Rows
	forms
)

// form returns the form of activations that l's weight asks for. It depends on the
// weight alone, so that a token's values do not depend on what else is computed.
func (l Linear) form(m Math) form {
	if m != Fast || l.transposed {
		return asTheyAre
	}
	if affine(l.w) {
		return eight32
	}
	if l.w.DType == tensor.F8E4M3 {
		return sixteen
	}
	e, ok := encodings[l.w.DType]
	if !ok {
		return asTheyAre
	}
	if values, _ := e.Block(); values == 32 {
		return eight32
	}
	return eight256
}

// Rounded activations are in one of the forms but the first.
type rounded struct {
	form form
	q8   kernel.Q8Rows
	q16  kernel.Q16Rows
}

// resize makes room for n tokens of k values in form f.
func (q *rounded) resize(f form, n, k int) {
	q.form = f
	if f == sixteen {
		q.q16.N, q.q16.K = n, k
	} else {
		q.q8.N, q.q8.K, q.q8.Block = n, k, 32
		if f == eight256 {
			q.q8.Block = 256
		}
	}
	perToken, values := q.blocks()
	blocks := n * perToken
	if f == sixteen {
		q.q16.Q, q.q16.D = grow(q.q16.Q, blocks*values), grow(q.q16.D, blocks)
		return
	}
	q.q8.Q, q.q8.D = grow(q.q8.Q, blocks*values), grow(q.q8.D, blocks)
	q.q8.Sums = grow(q.q8.Sums, blocks*values/16)
}

// slice returns the tokens lo to hi, without copying.
func (q *rounded) slice(lo, hi int) rounded {
	if q.form == sixteen {
		return rounded{form: q.form, q16: q.q16.Slice(lo, hi)}
	}
	return rounded{form: q.form, q8: q.q8.Slice(lo, hi)}
}

// tokens returns the number of tokens and of each one's values.
func (q *rounded) tokens() (n, k int) {
	if q.form == sixteen {
		return q.q16.N, q.q16.K
	}
	return q.q8.N, q.q8.K
}

// blocks returns how many blocks a token has, and how many values a block.
func (q *rounded) blocks() (perToken, values int) {
	if q.form == sixteen {
		return kernel.F8Blocks(q.q16.K), kernel.F8Block
	}
	return q.q8.K / q.q8.Block, q.q8.Block
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
// do, of more than 128 rows: a millisecond or some.
const mostProducts = 1 << 28

// rowsAtOnce returns how many rows of k weights to multiply with n tokens in one
// call: at least as many as have the same scales in FP8, which share what the
// kernel reads of their tokens.
func rowsAtOnce(k, n int) int { return max(kernel.F8Block, mostProducts/(k*n)/panel*panel) }

// roundedRows computes rows lo to hi of m, which asks for the form of a, for the
// tokens of a, into y: token t's value of row r is y[t·stride+r-lo].
func roundedRows(w *worker, y []float32, stride int, m *tensor.Tensor, lo, hi int, a *rounded) {
	if affine(m) {
		affineRows(w, y, stride, m, lo, hi, &a.q8)
		return
	}
	tokens, _ := a.tokens()
	step := rowsAtOnce(m.Cols, tokens)
	n := m.RowBytes()
	for r := lo; r < hi; r += step {
		end := min(r+step, hi)
		data, dst := m.Data[r*n:end*n], y[r-lo:]
		if a.form == sixteen {
			kernel.MatMulF8(dst, stride, &kernel.F8Rows{
				Rows: end - r, K: m.Cols, First: m.FirstRow + r,
				W: data, Scale: m.Scale.Data, ScaleBytes: m.Scale.DType.RowBytes(1),
			}, &a.q16, w.scratch)
			continue
		}
		kernel.MatMulQ8(dst, stride, data, encodings[m.DType], end-r, m.Cols, &a.q8, w.scratch)
	}
}

// round sets q to x in form f. Of each row of x there are groups windows of k
// columns, step apart, and row t of group g becomes token g·n+t.
func (a *Arena) round(q *rounded, f form, x window, n, k, groups, step int) {
	q.resize(f, groups*n, k)
	perToken, values := q.blocks()
	j := &a.jobs.round
	*j = roundJob{q, x, n, step}
	a.pool.runProducts(j, perValue*groups*n*perToken*values)
}

// gatherRounded sets dst to the given tokens of src, in that order.
func (a *Arena) gatherRounded(dst, src *rounded, rows []int32) {
	_, k := src.tokens()
	dst.resize(src.form, len(rows), k)
	a.makeTokens(dst, src, window{}, rows)
}

// copy sets the values of q to those of as many tokens in the same form.
func (q *rounded) copy(src *rounded) {
	if q.form == sixteen {
		copy(q.q16.Q, src.q16.Q)
		copy(q.q16.D, src.q16.D)
		return
	}
	copy(q.q8.Q, src.q8.Q)
	copy(q.q8.D, src.q8.D)
	copy(q.q8.Sums, src.q8.Sums)
}

type roundJob struct {
	q    *rounded
	x    window
	n    int // rows of a group
	step int
}

// work takes a share of all blocks.
func (j *roundJob) work(w *worker) {
	q := j.q
	tokens, k := q.tokens()
	perToken, values := q.blocks()
	lo, hi := w.share(tokens * perToken)
	for b := lo; b < hi; {
		token := b / perToken
		end := min(hi, (token+1)*perToken)
		g, t := token/j.n, token%j.n
		row := j.x.data[t*j.x.stride+g*j.step:][:k]
		x := row[(b-token*perToken)*values : min((end-token*perToken)*values, k)]
		from, to := b*values, end*values
		if q.form == sixteen {
			kernel.QuantizeQ16(q.q16.Q[from:to], q.q16.D[b:end], x)
		} else {
			kernel.QuantizeQ8(q.q8.Q[from:to], q.q8.D[b:end], q.q8.Sums[from/16:to/16], x, values)
		}
		b = end
	}
}
