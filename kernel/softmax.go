package kernel

import "math"

// Max returns the largest value of x: NaN where x has one, -Inf where x is empty.
func Max(x []float32) float32 {
	m := float32(math.Inf(-1))
	for _, v := range x {
		if !(v <= m) { // rare, and so predicted
			m = max(m, v)
		}
	}
	return m
}

// ExpSum sets dst = e^(x-max), element by element, rounded to float32, and
// returns its sum in the order of Dot. dst may be x.
func ExpSum(dst, x []float32, max float32) float32 {
	sameLength("ExpSum", len(dst), len(x))
	var s [lanes]float32
	for i, v := range x {
		e := float32(exp(float64(v) - float64(max)))
		dst[i] = e
		s[i%lanes] += e
	}
	return tree(&s)
}
