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
			tokens := a.Slice(t, min(t+tileTokens, a.N))
			s.rows(dst[t*stride:], stride, w, e, rows, &tokens)
		}
	case vnni && !fused(e) && rows >= panelRows:
		for t := 0; t < a.N; t += passTokens {
			tokens := a.Slice(t, min(t+passTokens, a.N))
			s.stream(dst[t*stride:], stride, w, e, rows, &tokens)
		}
	case vnni && rows >= panelRows && a.N > fewTokens:
		for t := 0; t < a.N; t += passTokens {
			tokens := a.Slice(t, min(t+passTokens, a.N))
			s.multiply(dst[t*stride:], stride, w, e, rows, &tokens)
		}
	default:
		s.flats(dst, stride, w, e, rows, a)
	}
}

// Up to fewTokens are multiplied one by one with rows as they are stored: taking
// a panel apart would cost more.
const fewTokens = 3
