package quantize

import (
	"fmt"

	"github.com/deskseek/deskseek/kernel"
	"github.com/deskseek/deskseek/tensor"
)

// A layout is what the search has to know of an encoding. A weight is
//
//	x̂ = d·scale·q - dmin·minimum
//
// with d and dmin halves for each superblock, scale and minimum whole numbers for
// each sub-block, and q a whole number, or a level of IQ4, for each value. In the
// encodings without superblocks a block is a superblock of one sub-block, and its
// scale and minimum are 1.
type layout struct {
	values    int            // in a sub-block: 16 or 32
	subs      int            // sub-blocks in a superblock: 1, 8 or 16
	lo, hi    float32        // the range of q
	nonlinear bool           // q is a level of IQ4, lo and hi the outermost
	form      kernel.FitForm // which minima there are

	scaleLo, scaleHi float32 // the range of scale, and of minimum from 0

	spread []float32 // how much wider the range of the levels is taken to be where the search starts
	nearby []float32 // steps from the nearest minimum that are tried
}

// packed is what a superblock has besides its levels.
type packed struct {
	d, dmin        uint16
	scale, minimum [16]int8
}

// polish is how often the best of all starts is improved by least squares.
const polish = 3

var (
	fineSpread   = []float32{-0.8, -0.4, 0, 0.4, 0.8}
	mediumSpread = []float32{-0.9, -0.6, -0.3, 0, 0.3, 0.6, 0.9}
	coarseSpread = []float32{-0.8, -0.6, -0.4, -0.2, 0, 0.2, 0.4, 0.6, 0.8}
	levelSpread  = []float32{-14, -10.5, -7, -3.5, 0, 3.5, 7, 10.5}

	here      = []float32{0}
	alongside = []float32{-1, 0, 1}
)

func layoutOf(d tensor.DType) layout {
	switch d {
	case tensor.Q4_0:
		return layout{values: 32, subs: 1, lo: -8, hi: 7, spread: mediumSpread}
	case tensor.Q5_0:
		return layout{values: 32, subs: 1, lo: -16, hi: 15, spread: mediumSpread}
	case tensor.Q4_1:
		return layout{values: 32, subs: 1, hi: 15, form: kernel.FitOffset, spread: mediumSpread}
	case tensor.Q5_1:
		return layout{values: 32, subs: 1, hi: 31, form: kernel.FitOffset, spread: mediumSpread}
	case tensor.IQ4_NL:
		return layout{values: 32, subs: 1, lo: -127, hi: 113, nonlinear: true, spread: levelSpread}
	case tensor.IQ4_XS:
		return layout{nearby: here, values: 32, subs: 8, lo: -127, hi: 113, nonlinear: true, spread: levelSpread,
			scaleLo: -32, scaleHi: 31}
	case tensor.Q2_K:
		return layout{values: 16, subs: 16, hi: 3, form: kernel.FitMinimum, spread: coarseSpread, nearby: alongside, scaleHi: 15}
	case tensor.Q3_K:
		return layout{nearby: here, values: 16, subs: 16, lo: -4, hi: 3, spread: coarseSpread, scaleLo: -32, scaleHi: 31}
	case tensor.Q4_K:
		return layout{values: 32, subs: 8, hi: 15, form: kernel.FitMinimum, spread: mediumSpread, nearby: here, scaleHi: 63}
	case tensor.Q5_K:
		return layout{values: 32, subs: 8, hi: 31, form: kernel.FitMinimum, spread: fineSpread, nearby: here, scaleHi: 63}
	case tensor.Q6_K:
		return layout{nearby: here, values: 16, subs: 16, lo: -32, hi: 31, spread: fineSpread, scaleLo: -128, scaleHi: 127}
	}
	panic(fmt.Sprintf("quantize: %v is not an encoding that is written", d))
}
