package kernel

import "math"

// RMSNorm sets dst = x / √(mean(x²)+eps) · w, element by element. The sum of
// squares has the order of Dot; the factor is taken in float64 and rounded once.
// dst may be x.
func RMSNorm(dst, x, w []float32, eps float32) {
	sameLength("RMSNorm", len(dst), len(x))
	sameLength("RMSNorm", len(w), len(x))
	mean := float64(Dot(x, x)) / float64(len(x))
	r := float32(1 / math.Sqrt(mean+float64(eps)))
	for i, v := range x {
		dst[i] = float32(v*r) * w[i]
	}
}
