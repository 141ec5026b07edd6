//go:build !purego

package kernel

import "math"

//go:noescape
func sizesVNNI(x *float32, n int) (amax uint32, sum float32)

//go:noescape
func magnitudeBF16VNNI(x *uint16, n int) uint16

//go:noescape
func roundTo16VNNI(dst *int16, x *float32, f float32, n int)

//go:noescape
func roundBF16To16VNNI(dst *int16, x *uint16, f float32, n int)

//go:noescape
func pairValuesVNNI(dst, x *int16, stride, pairs, blocks int)

//go:noescape
func scoresVNNI(dst *float32, stride int, panel *int16, scale *float32, keys *int16, unit *float32, keyStride, pairs, eights, add int)

//go:noescape
func onlineStepVNNI(o *Online, s *float32, n int)

//go:noescape
func roundWeightsVNNI(p *int16, scale *float32, w, unit *float32, n int)

//go:noescape
func mixVNNI(acc *float32, before, scale *float32, p, values *int16, pairs, blocks int)

//go:noescape
func blendVNNI(acc, x, a, b *float32, cols int)

//go:noescape
func widenVNNI(dst *int16, x *int8, n int)

//go:noescape
func swiGLUVNNI(dst, gate, up *float32, n int)

func useVNNI() bool { return useAVX512 && hasVNNI }

func sizes(x []float32) (amax, sum float32) {
	if useVNNI() {
		bits, sum := sizesVNNI(&x[0], len(x))
		return math.Float32frombits(bits), sum
	}
	return sizesGeneric(x)
}

func magnitudeBF16(x []uint16) uint16 {
	if useVNNI() {
		return magnitudeBF16VNNI(&x[0], len(x))
	}
	return magnitudeBF16Generic(x)
}

func roundTo16(dst []int16, x []float32, f float32) {
	if useVNNI() {
		roundTo16VNNI(&dst[0], &x[0], f, len(x))
	} else {
		roundTo16Generic(dst, x, f)
	}
}

func roundBF16To16(dst []int16, x []uint16, f float32) {
	if useVNNI() {
		roundBF16To16VNNI(&dst[0], &x[0], f, len(x))
	} else {
		roundBF16To16Generic(dst, x, f)
	}
}

func pairValues(dst, x []int16, stride, n, cols int) {
	if useVNNI() {
		pairValuesVNNI(&dst[0], &x[0], stride, n/2, cols/8)
	} else {
		pairValuesGeneric(dst, x, stride, n, cols)
	}
}

func scores(dst []float32, stride int, panel []int16, scale *[Queries]float32, keys []int16, unit []float32, keyStride, k int, add bool) {
	if !useVNNI() {
		scoresGeneric(dst, stride, panel, scale, keys, unit, keyStride, k, add)
		return
	}
	adds := 0
	if add {
		adds = 1
	}
	scoresVNNI(&dst[0], stride, &panel[0], &scale[0], &keys[0], &unit[0], keyStride, k/2, len(unit)/8, adds)
}

func onlineStep(o *Online, s []float32) {
	if useVNNI() {
		onlineStepVNNI(o, &s[0], len(s)/Queries)
	} else {
		onlineStepGeneric(o, s)
	}
}

func roundWeights(p []int16, scale *[Queries]float32, w, unit []float32) {
	if useVNNI() {
		roundWeightsVNNI(&p[0], &scale[0], &w[0], &unit[0], len(unit))
	} else {
		roundWeightsGeneric(p, scale, w, unit)
	}
}

func mix(acc []float32, before, scale *[Queries]float32, p, values []int16, pairs, cols int) {
	if useVNNI() {
		mixVNNI(&acc[0], &before[0], &scale[0], &p[0], &values[0], pairs, cols/8)
	} else {
		mixGeneric(acc, before, scale, p, values, pairs, cols)
	}
}

func blend(acc, x []float32, a, b *[Queries]float32) {
	if useVNNI() {
		blendVNNI(&acc[0], &x[0], &a[0], &b[0], len(acc)/Queries)
	} else {
		blendGeneric(acc, x, a, b)
	}
}

func widen(dst []int16, x []int8) {
	if useVNNI() {
		widenVNNI(&dst[0], &x[0], len(x))
	} else {
		widenGeneric(dst, x)
	}
}

func swiGLUFast(dst, gate, up []float32) {
	if useVNNI() {
		swiGLUVNNI(&dst[0], &gate[0], &up[0], len(dst))
	} else {
		swiGLUFastGeneric(dst, gate, up)
	}
}
