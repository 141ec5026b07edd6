//go:build purego || !(amd64 || arm64)

package kernel

func addScaledRows(dst, a, x []float32, stride int) { addScaledEach(dst, a, x, stride) }
