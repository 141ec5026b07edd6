package synth

import (
	"math"

	"github.com/deskseek/deskseek/tensor"
)

// values are what tensors of a plan choose from, made once.
type values struct {
	normal     [256]float64             // as normal returns them
	f8         []byte                   // their e4m3, times f8Deviation
	deviations map[tensor.DType]float64 // of block encodings at scale one
}

// f8Deviation is the deviation of FP8 values before their scale: the largest of
// e4m3 is 448.
const f8Deviation = 64

func newValues() *values {
	v := &values{normal: normal(), deviations: map[tensor.DType]float64{}}
	for _, x := range v.normal {
		v.f8 = append(v.f8, nearestF8(f8Deviation*x))
	}
	return v
}

// plain returns the 256 values of a normal distribution in F32, F16 or BF16.
func (v *values) plain(t tensor.DType, mean, sigma float64) (b []byte) {
	for _, x := range v.normal {
		y := float32(mean + float64(sigma*x))
		switch t {
		case tensor.F16:
			b = little.AppendUint16(b, tensor.F32ToF16(y))
		case tensor.BF16:
			b = little.AppendUint16(b, tensor.F32ToBF16(y))
		default:
			b = little.AppendUint32(b, math.Float32bits(y))
		}
	}
	return b
}

// nearestF8 returns the e4m3 whose value is nearest to x.
func nearestF8(x float64) (nearest byte) {
	least := math.Inf(1)
	for b := range 256 {
		// NaNs compare as false.
		if d := math.Abs(float64(tensor.F8E4M3ToF32(byte(b))) - x); d < least {
			nearest, least = byte(b), d
		}
	}
	return nearest
}

// normal returns 256 values that are distributed about as the normal
// distribution of mean 0 and deviation 1, symmetric.
func normal() (v [256]float64) {
	s := newSource(0, "normal")
	for i := range 128 {
		sum := -6 * 65535 // of twelve uniform ones: deviation 65536
		for range 3 {
			for u, k := s.pcg.Uint64(), 0; k < 4; u, k = u>>16, k+1 {
				sum += int(u & 0xFFFF)
			}
		}
		v[i] = float64(sum) / 65536
		v[255-i] = -v[i]
	}
	return v
}
