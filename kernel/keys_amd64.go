//go:build !purego

package kernel

//go:noescape
func roundKeysAVX512(dst *int16, unit, x *float32, dstStride, xStride, n, cols int)

//go:noescape
func roundKeysBF16AVX512(dst *int16, unit *float32, x *uint16, dstStride, xStride, n, cols int)

func roundKeys(dst []int16, unit, x []float32, dstStride, xStride, cols int) {
	if useAVX512 {
		roundKeysAVX512(&dst[0], &unit[0], &x[0], dstStride, xStride, len(unit), cols)
	} else {
		roundKeysByRow(dst, unit, x, dstStride, xStride, cols)
	}
}

func roundKeysBF16(dst []int16, unit []float32, x []uint16, dstStride, xStride, cols int) {
	if useAVX512 {
		roundKeysBF16AVX512(&dst[0], &unit[0], &x[0], dstStride, xStride, len(unit), cols)
	} else {
		roundKeysBF16ByRow(dst, unit, x, dstStride, xStride, cols)
	}
}
