//go:build purego || !(amd64 || arm64)

package kernel

func dot(a, b []float32) float32 { return dotGeneric(a, b) }

func dotBF16(w []byte, x []float32) float32 { return dotBF16Generic(w, x) }

func dots(dst, w, x []float32, stride int) { dotsGeneric(dst, w, x, stride) }

func dotsBF16(dst []float32, w []byte, x []float32, stride int) {
	dotsBF16Generic(dst, w, x, stride)
}
