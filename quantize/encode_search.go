package quantize

import (
	"math"

	"github.com/deskseek/deskseek/kernel"
	"github.com/deskseek/deskseek/tensor"
)

const lanes = kernel.FitLanes

// A search fits 16 sub-blocks at a time, one a lane: 16 blocks of an encoding
// without superblocks, one or two superblocks of one with them.
//
// First each sub-block has a scale and an offset of its own, real numbers: from
// several ranges of levels, one step of least squares each, then some more from the
// best. Then superblocks get their d and dmin, sub-blocks the whole numbers that
// suit best by the error itself, and d and dmin the values that suit these by least
// squares, by turns. Values are scaled by a power of two, so that no square
// overflows or vanishes.
type search struct {
	layout
	d tensor.DType

	x, w   [32 * lanes]float32 // value i of lane l at 16i+l
	weight [lanes]float32      // the sum of a lane's weights
	lo, hi [lanes]float32      // the least and the greatest value of a lane
	factor [lanes]float32      // x is the value times this, a power of two
	unit   [lanes]float32      // 1/factor

	try  kernel.Fit // what is tried
	best kernel.Fit // what was best, lane by lane
	free kernel.Fit // what was best with scales and offsets that are real numbers

	units kernel.FitUnits // d and dmin of each superblock as Decode reads them, over unit

	last [32 * lanes]float32 // the values, where there are too few for all lanes
	q    [32 * lanes]int8
	out  packed
}

func encodeBlocks(dst []byte, d tensor.DType, src, importance []float32) {
	values, bytes := d.Block()
	s := search{layout: layoutOf(d), d: d}
	s.units.Lo, s.units.Hi = s.scaleLo, s.scaleHi
	if s.form != kernel.FitScale {
		s.units.Top = s.scaleHi
	}
	if importance == nil {
		for i := range s.w {
			s.w[i] = 1
		}
	}
	for i := range s.weight {
		s.weight[i], s.units.InverseWeight[i] = float32(s.values), 1/float32(s.values)
	}
	for len(src) > 0 {
		n := min(lanes*s.values, len(src))
		in := src[:n]
		if n < lanes*s.values {
			in = s.last[:lanes*s.values]
			copy(in, src)
		}
		s.load(in)
		if importance != nil {
			s.weigh(importance[:n])
			importance = importance[n:]
		}
		s.fitFree()
		if s.subs == 1 {
			s.fitHalves()
		} else {
			s.fitSuper()
		}
		s.write(dst[:n/values*bytes], in)
		dst, src = dst[n/values*bytes:], src[n:]
	}
}

// load puts the sub-blocks of src into lanes, scaled by a power of two so that the
// greatest magnitude of a superblock is between 1 and 2, or as near to it as float32
// has one. Lanes without a sub-block hold zeros.
func (s *search) load(src []float32) {
	n := lanes * s.values
	kernel.FitLoad(s.x[:n], &s.lo, &s.hi, src)
	for first := 0; first < lanes; first += s.subs {
		var bits uint32
		for l := first; l < first+s.subs; l++ {
			bits = max(bits, math.Float32bits(s.lo[l])&0x7fffffff, math.Float32bits(s.hi[l])&0x7fffffff)
		}
		e := max(-126, min(126, int(bits>>23)-127))
		factor := math.Float32frombits(uint32(127-e) << 23)
		unit := math.Float32frombits(uint32(127+e) << 23)
		for l := first; l < first+s.subs; l++ {
			s.factor[l], s.unit[l] = factor, unit
			s.lo[l] *= factor
			s.hi[l] *= factor
		}
	}
	kernel.FitMultiply(s.x[:n], &s.factor)
}

// weigh puts weights into lanes, divided by the mean of their superblock's.
func (s *search) weigh(importance []float32) {
	n, per := s.values, s.values*s.subs
	for b := 0; b*per < len(importance); b++ {
		block := importance[b*per:][:per]
		var sum float64
		for _, w := range block {
			sum += float64(w)
		}
		factor, more := float64(per)/sum, float32(0)
		if sum == 0 {
			factor, more = 0, 1
		}
		for j := range s.subs {
			l := b*s.subs + j
			var weight float32
			for i, w := range block[n*j:][:n] {
				v := float32(float64(w)*factor) + more
				s.w[lanes*i+l] = v
				weight += v
			}
			s.weight[l], s.units.InverseWeight[l] = weight, inverse(weight)
		}
	}
}

