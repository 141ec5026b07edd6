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
	*layout
	x, w   [32 * lanes]float32 // value i of lane l at 16i+l
	weight [lanes]float32      // the sum of a lane's weights
	lo, hi [lanes]float32      // the least and the greatest value of a lane
	unit   [lanes]float32      // x times it is the value; a power of two

	try  kernel.Fit // what is tried
	best kernel.Fit // what was best, lane by lane
	free kernel.Fit // what was best with scales and offsets that are real numbers

	scale, minimum [lanes]float32 // the whole numbers of best
	tryS, tryM     [lanes]float32 // those of try
	d, dmin        [lanes]float32 // of each superblock, as Decode reads it, over unit

	q   [32 * lanes]int8
	out packed
}

func encodeBlocks(dst []byte, d tensor.DType, l *layout, src, importance []float32) {
	values, bytes := d.Block()
	var s search
	s.layout = l
	for i := range s.w {
		s.w[i] = 1
	}
	for i := range s.weight {
		s.weight[i] = float32(l.values)
	}
	at := lanes / l.subs // blocks at a time
	for len(src) > 0 {
		n := min(at, len(src)/values)
		s.load(src[:n*values])
		if importance != nil {
			s.weigh(importance[:n*values])
			importance = importance[n*values:]
		}
		s.fitFree()
		if l.subs == 1 {
			s.fitHalves()
		} else {
			s.fitWhole()
		}
		s.write(dst[:n*bytes], n)
		dst, src = dst[n*bytes:], src[n*values:]
	}
}

// load puts the sub-blocks of src into lanes, scaled so that the greatest magnitude
// of a superblock is between 1 and 2. Lanes without a sub-block hold zeros.
func (s *search) load(src []float32) {
	n, per := s.values, s.values*s.subs
	if len(src) < n*lanes {
		clear(s.x[:])
		s.lo, s.hi = [lanes]float32{}, [lanes]float32{}
	}
	for b := 0; b*per < len(src); b++ {
		block := src[b*per:][:per]
		factor, unit := normal(block)
		for j := range s.subs {
			l := b*s.subs + j
			s.unit[l] = unit
			lo, hi := block[n*j]*factor, block[n*j]*factor
			for i, v := range block[n*j:][:n] {
				v *= factor
				s.x[lanes*i+l] = v
				lo, hi = min(lo, v), max(hi, v)
			}
			s.lo[l], s.hi[l] = lo, hi
		}
	}
}

