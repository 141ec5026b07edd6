// Package kernel holds the numeric loops: typed, single-threaded, slices in and
// slices out. It allocates nothing, starts no goroutine, and knows neither a
// model, nor a tensor, nor how work is divided.
//
// # The order of a sum
//
// The order of every sum is part of its definition, so that a result is the
// same to the bit on every tier of instructions, and does not depend on which
// other results are computed beside it.
//
// Of floats, a sum over K elements has 16 lanes. Lane l starts at +0 and adds the elements
// l, l+16, l+32, … in ascending order; the last K mod 16 elements go to the
// lanes from 0 on. Each product is rounded to float32 before it is added: no
// fused multiply-add. The lanes are then combined by a fixed tree: lane l+8 is
// added to lane l for l < 8, then l+4 for l < 4, then l+2 for l < 2, then 1 to 0.
// Of quantized integers it is exact within a block, and a fused multiply-add
// from block to block (MatMulQ8, MatMulF8, MatMulAffine); of floats that are
// multiplied by the panel, a chain of them over 256 columns (MatMulFloats).
//
// Where a result is NaN it is so on every tier, but the bits of the NaN may
// differ.
//
// # Files
//
// A kernel is a family of files: name.go has the contract and checks lengths,
// name_generic.go is the definition, name_amd64.go and name_arm64.go choose by
// tier, the .s files beside them hold the loops only, and name_noasm.go takes
// the generic loop where there is no assembly. A call into assembly does less
// than a millisecond of work, because it cannot be preempted.
//
// A slice of wrong length is the caller's bug, and panics.
package kernel

import "fmt"

// lanes is the number of partial sums of every sum.
const lanes = 16

// tree combines the lanes of a sum.
func tree(s *[lanes]float32) float32 {
	for n := lanes / 2; n > 0; n /= 2 {
		for l := range n {
			s[l] += s[l+n]
		}
	}
	return s[0]
}

// sameLength panics unless a length is what it has to be.
func sameLength(kernel string, got, want int) {
	if got != want {
		wrongLength(kernel, got, want)
	}
}

//go:noinline
func wrongLength(kernel string, got, want int) {
	panic(fmt.Sprintf("kernel: %s: length %d, want %d", kernel, got, want))
}