// step tries the parameters in try.
func (s *search) step() {
	n := lanes * s.values
	if s.nonlinear {
		kernel.FitNonlinear(&s.try, s.x[:n], s.w[:n])
	} else {
		kernel.FitUniform(&s.try, s.x[:n], s.w[:n], s.layout.lo, s.layout.hi)
	}
}

// inverse is 1/x, or zero where that is not finite.
func inverse(x float32) float32 {
	if y := 1 / x; y-y == 0 {
		return y
	}
	return 0
}

// fitFree finds a scale and an offset for each lane.
func (s *search) fitFree() {
	s.restart()
	span, inverseSpan := s.start()
	for _, wider := range s.spread {
		if s.form != kernel.FitScale {
			s.fitRange(&span, &inverseSpan, s.layout.hi-s.layout.lo+wider)
			continue
		}
		s.fitRange(&span, &inverseSpan, s.layout.lo-wider)
		s.fitRange(&span, &inverseSpan, s.layout.hi+wider)
	}
	for range polish {
		kernel.FitRefit(&s.try, &s.best, &s.weight, s.form)
		s.attempt()
	}
	s.free = s.best
}

// start sets the offsets of try, and returns what the levels of a lane span.
func (s *search) start() (span, inverseSpan [lanes]float32) {
	for l := range lanes {
		lo, hi := s.lo[l], s.hi[l]
		switch s.form {
		case kernel.FitScale:
			span[l] = hi
			if -lo > hi {
				span[l] = lo
			}
		case kernel.FitMinimum:
			lo = min(lo, 0)
			fallthrough
		default:
			span[l], s.try.Offset[l] = hi-lo, -lo
		}
		inverseSpan[l] = inverse(span[l])
	}
	return span, inverseSpan
}

// fitRange tries the parameters by which the span of a lane has so many levels, and
// those that suit what comes out.
func (s *search) fitRange(span, inverseSpan *[lanes]float32, levels float32) {
	per := 1 / levels
	offset := s.try.Offset
	for l := range lanes {
		s.try.Scale[l], s.try.Inverse[l] = span[l]*per, inverseSpan[l]*levels
	}
	s.attempt()
	kernel.FitRefit(&s.try, &s.try, &s.weight, s.form)
	s.attempt()
	s.try.Offset = offset
}

// restart forgets the errors of best.
func (s *search) restart() {
	for l := range s.best.Error {
		s.best.Error[l] = math.MaxFloat32
	}
}

// attempt makes a step, and takes what is better.
func (s *search) attempt() {
	s.step()
	kernel.FitBetter(&s.best, &s.try)
}

// zeros tries to leave nothing of each lane, which is better than parameters that
// have no half near them.
func (s *search) zeros() {
	s.try = kernel.Fit{}
	s.attempt()
}

// fitHalves rounds the parameters of each lane to halves, where a lane is a block.
func (s *search) fitHalves() {
	s.restart()
	for l := range lanes {
		d := s.half(l, s.free.Scale[l])
		s.try.Scale[l], s.try.Inverse[l], s.try.Offset[l] = d, inverse(d), s.half(l, s.free.Offset[l])
	}
	s.attempt()
	s.zeros()
	s.units.D, s.units.Dmin = s.best.Scale, s.best.Offset
}

// half rounds a parameter of a lane to a half, in the lane's unit.
func (s *search) half(l int, x float32) float32 {
	return tensor.F16ToF32(half(x*s.unit[l])) / s.unit[l]
}

// write packs the blocks of src.
func (s *search) write(dst []byte, src []float32) {
	q := s.q[:lanes*s.values]
	if s.nonlinear {
		kernel.FitIndices(q, &s.best, src, &s.factor)
	} else {
		kernel.FitLevels(q, &s.best, src, &s.factor, s.layout.lo, s.layout.hi)
	}
	values, bytes := s.d.Block()
	for first := 0; len(dst) > 0; first += s.subs {
		s.out.d, s.out.dmin = half(s.units.D[first]*s.unit[first]), half(s.units.Dmin[first]*s.unit[first])
		for j := range s.subs {
			s.out.scale[j], s.out.minimum[j] = int8(s.best.Whole[first+j]), int8(s.best.Minimum[first+j])
		}
		pack(dst[:bytes], s.d, &s.out, q[:values])
		dst, q = dst[bytes:], q[values:]
	}
}
