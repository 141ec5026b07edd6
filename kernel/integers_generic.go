package kernel

import "math"

// sizesGeneric returns the greatest |x|, NaN where x has one, and Σ|x| in the order
// of all sums.
func sizesGeneric(x []float32) (amax, sum float32) {
	var most uint32
	var s [lanes]float32
	for i, v := range x {
		bits := math.Float32bits(v) &^ signBit
		most = max(most, bits)
		s[i%lanes] += math.Float32frombits(bits)
	}
	return math.Float32frombits(most), tree(&s)
}

// magnitudeBF16Generic returns the bits of the greatest |x|.
func magnitudeBF16Generic(x []uint16) uint16 {
	var most uint16
	for _, v := range x {
		most = max(most, v&^(1<<15))
	}
	return most
}

// roundTo16Generic sets dst = round(x·f).
func roundTo16Generic(dst []int16, x []float32, f float32) {
	for i, v := range x {
		dst[i] = int16(round(float32(v * f)))
	}
}

func roundBF16To16Generic(dst []int16, x []uint16, f float32) {
	for i, v := range x {
		dst[i] = int16(round(float32(math.Float32frombits(uint32(v)<<16) * f)))
	}
}

// round returns the nearest integer, ties to even, of an x below 2²².
func round(x float32) int32 {
	// Around 1.5·2²³ float32 are the integers, so that adding it rounds to one, which
	// is in the low bits.
	const shift = 0x1.8p23
	return int32(math.Float32bits(x+shift) - math.Float32bits(shift))
}

func pairValuesGeneric(dst, x []int16, stride, n, cols int) {
	for c := 0; c < cols; c += 8 {
		for t := 0; t < n; t += 2 {
			a, b := x[t*stride+c:][:8], x[(t+1)*stride+c:][:8]
			d := dst[(c/8*(n/2)+t/2)*16:][:16]
			for i := range 8 {
				d[2*i], d[2*i+1] = a[i], b[i]
			}
		}
	}
}
