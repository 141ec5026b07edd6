package tensor

import (
	"math"
	"math/rand/v2"
	"testing"
)

// halfValue is the definition of the IEEE half in float64.
func halfValue(h uint16) float64 {
	exponent, mantissa := int(h>>10&31), float64(h&0x3ff)
	v := math.Ldexp(1024+mantissa, exponent-25)
	switch {
	case exponent == 31 && mantissa != 0:
		return math.NaN()
	case exponent == 31:
		v = math.Inf(1)
	case exponent == 0:
		v = math.Ldexp(mantissa, -24)
	}
	if h&0x8000 != 0 {
		v = -v
	}
	return v
}

func TestF16(t *testing.T) {
	for i := range 1 << 16 {
		h := uint16(i)
		got, want := F16ToF32(h), halfValue(h)
		if !same(got, float32(want)) {
			t.Fatalf("F16ToF32(%#x) = %v, want %v", h, got, want)
		}
		if back := F32ToF16(got); back != h && !(got != got && back&0x7fff > 0x7c00) {
			t.Fatalf("F32ToF16(F16ToF32(%#x)) = %#x", h, back)
		}
	}
}

// TestRounding compares the roundings at and beside every halfway point of two
// neighbours, and at random.
func TestRounding(t *testing.T) {
	for i := range uint16(0x7bff) {
		lo, hi := F16ToF32(i), F16ToF32(i+1)
		checkRounding(t, "F16", (lo+hi)/2, i, F32ToF16)
	}
	checkRounding(t, "F16", 65520, 0x7bff, F32ToF16)
	for i := range uint16(0x7f7f) {
		lo, hi := BF16ToF32(i), BF16ToF32(i+1)
		checkRounding(t, "BF16", float32((float64(lo)+float64(hi))/2), i, F32ToBF16)
	}
	nan := math.Float32frombits(0x7f800001)
	if h := F32ToBF16(nan); h&0x7fff <= 0x7f80 {
		t.Errorf("F32ToBF16(NaN) = %#x", h)
	}
	if h := F32ToF16(nan); h&0x7fff <= 0x7c00 {
		t.Errorf("F32ToF16(NaN) = %#x", h)
	}
	if h := F32ToBF16(math.MaxFloat32); h != 0x7f80 {
		t.Errorf("F32ToBF16(max) = %#x", h)
	}
}

// checkRounding: middle, between the numbers lo and lo+1 of an encoding, goes to
// the even one; its neighbours to theirs; and signs do not matter.
func checkRounding(t *testing.T, name string, middle float32, lo uint16, round func(float32) uint16) {
	t.Helper()
	even := lo + lo&1
	for _, c := range []struct {
		x    float32
		want uint16
	}{
		{middle, even}, {math.Nextafter32(middle, 0), lo}, {math.Nextafter32(middle, math.MaxFloat32), lo + 1},
	} {
		if got := round(c.x); got != c.want {
			t.Fatalf("%s(%v) = %#x, want %#x", name, c.x, got, c.want)
		}
		if got := round(-c.x); got != c.want|0x8000 {
			t.Fatalf("%s(%v) = %#x, want %#x", name, -c.x, got, c.want|0x8000)
		}
	}
}

func TestEncodeQ8_0(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, scale := range []float64{1, 1e-3, 1e5, 1e-7, 1e-40, 0} {
		src := make([]float32, 256)
		for i := range src {
			src[i] = float32(r.NormFloat64() * scale)
		}
		dst := make([]byte, Q8_0.RowBytes(len(src)))
		EncodeQ8_0(dst, src)
		got := make([]float32, len(src))
		Decode(got, matrix(Q8_0, 1, len(src), dst), 0)
		for b := 0; b < len(src); b += 32 {
			var amax float64
			for _, x := range src[b : b+32] {
				amax = max(amax, math.Abs(float64(x)))
			}
			// Half a step, the rounding of d to a half (of 127 steps), and what a half
			// cannot hold.
			bound := amax/127*0.5001 + amax*0x1p-11 + 127*0x1p-25
			for i := b; i < b+32; i++ {
				if e := math.Abs(float64(got[i] - src[i])); e > bound {
					t.Fatalf("scale %g: %v came back as %v, %g off, bound %g", scale, src[i], got[i], e, bound)
				}
			}
		}
	}
}

// TestEncodeQ8_0Reference: bytes of a block by hand: max 127 gives d = 1, and
// halves go away from zero.
func TestEncodeQ8_0Reference(t *testing.T) {
	src := make([]float32, 32)
	copy(src, []float32{127, -127, 0.5, -0.5, 1.5, 2.5, -2.5, 0.49999997, 126.5})
	dst := make([]byte, 34)
	EncodeQ8_0(dst, src)
	if d := little.Uint16(dst); d != 0x3c00 {
		t.Errorf("d = %#x", d)
	}
	for i, want := range []int8{127, -127, 1, -1, 2, 3, -3, 0, 127, 0} {
		if got := int8(dst[2+i]); got != want {
			t.Errorf("q[%d] = %d of %v, want %d", i, got, src[i], want)
		}
	}
}
