//go:build !purego

package kernel

import "golang.org/x/sys/cpu"

// hasVNNI is whether a machine with AVX-512 multiplies bytes with it.
var hasVNNI = cpu.X86.HasAVX512VNNI

func matMulQ8(dst []float32, stride int, w []byte, e Encoding, rows int, a *Q8Rows, s *Scratch) {
	vnni := useAVX512 && hasVNNI
	switch {
	case !useAVX512 && !useAVX2:
		matMulQ8Generic(dst, stride, w, e, rows, a)
	case vnni && fused(e) && rows >= 4 && (a.N <= fewTokens || rows < panelRows):
		for t := 0; t < a.N; t += tileTokens {
			tokens := a.slice(t, min(tileTokens, a.N-t))
			s.rows(dst[t*stride:], stride, w, e, rows, &tokens)
		}
	case vnni && rows >= panelRows && a.N > fewTokens:
		for t := 0; t < a.N; t += passTokens {
			tokens := a.slice(t, min(passTokens, a.N-t))
			s.multiply(dst[t*stride:], stride, w, e, rows, &tokens)
		}
	default:
		s.flats(dst, stride, w, e, rows, a)
	}
}

// Up to fewTokens are multiplied one by one with rows as they are stored: taking
// a panel apart would cost more.
const fewTokens = 3

// slice returns n tokens from t on.
func (a *Q8Rows) slice(t, n int) Q8Rows {
	blocks, sums := a.K/a.Block, a.K/16
	return Q8Rows{N: n, K: a.K, Block: a.Block,
		Q: a.Q[t*a.K:][:n*a.K], D: a.D[t*blocks:][:n*blocks], Sums: a.Sums[t*sums:][:n*sums]}
}
