//go:build purego || !(amd64 || arm64)

package kernel

func sizes(x []float32) (amax, sum float32) { return sizesGeneric(x) }

func magnitudeBF16(x []uint16) uint16 { return magnitudeBF16Generic(x) }

func roundTo16(dst []int16, x []float32, f float32) { roundTo16Generic(dst, x, f) }

func roundBF16To16(dst []int16, x []uint16, f float32) { roundBF16To16Generic(dst, x, f) }

func pairValues(dst, x []int16, stride, n, cols int) { pairValuesGeneric(dst, x, stride, n, cols) }

func scores(dst []float32, stride int, panel []int16, scale *[Queries]float32, keys []int16, unit []float32, keyStride, k int, add bool) {
	scoresGeneric(dst, stride, panel, scale, keys, unit, keyStride, k, add)
}

func onlineStep(o *Online, s []float32) { onlineStepGeneric(o, s) }

func roundWeights(p []int16, scale *[Queries]float32, w, unit []float32) {
	roundWeightsGeneric(p, scale, w, unit)
}

func mix(acc []float32, before, scale *[Queries]float32, p, values []int16, pairs, cols int) {
	mixGeneric(acc, before, scale, p, values, pairs, cols)
}

func blend(acc, x []float32, a, b *[Queries]float32) { blendGeneric(acc, x, a, b) }

func swiGLUFast(dst, gate, up []float32) { swiGLUFastGeneric(dst, gate, up) }

func widen(dst []int16, x []int8) { widenGeneric(dst, x) }
