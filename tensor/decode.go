package tensor

import (
	"encoding/binary"
	"fmt"
	"math"
)

// F8Block is the side of the square of weights that share a scale in
// DeepSeek-V3's FP8 files (config.json: weight_block_size).
const F8Block = 128

var little = binary.LittleEndian

// Decode writes the values of one row of t to dst. It is the definition of each
// encoding: the value of a weight is the one Decode gives, and every operation
// it takes is rounded to float32.
//
// It panics if t's encoding is no weight's (see DType.Weight), if dst does not
// have t.Cols elements, or if row is not a row of t.
func Decode(dst []float32, t *Tensor, row int) {
	if len(dst) != t.Cols {
		panic(fmt.Sprintf("tensor %s: decoding a row of %d columns into %d", t.Name, t.Cols, len(dst)))
	}
	src := t.Row(row)
	switch t.DType {
	case F32:
		decodeF32(dst, src)
	case F16:
		decodeF16(dst, src)
	case BF16:
		decodeBF16(dst, src)
	case F64:
		decodeF64(dst, src)
	case F8E4M3:
		decodeF8(dst, src, t.Scale, t.FirstRow+row)
	case Q4_0:
		decodeQ4_0(dst, src)
	case Q4_1:
		decodeQ4_1(dst, src)
	case Q5_0:
		decodeQ5_0(dst, src)
	case Q5_1:
		decodeQ5_1(dst, src)
	case Q8_0:
		decodeQ8_0(dst, src)
	case Q2_K:
		decodeQ2K(dst, src)
	case Q3_K:
		decodeQ3K(dst, src)
	case Q4_K:
		decodeQ4K(dst, src)
	case Q5_K:
		decodeQ5K(dst, src)
	case Q6_K:
		decodeQ6K(dst, src)
	case IQ4_NL:
		decodeIQ4NL(dst, src)
	case IQ4_XS:
		decodeIQ4XS(dst, src)
	case IQ3_XXS:
		decodeIQ3XXS(dst, src)
	case IQ3_S:
		decodeIQ3S(dst, src)
	case IQ2_XXS:
		decodeIQ2XXS(dst, src)
	case IQ2_XS:
		decodeIQ2XS(dst, src)
	case IQ2_S:
		decodeIQ2S(dst, src)
	case IQ1_S:
		decodeIQ1S(dst, src)
	case IQ1_M:
		decodeIQ1M(dst, src)
	case MLX4, MLX8:
		decodeMLX(dst, src, t, row)
	default:
		panic(fmt.Sprintf("tensor %s: %v is not an encoding of weights", t.Name, t.DType))
	}
}

func decodeF32(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = math.Float32frombits(little.Uint32(src[4*i:]))
	}
}

func decodeF16(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = F16ToF32(little.Uint16(src[2*i:]))
	}
}

func decodeBF16(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = BF16ToF32(little.Uint16(src[2*i:]))
	}
}

func decodeF64(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = float32(math.Float64frombits(little.Uint64(src[8*i:])))
	}
}

// decodeF8 decodes row, counted from the start of the unsliced matrix, whose
// scales [ceil(rows/128), ceil(cols/128)] multiply, though the files call them
// weight_scale_inv.
func decodeF8(dst []float32, src []byte, scale *Tensor, row int) {
	for b := 0; b*F8Block < len(dst); b++ {
		s := element(scale, row/F8Block, b)
		lo, hi := b*F8Block, min((b+1)*F8Block, len(dst))
		out, in := dst[lo:hi], src[lo:hi]
		for i, q := range in {
			out[i] = e4m3[q] * s
		}
	}
}

// decodeMLX decodes a row of MLX's affine quantization: w = scale·q + bias,
// with one scale and one bias a group of consecutive columns.
//
//	uint32, little-endian:   element 0 in the low bits
//	MLX4   7 6 5 4 3 2 1 0   four bits each
//	MLX8   3   2   1   0     eight bits each
//
// So byte i of a row holds elements 2i (low nibble) and 2i+1 in MLX4, and
// element i in MLX8.
func decodeMLX(dst []float32, src []byte, t *Tensor, row int) {
	group := t.Cols / t.Scale.Cols
	for g := range t.Scale.Cols {
		s, b := element(t.Scale, row, g), element(t.Bias, row, g)
		out := dst[g*group : (g+1)*group]
		if t.DType == MLX8 {
			for i, q := range src[g*group : (g+1)*group] {
				out[i] = float32(s*float32(q)) + b
			}
			continue
		}
		for i, q := range src[g*group/2 : (g+1)*group/2] {
			out[2*i] = float32(s*float32(q&15)) + b
			out[2*i+1] = float32(s*float32(q>>4)) + b
		}
	}
}

// element returns one value of a tensor of scales or biases.
func element(t *Tensor, row, col int) float32 {
	i := row*t.Cols + col
	switch t.DType {
	case F32:
		return math.Float32frombits(little.Uint32(t.Data[4*i:]))
	case F16:
		return F16ToF32(little.Uint16(t.Data[2*i:]))
	case BF16:
		return BF16ToF32(little.Uint16(t.Data[2*i:]))
	}
	panic(fmt.Sprintf("tensor %s: scales in %v", t.Name, t.DType))
}
