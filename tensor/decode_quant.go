package tensor

// The block encodings of ggml (ggml-common.h; gguf-py's quants.py is the
// definition that the tests hold these to). d, m: IEEE halves, little-endian.
// A pair of nibbles a byte holds elements far apart: i and i+half, never 2i and
// 2i+1. A product that is added to is rounded to float32 first: written
// float32(a*b), or Go would fuse the two on some machines.

// half reads the little-endian IEEE half at the start of b.
func half(b []byte) float32 { return F16ToF32(little.Uint16(b)) }

// ┌───┬────────┐
// │ d │ qs[16] │  w = d·(q-8); elements i (low nibbles) and i+16
// └───┴────────┘
func decodeQ4_0(dst []float32, src []byte) {
	for ; len(dst) >= 32; dst, src = dst[32:], src[18:] {
		d, qs, out := half(src), src[2:18], dst[:32]
		for i, q := range qs {
			out[i] = d * float32(int(q&15)-8)
			out[i+16] = d * float32(int(q>>4)-8)
		}
	}
}

// ┌───┬───┬────────┐
// │ d │ m │ qs[16] │  w = d·q + m
// └───┴───┴────────┘
func decodeQ4_1(dst []float32, src []byte) {
	for ; len(dst) >= 32; dst, src = dst[32:], src[20:] {
		d, m, qs, out := half(src), half(src[2:]), src[4:20], dst[:32]
		for i, q := range qs {
			out[i] = float32(d*float32(q&15)) + m
			out[i+16] = float32(d*float32(q>>4)) + m
		}
	}
}

// ┌───┬──────────┬────────┐
// │ d │ high u32 │ qs[16] │  w = d·(q-16); bit i of high is the fifth bit of element i
// └───┴──────────┴────────┘
func decodeQ5_0(dst []float32, src []byte) {
	for ; len(dst) >= 32; dst, src = dst[32:], src[22:] {
		d, high, qs, out := half(src), little.Uint32(src[2:]), src[6:22], dst[:32]
		for i, q := range qs {
			lo := int(q&15) | int(high>>i&1)<<4
			hi := int(q>>4) | int(high>>(i+16)&1)<<4
			out[i] = d * float32(lo-16)
			out[i+16] = d * float32(hi-16)
		}
	}
}

// ┌───┬───┬──────────┬────────┐
// │ d │ m │ high u32 │ qs[16] │  w = d·q + m
// └───┴───┴──────────┴────────┘
func decodeQ5_1(dst []float32, src []byte) {
	for ; len(dst) >= 32; dst, src = dst[32:], src[24:] {
		d, m, high := half(src), half(src[2:]), little.Uint32(src[4:])
		qs, out := src[8:24], dst[:32]
		for i, q := range qs {
			lo := int(q&15) | int(high>>i&1)<<4
			hi := int(q>>4) | int(high>>(i+16)&1)<<4
			out[i] = float32(d*float32(lo)) + m
			out[i+16] = float32(d*float32(hi)) + m
		}
	}
}

// ┌───┬────────────┐
// │ d │ qs[32]  i8 │  w = d·q
// └───┴────────────┘
func decodeQ8_0(dst []float32, src []byte) {
	for ; len(dst) >= 32; dst, src = dst[32:], src[34:] {
		d, qs, out := half(src), src[2:34], dst[:32]
		for i, q := range qs {
			out[i] = d * float32(int8(q))
		}
	}
}

// nonlinear are the 16 levels of IQ4_NL and IQ4_XS (ggml: kvalues_iq4nl).
var nonlinear = [16]float32{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}

// ┌───┬────────┐
// │ d │ qs[16] │  w = d·nonlinear[q]
// └───┴────────┘
func decodeIQ4NL(dst []float32, src []byte) {
	for ; len(dst) >= 32; dst, src = dst[32:], src[18:] {
		decodeNonlinear(dst[:32], src[2:18], half(src))
	}
}

func decodeNonlinear(dst []float32, qs []byte, d float32) {
	for i, q := range qs {
		dst[i] = d * nonlinear[q&15]
		dst[i+16] = d * nonlinear[q>>4]
	}
}

// ┌───┬──────────────┬────────────┬─────────┐
// │ d │ scales_h u16 │ scales_l 4 │ qs[128] │  8 sub-blocks of 32:
// └───┴──────────────┴────────────┴─────────┘  w = d·(scale-32)·nonlinear[q]
//
// A scale has 6 bits: four of scales_l, two of scales_h.
func decodeIQ4XS(dst []float32, src []byte) {
	for ; len(dst) >= 256; dst, src = dst[256:], src[136:] {
		d, high := half(src), little.Uint16(src[2:])
		low, qs := src[4:8], src[8:136]
		for b := range 8 {
			s := int(low[b/2]>>(4*(b&1))&15) | int(high>>(2*b)&3)<<4
			decodeNonlinear(dst[32*b:32*b+32], qs[16*b:16*b+16], d*float32(s-32))
		}
	}
}
