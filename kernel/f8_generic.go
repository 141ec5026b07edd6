package kernel

import (
	"encoding/binary"
	"math"
)

// f8Unit is what the integers of e4m3 weights count in.
const f8Unit = 0x1p-5

// integerF8 are the integers of the codes of e4m3, ⌊32·value + ½⌋, but for the
// NaNs, which are 15·2¹⁰ of either sign: 1.875·2⁸, as if they were numbers.
var integerF8 = func() (v [256]int16) {
	for code := range v {
		exponent, mantissa := code>>3&15, code&7
		value := math.Ldexp(float64(8+mantissa), exponent-10)
		if exponent == 0 {
			value = math.Ldexp(float64(mantissa), -9)
		}
		if code >= 0x80 {
			value = -value
		}
		v[code] = int16(math.Floor(value/f8Unit + 0.5))
	}
	return v
}()

// isNaNF8 reports whether a code of e4m3 stands for no number.
func isNaNF8(code byte) bool { return code&0x7f == 0x7f }

// matMulF8Generic takes up to 64 tokens at a time, so that a block is decoded
// once for all of them.
func matMulF8Generic(dst []float32, stride int, w *F8Rows, a *Q16Rows) {
	blocks := F8Blocks(w.K)
	var acc [64]float32
	for t0 := 0; t0 < a.N; t0 += len(acc) {
		n := min(len(acc), a.N-t0)
		for r := range w.Rows {
			clear(acc[:])
			nan := false
			for b := range blocks {
				var v [F8Block]int16
				for i, code := range w.W[r*w.K+b*F8Block : r*w.K+min((b+1)*F8Block, w.K)] {
					v[i] = integerF8[code]
					nan = nan || isNaNF8(code)
				}
				scale := float32(f8Unit * w.scale(r, b))
				for t := range n {
					i := (t0+t)*blocks + b
					sum := dot16(&v, a.Q[i*F8Block:])
					acc[t] = fma(scale*a.D[i], float32(sum), acc[t])
				}
			}
			for t := range n {
				dst[(t0+t)*stride+r] = acc[t]
				if nan {
					dst[(t0+t)*stride+r] = float32(math.NaN())
				}
			}
		}
	}
}

// dot16 returns the sum of the products of a block. It stays below 2³¹ for
// numbers; what a NaN's integers come to does not matter.
func dot16(v *[F8Block]int16, q []int16) int32 {
	q = q[:F8Block]
	var sum int32
	for i, x := range q {
		sum += int32(v[i]) * int32(x)
	}
	return sum
}

// littleFloat returns the little-endian float32 of four bytes, or bfloat16 of
// two, at the beginning of b.
func littleFloat(b []byte, bytes int) float32 {
	if bytes == 2 {
		return math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16)
	}
	return math.Float32frombits(binary.LittleEndian.Uint32(b))
}
