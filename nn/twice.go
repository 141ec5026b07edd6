package nn

import "github.com/deskseek/deskseek/kernel"

// What a SwiGLU layer hides are products, and some are far larger than the others. In
// eight bits the largest of a block says in what all of it counts, so that rounding
// takes more from them than from any other activations: most of what blocks of 256 cost
// beyond blocks of 32 is due to the product with down. So a row that loses much is
// multiplied twice: as it is rounded, and what that took off it, rounded in turn. Whether
// it does, depends on the row alone, and so its result on nobody beside it. In blocks of
// 32 no row would: by the estimate below, rounding takes at most 1.3 % of its length there.

// coarse reports whether rounding takes more than 2 % of its length off a row x, where
// it counts in d, one a block, by an estimate: that a value is off by d²/12, squared, as
// it is on average. A row with a NaN is not coarse.
func coarse(x, d []float32) bool {
	const length = 0.02
	var lost float32
	for _, unit := range d {
		lost += float32(unit * unit)
	}
	perBlock := float32(len(x)/len(d)) / (12 * length * length)
	return float32(lost*perBlock) > kernel.Dot(x, x)
}

// doubled are rows of activations, those of them twice that are coarse in eight bits.
type doubled struct {
	coarse []bool         // by row, in blocks of 256
	tokens []int32        // a row, or ^row: what rounding took off it
	acts   [forms]rounded // by token, in the forms that are wanted
}

// rowOf returns the row that a token is of.
func rowOf(token int32) int32 {
	if token < 0 {
		return ^token
	}
	return token
}

// survey looks for coarse rows among those of x, which q are in blocks of 256.
func (a *Arena) survey(d *doubled, q *rounded, x window) {
	rows, k := q.tokens()
	d.coarse = grow(d.coarse, rows)
	j := &a.jobs.survey
	*j = surveyJob{d.coarse, q, x}
	a.pool.runProducts(j, rows*k)
}

type surveyJob struct {
	coarse []bool
	q      *rounded
	x      window
}

// work surveys a share of the rows.
func (j *surveyJob) work(w *worker) {
	n, k := j.q.tokens()
	perToken, _ := j.q.blocks()
	lo, hi := w.share(n)
	for i := lo; i < hi; i++ {
		j.coarse[i] = coarse(j.x.row(i, k), j.q.q8.D[i*perToken:][:perToken])
	}
}

// begin makes room for the tokens of so many rows, as many as there may be: what a step
// allocates shall not depend on values.
func (d *doubled) begin(rows int) { d.tokens = grow(d.tokens, 2*rows)[:0] }

// add makes tokens of the rows lo to hi, which are in form f, and behind them of what is
// left of the coarse ones. It returns how many tokens there are.
func (d *doubled) add(f form, lo, hi int) int {
	for i := lo; i < hi; i++ {
		d.tokens = append(d.tokens, int32(i))
	}
	if f == eight256 {
		for i := lo; i < hi; i++ {
			if d.coarse[i] {
				d.tokens = append(d.tokens, ^int32(i))
			}
		}
	}
	return len(d.tokens)
}

// double makes the tokens' activations of those of the rows x, which are q.
func (a *Arena) double(d *doubled, q *rounded, x window) {
	rows, k := q.tokens()
	to := &d.acts[q.form]
	to.resize(q.form, 2*rows, k)
	to.resize(q.form, len(d.tokens), k)
	a.makeTokens(to, q, x, d.tokens)
}

// makeTokens sets dst to tokens of src: rows of it, or what rounding took off rows of x.
func (a *Arena) makeTokens(dst, src *rounded, x window, tokens []int32) {
	_, k := src.tokens()
	j := &a.jobs.tokens
	*j = tokensJob{dst, src, x, tokens}
	a.pool.runProducts(j, len(tokens)*k)
}

type tokensJob struct {
	dst, src *rounded
	x        window
	tokens   []int32
}

// work makes a share of the tokens.
func (j *tokensJob) work(w *worker) {
	lo, hi := w.share(len(j.tokens))
	for i := lo; i < hi; i++ {
		row := int(rowOf(j.tokens[i]))
		dst, src := j.dst.slice(i, i+1), j.src.slice(row, row+1)
		if j.tokens[i] >= 0 || src.form != eight256 {
			dst.copy(&src)
			continue
		}
		q := &dst.q8
		left := w.buffer(bufferRow, q.K)
		subtractRounded(left, j.x.row(row, q.K), &src.q8)
		kernel.QuantizeQ8(q.Q, q.D, q.Sums, left, q.Block)
	}
}

// subtractRounded sets dst to what rounding took off x, the one token of q.
func subtractRounded(dst, x []float32, q *kernel.Q8Rows) {
	for b, d := range q.D {
		at := b * q.Block
		dst, x, q := dst[at:][:q.Block], x[at:][:q.Block], q.Q[at:][:q.Block]
		for i, v := range x {
			dst[i] = v - float32(d*float32(q[i]))
		}
	}
}
