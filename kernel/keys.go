package kernel

import (
	"fmt"
	"math"
)

// RoundKeys sets dst[t] = x[t]·(KeyLimit/amax), each operation rounded, then to the
// nearest integer, ties to even, where amax is the greatest magnitude of x[t], for
// each of len(unit) rows of cols values. Row t begins at x[t·xStride] and at
// dst[t·dstStride]. unit[t] becomes what its integers count in, amax/KeyLimit. Values so
// small that KeyLimit/amax is no float32 are taken for zeros; where a row has a NaN
// or an infinity its unit is NaN, and the integers are arbitrary.
func RoundKeys(dst []int16, unit, x []float32, dstStride, xStride, cols int) {
	if roundable("RoundKeys", len(dst), unit, len(x), dstStride, xStride, cols) {
		roundKeys(dst, unit, x, dstStride, xStride, cols)
	}
}

// RoundKeysBF16 is RoundKeys for bfloat16, of which x are the bits.
func RoundKeysBF16(dst []int16, unit []float32, x []uint16, dstStride, xStride, cols int) {
	if roundable("RoundKeysBF16", len(dst), unit, len(x), dstStride, xStride, cols) {
		roundKeysBF16(dst, unit, x, dstStride, xStride, cols)
	}
}

// roundable checks the lengths, and reports whether there is anything to round.
func roundable(kernel string, dst int, unit []float32, x, dstStride, xStride, cols int) bool {
	n := len(unit)
	if cols < 0 || dstStride < cols || xStride < cols ||
		n > 0 && (dst < (n-1)*dstStride+cols || x < (n-1)*xStride+cols) {
		panic(fmt.Sprintf("kernel: %s: %d rows of %d values, %d apart, in %d, to %d integers, %d apart", kernel, n, cols, xStride, x, dst, dstStride))
	}
	if cols == 0 {
		clear(unit)
	}
	return n > 0 && cols > 0
}

// roundKeysByRow takes the loops for rows that every tier has.
func roundKeysByRow(dst []int16, unit, x []float32, dstStride, xStride, cols int) {
	for t := range unit {
		row := x[t*xStride:][:cols]
		amax, _ := sizes(row)
		f, u := keyFactor(amax)
		roundTo16(dst[t*dstStride:][:cols], row, f)
		unit[t] = u
	}
}

func roundKeysBF16ByRow(dst []int16, unit []float32, x []uint16, dstStride, xStride, cols int) {
	for t := range unit {
		row := x[t*xStride:][:cols]
		f, u := keyFactor(math.Float32frombits(uint32(magnitudeBF16(row)) << 16))
		roundBF16To16(dst[t*dstStride:][:cols], row, f)
		unit[t] = u
	}
}

func keyFactor(amax float32) (f, unit float32) {
	if !(amax <= math.MaxFloat32) {
		return 0, float32(math.NaN())
	}
	f = KeyLimit / amax
	if f > math.MaxFloat32 {
		return 0, 0
	}
	return f, amax / KeyLimit
}
