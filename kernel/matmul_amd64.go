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
	case vnni && stored(e) && rows >= 4 && (rows < stripRows || a.N == 1 && a.K >= wideRow && rowsStay):
		s.rows(dst, stride, w, e, rows, a)
	case vnni && stored(e) && rows >= stripRows && (a.N <= stripMost || rows < panelRows):
		for t := 0; t < a.N; t += stripMost {
			tokens := a.Slice(t, min(t+stripMost, a.N))
			s.strips(dst[t*stride:], stride, w, e, rows, &tokens)
		}
	case vnni && rows >= 4 && a.N == 1 && foursLoop(e) != nil: // of those without strips
		s.fours(dst, stride, w, e, rows, a)
	case vnni && rows >= panelRows:
		passes := (a.N + passTokens - 1) / passTokens
		for t, i := 0, 0; i < passes; i++ {
			n := (a.N - t) / (passes - i) // about as many in every pass
			tokens := a.Slice(t, t+n)
			if stored(e) {
				s.multiply(dst[t*stride:], stride, w, e, rows, &tokens)
			} else {
				s.stream(dst[t*stride:], stride, w, e, rows, &tokens)
			}
			t += n
		}
	case rows >= 4 && (a.N == 1 || rows < sixteen && (a.N == 3 || a.N == 4)) && foursLoop(e) != nil:
		s.fours(dst, stride, w, e, rows, a)
	case rows >= 4 && a.N == 2 && pairsLoop(e) != nil:
		s.pairs(dst, stride, w, e, rows, a)
	case rows >= sixteen && (a.N > gridFew || !isGrid(e)):
		for t := 0; t < a.N; t += passTokens {
			tokens := a.Slice(t, min(t+passTokens, a.N))
			s.sixteens(dst[t*stride:], stride, w, e, rows, &tokens)
		}
	default:
		s.flats(dst, stride, w, e, rows, a)
	}
}
