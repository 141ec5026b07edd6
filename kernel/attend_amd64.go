//go:build !purego

package kernel

import "math"

//go:noescape
func sizesVNNI(x *float32, n int) (amax uint32, sum float32)

//go:noescape
func sizesAVX2(x *float32, n int) (amax uint32, sum float32)

//go:noescape
func magnitudeBF16AVX2(x *uint16, n int) uint16

//go:noescape
func roundTo16VNNI(dst *int16, x *float32, f float32, n int)

//go:noescape
func roundTo16AVX2(dst *int16, x *float32, f float32, n int)

//go:noescape
func roundBF16To16AVX2(dst *int16, x *uint16, f float32, n int)

//go:noescape
func pairValuesAVX512(dst, x *int16, stride, pairs, blocks int)

//go:noescape
func pairValuesAVX(dst, x *int16, stride, pairs, blocks int)

//go:noescape
func scoresVNNI(dst *float32, stride int, panel *int16, scale *float32, keys *int16, unit *float32, keyStride, pairs, eights, add int)

//go:noescape
func scoresAVX2(dst *float32, stride int, panel *int16, scale *float32, keys *int16, unit *float32, keyStride, pairs, fours, add int)

//go:noescape
func onlineStepVNNI(o *Online, s *float32, n int)

//go:noescape
func onlineStepAVX2(o *Online, s *float32, n int)

//go:noescape
func roundWeightsVNNI(p *int16, scale *float32, w, unit *float32, n int)

//go:noescape
func roundWeightsAVX2(p *int16, scale *float32, w, unit *float32, n int)

//go:noescape
func mixVNNI(acc *float32, before, scale *float32, p, values *int16, pairs, blocks int)

//go:noescape
func mixAVX2(acc *float32, before, scale *float32, p, values *int16, pairs, fours int)

//go:noescape
func blendVNNI(acc, x, a, b *float32, cols int)

//go:noescape
func blendAVX2(acc, x, a, b *float32, cols int)

//go:noescape
func widenVNNI(dst *int16, x *int8, n int)

//go:noescape
func swiGLUVNNI(dst, gate, up *float32, n int)

//go:noescape
func swiGLUAVX2(dst, gate, up *float32, n int)

//go:noescape
func widenAVX2(dst *int16, x *int8, n int)

// With VNNI there are loops of AVX-512; without, those of AVX2 do.
func useVNNI() bool { return useAVX512 && hasVNNI }

func sizes(x []float32) (amax, sum float32) {
	var bits uint32
	switch {
	case useVNNI():
		bits, sum = sizesVNNI(&x[0], len(x))
	case useAVX512, useAVX2:
		bits, sum = sizesAVX2(&x[0], len(x))
	default:
		return sizesGeneric(x)
	}
	return math.Float32frombits(bits), sum
}

func magnitudeBF16(x []uint16) uint16 {
	if useAVX2 {
		return magnitudeBF16AVX2(&x[0], len(x))
	}
	return magnitudeBF16Generic(x)
}

func roundTo16(dst []int16, x []float32, f float32) {
	switch {
	case useVNNI():
		roundTo16VNNI(&dst[0], &x[0], f, len(x))
	case useAVX512, useAVX2:
		roundTo16AVX2(&dst[0], &x[0], f, len(x))
	default:
		roundTo16Generic(dst, x, f)
	}
}

func roundBF16To16(dst []int16, x []uint16, f float32) {
	if useAVX2 {
		roundBF16To16AVX2(&dst[0], &x[0], f, len(x))
	} else {
		roundBF16To16Generic(dst, x, f)
	}
}

func pairValues(dst, x []int16, stride, n, cols int) {
	if !useAVX512 && !useAVX2 {
		pairValuesGeneric(dst, x, stride, n, cols)
		return
	}
	wide := 0
	if useAVX512 {
		wide = cols &^ 31
	}
	if wide > 0 {
		pairValuesAVX512(&dst[0], &x[0], stride, n/2, wide/8)
	}
	if wide < cols {
		pairValuesAVX(&dst[wide*n], &x[wide], stride, n/2, (cols-wide)/8)
	}
}

func scores(dst []float32, stride int, panel []int16, scale *[Queries]float32, keys []int16, unit []float32, keyStride, k int, add bool) {
	adds := 0
	if add {
		adds = 1
	}
	switch {
	case useVNNI():
		scoresVNNI(&dst[0], stride, &panel[0], &scale[0], &keys[0], &unit[0], keyStride, k/2, len(unit)/8, adds)
	case useAVX512, useAVX2:
		scoresAVX2(&dst[0], stride, &panel[0], &scale[0], &keys[0], &unit[0], keyStride, k/2, len(unit)/4, adds)
	default:
		scoresGeneric(dst, stride, panel, scale, keys, unit, keyStride, k, add)
	}
}

func onlineStep(o *Online, s []float32) {
	switch {
	case useVNNI():
		onlineStepVNNI(o, &s[0], len(s)/Queries)
	case useAVX512, useAVX2:
		onlineStepAVX2(o, &s[0], len(s)/Queries)
	default:
		onlineStepGeneric(o, s)
	}
}

func roundWeights(p []int16, scale *[Queries]float32, w, unit []float32) {
	switch {
	case useVNNI():
		roundWeightsVNNI(&p[0], &scale[0], &w[0], &unit[0], len(unit))
	case useAVX512, useAVX2:
		roundWeightsAVX2(&p[0], &scale[0], &w[0], &unit[0], len(unit))
	default:
		roundWeightsGeneric(p, scale, w, unit)
	}
}

func mix(acc []float32, before, scale *[Queries]float32, p, values []int16, pairs, cols int) {
	switch {
	case useVNNI():
		mixVNNI(&acc[0], &before[0], &scale[0], &p[0], &values[0], pairs, cols/8)
	case useAVX512, useAVX2:
		mixAVX2(&acc[0], &before[0], &scale[0], &p[0], &values[0], pairs, cols/4)
	default:
		mixGeneric(acc, before, scale, p, values, pairs, cols)
	}
}

func blend(acc, x []float32, a, b *[Queries]float32) {
	switch {
	case useVNNI():
		blendVNNI(&acc[0], &x[0], &a[0], &b[0], len(acc)/Queries)
	case useAVX512, useAVX2:
		blendAVX2(&acc[0], &x[0], &a[0], &b[0], len(acc)/Queries)
	default:
		blendGeneric(acc, x, a, b)
	}
}

func widen(dst []int16, x []int8) {
	switch {
	case useVNNI():
		widenVNNI(&dst[0], &x[0], len(x))
	case useAVX512, useAVX2:
		widenAVX2(&dst[0], &x[0], len(x))
	default:
		widenGeneric(dst, x)
	}
}

func swiGLUFast(dst, gate, up []float32) {
	n := 0
	switch {
	case useVNNI():
		swiGLUVNNI(&dst[0], &gate[0], &up[0], len(dst))
		return
	case useAVX512, useAVX2:
		if n = len(dst) &^ 7; n > 0 {
			swiGLUAVX2(&dst[0], &gate[0], &up[0], n)
		}
	}
	swiGLUFastGeneric(dst[n:], gate[n:], up[n:])
}
