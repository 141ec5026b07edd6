//go:build purego || !(amd64 || arm64)

package kernel

// A Scratch is what MatMulQ8, MatMulAffine, MatMulF8 and MatMulFloats work in. One
// call at a time uses it.
type Scratch struct{}

// NewScratch returns a Scratch for weights and activations of any size.
func NewScratch() *Scratch { return &Scratch{} }

func matMulQ8(dst []float32, stride int, w []byte, e Encoding, rows int, a *Q8Rows, _ *Scratch) {
	matMulQ8Generic(dst, stride, w, e, rows, a)
}
