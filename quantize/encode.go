package quantize

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/deskseek/deskseek/tensor"
)

var little = binary.LittleEndian

// encoders is the edition of Encode: it goes up when bytes that it gives change, so
// that a run which another edition began is not gone on with.
const encoders = 1

// Types returns the encodings that Encode knows.
func Types() []tensor.DType {
	return []tensor.DType{
		tensor.F32, tensor.F16, tensor.BF16, tensor.Q8_0, tensor.Q6_K, tensor.Q5_K, tensor.Q5_1, tensor.Q5_0,
		tensor.Q4_K, tensor.Q4_1, tensor.Q4_0, tensor.IQ4_NL, tensor.IQ4_XS, tensor.Q3_K, tensor.Q2_K,
	}
}

// Encode writes src, one row or several whole blocks, to dst as blocks of d, so
// that the sum of w·(x - x̂)² over the values of a block is small, with w the
// value's importance.
//
// importance has one weight ≥ 0 a value (mean squared activation of its column),
// or is nil, which stands for ones; so do weights of a block that are all zero.
// F32, F16, BF16 and Q8_0, which round each value by itself, or nearly so, take no
// notice of it.
//
// All values and weights are finite: what is not is for the caller to refuse. A
// value too large for the encoding becomes the largest that it has.
//
// Encode allocates nothing, and may run beside itself. It panics if d is not one
// of Types, or the lengths do not fit.
func Encode(dst []byte, d tensor.DType, src, importance []float32) {
	values, _ := d.Block()
	if len(src)%values != 0 || len(dst) != d.RowBytes(len(src)) {
		panic(fmt.Sprintf("quantize: encoding %d values as %v in %d bytes", len(src), d, len(dst)))
	}
	if importance != nil && len(importance) != len(src) {
		panic(fmt.Sprintf("quantize: %d weights for %d values", len(importance), len(src)))
	}
	switch d {
	case tensor.F32:
		for i, x := range src {
			little.PutUint32(dst[4*i:], math.Float32bits(x))
		}
	case tensor.F16:
		for i, x := range src {
			little.PutUint16(dst[2*i:], half(x))
		}
	case tensor.BF16:
		for i, x := range src {
			little.PutUint16(dst[2*i:], brain(x))
		}
	case tensor.Q8_0:
		encodeQ8_0(dst, src)
	default:
		encodeBlocks(dst, d, src, importance)
	}
}

// half rounds to the nearest IEEE half that is finite.
func half(x float32) uint16 {
	h := tensor.F32ToF16(x)
	if h&0x7fff == 0x7c00 {
		h-- // to the largest
	}
	return h
}

// brain rounds to the nearest bfloat16 that is finite.
func brain(x float32) uint16 {
	h := tensor.F32ToBF16(x)
	if h&0x7fff == 0x7f80 {
		h--
	}
	return h
}

// encodeQ8_0 is tensor.EncodeQ8_0 except where the scale of a block is too large
// for a half: that block is rounded in units of the largest.
func encodeQ8_0(dst []byte, src []float32) {
	const largest = 65504
	tensor.EncodeQ8_0(dst, src)
	for ; len(src) > 0; dst, src = dst[34:], src[32:] {
		if little.Uint16(dst)&0x7fff != 0x7c00 {
			continue
		}
		little.PutUint16(dst, half(largest))
		for i, x := range src[:32] {
			q := math.RoundToEven(float64(x) / largest)
			dst[2+i] = byte(int8(max(-127, min(127, q))))
		}
	}
}
