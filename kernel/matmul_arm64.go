//go:build !purego

package kernel

import "golang.org/x/sys/cpu"

// hasDotProducts is whether a machine sums the products of four bytes at once:
// every one since 2018.
var hasDotProducts = cpu.ARM64.HasASIMDDP

// A Scratch is what MatMulQ8 works in. One call at a time uses it. It grows to
// what the widest weights need, and then allocates nothing.
type Scratch struct {
	flat   []byte // rows
	floats floatScratch
	affine affineScratch
}

// NewScratch returns a Scratch for weights and activations of any size.
func NewScratch() *Scratch { return &Scratch{} }

func matMulQ8(dst []float32, stride int, w []byte, e Encoding, rows int, a *Q8Rows, s *Scratch) {
	if useNEON && hasDotProducts {
		s.flats(dst, stride, w, e, rows, a)
	} else {
		matMulQ8Generic(dst, stride, w, e, rows, a)
	}
}
