//go:build !purego

package kernel

//go:noescape
func quantizeAVX2(q *int8, d, x *float32, block, blocks int)

//go:noescape
func sumsAVX2(sums *int16, q *int8, n int)

func quantizeQ8(q []int8, d []float32, sums []int16, x []float32, block int) {
	if !useAVX512 && !useAVX2 {
		quantizeQ8Generic(q, d, sums, x, block)
		return
	}
	quantizeAVX2(&q[0], &d[0], &x[0], block, len(d))
	sumsAVX2(&sums[0], &q[0], len(sums))
}
