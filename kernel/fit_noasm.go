//go:build purego || !(amd64 || arm64)

package kernel

func fitUniform(f *Fit, x, w []float32, lo, hi float32) { fitUniformGeneric(f, x, w, lo, hi) }
