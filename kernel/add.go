package kernel

// Add adds x to dst, element by element.
func Add(dst, x []float32) {
	sameLength("Add", len(x), len(dst))
	for i, v := range x {
		dst[i] += v
	}
}

// AddScaled adds a·x to dst, element by element; each product is rounded to
// float32 before it is added.
func AddScaled(dst []float32, a float32, x []float32) {
	sameLength("AddScaled", len(x), len(dst))
	if len(dst) > 0 {
		addScaled(dst, a, x)
	}
}
