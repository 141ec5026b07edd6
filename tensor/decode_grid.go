package tensor

import "github.com/deskseek/deskseek/internal/grid"

// The encodings of ggml with grids: superblocks of 256, in which an index names
// four or eight weights at once, and sub-blocks of 16 or 32 have integer scales.
// No operation rounds: scales, magnitudes and d have few bits.

// signed writes d times the magnitudes of the four elements of an entry, with the
// signs in the low bits of signs.
func signed(dst []float32, entry uint32, signs uint8, d float32) {
	for i := range dst[:4] {
		v := d * float32(entry>>(8*i)&255)
		if signs>>i&1 != 0 {
			v = -v
		}
		dst[i] = v
	}
}

// signed8 is signed for the eight elements of an entry of IQ2.
func signed8(dst []float32, entry uint32, signs uint8, d float32) {
	for i := range dst[:8] {
		v := d * float32(grid.Magnitude[entry>>(i%4*8+i/4*4)&15])
		if signs>>i&1 != 0 {
			v = -v
		}
		dst[i] = v
	}
}

// ┌───┬──────────────────────────────┐
// │ d │ 8 times indices[4] signs u32 │  8 sub-blocks of 32:
// └───┴──────────────────────────────┘  w = d/8·(2·scale+1)·±magnitude
//
// The low 28 bits of a word of signs are four times seven, for eight weights each
// (grid.Signs), and the high four the scale.
func decodeIQ2XXS(dst []float32, src []byte) {
	for ; len(dst) >= 256; dst, src = dst[256:], src[66:] {
		d := half(src) / 8
		for b := range 8 {
			indices, signs := src[2+8*b:][:4], little.Uint32(src[6+8*b:])
			scale := d * float32(2*(signs>>28)+1)
			for i, index := range indices {
				signed8(dst[32*b+8*i:], grid.IQ2XXS[index], grid.Signs(uint8(signs>>(7*i)&127)), scale)
			}
		}
	}
}

// ┌───┬────────────┬───────────┐
// │ d │ qs [32]u16 │ scales[8] │  16 sub-blocks of 16: w as in IQ2_XXS
// └───┴────────────┴───────────┘
//
// A word of qs is for eight weights: the index in nine bits, the signs in seven.
// Scales are nibbles, the low one first.
func decodeIQ2XS(dst []float32, src []byte) {
	for ; len(dst) >= 256; dst, src = dst[256:], src[74:] {
		d, qs, scales := half(src)/8, src[2:66], src[66:74]
		for i := range 32 {
			q := little.Uint16(qs[2*i:])
			scale := d * float32(2*(scales[i/4]>>(i/2%2*4)&15)+1)
			signed8(dst[8*i:], grid.IQ2XS[q&511], grid.Signs(uint8(q>>9)), scale)
		}
	}
}

// ┌───┬────────┬───────────┬───────┬───────────┐
// │ d │ qs[32] │ signs[32] │ qh[8] │ scales[8] │  16 sub-blocks of 16: w as in IQ2_XXS
// └───┴────────┴───────────┴───────┴───────────┘
//
// Index i has the byte qs[i], and two more bits of qh, four of them a byte. A byte
// of signs is for eight weights.
func decodeIQ2S(dst []float32, src []byte) {
	for ; len(dst) >= 256; dst, src = dst[256:], src[82:] {
		d, qs, signs, qh, scales := half(src)/8, src[2:34], src[34:66], src[66:74], src[74:82]
		for i, q := range qs {
			index := int(q) | int(qh[i/4]>>(i%4*2)&3)<<8
			scale := d * float32(2*(scales[i/4]>>(i/2%2*4)&15)+1)
			signed8(dst[8*i:], grid.IQ2S[index], signs[i], scale)
		}
	}
}

