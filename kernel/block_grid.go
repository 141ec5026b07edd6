package kernel

import (
	"encoding/binary"

	"github.com/deskseek/deskseek/internal/grid"
)

// The unpackers of the encodings with grids (tensor/decode_grid.go draws their
// blocks). Their weights are magnitudes up to 62 of either sign, so 64 is added.
const gridZero = 64

// signedEight returns the bytes 64 ± v, with the minus where the bit of signs is
// set. No byte of v is above 64, so that none borrows.
func signedEight(v uint64, signs uint8) uint64 {
	minus := eachBit(signs) * 0xff
	return gridZero*everyByte + v&^minus - v&minus
}

// levelBytes returns the levels of an entry of eight elements.
func levelBytes(entry uint32) uint64 {
	return uint64(entry&0x0f0f0f0f) | uint64(entry>>4&0x0f0f0f0f)<<32
}

// magnitudes returns the bytes 8, 25 and 43 for the levels 0, 1 and 2 of an entry.
func magnitudes(entry uint32) uint64 {
	level := levelBytes(entry)
	return 8*everyByte + 17*level + level>>1&everyByte
}

// setScale sets the scale, 2s+1, of sub-block j of 16.
func (u *block) setScale(j int, s uint32) {
	u.scale[j] = int16(2*s + 1)
	u.shift[j] = gridZero * u.scale[j]
}

func unpackIQ2XXS(u *block, src []byte) {
	u.d = half(src) / 8
	for b := range 8 {
		indices, signs := src[2+8*b:][:4], binary.LittleEndian.Uint32(src[6+8*b:])
		u.setScale(2*b, signs>>28)
		u.setScale(2*b+1, signs>>28)
		for i, index := range indices {
			s := grid.Signs(uint8(signs >> (7 * i) & 127))
			putEight(u.q[32*b+8*i:], signedEight(magnitudes(grid.IQ2XXS[index]), s))
		}
	}
}

func unpackIQ2XS(u *block, src []byte) {
	u.d = half(src) / 8
	u.nibbleScales(src[66:74])
	for i := range 32 {
		q := binary.LittleEndian.Uint16(src[2+2*i:])
		putEight(u.q[8*i:], signedEight(magnitudes(grid.IQ2XS[q&511]), grid.Signs(uint8(q>>9))))
	}
}

// nibbleScales sets all scales from eight bytes.
func (u *block) nibbleScales(src []byte) {
	for j, s := range src[:8] {
		u.setScale(2*j, uint32(s&15))
		u.setScale(2*j+1, uint32(s>>4))
	}
}

func unpackIQ2S(u *block, src []byte) {
	qs, signs, qh := src[2:34], src[34:66], src[66:74]
	u.d = half(src) / 8
	u.nibbleScales(src[74:82])
	for i, q := range qs {
		index := int(q) | int(qh[i/4]>>(i%4*2)&3)<<8
		putEight(u.q[8*i:], signedEight(magnitudes(grid.IQ2S[index]), signs[i]))
	}
}

func unpackIQ3XXS(u *block, src []byte) {
	u.d = half(src) / 4
	for b := range 8 {
		indices, signs := src[2+8*b:][:8], binary.LittleEndian.Uint32(src[66+4*b:])
		u.setScale(2*b, signs>>28)
		u.setScale(2*b+1, signs>>28)
		for i := range 4 {
			v := uint64(grid.IQ3XXS[indices[2*i]]) | uint64(grid.IQ3XXS[indices[2*i+1]])<<32
			s := grid.Signs(uint8(signs >> (7 * i) & 127))
			putEight(u.q[32*b+8*i:], signedEight(v, s))
		}
	}
}

func unpackIQ3S(u *block, src []byte) {
	qs, qh, signs, scales := src[2:66], src[66:74], src[74:106], src[106:110]
	u.d = half(src)
	for b, high := range qh {
		s := uint32(scales[b/2] >> (b % 2 * 4) & 15)
		u.setScale(2*b, s)
		u.setScale(2*b+1, s)
		for i := range 4 {
			low, next := int(qs[8*b+2*i]), int(qs[8*b+2*i+1])
			low |= int(high>>(2*i)&1) << 8
			next |= int(high>>(2*i+1)&1) << 8
			v := uint64(grid.IQ3S[low]) | uint64(grid.IQ3S[next])<<32
			putEight(u.q[32*b+8*i:], signedEight(v, signs[4*b+i]))
		}
	}
}

// shiftedEight returns the bytes 64 + 8·element + 1 of an entry of IQ1, where
// elements are -1, 0 and 1, or two less.
func shiftedEight(entry uint32, less bool) uint64 {
	v := (gridZero-7)*everyByte + 8*levelBytes(entry)
	if less {
		v -= 2 * everyByte
	}
	return v
}

func unpackIQ1S(u *block, src []byte) {
	qs := src[2:34]
	u.d = half(src) / 8
	for b := range 8 {
		high := binary.LittleEndian.Uint16(src[34+2*b:])
		u.setScale(2*b, uint32(high>>12&7))
		u.setScale(2*b+1, uint32(high>>12&7))
		for i, q := range qs[4*b:][:4] {
			index := int(q) | int(high>>(3*i)&7)<<8
			putEight(u.q[32*b+8*i:], shiftedEight(grid.IQ1[index], high>>15 != 0))
		}
	}
}

func unpackIQ1M(u *block, src []byte) {
	qs, qh := src[:32], src[32:48]
	var d [2]byte
	for j := range 4 {
		word := binary.LittleEndian.Uint16(src[48+2*j:])
		d[j/2] |= byte(word >> 12 << (j % 2 * 4))
		for i := range 4 {
			u.setScale(4*j+i, uint32(word>>(3*i)&7))
		}
	}
	u.d = half(d[:]) / 8
	for i, q := range qs {
		high := qh[i/2] >> (i % 2 * 4)
		putEight(u.q[8*i:], shiftedEight(grid.IQ1[int(q)|int(high&7)<<8], high&8 != 0))
	}
}
