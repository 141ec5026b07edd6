package tensor

import "math"

// F16ToF32 widens an IEEE half, exactly.
func F16ToF32(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	if h&0x7c00 == 0x7c00 { // infinity, NaN
		return math.Float32frombits(sign | 0x7f800000 | uint32(h&0x3ff)<<13)
	}
	// The exponent's bias grows from 15 to 127. A multiplication by 2^112 does it
	// for subnormal numbers too.
	f := math.Float32frombits(uint32(h&0x7fff)<<13) * 0x1p112
	return math.Float32frombits(sign | math.Float32bits(f))
}

// F32ToF16 rounds to the nearest IEEE half, ties to even. What is too large
// becomes infinite; a NaN stays one.
func F32ToF16(f float32) uint16 {
	b := math.Float32bits(f)
	sign, mag := uint16(b>>16&0x8000), b&0x7fffffff
	switch {
	case mag > 0x7f800000:
		return sign | 0x7e00 | uint16(mag>>13&0x3ff)
	case mag >= 0x477ff000: // 65520: halfway from the largest half to 2^16
		return sign | 0x7c00
	case mag < 0x38800000: // below 2^-14: the unit is 2^-24, and so is that of float32 at 0.5
		return sign | uint16(math.Float32bits(math.Float32frombits(mag)+0.5)-0x3f000000)
	}
	mag += 0xfff + mag>>13&1
	return sign | uint16((mag-112<<23)>>13)
}

// BF16ToF32 widens a bfloat16, exactly.
func BF16ToF32(h uint16) float32 { return math.Float32frombits(uint32(h) << 16) }

// F32ToBF16 rounds to the nearest bfloat16, ties to even. A NaN stays one.
func F32ToBF16(f float32) uint16 {
	b := math.Float32bits(f)
	if b&0x7fffffff > 0x7f800000 {
		return uint16(b>>16) | 0x40
	}
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}

// F8E4M3ToF32 widens an 8-bit float of 4 exponent and 3 mantissa bits, exactly.
// The encoding has NaNs (0x7f, 0xff) and no infinities (Micikevicius et al.,
// "FP8 formats for deep learning", table 1).
func F8E4M3ToF32(b byte) float32 { return e4m3[b] }

var e4m3 = e4m3Table()

func e4m3Table() (t [256]float32) {
	for i := range t {
		exponent, mantissa := i>>3&15, float64(i&7)
		v := math.Ldexp(8+mantissa, exponent-10)
		switch {
		case i&0x7f == 0x7f:
			v = math.NaN()
		case exponent == 0:
			v = math.Ldexp(mantissa, -9)
		}
		if i >= 128 {
			v = -v
		}
		t[i] = float32(v)
	}
	return t
}
