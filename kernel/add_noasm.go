//go:build purego || !(amd64 || arm64)

package kernel

func addScaled(dst []float32, a float32, x []float32) { addScaledGeneric(dst, a, x) }
