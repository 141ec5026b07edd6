package kernel

import "encoding/binary"

// A block is the form that all encodings come to: up to 256 integers, a scale
// and a shift for every 16 of them, which are scale·zero in the centred
// encodings and the minima in the affine ones (see Encoding).
type block struct {
	q            [256]uint8
	scale, shift [16]int16
	d, dmin      float32
}

// unpack takes apart a block. The sub-blocks of 32 of an encoding become two of
// 16; what an encoding lacks stays as it is.
func (u *block) unpack(e Encoding, src []byte) {
	switch e {
	case Q4_0:
		unpackQ4_0(u, src)
	case Q4_1:
		unpackQ4_1(u, src)
	case Q5_0:
		unpackQ5_0(u, src)
	case Q5_1:
		unpackQ5_1(u, src)
	case Q8_0:
		unpackQ8_0(u, src)
	case IQ4_NL:
		unpackIQ4NL(u, src)
	case Q2_K:
		unpackQ2K(u, src)
	case Q3_K:
		unpackQ3K(u, src)
	case Q4_K:
		unpackQ4K(u, src)
	case Q5_K:
		unpackQ5K(u, src)
	case Q6_K:
		unpackQ6K(u, src)
	case IQ4_XS:
		unpackIQ4XS(u, src)
	case IQ3_XXS:
		unpackIQ3XXS(u, src)
	case IQ3_S:
		unpackIQ3S(u, src)
	case IQ2_XXS:
		unpackIQ2XXS(u, src)
	case IQ2_XS:
		unpackIQ2XS(u, src)
	case IQ2_S:
		unpackIQ2S(u, src)
	case IQ1_S:
		unpackIQ1S(u, src)
	case IQ1_M:
		unpackIQ1M(u, src)
	}
}

// centre sets the scales of a block of 32 without any, and its shifts.
func (u *block) centre(zero int16) {
	u.scale[0], u.scale[1] = 1, 1
	u.shift[0], u.shift[1] = zero, zero
}

// Bytes are taken apart eight at a time, as one integer. A shift moves bits into
// the neighbour, but not those that are then asked for.
const (
	everyByte = 0x0101010101010101
	low4      = 0x0f * everyByte
)

func eight(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }

func putEight(b []byte, v uint64) { binary.LittleEndian.PutUint64(b, v) }

// nibbles takes apart the bytes of src: their low nibbles go to low, and their
// high ones to high.
func nibbles(low, high, src []byte) {
	for i := 0; i+8 <= len(src); i += 8 {
		v := eight(src[i:])
		putEight(low[i:], v&low4)
		putEight(high[i:], v>>4&low4)
	}
}

// addBits adds a field of the bytes of src, of the bits in mask from shift on, to
// the integers in q as their bits from to on.
func addBits(q, src []byte, shift int, mask byte, to int) {
	m := uint64(mask) * everyByte
	for i := 0; i+8 <= len(src); i += 8 {
		putEight(q[i:], eight(q[i:])|eight(src[i:])>>shift&m<<to)
	}
}

// eachBit returns the bits of v as bytes 0 or 1.
func eachBit(v uint8) uint64 {
	// The byte eight times, in each one of its bits, which carries to bit 7.
	return (uint64(v)*everyByte&0x8040201008040201 + 0x7f*everyByte) >> 7 & everyByte
}

// fifth adds bit i of 32 to q[i] as bit 4.
func fifth(q, bits []byte) {
	for i, v := range bits[:4] {
		putEight(q[8*i:], eight(q[8*i:])|eachBit(v)<<4)
	}
}

// ┌───┬────────┐
// │ d │ qs[16] │  w = d·(q-8)
// └───┴────────┘
func unpackQ4_0(u *block, src []byte) {
	u.d = half(src)
	nibbles(u.q[:], u.q[16:], src[2:18])
	u.centre(8)
}

// ┌───┬───┬────────┐
// │ d │ m │ qs[16] │  w = d·q + m
// └───┴───┴────────┘
func unpackQ4_1(u *block, src []byte) {
	u.d, u.dmin = half(src), -half(src[2:])
	nibbles(u.q[:], u.q[16:], src[4:20])
	u.centre(1)
}

