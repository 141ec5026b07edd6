package tensor

import (
	"fmt"
	"math"
)

// EncodeQ8_0 encodes src, a multiple of 32 values, as Q8_0 blocks of 34 bytes:
//
//	d = max|x| / 127, stored as an IEEE half      q = round(x · 1/d)
//
// with d not yet rounded to a half where it divides, and halves rounded away
// from zero: the reference quantizer of ggml (quantize_row_q8_0_ref), to the
// bit, for finite values. It panics if the lengths do not fit.
func EncodeQ8_0(dst []byte, src []float32) {
	if len(src)%32 != 0 || len(dst) != Q8_0.RowBytes(len(src)) {
		panic(fmt.Sprintf("tensor: encoding %d values as Q8_0 in %d bytes", len(src), len(dst)))
	}
	for ; len(src) > 0; dst, src = dst[34:], src[32:] {
		var largest uint32 // magnitudes are ordered as their bits are
		for _, x := range src[:32] {
			largest = max(largest, math.Float32bits(x)&^(1<<31))
		}
		d := math.Float32frombits(largest) / 127
		little.PutUint16(dst, F32ToF16(d))
		inverse := 1 / d
		if inverse > math.MaxFloat32 { // d is zero as a half, and the block so whatever q
			inverse = 0
		}
		for i, x := range src[:32] {
			v := float64(x * inverse) // a float32: v ± 0.5 is exact, and the conversion cuts off
			dst[2+i] = byte(int32(v + math.Copysign(0.5, v)))
		}
	}
}