// ┌───┬────────┬──────────────┐
// │ d │ qs[64] │ signs [8]u32 │  8 sub-blocks of 32: w = d/4·(2·scale+1)·±magnitude
// └───┴────────┴──────────────┘
//
// A byte of qs is the index of four weights; signs and scales are as in IQ2_XXS.
func decodeIQ3XXS(dst []float32, src []byte) {
	for ; len(dst) >= 256; dst, src = dst[256:], src[98:] {
		d, qs := half(src)/4, src[2:66]
		for b := range 8 {
			signs := little.Uint32(src[66+4*b:])
			scale := d * float32(2*(signs>>28)+1)
			for i, index := range qs[8*b:][:8] {
				s := grid.Signs(uint8(signs >> (i / 2 * 7) & 127))
				signed(dst[32*b+4*i:], grid.IQ3XXS[index], s>>(i%2*4), scale)
			}
		}
	}
}

// ┌───┬────────┬───────┬───────────┬───────────┐
// │ d │ qs[64] │ qh[8] │ signs[32] │ scales[4] │  8 sub-blocks of 32:
// └───┴────────┴───────┴───────────┴───────────┘  w = d·(2·scale+1)·±magnitude
//
// Index i of four weights has the byte qs[i], and bit i of qh. A byte of signs is
// for eight weights. Scales are nibbles, the low one first.
func decodeIQ3S(dst []float32, src []byte) {
	for ; len(dst) >= 256; dst, src = dst[256:], src[110:] {
		d, qs, qh, signs, scales := half(src), src[2:66], src[66:74], src[74:106], src[106:110]
		for i, q := range qs {
			index := int(q) | int(qh[i/8]>>(i%8)&1)<<8
			scale := d * float32(2*(scales[i/16]>>(i/8%2*4)&15)+1)
			signed(dst[4*i:], grid.IQ3S[index], signs[i/2]>>(i%2*4), scale)
		}
	}
}

// shifted writes d/8 times eight elements of -8, 0 or 8, one more or one less.
func shifted(dst []float32, entry uint32, less bool, d float32) {
	shift := 1
	if less {
		shift = -1
	}
	for i := range dst[:8] {
		level := int(entry >> (i%4*8 + i/4*4) & 15)
		dst[i] = d * float32(8*(level-1)+shift)
	}
}

// ┌───┬────────┬───────────┐
// │ d │ qs[32] │ qh [8]u16 │  8 sub-blocks of 32: w = d/8·(2·scale+1)·(8·element ± 1)
// └───┴────────┴───────────┘
//
// A word of qh is for a sub-block: three bits more for each of its four indices,
// then the scale in three, then whether it is minus 1.
func decodeIQ1S(dst []float32, src []byte) {
	for ; len(dst) >= 256; dst, src = dst[256:], src[50:] {
		d, qs := half(src)/8, src[2:34]
		for b := range 8 {
			high := little.Uint16(src[34+2*b:])
			scale := d * float32(2*(high>>12&7)+1)
			for i, q := range qs[4*b:][:4] {
				shifted(dst[32*b+8*i:], grid.IQ1[int(q)|int(high>>(3*i)&7)<<8], high>>15 != 0, scale)
			}
		}
	}
}

// ┌────────┬────────┬───────────────┐
// │ qs[32] │ qh[16] │ scales [4]u16 │  16 sub-blocks of 16: w as in IQ1_S
// └────────┴────────┴───────────────┘
//
// A nibble of qh, the low one first, is for eight weights: three bits more for the
// index, and whether it is minus 1. A word of scales has four of three bits, and
// four bits of d, the lowest in the first word.
func decodeIQ1M(dst []float32, src []byte) {
	for ; len(dst) >= 256; dst, src = dst[256:], src[56:] {
		qs, qh := src[:32], src[32:48]
		var scales [4]uint16
		var bits uint16
		for j := range scales {
			scales[j] = little.Uint16(src[48+2*j:])
			bits |= scales[j] >> 12 << (4 * j)
		}
		d := F16ToF32(bits) / 8
		for i, q := range qs {
			high := qh[i/2] >> (i % 2 * 4)
			scale := d * float32(2*(scales[i/8]>>(i/2%4*3)&7)+1)
			shifted(dst[8*i:], grid.IQ1[int(q)|int(high&7)<<8], high&8 != 0, scale)
		}
	}
}
