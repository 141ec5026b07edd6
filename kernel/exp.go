package kernel

import "math"

// Exp returns e^x, rounded to float32.
func Exp(x float32) float32 { return float32(exp(float64(x))) }

// exp returns e^x for an x that float32 can hold, or for the difference of two
// such: 0 below -700, and +Inf above 700. Its relative error is below 2^-44, so
// that about one result in a million, once rounded to float32, is not the nearest.
//
// It is here because that of package math differs from one architecture to the
// next in the last bit. This one is the same everywhere: the conversions forbid
// fused multiply-adds.
//
//	e^x = 2^(k/32) · e^r        k = round(x·32/ln 2), |r| ≤ ln 2/64
//
// with 2^(k/32) from a table, and e^r by five terms of its series in units of
// ln 2/32.
func exp(x float64) float64 {
	switch {
	case x < -700:
		return 0
	case x > 700:
		return math.Inf(1)
	case x != x:
		return x
	}
	z := float64(x * (32 / math.Ln2))
	// Added to this, a number is rounded to an integer, in the low bits.
	const shift = 0x1.8p52
	rounded := z + shift
	k := math.Float64bits(rounded)
	r := z - (rounded - shift)
	const c1 = math.Ln2 / 32
	const (
		c2 = c1 * c1 / 2
		c3 = c1 * c1 * c1 / 6
		c4 = c1 * c1 * c1 * c1 / 24
		c5 = c1 * c1 * c1 * c1 * c1 / 120
	)
	p := float64(c5*r) + c4
	p = float64(p*r) + c3
	p = float64(p*r) + c2
	p = float64(p*r) + c1
	p = float64(p*r) + 1
	// Shifting k out of its table index and into the exponent wraps as it should.
	scale := math.Float64frombits(math.Float64bits(exp2[k%32]) + k/32<<52)
	return float64(p * scale)
}

// exp2[i] is 2^(i/32).
var exp2 = [32]float64{
	0x1.0000000000000p+0, 0x1.059b0d3158574p+0, 0x1.0b5586cf9890fp+0, 0x1.11301d0125b51p+0,
	0x1.172b83c7d517bp+0, 0x1.1d4873168b9aap+0, 0x1.2387a6e756238p+0, 0x1.29e9df51fdee1p+0,
	0x1.306fe0a31b715p+0, 0x1.371a7373aa9cbp+0, 0x1.3dea64c123422p+0, 0x1.44e086061892dp+0,
	0x1.4bfdad5362a27p+0, 0x1.5342b569d4f82p+0, 0x1.5ab07dd485429p+0, 0x1.6247eb03a5585p+0,
	0x1.6a09e667f3bcdp+0, 0x1.71f75e8ec5f74p+0, 0x1.7a11473eb0187p+0, 0x1.82589994cce13p+0,
	0x1.8ace5422aa0dbp+0, 0x1.93737b0cdc5e5p+0, 0x1.9c49182a3f090p+0, 0x1.a5503b23e255dp+0,
	0x1.ae89f995ad3adp+0, 0x1.b7f76f2fb5e47p+0, 0x1.c199bdd85529cp+0, 0x1.cb720dcef9069p+0,
	0x1.d5818dcfba487p+0, 0x1.dfc97337b9b5fp+0, 0x1.ea4afa2a490dap+0, 0x1.f50765b6e4540p+0,
}