// ┌───┬─────────┬────────┐
// │ d │ high[4] │ qs[16] │  w = d·(q-16)
// └───┴─────────┴────────┘
func unpackQ5_0(u *block, src []byte) {
	u.d = half(src)
	nibbles(u.q[:], u.q[16:], src[6:22])
	fifth(u.q[:], src[2:])
	u.centre(16)
}

// ┌───┬───┬─────────┬────────┐
// │ d │ m │ high[4] │ qs[16] │  w = d·q + m
// └───┴───┴─────────┴────────┘
func unpackQ5_1(u *block, src []byte) {
	u.d, u.dmin = half(src), -half(src[2:])
	nibbles(u.q[:], u.q[16:], src[8:24])
	fifth(u.q[:], src[4:])
	u.centre(1)
}

// ┌───┬────────────┐
// │ d │ qs[32]  i8 │  w = d·q
// └───┴────────────┘
func unpackQ8_0(u *block, src []byte) {
	u.d = half(src)
	for i := 0; i < 32; i += 8 {
		putEight(u.q[i:], eight(src[2+i:])^0x80*everyByte) // q + 128
	}
	u.centre(128)
}

// nonlinear are the 16 levels of IQ4_NL and IQ4_XS (ggml: kvalues_iq4nl), and
// 128 more.
var nonlinear = [16]uint8{1, 24, 45, 63, 79, 93, 106, 118, 129, 141, 153, 166, 181, 197, 217, 241}

func levels(q, src []byte) {
	q, src = q[:32], src[:16]
	for i, v := range src {
		q[i], q[i+16] = nonlinear[v&15], nonlinear[v>>4]
	}
}

// ┌───┬────────┐
// │ d │ qs[16] │  w = d·(nonlinear[q]-128)
// └───┴────────┘
func unpackIQ4NL(u *block, src []byte) {
	u.d = half(src)
	levels(u.q[:], src[2:])
	u.centre(128)
}

// ┌────────────┬────────┬───┬──────┐
// │ scales[16] │ qs[64] │ d │ dmin │  16 sub-blocks of 16: low nibbles of scales
// └────────────┴────────┴───┴──────┘  are those, high ones the minima
//
// Bits 2j, 2j+1 of the 32 bytes qs[32h:] are elements 128h+32j onwards.
func unpackQ2K(u *block, src []byte) {
	u.d, u.dmin = half(src[80:]), half(src[82:])
	for j, s := range src[:16] {
		u.scale[j], u.shift[j] = int16(s&15), int16(s>>4)
	}
	pairs(u.q[:], src[16:80])
}

// pairs takes apart 64 bytes of four two-bit integers.
func pairs(q, src []byte) {
	clear(q)
	for h := range 2 {
		for j := range 4 {
			addBits(q[128*h+32*j:], src[32*h:][:32], 2*j, 3, 0)
		}
	}
}

// ┌───────────┬────────┬────────────┬───┐
// │ hmask[32] │ qs[64] │ scales[12] │ d │  16 sub-blocks of 16: w = d·(scale-32)·(q-4)
// └───────────┴────────┴────────────┴───┘
//
// qs as in Q2_K; bit k of hmask[i] is the third bit of element 32k+i. Of the
// scales' six bits four are in the first 8 bytes (low nibbles first), two in the
// last 4.
func unpackQ3K(u *block, src []byte) {
	hmask, scales := src[:32], src[96:108]
	u.d = half(src[108:])
	pairs(u.q[:], src[32:96])
	for k := range 8 {
		addBits(u.q[32*k:], hmask, k, 1, 2)
	}
	for j := range 16 {
		s := scales[j%8]>>(j/8*4)&15 | scales[8+j%4]>>(j/4*2)&3<<4
		u.scale[j] = int16(s) - 32
		u.shift[j] = 4 * u.scale[j]
	}
}

