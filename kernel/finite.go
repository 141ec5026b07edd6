package kernel

import "math"

// Finite returns the index of the first NaN or infinity of x, or -1.
func Finite(x []float32) int {
	const stride = 16
	for i := 0; i < len(x); i += stride {
		// One exponent step above the largest finite value carries into the sign.
		var carry uint32
		for _, v := range x[i:min(i+stride, len(x))] {
			carry |= math.Float32bits(v)&^signBit + exponentStep
		}
		if carry&signBit != 0 {
			return i + firstInfinite(x[i:])
		}
	}
	return -1
}

const (
	signBit      = 1 << 31
	exponentStep = 1 << 23
)

func firstInfinite(x []float32) int {
	for i, v := range x {
		if (math.Float32bits(v)&^signBit+exponentStep)&signBit != 0 {
			return i
		}
	}
	return -1
}
