//go:build !purego

package kernel

import "unsafe"

//go:noescape
func rows4Q4KVNNI(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks int)

//go:noescape
func rows4Q5KVNNI(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks int)

//go:noescape
func rows4Q6KVNNI(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks int)

//go:noescape
func rows4Q8VNNI(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int32, blocks int)

// rows multiplies four rows at a time, the last four of them perhaps again, with
// each of the tokens, while they are in the cache.
func (s *Scratch) rows(dst []float32, stride int, w []byte, e Encoding, rows int, a *Q8Rows) {
	values, _ := e.Block()
	blocks, rowBytes := a.K/values, e.rowBytes(a.K)
	sums, step := s.rowSums(e, a)
	for next := 0; next < rows; next += 4 {
		r := min(next, rows-4)
		from := &w[r*rowBytes]
		for t := range a.N {
			out, q, d := &dst[t*stride+r], &a.Q[t*a.K], &a.D[t*blocks]
			switch e {
			case Q4_K:
				rows4Q4KVNNI(out, from, rowBytes, q, d, &sums[t*step], blocks)
			case Q5_K:
				rows4Q5KVNNI(out, from, rowBytes, q, d, &sums[t*step], blocks)
			case Q6_K:
				rows4Q6KVNNI(out, from, rowBytes, q, d, &sums[t*step], blocks)
			case Q8_0:
				rows4Q8VNNI(out, from, rowBytes, q, d, &s.sums[t*blocks], blocks)
			}
		}
	}
}

// rowSums returns the sums of the tokens that the loops of an encoding take, and
// how many each has. Those of Q8_0 are in s.sums.
func (s *Scratch) rowSums(e Encoding, a *Q8Rows) ([]int16, int) {
	n := a.N * a.K / 32
	if len(s.sums) < n {
		s.sums = make([]int32, n)
	}
	switch e {
	case Q6_K:
		return a.Sums, a.K / 16
	case Q8_0:
		scaledSumsVNNI(&s.sums[0], &a.Sums[0], -encodings[e].zero/8, n)
		return nil, 0
	}
	pairs := unsafe.Slice((*int16)(unsafe.Pointer(&s.sums[0])), n)
	pairSumsVNNI(&pairs[0], &a.Sums[0], n)
	return pairs, a.K / 32
}
