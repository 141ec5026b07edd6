package kernel

import "math"

func scoresGeneric(dst []float32, stride int, panel []int16, scale *[Queries]float32, keys []int16, unit []float32, keyStride, k int, add bool) {
	for t, u := range unit {
		key := keys[t*keyStride:][:k]
		var sums [Queries]int32
		for i := 0; i < k; i += 2 {
			a, b := int32(key[i]), int32(key[i+1])
			row := panel[i*Queries:][:2*Queries]
			for l := range sums {
				sums[l] += int32(row[2*l])*a + int32(row[2*l+1])*b
			}
		}
		to := dst[t*stride:][:Queries]
		for l, sum := range sums {
			v := float32(float32(float32(sum)*u) * scale[l])
			if add {
				v += to[l]
			}
			to[l] = v
		}
	}
}

func onlineStepGeneric(o *Online, s []float32) {
	for l := range Queries {
		m := o.Max[l]
		for i := l; i < len(s); i += Queries {
			if s[i] > m {
				m = s[i]
			}
		}
		before := expSmall(o.Max[l] - m)
		var sum float32
		for i := l; i < len(s); i += Queries {
			s[i] = expSmall(s[i] - m)
			sum += s[i]
		}
		o.Max[l], o.Before[l] = m, before
		o.Sum[l] = float32(o.Sum[l]*before) + sum
	}
}

// expSmall returns e^x for an x that is not positive: 0 below -64, which no sum of
// float32 beside 1 would notice, and so that products with units stay normal numbers;
// elsewhere with a relative error below 2^-22. No operation is fused.
//
//	e^x = 2^n · e^r        n = round(x/ln 2), |r| ≤ ln 2/2
//
// where ln 2 is taken off in two parts, the first of which has so few bits that its
// product with n is exact (Cody and Waite), and e^r is 1 + r + r²·p(r) with the
// polynomial of Cephes' expf.
func expSmall(x float32) float32 {
	if x < expLeast {
		return 0
	}
	if x != x {
		return x
	}
	n := round(float32(x * expInverse))
	r := x - float32(float32(n)*expHigh)
	r -= float32(float32(n) * expLow)
	p := float32(expP0*r) + expP1
	p = float32(p*r) + expP2
	p = float32(p*r) + expP3
	p = float32(p*r) + expP4
	p = float32(p*r) + expP5
	p = float32(p*float32(r*r)) + r
	p++
	return math.Float32frombits(math.Float32bits(p) + uint32(n)<<23)
}

const (
	expLeast   float32 = -64
	expInverse float32 = 1 / math.Ln2
	expHigh    float32 = 355.0 / 512
	expLow     float32 = math.Ln2 - 355.0/512
	expP0      float32 = 1.9875691500e-4
	expP1      float32 = 1.3981999507e-3
	expP2      float32 = 8.3334519073e-3
	expP3      float32 = 4.1665795894e-2
	expP4      float32 = 1.6666665459e-1
	expP5      float32 = 5.0000001201e-1
)

func roundWeightsGeneric(p []int16, scale *[Queries]float32, w, unit []float32) {
	for l := range Queries {
		var most, sum float32
		for t, u := range unit {
			v := float32(w[t*Queries+l] * u)
			if v > most {
				most = v
			}
			sum += v
		}
		f := float32(weightRoom / sum)
		if g := float32(32767 / most); g < f {
			f = g
		}
		if !(f <= math.MaxFloat32) {
			f, scale[l] = 0, 0
		} else {
			scale[l] = 1 / f
		}
		for t := range len(p) / Queries {
			var v int32
			if t < len(unit) {
				v = round(float32(float32(w[t*Queries+l]*unit[t]) * f))
			}
			p[t/2*2*Queries+2*l+t%2] = int16(v)
		}
	}
}

// weightRoom is QueryLimit, less what rounding 64 weights, and their sum, may add.
const weightRoom float32 = QueryLimit - 99

func mixGeneric(acc []float32, before, scale *[Queries]float32, p, values []int16, pairs, cols int) {
	for c := range cols {
		var sums [Queries]int32
		for i := range pairs {
			v := values[(c/8*pairs+i)*16+c%8*2:][:2]
			a, b := int32(v[0]), int32(v[1])
			row := p[i*2*Queries:][:2*Queries]
			for l := range sums {
				sums[l] += int32(row[2*l])*a + int32(row[2*l+1])*b
			}
		}
		for l, sum := range sums {
			at := &acc[c*Queries+l]
			*at = fma(float32(sum), scale[l], float32(*at*before[l]))
		}
	}
}

func blendGeneric(acc, x []float32, a, b *[Queries]float32) {
	for i, v := range x {
		acc[i] = float32(acc[i]*a[i%Queries]) + float32(v*b[i%Queries])
	}
}

func widenGeneric(dst []int16, x []int8) {
	for i, v := range x {
		dst[i] = int16(v) << 5
	}
}

func swiGLUFastGeneric(dst, gate, up []float32) {
	for i, g := range gate {
		e := expSmall(math.Float32frombits(math.Float32bits(g) | 1<<31))
		s := 1 / (1 + e)
		if math.Signbit(float64(g)) {
			s *= e
		}
		dst[i] = float32(g*s) * up[i]
	}
}
