package quantize

import (
	"math"

	"github.com/deskseek/deskseek/tensor"
)

// mlxGroup is how many values of a row share a scale and a bias in MLX folders that
// we write.
const mlxGroup = 64

// MLXTypes returns the types of matrices in MLX folders.
func MLXTypes() []tensor.DType {
	return []tensor.DType{tensor.MLX4, tensor.MLX8, tensor.BF16, tensor.F16, tensor.F32}
}

// encodeMLX writes a row as MLX's affine quantization does (mlx.core.quantize): words
// to q, and a bfloat16 scale and bias a group to scales and biases.
//
// The scale is (max - min)/(2^bits - 1), with the sign that puts the value of the
// larger magnitude, the edge, at code 0 or the last; then it is adjusted so that zero is a code. Codes are
// chosen for the scale and bias as they are stored, not as they were before rounding.
func encodeMLX(q, scales, biases []byte, bits int, src []float32) {
	last := float32(int(1)<<bits - 1)
	for g := 0; g*mlxGroup < len(src); g++ {
		values := src[g*mlxGroup : (g+1)*mlxGroup]
		scale, bias := affine(values, last)
		little.PutUint16(scales[2*g:], brain(scale))
		little.PutUint16(biases[2*g:], brain(bias))
		scale, bias = tensor.BF16ToF32(brain(scale)), tensor.BF16ToF32(brain(bias))
		for i, x := range values {
			code := float32(0)
			if scale != 0 {
				code = float32(math.RoundToEven(float64((x - bias) / scale)))
			}
			at, n := g*mlxGroup+i, byte(max(0, min(last, code)))
			switch {
			case bits == 8:
				q[at] = n
			case at%2 == 0:
				q[at/2] = n
			default:
				q[at/2] |= n << 4
			}
		}
	}
}

// affine returns scale and bias of a group.
func affine(values []float32, last float32) (scale, bias float32) {
	low, high := values[0], values[0]
	for _, x := range values {
		low, high = min(low, x), max(high, x)
	}
	scale = max((high-low)/last, 1e-7)
	edge := low
	if -low <= high { // the larger magnitude is high, which becomes code 0
		scale, edge = -scale, high
	}
	zero := float32(math.RoundToEven(float64(edge / scale)))
	if zero == 0 {
		return scale, 0
	}
	return edge / zero, edge
}
