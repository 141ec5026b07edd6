package kernel

func addScaledGeneric(dst []float32, a float32, x []float32) {
	for i, v := range x {
		dst[i] += float32(a * v)
	}
}

func addScaledBF16Generic(dst []float32, a float32, w []byte) {
	for i := range dst {
		dst[i] += float32(a * bf16(w[2*i], w[2*i+1]))
	}
}
