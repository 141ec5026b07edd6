//go:build purego || !(amd64 || arm64)

package kernel

func columns(dst []float32, stride int, acc, scale []float32, cols int) {
	columnsGeneric(dst, stride, acc, scale, 0, len(scale), 0, cols)
}
