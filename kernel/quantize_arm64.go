//go:build !purego

package kernel

//go:noescape
func quantizeNEON(q *int8, d *float32, sums *int16, x *float32, block, blocks int)

func quantizeQ8(q []int8, d []float32, sums []int16, x []float32, block int) {
	if !useNEON {
		quantizeQ8Generic(q, d, sums, x, block)
		return
	}
	quantizeNEON(&q[0], &d[0], &sums[0], &x[0], block, len(d))
}
