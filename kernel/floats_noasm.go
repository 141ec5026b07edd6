//go:build purego || !(amd64 || arm64)

package kernel

func matMulFloats(dst []float32, stride int, w Floats, rows, k int, x []float32, xStride, n int, _ *Scratch) {
	matMulFloatsGeneric(dst, stride, w, rows, k, x, xStride, n)
}

func matMulAffine(dst []float32, stride int, w *Affine, rows int, a *Q8Rows, _ *Scratch) {
	matMulAffineGeneric(dst, stride, w, rows, a)
}
