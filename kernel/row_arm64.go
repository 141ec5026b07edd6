//go:build !purego

package kernel

//go:noescape
func rows4Q4KNEON(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks int)

//go:noescape
func rows4Q5KNEON(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks int)

//go:noescape
func rows4Q6KNEON(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks int)

//go:noescape
func rows4Q8NEON(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks int)

// fused reports whether an encoding has loops for few tokens that take the
// weights as they are stored.
func fused(e Encoding) bool { return e == Q4_K || e == Q5_K || e == Q6_K || e == Q8_0 }

// rowsOnce multiplies four rows at a time, the last four of them perhaps again, with one
// token after the other; of fewer than four rows it takes one, four times.
func rowsOnce(dst []float32, stride int, w []byte, e Encoding, rows int, a *Q8Rows) {
	group, apart := 4, e.rowBytes(a.K)
	if rows < 4 {
		group, apart = 1, 0
	}
	var out [4]float32
	for next := 0; next < rows; next += group {
		r := min(next, rows-group)
		from := &w[r*e.rowBytes(a.K)]
		for t := range a.N {
			rows4(&out[0], from, apart, e, a, t)
			copy(dst[t*stride+r:][:group], out[:])
		}
	}
}

// rows4 multiplies four rows that begin so many bytes apart with token t.
func rows4(dst *float32, w *byte, apart int, e Encoding, a *Q8Rows, t int) {
	blocks := a.K / a.Block
	q, d, sums := &a.Q[t*a.K], &a.D[t*blocks], &a.Sums[t*a.K/16]
	switch e {
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
