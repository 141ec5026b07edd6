//go:build !purego

package kernel

// fours multiplies four rows at a time, as they are stored, the last four of them perhaps
// again, with each of the tokens, while they are in the cache. With the first it asks for the
// rows behind them, also where there are none: nothing comes of an address that there is
// not, and mostly the next call's rows are there.
func (s *Scratch) fours(dst []float32, stride int, w []byte, e Encoding, rows int, a *Q8Rows) {
	loop := foursLoop(e)
	blocks, rowBytes := a.K/256, e.rowBytes(a.K)
	sums := a.Sums
	if e == Q4_K || e == Q5_K {
		sums = s.pairSums(a)
	}
	perToken := len(sums) / a.N
	for next := 0; next < rows; next += 4 {
		r := min(next, rows-4)
		ahead := 4 * rowBytes
		for t := range a.N {
			loop(&dst[t*stride+r], &w[r*rowBytes], rowBytes, &a.Q[t*a.K], &a.D[t*blocks], &sums[t*perToken], blocks, ahead)
			ahead = 0
		}
	}
}

// A foursTile multiplies four rows with one token.
type foursTile func(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)

// foursLoop returns the loop of an encoding, or nil if there is none.
func foursLoop(e Encoding) foursTile {
	switch e {
	case Q4_K:
		return rows4Q4KAVX2
	case Q5_K:
		return rows4Q5KAVX2
	case Q6_K:
		return rows4Q6KAVX2
	case Q2_K:
		return rows4Q2KAVX2
	case Q3_K:
		return rows4Q3KAVX2
	case IQ4_XS:
		return rows4IQ4XSAVX2
	}
	return nil
}

//go:noescape
func rows4Q4KAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)

//go:noescape
func rows4Q5KAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)

//go:noescape
func rows4Q6KAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)

//go:noescape
func rows4Q2KAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)

//go:noescape
func rows4Q3KAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)

//go:noescape
func rows4IQ4XSAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)
