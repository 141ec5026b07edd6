package kernel

import "math"

func quantizeQ16Generic(q []int16, d, x []float32) {
	for b := range d {
		in := x[b*F8Block : min((b+1)*F8Block, len(x))]
		out := q[b*F8Block:][:F8Block]
		var partial [lanes]float32
		var amax float32
		for i, v := range in {
			m := math.Float32frombits(math.Float32bits(v) &^ signBit)
			partial[i%lanes] += m
			if m > amax {
				amax = m
			}
		}
		sum := tree(&partial)
		factor := min(32767/amax, aim16/sum)
		d[b] = max(amax/32767, sum/aim16)
		clear(out)
		switch {
		case sum-sum != 0:
			d[b] = float32(math.NaN())
		case math.IsInf(float64(factor), 0):
			d[b] = 0
		default:
			for i, v := range in {
				// See round16; here too a product is below 2²².
				const integers = 3 << 22
				out[i] = int16(float32(float32(v*factor)+integers) - integers)
			}
		}
	}
}
