package kernel

// Sigmoid returns 1/(1+e^-x), taken in float64 and rounded once.
func Sigmoid(x float32) float32 { return float32(1 / (1 + exp(-float64(x)))) }

// SwiGLU sets dst = silu(gate)·up, element by element, where silu(g) = g/(1+e^-g)
// is taken in float64 and rounded. dst may be gate or up.
func SwiGLU(dst, gate, up []float32) {
	sameLength("SwiGLU", len(gate), len(dst))
	sameLength("SwiGLU", len(up), len(dst))
	// The conversions are loops of their own, because amd64's wait for what their
	// destination held before: that would chain each element to the last one's
	// exponential, 12 ns instead of 4.
	var z [64]float64
	for len(dst) > 0 {
		n := min(len(z), len(dst))
		for i, g := range gate[:n] {
			z[i] = float64(g)
		}
		for i, g := range z[:n] {
			z[i] = g / (1 + exp(-g))
		}
		for i, silu := range z[:n] {
			dst[i] = float32(silu) * up[i]
		}
		dst, gate, up = dst[n:], gate[n:], up[n:]
	}
}

// SwiGLUFast is SwiGLU in float32: silu(g) = g·s with e = e^-|g| as expSmall has it,
// d = 1/(1+e), and s = d, or e·d where g is negative; every operation is rounded. dst
// may be gate or up.
func SwiGLUFast(dst, gate, up []float32) {
	sameLength("SwiGLUFast", len(gate), len(dst))
	sameLength("SwiGLUFast", len(up), len(dst))
	if len(dst) > 0 {
		swiGLUFast(dst, gate, up)
	}
}
