package kernel

import "math"

func quantizeQ16Generic(q []int16, d, x []float32) {
	for b := range d {
		in := x[b*F8Block : min((b+1)*F8Block, len(x))]
		out := q[b*F8Block:][:F8Block]
		amax, sum := sizesGeneric(in)
		factor := min(32767/amax, aim16/sum)
		d[b] = max(amax/32767, sum/aim16)
		clear(out)
		switch {
		case sum-sum != 0:
			d[b] = float32(math.NaN())
		case math.IsInf(float64(factor), 0):
			d[b] = 0
		default:
			roundTo16Generic(out, in, factor)
		}
	}
}
