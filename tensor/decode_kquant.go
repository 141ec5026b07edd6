package tensor

// The k-quants of ggml: superblocks of 256, whose sub-blocks of 16 or 32 have
// integer scales of their own. Rounding: the scale (d times an integer) first,
// then the product, then the sum.

// ┌────────────┬────────┬───┬──────┐
// │ scales[16] │ qs[64] │ d │ dmin │  16 sub-blocks of 16:
// └────────────┴────────┴───┴──────┘  w = d·(scale&15)·q - dmin·(scale>>4)
//
// Bits 2j, 2j+1 of the 32 bytes qs[32h:] are elements 128h+32j onwards.
func decodeQ2K(dst []float32, src []byte) {
	for ; len(dst) >= 256; dst, src = dst[256:], src[84:] {
		scales, qs := src[:16], src[16:80]
		d, dmin := half(src[80:]), half(src[82:])
		for b, s := range scales {
			dl, ml := d*float32(s&15), dmin*float32(s>>4)
			shift := b / 2 % 4 * 2
			in := qs[b/8*32+b%2*16:][:16]
			out := dst[16*b:][:16]
			for i, q := range in {
				out[i] = float32(dl*float32(q>>shift&3)) - ml
			}
		}
	}
}

// ┌───────────┬────────┬────────────┬───┐
// │ hmask[32] │ qs[64] │ scales[12] │ d │  16 sub-blocks of 16: w = d·(scale-32)·q
// └───────────┴────────┴────────────┴───┘
//
// qs as in Q2_K. Bit k of hmask[i] belongs to element 32k+i: where it is clear,
// q is 4 less.
func decodeQ3K(dst []float32, src []byte) {
	for ; len(dst) >= 256; dst, src = dst[256:], src[110:] {
		hmask, qs, scales, d := src[:32], src[32:96], src[96:108], half(src[108:])
		for b := range 16 {
			// Six bits: four in the first 8 bytes (low nibbles first), two in the last 4.
			s := scales[b%8]>>(b/8*4)&15 | scales[8+b%4]>>(b/4*2)&3<<4
			dl := d * float32(int(s)-32)
			shift, bit := b/2%4*2, b/2
			in, high := qs[b/8*32+b%2*16:][:16], hmask[b%2*16:][:16]
			out := dst[16*b:][:16]
			for i, q := range in {
				out[i] = dl * float32(int(q>>shift&3|high[i]>>bit&1<<2)-4)
			}
		}
	}
}

// scaleMin unpacks the 6-bit scale and minimum of sub-block b of 8 in Q4_K and
// Q5_K.
//
//	bytes 0-3    low six bits: scales 0-3;    high two: those of scales 4-7
//	bytes 4-7    low six bits: minima 0-3;    high two: those of minima 4-7
//	bytes 8-11   low nibbles of scales 4-7 (low) and of minima 4-7 (high)
func scaleMin(p []byte, b int) (scale, minimum float32) {
	if b < 4 {
		return float32(p[b] & 63), float32(p[b+4] & 63)
	}
	return float32(p[b+4]&15 | p[b-4]>>6<<4), float32(p[b+4]>>4 | p[b]>>6<<4)
}

// ┌───┬──────┬────────────┬─────────┐
// │ d │ dmin │ scales[12] │ qs[128] │  8 sub-blocks of 32: w = d·scale·q - dmin·minimum
// └───┴──────┴────────────┴─────────┘
//
// qs[32h:] holds sub-blocks 2h (low nibbles) and 2h+1.
func decodeQ4K(dst []float32, src []byte) {
	for ; len(dst) >= 256; dst, src = dst[256:], src[144:] {
		d, dmin, scales, qs := half(src), half(src[2:]), src[4:16], src[16:144]
		for b := range 8 {
			s, m := scaleMin(scales, b)
			dl, ml := d*s, dmin*m
			shift := b % 2 * 4
			out := dst[32*b:][:32]
			for i, q := range qs[b/2*32:][:32] {
				out[i] = float32(dl*float32(q>>shift&15)) - ml
			}
		}
	}
}

// ┌───┬──────┬────────────┬────────┬─────────┐
// │ d │ dmin │ scales[12] │ qh[32] │ qs[128] │  as Q4_K; bit b of qh[i] is the
// └───┴──────┴────────────┴────────┴─────────┘  fifth bit of element i of sub-block b
func decodeQ5K(dst []float32, src []byte) {
	for ; len(dst) >= 256; dst, src = dst[256:], src[176:] {
		d, dmin, scales := half(src), half(src[2:]), src[4:16]
		qh, qs := src[16:48], src[48:176]
		for b := range 8 {
			s, m := scaleMin(scales, b)
			dl, ml := d*s, dmin*m
			shift := b % 2 * 4
			out := dst[32*b:][:32]
			for i, q := range qs[b/2*32:][:32] {
				out[i] = float32(dl*float32(q>>shift&15|qh[i]>>b&1<<4)) - ml
			}
		}
	}
}

// ┌─────────┬────────┬───────────────┬───┐
// │ ql[128] │ qh[64] │ scales[16] i8 │ d │  16 sub-blocks of 16: w = d·scale·(q-32)
// └─────────┴────────┴───────────────┴───┘
//
// Each half of 128 elements has 64 bytes of ql (elements 0-63 in the low
// nibbles, 64-127 in the high ones) and 32 of qh (bits 2j, 2j+1: elements 32j
// onwards).
func decodeQ6K(dst []float32, src []byte) {
	for ; len(dst) >= 256; dst, src = dst[256:], src[210:] {
		ql, qh, scales, d := src[:128], src[128:192], src[192:208], half(src[208:])
		for b, s := range scales {
			dl := d * float32(int8(s))
			part := b % 8 // of this half
			low := ql[b/8*64+part%4*16:][:16]
			high := qh[b/8*32+part%2*16:][:16]
			shift, shiftHigh := part/4*4, part/2*2
			out := dst[16*b:][:16]
			for i, q := range low {
				out[i] = dl * float32(int(q>>shift&15|high[i]>>shiftHigh&3<<4)-32)
			}
		}
	}
}
