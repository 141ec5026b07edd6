//go:build purego || !(amd64 || arm64)

package kernel

func quantizeQ8(q []int8, d []float32, sums []int16, x []float32, block int) {
	quantizeQ8Generic(q, d, sums, x, block)
}
