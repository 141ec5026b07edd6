package quantize

import "math"

// fitWhole finds d and dmin of each superblock, and the whole numbers of its
// sub-blocks.
func (s *search) fitWhole() {
	for first := 0; first < lanes; first += s.subs {
		s.startSuper(first)
	}
	for l := range lanes {
		s.best.Error[l] = math.MaxFloat32
	}
	s.fitScales()
	for range 2 {
		s.refitSuper()
		s.fitScales()
	}
}

// startSuper sets d and dmin so that the largest scale and the largest minimum get
// the largest whole numbers.
func (s *search) startSuper(first int) {
	var scale, offset float32
	for l := first; l < first+s.subs; l++ {
		if v := s.free.Scale[l]; abs(v) > abs(scale) {
			scale = v
		}
		offset = max(offset, s.free.Offset[l])
	}
	largest := s.scaleHi
	if !s.affine {
		largest = s.scaleLo
	}
	d, _ := s.half(first, scale/largest)
	dmin, _ := s.half(first, offset/s.scaleHi)
	s.setSuper(first, d, dmin)
}

func abs(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }

func (s *search) setSuper(first int, d, dmin float32) {
	for l := first; l < first+s.subs; l++ {
		s.d[l], s.dmin[l] = d, dmin
	}
}

// whole returns the whole number in a range that is nearest to x.
func whole(x, lo, hi float32) float32 {
	return float32(math.RoundToEven(float64(max(lo, min(hi, x)))))
}

// fitScales tries, for every sub-block, whole numbers about those that its own
// scale and offset ask for, and keeps what lessens its error.
func (s *search) fitScales() {
	nearby := s.nearby
	if !s.affine {
		nearby = here
	}
	for _, ds := range alongside {
		for _, dm := range nearby {
			for l := range lanes {
				f, d, dmin := &s.free, s.d[l], s.dmin[l]
				scale := whole(f.Scale[l]*inverse(d), s.scaleLo, s.scaleHi)
				scale = max(s.scaleLo, min(s.scaleHi, scale+ds))
				var minimum float32
				if s.affine && s.weight[l] > 0 {
					// The offset that suits the levels of the free fit with this scale.
					offset := f.Offset[l] + (float32((d*scale-f.Scale[l])*f.Q[l])-f.R[l])/s.weight[l]
					minimum = whole(offset*inverse(dmin), 0, s.scaleHi)
					minimum = max(0, min(s.scaleHi, minimum+dm))
				}
				s.setWhole(l, scale, minimum)
			}
			s.step()
			s.keep()
		}
	}
}

func (s *search) setWhole(l int, scale, minimum float32) {
	s.tryS[l], s.tryM[l] = scale, minimum
	s.set(l, s.d[l]*scale, s.dmin[l]*minimum)
}

// refitSuper moves d and dmin to what suits the whole numbers and levels best, by
// least squares, and keeps them where the superblock's error is less.
func (s *search) refitSuper() {
	oldD, oldMin := s.d, s.dmin
	var before [lanes]float32
	for first := 0; first < lanes; first += s.subs {
		var ss, sm, mm, sr, mr, e float64
		for l := first; l < first+s.subs; l++ {
			a, m := float64(s.scale[l]), float64(s.minimum[l])
			ss += a * a * float64(s.best.QQ[l])
			sm += a * m * float64(s.best.Q[l])
			mm += m * m * float64(s.weight[l])
			sr += a * float64(s.best.QR[l])
			mr += m * float64(s.best.R[l])
			e += float64(s.best.Error[l])
		}
		before[first] = float32(e)
		d, dmin := float64(s.d[first]), float64(s.dmin[first])
		// The least squares of r - Δd·scale·q + Δdmin·minimum.
		if det := ss*mm - sm*sm; det > 1e-6*ss*mm {
			dd := (mm*sr - mr*sm) / det
			d, dmin = d+dd, dmin+(dd*sm-mr)/mm
		} else if ss > 0 {
			d += sr / ss
		}
		x, _ := s.half(first, float32(d))
		y, _ := s.half(first, float32(dmin))
		s.setSuper(first, x, y)
	}
	for l := range lanes {
		s.setWhole(l, s.scale[l], s.minimum[l])
	}
	s.step()
	for first := 0; first < lanes; first += s.subs {
		var e float64
		for l := first; l < first+s.subs; l++ {
			e += float64(s.try.Error[l])
		}
		if float32(e) < before[first] {
			for l := first; l < first+s.subs; l++ {
				take(&s.best, &s.try, l)
			}
		} else {
			s.setSuper(first, oldD[first], oldMin[first])
		}
	}
}
