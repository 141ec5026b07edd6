//go:build !purego

package kernel

import "golang.org/x/sys/cpu"

// hasDotProducts is whether a machine sums the products of four bytes at once:
// every one since 2018.
var hasDotProducts = cpu.ARM64.HasASIMDDP

func matMulQ8(dst []float32, stride int, w []byte, e Encoding, rows int, a *Q8Rows, s *Scratch) {
	switch {
	case !useNEON || !hasDotProducts:
		matMulQ8Generic(dst, stride, w, e, rows, a)
	case few(e, a.N):
		s.rows(dst, stride, w, e, rows, a)
	default:
		for t := 0; t < a.N; t += passTokens {
			tokens := a.Slice(t, min(t+passTokens, a.N))
			s.multiply(dst[t*stride:], stride, w, e, rows, &tokens)
		}
	}
}
