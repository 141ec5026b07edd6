//go:build purego || !(amd64 || arm64)

package kernel

func matMulF8(dst []float32, stride int, w *F8Rows, a *Q16Rows, _ *Scratch) {
	matMulF8Generic(dst, stride, w, a)
}

func quantizeQ16(q []int16, d, x []float32) { quantizeQ16Generic(q, d, x) }
