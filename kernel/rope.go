package kernel

// Rope rotates, in place, the pairs (x[2i], x[2i+1]) by the angles whose cosines
// and sines are given: the interleaved form of DeepSeek. x is twice as long as
// cos and sin.
func Rope(x, cos, sin []float32) {
	sameLength("Rope", len(x), 2*len(cos))
	sameLength("Rope", len(sin), len(cos))
	for i, c := range cos {
		s := sin[i]
		a, b := x[2*i], x[2*i+1]
		x[2*i] = float32(a*c) - float32(b*s)
		x[2*i+1] = float32(a*s) + float32(b*c)
	}
}