// normal returns a power of two that brings the greatest magnitude of x between 1
// and 2, or as near to it as float32 has one, and its inverse.
func normal(x []float32) (factor, unit float32) {
	var bits uint32
	for _, v := range x {
		bits = max(bits, math.Float32bits(v)&0x7fffffff)
	}
	e := int(bits>>23) - 127
	e = max(-126, min(126, e))
	return math.Float32frombits(uint32(127-e) << 23), math.Float32frombits(uint32(127+e) << 23)
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
		for j := range s.subs {
			l := b*s.subs + j
			var weight float32
			for i, w := range block[n*j:][:n] {
				v := float32(1)
				if sum > 0 {
					v = float32(float64(w) * float64(per) / sum)
				}
				s.w[lanes*i+l] = v
				weight += v
			}
			s.weight[l] = weight
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

// take makes lane l of from that of to.
func take(to, from *kernel.Fit, l int) {
	to.Scale[l], to.Inverse[l], to.Offset[l] = from.Scale[l], from.Inverse[l], from.Offset[l]
	to.Error[l], to.R[l], to.QR[l], to.Q[l], to.QQ[l] = from.Error[l], from.R[l], from.QR[l], from.Q[l], from.QQ[l]
}

// keep takes what was tried where it is better than the best.
func (s *search) keep() {
	for l, e := range s.try.Error {
		if e < s.best.Error[l] {
			take(&s.best, &s.try, l)
			s.scale[l], s.minimum[l] = s.tryS[l], s.tryM[l]
		}
	}
}

// inverse is 1/x, or zero where there is none.
func inverse(x float32) float32 {
	if y := 1 / x; y-y == 0 {
		return y
	}
	return 0
}

func (s *search) set(l int, scale, offset float32) {
	s.try.Scale[l], s.try.Inverse[l], s.try.Offset[l] = scale, inverse(scale), offset
}

// fitFree finds a scale and an offset for each lane.
func (s *search) fitFree() {
	for l := range lanes {
		s.best.Scale[l], s.best.Inverse[l], s.best.Offset[l] = 0, 0, 0
		s.best.Error[l] = math.MaxFloat32
	}
	for _, wider := range s.spread {
		for _, turned := range []bool{false, true} {
			if turned && s.affine {
				break
			}
			for l := range lanes {
				s.start(l, wider, turned)
			}
			s.step()
			s.keep()
			s.refit(&s.try)
			s.step()
			s.keep()
		}
	}
	for range 3 {
		s.refit(&s.best)
		s.step()
		s.keep()
	}
	s.free = s.best
}

// start sets the parameters of lane l so that its range has the levels' and wider
// more. Where there is no offset, the value of the greatest magnitude gets the
// lowest level, or the highest if turned.
func (s *search) start(l int, wider float32, turned bool) {
	lo, hi := s.lo[l], s.hi[l]
	if s.affine {
		if s.subs > 1 {
			lo = min(lo, 0)
		}
		s.set(l, (hi-lo)/(s.layout.hi-s.layout.lo+wider), -lo)
		return
	}
	v := hi
	if -lo > hi {
		v = lo
	}
	level := s.layout.lo - wider
	if turned {
		level = s.layout.hi + wider
	}
	s.set(l, v/level, 0)
}

// refit sets the parameters to those that suit the levels of f best.
func (s *search) refit(f *kernel.Fit) {
	for l := range lanes {
		scale, offset := f.Scale[l], f.Offset[l]
		q, qq, r, qr, w := f.Q[l], f.QQ[l], f.R[l], f.QR[l], s.weight[l]
		if !s.affine {
			if qq > 0 {
				scale += qr / qq
			}
			s.set(l, scale, 0)
			continue
		}
		// The least squares of r - Δs·q + Δo.
		if det := float32(w*qq) - float32(q*q); det > 1e-5*w*qq {
			ds := (float32(w*qr) - float32(r*q)) / det
			do := (float32(ds*q) - r) / w
			if s.subs > 1 && offset+do < 0 {
				do = -offset
				ds = (qr + float32(do*q)) / qq
			}
			if scale+ds > 0 {
				scale, offset = scale+ds, offset+do
			}
		}
		s.set(l, scale, offset)
	}
}

// fitHalves rounds the parameters of each lane to halves, where a lane is a block.
func (s *search) fitHalves() {
	for l := range lanes {
		s.d[l], s.out.d = s.half(l, s.free.Scale[l])
		s.dmin[l], _ = s.half(l, s.free.Offset[l])
		s.set(l, s.d[l], s.dmin[l])
	}
	s.best = s.try
}

// half rounds a parameter of a lane to a half, in the lane's unit and not.
func (s *search) half(l int, x float32) (float32, uint16) {
	h := half(float32(min(65504, max(-65504, float64(x)*float64(s.unit[l])))))
	return float32(float64(tensor.F16ToF32(h)) / float64(s.unit[l])), h
}

// write packs the blocks.
func (s *search) write(dst []byte, blocks int) {
	n := lanes * s.values
	if s.nonlinear {
		kernel.FitIndices(s.q[:n], &s.best, s.x[:n])
	} else {
		kernel.FitLevels(s.q[:n], &s.best, s.x[:n], s.layout.lo, s.layout.hi)
	}
	bytes := len(dst) / blocks
	for b := range blocks {
		first := b * s.subs
		_, s.out.d = s.half(first, s.d[first])
		_, s.out.dmin = s.half(first, s.dmin[first])
		for j := range s.subs {
			l := first + j
			s.out.scale[j], s.out.minimum[j] = int8(s.scale[l]), int8(s.minimum[l])
			for i := range s.values {
				s.out.q[s.values*j+i] = s.q[lanes*i+l]
			}
		}
		s.pack(dst[b*bytes:][:bytes], &s.out)
	}
}
