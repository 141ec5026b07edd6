//go:build !purego

package kernel

import "math"

//go:noescape
func sizesNEON(x *float32, n int) (amax uint32, sum float32)

// These four take a multiple of 16 values. What is left is for the generic loops.

//go:noescape
func magnitudeBF16NEON(x *uint16, n int) uint16

//go:noescape
func roundTo16NEON(dst *int16, x *float32, f float32, n int)

//go:noescape
func roundBF16To16NEON(dst *int16, x *uint16, f float32, n int)

//go:noescape
func widenNEON(dst *int16, x *int8, n int)

//go:noescape
func pairValuesNEON(dst, x *int16, stride, pairs, blocks int)

//go:noescape
func scoresNEON(dst *float32, stride int, panel *int16, scale *float32, keys *int16, unit *float32, keyStride, pairs, eights, add int)

//go:noescape
func onlineStepNEON(o *Online, s *float32, n int)

//go:noescape
func roundWeightsNEON(p *int16, scale *float32, w, unit *float32, n int)

//go:noescape
func mixNEON(acc *float32, before, scale *float32, p, values *int16, pairs, blocks int)

//go:noescape
func blendNEON(acc, x, a, b *float32, cols int)

// sixteens returns how many of n values the loops that take 16 at a time do.
func sixteens(n int) int {
	if useNEON {
		return n &^ 15
	}
	return 0
}

func sizes(x []float32) (amax, sum float32) {
	if useNEON {
		bits, sum := sizesNEON(&x[0], len(x))
		return math.Float32frombits(bits), sum
	}
	return sizesGeneric(x)
}

func magnitudeBF16(x []uint16) uint16 {
	n := sixteens(len(x))
	most := magnitudeBF16Generic(x[n:])
	if n > 0 {
		most = max(most, magnitudeBF16NEON(&x[0], n))
	}
	return most
}

func roundTo16(dst []int16, x []float32, f float32) {
	n := sixteens(len(x))
	if n > 0 {
		roundTo16NEON(&dst[0], &x[0], f, n)
	}
	roundTo16Generic(dst[n:], x[n:], f)
}

func roundBF16To16(dst []int16, x []uint16, f float32) {
	n := sixteens(len(x))
	if n > 0 {
		roundBF16To16NEON(&dst[0], &x[0], f, n)
	}
	roundBF16To16Generic(dst[n:], x[n:], f)
}

func widen(dst []int16, x []int8) {
	n := sixteens(len(x))
	if n > 0 {
		widenNEON(&dst[0], &x[0], n)
	}
	widenGeneric(dst[n:], x[n:])
}

func pairValues(dst, x []int16, stride, n, cols int) {
	if useNEON {
		pairValuesNEON(&dst[0], &x[0], stride, n/2, cols/8)
	} else {
		pairValuesGeneric(dst, x, stride, n, cols)
	}
}

func scores(dst []float32, stride int, panel []int16, scale *[Queries]float32, keys []int16, unit []float32, keyStride, k int, add bool) {
	if !useNEON {
		scoresGeneric(dst, stride, panel, scale, keys, unit, keyStride, k, add)
		return
	}
	adds := 0
	if add {
		adds = 1
	}
	scoresNEON(&dst[0], stride, &panel[0], &scale[0], &keys[0], &unit[0], keyStride, k/2, len(unit)/8, adds)
}

func onlineStep(o *Online, s []float32) {
	if useNEON {
		onlineStepNEON(o, &s[0], len(s)/Queries)
	} else {
		onlineStepGeneric(o, s)
	}
}

func roundWeights(p []int16, scale *[Queries]float32, w, unit []float32) {
	if useNEON {
		roundWeightsNEON(&p[0], &scale[0], &w[0], &unit[0], len(unit))
	} else {
		roundWeightsGeneric(p, scale, w, unit)
	}
}

func mix(acc []float32, before, scale *[Queries]float32, p, values []int16, pairs, cols int) {
	if useNEON {
		mixNEON(&acc[0], &before[0], &scale[0], &p[0], &values[0], pairs, cols/8)
	} else {
		mixGeneric(acc, before, scale, p, values, pairs, cols)
	}
}

func blend(acc, x []float32, a, b *[Queries]float32) {
	if useNEON {
		blendNEON(&acc[0], &x[0], &a[0], &b[0], len(acc)/Queries)
	} else {
		blendGeneric(acc, x, a, b)
	}
}

func swiGLUFast(dst, gate, up []float32) {
	n := 0
	if useNEON {
		if n = len(dst) &^ 7; n > 0 {
			swiGLUNEON(&dst[0], &gate[0], &up[0], n)
		}
	}
	swiGLUFastGeneric(dst[n:], gate[n:], up[n:])
}

//go:noescape
func swiGLUNEON(dst, gate, up *float32, n int)
