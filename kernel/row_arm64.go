//go:build !purego

package kernel

// These loops multiply four rows as they are stored, rowBytes apart, with one token.

//go:noescape
func rows4Q4KNEON(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks int)

//go:noescape
func rows4Q5KNEON(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks int)

//go:noescape
func rows4Q6KNEON(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks int)

//go:noescape
func rows4Q8NEON(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks int)

//go:noescape
func rows4Q2KNEON(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks int)

//go:noescape
func rows4Q3KNEON(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks int)

//go:noescape
func rows4IQ4XSNEON(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks int)

//go:noescape
func rows4Q40NEON(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks int)

//go:noescape
func rows4Q50NEON(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks int)

//go:noescape
func rows4IQ4NLNEON(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks int)

// These do so with a pair of tokens, or two that lie pitch bytes apart, where there are
// products of matrices. work has room for a block's scales; out begins with zeros, and ends
// with the four results of every token.

//go:noescape
func rows4Q4KPairs1(out *float32, w *byte, rowBytes int, x *byte, pitch, blocks int, work *byte)

//go:noescape
func rows4Q4KPairs2(out *float32, w *byte, rowBytes int, x *byte, pitch, blocks int, work *byte)

//go:noescape
func rows4Q5KPairs1(out *float32, w *byte, rowBytes int, x *byte, pitch, blocks int, work *byte)

//go:noescape
func rows4Q5KPairs2(out *float32, w *byte, rowBytes int, x *byte, pitch, blocks int, work *byte)

//go:noescape
func rows4Q6KPairs1(out *float32, w *byte, rowBytes int, x *byte, pitch, blocks int, work *byte)

//go:noescape
func rows4Q6KPairs2(out *float32, w *byte, rowBytes int, x *byte, pitch, blocks int, work *byte)

//go:noescape
func rows4Q8Pairs1(out *float32, w *byte, rowBytes int, x *byte, pitch, blocks int, work *byte)

//go:noescape
func rows4Q8Pairs2(out *float32, w *byte, rowBytes int, x *byte, pitch, blocks int, work *byte)

//go:noescape
func rows4Q2KPairs1(out *float32, w *byte, rowBytes int, x *byte, pitch, blocks int, work *byte)

//go:noescape
func rows4Q2KPairs2(out *float32, w *byte, rowBytes int, x *byte, pitch, blocks int, work *byte)

//go:noescape
func rows4Q3KPairs1(out *float32, w *byte, rowBytes int, x *byte, pitch, blocks int, work *byte)

//go:noescape
func rows4Q3KPairs2(out *float32, w *byte, rowBytes int, x *byte, pitch, blocks int, work *byte)

//go:noescape
func rows4IQ4XSPairs1(out *float32, w *byte, rowBytes int, x *byte, pitch, blocks int, work *byte)

//go:noescape
func rows4IQ4XSPairs2(out *float32, w *byte, rowBytes int, x *byte, pitch, blocks int, work *byte)

// few reports whether there are loops that multiply so many tokens with rows as they are
// stored. Those of two tokens and more are there where taking a panel apart costs more.
func few(e Encoding, tokens int) bool {
	switch e {
	case Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_XS:
		return tokens <= 3 || tokens == 4 && useI8MM
	case Q4_0, Q5_0, IQ4_NL:
		return tokens == 1
	}
	return false
}

// rows multiplies four rows at a time, the last four of them perhaps again, with few
// tokens; of fewer than four rows it takes one, four times.
func (s *Scratch) rows(dst []float32, stride int, w []byte, e Encoding, rows int, a *Q8Rows) {
	group, apart := 4, e.rowBytes(a.K)
	if rows < 4 {
		group, apart = 1, 0
	}
	together := useI8MM && a.N > 1
	if together {
		s.pack(e, a)
	}
	for next := 0; next < rows; next += group {
		r := min(next, rows-group)
		from := &w[r*e.rowBytes(a.K)]
		var out [32]float32
		if together {
			s.rows4Pairs(&out[0], from, apart, e, a)
		} else {
			for t := range a.N {
				rows4(&out[4*t], from, apart, e, a, t)
			}
		}
		for t := range a.N {
			copy(dst[t*stride+r:][:group], out[4*t:])
		}
	}
}

// rows4 multiplies four rows that begin so many bytes apart with token t.
func rows4(dst *float32, w *byte, apart int, e Encoding, a *Q8Rows, t int) {
	blocks := a.K / a.Block
	q, d, sums := &a.Q[t*a.K], &a.D[t*blocks], &a.Sums[t*a.K/16]
	switch e {
	case Q4_0:
		rows4Q40NEON(dst, w, apart, q, d, sums, blocks)
	case Q5_0:
		rows4Q50NEON(dst, w, apart, q, d, sums, blocks)
	case IQ4_NL:
		rows4IQ4NLNEON(dst, w, apart, q, d, sums, blocks)
	case Q2_K:
		rows4Q2KNEON(dst, w, apart, q, d, sums, blocks)
	case Q3_K:
		rows4Q3KNEON(dst, w, apart, q, d, sums, blocks)
	case IQ4_XS:
		rows4IQ4XSNEON(dst, w, apart, q, d, sums, blocks)
	case Q4_K:
		rows4Q4KNEON(dst, w, apart, q, d, sums, blocks)
	case Q5_K:
		rows4Q5KNEON(dst, w, apart, q, d, sums, blocks)
	case Q6_K:
		rows4Q6KNEON(dst, w, apart, q, d, sums, blocks)
	case Q8_0:
		rows4Q8NEON(dst, w, apart, q, d, sums, blocks)
	}
}

// rows4Pairs multiplies four rows with packed tokens, up to four.
func (s *Scratch) rows4Pairs(out *float32, w *byte, apart int, e Encoding, a *Q8Rows) {
	blocks := a.K / a.Block
	x, pitch, work := &s.packed[0], packedBytes(a.Block)*blocks, &s.panel[0]
	switch two := a.N > 2; {
	case e == Q4_K && two:
		rows4Q4KPairs2(out, w, apart, x, pitch, blocks, work)
	case e == Q4_K:
		rows4Q4KPairs1(out, w, apart, x, pitch, blocks, work)
	case e == Q5_K && two:
		rows4Q5KPairs2(out, w, apart, x, pitch, blocks, work)
	case e == Q5_K:
		rows4Q5KPairs1(out, w, apart, x, pitch, blocks, work)
	case e == Q6_K && two:
		rows4Q6KPairs2(out, w, apart, x, pitch, blocks, work)
	case e == Q6_K:
		rows4Q6KPairs1(out, w, apart, x, pitch, blocks, work)
	case e == Q2_K && two:
		rows4Q2KPairs2(out, w, apart, x, pitch, blocks, work)
	case e == Q2_K:
		rows4Q2KPairs1(out, w, apart, x, pitch, blocks, work)
	case e == Q3_K && two:
		rows4Q3KPairs2(out, w, apart, x, pitch, blocks, work)
	case e == Q3_K:
		rows4Q3KPairs1(out, w, apart, x, pitch, blocks, work)
	case e == IQ4_XS && two:
		rows4IQ4XSPairs2(out, w, apart, x, pitch, blocks, work)
	case e == IQ4_XS:
		rows4IQ4XSPairs1(out, w, apart, x, pitch, blocks, work)
	case e == Q8_0 && two:
		rows4Q8Pairs2(out, w, apart, x, pitch, blocks, work)
	case e == Q8_0:
		rows4Q8Pairs1(out, w, apart, x, pitch, blocks, work)
	}
}
