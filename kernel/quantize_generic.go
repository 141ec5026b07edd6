package kernel

import "math"

func quantizeQ8Generic(q []int8, d []float32, sums []int16, x []float32, block int) {
	for b := range d {
		in := x[b*block:][:block]
		var largest uint32 // magnitudes are ordered as their bits are
		for _, v := range in {
			largest = max(largest, math.Float32bits(v)&^signBit)
		}
		amax := math.Float32frombits(largest)
		scale := 127 / amax
		d[b] = amax / 127
		switch {
		case largest+exponentStep >= signBit: // NaN or infinite
			d[b], scale = float32(math.NaN()), 0
		case math.IsInf(float64(scale), 0):
			d[b], scale = 0, 0
		}
		if scale == 0 {
			clear(q[b*block:][:block])
			clear(sums[b*block/16:][:block/16])
			continue
		}
		for i := range block / 16 {
			sums[b*block/16+i] = round16(q[b*block+16*i:], in[16*i:], scale)
		}
	}
}

// round16 rounds 16 values times scale, and returns the sum of what comes out.
func round16(q []int8, x []float32, scale float32) int16 {
	var sum int16
	q, x = q[:16], x[:16]
	for i, v := range x {
		n := int16(round(float32(v * scale)))
		q[i] = int8(n) // v·scale is at most 127 and two roundings: 127
		sum += n
	}
	return sum
}
