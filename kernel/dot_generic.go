package kernel

import "math"

func dotGeneric(a, b []float32) float32 {
	var s [lanes]float32
	for len(a) >= lanes {
		x, y := (*[lanes]float32)(a), (*[lanes]float32)(b)
		for l := range s {
			s[l] += float32(x[l] * y[l]) // the conversion forbids a fused multiply-add
		}
		a, b = a[lanes:], b[lanes:]
	}
	for l := range a {
		s[l] += float32(a[l] * b[l])
	}
	return tree(&s)
}

func dotBF16Generic(w []byte, x []float32) float32 {
	var s [lanes]float32
	for len(x) >= lanes {
		u, y := (*[2 * lanes]byte)(w), (*[lanes]float32)(x)
		for l := range s {
			s[l] += float32(bf16(u[2*l], u[2*l+1]) * y[l])
		}
		w, x = w[2*lanes:], x[lanes:]
	}
	for l := range x {
		s[l] += float32(bf16(w[2*l], w[2*l+1]) * x[l])
	}
	return tree(&s)
}

// bf16 returns the value of a bfloat16: the upper half of a float32.
func bf16(low, high byte) float32 {
	return math.Float32frombits(uint32(low)<<16 | uint32(high)<<24)
}

func dotsGeneric(dst, w, x []float32, stride int) {
	for t := range dst {
		dst[t] = dotGeneric(w, x[t*stride:t*stride+len(w)])
	}
}

func dotsBF16Generic(dst []float32, w []byte, x []float32, stride int) {
	for t := range dst {
		dst[t] = dotBF16Generic(w, x[t*stride:t*stride+len(w)/2])
	}
}
