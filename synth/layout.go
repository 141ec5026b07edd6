package synth

import (
	"math"

	"github.com/deskseek/deskseek/tensor"
)

// A layout is what has to be put in order in a block of random bits, so that it
// is one a quantizer could have written.
type layout struct {
	dtype tensor.DType
	bytes int
	d     int // offset of the block's scale, an IEEE half, or inNibbles
	// min is the offset of a second half, of the minimum, and minPerD what
	// centres the values at zero when it is that many times the scale.
	min     int
	minPerD float32
	// signed says that the scale has either sign, which centres the values
	// of encodings that have one more level below zero than above.
	signed bool
	// tame, where it is not nil, replaces bits that no quantizer writes.
	tame func(block []byte)
}

const (
	noMin = -1
	// inNibbles is where IQ1_M has its scale: in the high four bits of its last
	// four words, the lowest first.
	inNibbles = -1
)

// layouts are those of GGUF's block encodings; the decoders of package tensor
// draw the blocks.
var layouts = []layout{
	{tensor.Q4_0, 18, 0, noMin, 0, true, nil},
	{tensor.Q4_1, 20, 0, 2, -7.5, false, nil},
	{tensor.Q5_0, 22, 0, noMin, 0, true, nil},
	{tensor.Q5_1, 24, 0, 2, -15.5, false, nil},
	{tensor.Q8_0, 34, 0, noMin, 0, false, tameQ8},
	{tensor.Q2_K, 84, 80, 82, 1.5, false, nil},
	{tensor.Q3_K, 110, 108, noMin, 0, false, nil},
	{tensor.Q4_K, 144, 0, 2, 7.5, false, tameScaleMin},
	{tensor.Q5_K, 176, 0, 2, 15.5, false, tameScaleMin},
	{tensor.Q6_K, 210, 208, noMin, 0, false, nil},
	{tensor.IQ4_NL, 18, 0, noMin, 0, true, nil},
	{tensor.IQ4_XS, 136, 0, noMin, 0, false, nil},
	{tensor.IQ3_S, 110, 0, noMin, 0, false, nil},
	{tensor.IQ3_XXS, 98, 0, noMin, 0, false, nil},
	{tensor.IQ2_S, 82, 0, noMin, 0, false, nil},
	{tensor.IQ2_XS, 74, 0, noMin, 0, false, nil},
	{tensor.IQ2_XXS, 66, 0, noMin, 0, false, nil},
	{tensor.IQ1_M, 56, inNibbles, noMin, 0, false, nil},
	{tensor.IQ1_S, 50, 0, noMin, 0, false, nil},
}

func layoutOf(d tensor.DType) *layout {
	for i := range layouts {
		if layouts[i].dtype == d {
			return &layouts[i]
		}
	}
	return nil
}

// tameQ8 replaces -128, which is no value of a symmetric quantizer.
func tameQ8(block []byte) {
	for i, q := range block[2:] {
		if q == 0x80 {
			block[2+i] = 0x81
		}
	}
}

// tameScaleMin sets the top bit of the six of all scales and minima of a
// superblock: they are 32 to 63 then, as a quantizer makes the largest 63.
func tameScaleMin(block []byte) {
	for i := range 8 {
		block[4+i] |= 0xA0
	}
}

// finish makes a block of random bits a proper one with one of the scales.
func (l *layout) finish(block []byte, scales *[16]scale) {
	if l.tame != nil {
		l.tame(block)
	}
	s := scales[block[max(l.d, 0)]&15]
	if l.d == inNibbles {
		for i := range 4 {
			word := block[len(block)-8+2*i:]
			little.PutUint16(word, little.Uint16(word)&0xfff|s.d>>(4*i)<<12)
		}
	} else {
		little.PutUint16(block[l.d:], s.d)
	}
	if l.min != noMin {
		little.PutUint16(block[l.min:], s.min)
	}
}

// scales returns scales by which values have a standard deviation of about
// sigma, a quarter more or less from block to block.
func (v *values) scales(l *layout, sigma float64) (s [16]scale) {
	if v.deviations[l.dtype] == 0 {
		v.deviations[l.dtype] = l.deviation()
	}
	unit := sigma / v.deviations[l.dtype]
	for i := range s {
		d := unit * spread(i)
		if l.signed && i%2 == 1 {
			d = -d
		}
		s[i] = scale{tensor.F32ToF16(float32(d)), tensor.F32ToF16(float32(d) * l.minPerD)}
	}
	return s
}

// spread returns factors about one, the i-th of 16.
func spread(i int) float64 { return 0.75 + 0.5*float64(i)/15 }

// deviation returns the root mean square of values whose scale is one, as
// decoding a sample of blocks shows.
func (l *layout) deviation() float64 {
	const sample = 64
	var one [16]scale
	for i := range one {
		one[i] = scale{tensor.F32ToF16(1), tensor.F32ToF16(l.minPerD)}
	}
	data := make([]byte, sample*l.bytes)
	newSource(0, l.dtype.String()).fill(data)
	for at := 0; at < len(data); at += l.bytes {
		l.finish(data[at:at+l.bytes], &one)
	}
	perBlock, _ := l.dtype.Block()
	values := make([]float32, sample*perBlock)
	tensor.Decode(values, &tensor.Tensor{DType: l.dtype, Rows: 1, Cols: len(values), Data: data}, 0)
	sum := 0.0
	for _, v := range values {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum / float64(len(values)))
}
