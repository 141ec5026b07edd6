//go:build !purego

package kernel

func matMulF8(dst []float32, stride int, w *F8Rows, a *Q16Rows, s *Scratch) {
	switch {
	case !useAVX512 && !useAVX2:
		matMulF8Generic(dst, stride, w, a)
	case !useAVX512 || !hasVNNI:
		s.flatF8.flatsF8(dst, stride, w, a)
	case w.Rows >= 4 && a.N <= f8FewTokens:
		s.panelF8.rowsF8(dst, stride, w, a)
	default:
		s.panelF8.panelsF8(dst, stride, w, a)
	}
}
