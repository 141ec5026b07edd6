//go:build purego || !amd64

package kernel

func roundKeys(dst []int16, unit, x []float32, dstStride, xStride, cols int) {
	roundKeysByRow(dst, unit, x, dstStride, xStride, cols)
}

func roundKeysBF16(dst []int16, unit []float32, x []uint16, dstStride, xStride, cols int) {
	roundKeysBF16ByRow(dst, unit, x, dstStride, xStride, cols)
}
