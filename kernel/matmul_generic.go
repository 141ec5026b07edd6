package kernel

import "math"

// matMulQ8Generic takes up to 64 tokens at a time, so that a block is unpacked
// once for all of them.
func matMulQ8Generic(dst []float32, stride int, w []byte, e Encoding, rows int, a *Q8Rows) {
	facts := &encodings[e]
	blocks := a.K / facts.values
	var u block
	var acc, m [64]float32
	for t0 := 0; t0 < a.N; t0 += len(acc) {
		n := min(len(acc), a.N-t0)
		for r := range rows {
			clear(acc[:])
			clear(m[:])
			for b := range blocks {
				u.unpack(e, w[(r*blocks+b)*facts.bytes:][:facts.bytes])
				for t := range n {
					i := (t0+t)*blocks + b
					weighted, shift := u.sums(a.Q[i*facts.values:][:facts.values], a.Sums[i*facts.values/16:])
					dx := a.D[i]
					if facts.affine {
						m[t] = fma(u.dmin*dx, float32(shift), m[t])
					} else {
						weighted -= shift
					}
					acc[t] = fma(u.d*dx, float32(weighted), acc[t])
				}
			}
			for t := range n {
				dst[(t0+t)*stride+r] = acc[t] - m[t]
			}
		}
	}
}

// sums returns Σ scale·Σ q·x and Σ shift·Σ x over a block. Neither reaches 2³¹:
// 16 scales to 128, times 16 products to 63·127, or 16 to 32, times 241·127.
func (u *block) sums(x []int8, sums []int16) (weighted, shift int32) {
	for j := range len(x) / 16 {
		q, x := u.q[16*j:][:16], x[16*j:][:16]
		var sum int32
		for i, v := range x {
			sum += int32(q[i]) * int32(v)
		}
		weighted += int32(u.scale[j]) * sum
		shift += int32(u.shift[j]) * int32(sums[j])
	}
	return weighted, shift
}

// fma returns a·b + c, rounded once. The product is exact in float64; the sum is
// rounded there to odd, whereupon rounding it to float32 is as good as rounding
// the exact sum (Boldo and Melquiond, Emulation of FMA and correctly rounded
// sums).
func fma(a, b, c float32) float32 {
	product, addend := float64(a)*float64(b), float64(c)
	sum := product + addend
	// What the sum lost (Knuth, TAOCP 4.2.2).
	part := sum - product
	lost := (product - (sum - part)) + (addend - part)
	if bits := math.Float64bits(sum); bits&1 == 0 && (lost < 0 || lost > 0) {
		if lost > 0 == (sum > 0) {
			bits++
		} else {
			bits--
		}
		sum = math.Float64frombits(bits)
	}
	return float32(sum)
}

// half returns the value of a little-endian IEEE half at the beginning of b.
func half(b []byte) float32 {
	bits := uint32(b[0]) | uint32(b[1])<<8
	sign, exponent, fraction := bits>>15<<31, bits>>10&31, bits&0x3ff
	switch exponent {
	case 0:
		f := float32(fraction) * 0x1p-24
		return math.Float32frombits(sign | math.Float32bits(f))
	case 31:
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
}
