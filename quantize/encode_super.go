package quantize

import (
	"math"

	"github.com/deskseek/deskseek/kernel"
)

// fitSuper finds d and dmin of each superblock, and the whole numbers of its
// sub-blocks.
func (s *search) fitSuper() {
	for first := 0; first < lanes; first += s.subs {
		s.startSuper(first)
	}
	s.restart()
	s.fitWhole()
	s.zeros()
	for range 2 {
		s.refitSuper()
		s.fitWhole()
	}
}

// startSuper sets d and dmin so that the largest scale and the largest minimum get
// the largest whole numbers.
func (s *search) startSuper(first int) {
	var lo, hi, offset float32
	for l := first; l < first+s.subs; l++ {
		lo, hi = min(lo, s.free.Scale[l]), max(hi, s.free.Scale[l])
		offset = max(offset, s.free.Offset[l])
	}
	d := hi / s.scaleHi
	if s.form == kernel.FitScale {
		if -lo > hi {
			hi = lo
		}
		d = hi / s.scaleLo
	}
	s.setSuper(first, s.half(first, d), s.half(first, offset/s.scaleHi))
}

func (s *search) setSuper(first int, d, dmin float32) {
	u, inverseD, inverseDmin := &s.units, inverse(d), inverse(dmin)
	for l := first; l < first+s.subs; l++ {
		u.D[l], u.Dmin[l], u.InverseD[l], u.InverseDmin[l] = d, dmin, inverseD, inverseDmin
	}
}

// fitWhole tries, for every sub-block, whole numbers about those that its own scale
// and offset ask for, and keeps what lessens its error. Where the levels reach
// further down than up, it tries the scale of the other sign too, with which the
// greatest value is at the other end.
func (s *search) fitWhole() {
	for _, s.units.MoreScale = range alongside {
		for _, s.units.MoreMinimum = range s.nearby {
			kernel.FitWhole(&s.try, &s.free, &s.units)
			s.attempt()
		}
	}
	if s.form != kernel.FitScale {
		return
	}
	turned := s.free
	for l := range turned.Scale {
		turned.Scale[l] *= s.layout.hi / s.layout.lo
	}
	for _, s.units.MoreScale = range alongside {
		kernel.FitWhole(&s.try, &turned, &s.units)
		s.attempt()
	}
}

// refitSuper moves d and dmin to what suits the whole numbers and levels best, by
// least squares, and keeps them where the superblock's error is less.
func (s *search) refitSuper() {
	old := s.units
	var before [lanes]float64
	for first := 0; first < lanes; first += s.subs {
		var d, dmin float32
		d, dmin, before[first] = s.solveSuper(first)
		s.setSuper(first, s.half(first, d), s.half(first, dmin))
	}
	for l := range lanes {
		whole, minimum := s.best.Whole[l], s.best.Minimum[l]
		scale := s.units.D[l] * whole
		s.try.Whole[l], s.try.Minimum[l] = whole, minimum
		s.try.Scale[l], s.try.Inverse[l], s.try.Offset[l] = scale, inverse(scale), s.units.Dmin[l]*minimum
	}
	s.step()
	for first := 0; first < lanes; first += s.subs {
		var e float64
		for _, v := range s.try.Error[first:][:s.subs] {
			e += float64(v)
		}
		// All of a superblock is taken, or nothing.
		worse := &s.best
		if e >= before[first] {
			worse = &s.try
			s.setSuper(first, old.D[first], old.Dmin[first])
		}
		for l := first; l < first+s.subs; l++ {
			worse.Error[l] = math.MaxFloat32
		}
	}
	kernel.FitBetter(&s.best, &s.try)
}

// solveSuper returns the d and dmin of a superblock with the least error for the
// whole numbers and levels that it has, and its error now.
func (s *search) solveSuper(first int) (d, dmin float32, e float64) {
	var ss, sm, mm, sr, mr float64
	f := &s.best
	for l := first; l < first+s.subs; l++ {
		a, m := float64(f.Whole[l]), float64(f.Minimum[l])
		ss += a * a * float64(f.QQ[l])
		sm += a * m * float64(f.Q[l])
		mm += m * m * float64(s.weight[l])
		sr += a * float64(f.QR[l])
		mr += m * float64(f.R[l])
		e += float64(f.Error[l])
	}
	x, y := float64(s.units.D[first]), float64(s.units.Dmin[first])
	// The least squares of r - Δd·scale·q + Δdmin·minimum.
	if det := ss*mm - sm*sm; det > 1e-6*ss*mm {
		dd := (mm*sr - mr*sm) / det
		x, y = x+dd, y+(dd*sm-mr)/mm
	} else if ss > 0 {
		x += sr / ss
	}
	return float32(x), float32(y), e
}