// scalesMinima unpacks the 6-bit scales and minima of 8 sub-blocks of 32.
//
//	bytes 0-3    low six bits: scales 0-3;    high two: those of scales 4-7
//	bytes 4-7    low six bits: minima 0-3;    high two: those of minima 4-7
//	bytes 8-11   low nibbles of scales 4-7 (low) and of minima 4-7 (high)
func (u *block) scalesMinima(p []byte) {
	p = p[:12]
	for j := range 4 {
		low, high := 2*j, 2*(j+4)
		u.scale[low], u.shift[low] = int16(p[j]&63), int16(p[j+4]&63)
		u.scale[high] = int16(p[j+8]&15 | p[j]>>6<<4)
		u.shift[high] = int16(p[j+8]>>4 | p[j+4]>>6<<4)
	}
	for j := 0; j < 16; j += 2 {
		u.scale[j+1], u.shift[j+1] = u.scale[j], u.shift[j]
	}
}

// ┌───┬──────┬────────────┬─────────┐
// │ d │ dmin │ scales[12] │ qs[128] │  8 sub-blocks of 32
// └───┴──────┴────────────┴─────────┘
//
// qs[32h:] holds sub-blocks 2h (low nibbles) and 2h+1.
func unpackQ4K(u *block, src []byte) {
	u.d, u.dmin = half(src), half(src[2:])
	u.scalesMinima(src[4:])
	for h := range 4 {
		nibbles(u.q[64*h:], u.q[64*h+32:], src[16+32*h:][:32])
	}
}

// ┌───┬──────┬────────────┬────────┬─────────┐
// │ d │ dmin │ scales[12] │ qh[32] │ qs[128] │  as Q4_K; bit b of qh[i] is the
// └───┴──────┴────────────┴────────┴─────────┘  fifth bit of element i of sub-block b
func unpackQ5K(u *block, src []byte) {
	u.d, u.dmin = half(src), half(src[2:])
	u.scalesMinima(src[4:])
	qh := src[16:48]
	for h := range 4 {
		nibbles(u.q[64*h:], u.q[64*h+32:], src[48+32*h:][:32])
		addBits(u.q[64*h:], qh, 2*h, 1, 4)
		addBits(u.q[64*h+32:], qh, 2*h+1, 1, 4)
	}
}

// ┌─────────┬────────┬───────────────┬───┐
// │ ql[128] │ qh[64] │ scales[16] i8 │ d │  16 sub-blocks of 16: w = d·scale·(q-32)
// └─────────┴────────┴───────────────┴───┘
//
// Each half of 128 elements has 64 bytes of ql (elements 0-63 in the low
// nibbles, 64-127 in the high ones) and 32 of qh (bits 2j, 2j+1: elements 32j
// onwards).
func unpackQ6K(u *block, src []byte) {
	u.d = half(src[208:])
	for j, s := range src[192:208] {
		u.scale[j] = int16(int8(s))
		u.shift[j] = 32 * u.scale[j]
	}
	for h := range 2 {
		nibbles(u.q[128*h:], u.q[128*h+64:], src[64*h:][:64])
		for j := range 4 {
			addBits(u.q[128*h+32*j:], src[128+32*h:][:32], 2*j, 3, 4)
		}
	}
}

// ┌───┬──────────────┬──────────────┬─────────┐
// │ d │ scales_h u16 │ scales_l [4] │ qs[128] │  8 sub-blocks of 32:
// └───┴──────────────┴──────────────┴─────────┘  w = d·(scale-32)·(nonlinear[q]-128)
//
// A scale has 6 bits: four of scales_l, two of scales_h.
func unpackIQ4XS(u *block, src []byte) {
	u.d = half(src)
	for b := range 8 {
		s := src[4+b/2]>>(4*(b&1))&15 | src[2+b/4]>>(b%4*2)&3<<4
		u.scale[2*b] = int16(s) - 32
		u.scale[2*b+1] = u.scale[2*b]
		u.shift[2*b], u.shift[2*b+1] = 128*u.scale[2*b], 128*u.scale[2*b]
		levels(u.q[32*b:], src[8+16*b:])
	}
}
