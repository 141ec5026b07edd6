package quantize

import "github.com/deskseek/deskseek/tensor"

// The bits of each encoding, as tensor's decoders describe them.

// pack writes the superblock b of levels q; of IQ4 q are indices.
func pack(dst []byte, d tensor.DType, b *packed, q []int8) {
	switch d {
	case tensor.Q4_0:
		packQ4_0(dst, b, q)
	case tensor.Q4_1:
		packQ4_1(dst, b, q)
	case tensor.Q5_0:
		packQ5_0(dst, b, q)
	case tensor.Q5_1:
		packQ5_1(dst, b, q)
	case tensor.IQ4_NL:
		packIQ4NL(dst, b, q)
	case tensor.IQ4_XS:
		packIQ4XS(dst, b, q)
	case tensor.Q2_K:
		packQ2K(dst, b, q)
	case tensor.Q3_K:
		packQ3K(dst, b, q)
	case tensor.Q4_K:
		packQ4K(dst, b, q)
	case tensor.Q5_K:
		packQ5K(dst, b, q)
	case tensor.Q6_K:
		packQ6K(dst, b, q)
	}
}

// nibbles writes two of four bits a byte: q[i] and q[i+half].
func nibbles(dst []byte, q []int8, lo int8) {
	n := len(dst)
	for i := range dst {
		dst[i] = byte(q[i]-lo)&15 | byte(q[i+n]-lo)<<4
	}
}

func packQ4_0(dst []byte, b *packed, q []int8) {
	little.PutUint16(dst, b.d)
	nibbles(dst[2:18], q[:32], -8)
}

func packQ4_1(dst []byte, b *packed, q []int8) {
	little.PutUint16(dst, b.d)
	little.PutUint16(dst[2:], b.dmin^0x8000) // m is added
	nibbles(dst[4:20], q[:32], 0)
}

// fifths returns the fifth bits of 32 values.
func fifths(q []int8, lo int8) (high uint32) {
	for i, v := range q[:32] {
		high |= uint32(v-lo) >> 4 & 1 << i
	}
	return high
}

func packQ5_0(dst []byte, b *packed, q []int8) {
	little.PutUint16(dst, b.d)
	little.PutUint32(dst[2:], fifths(q, -16))
	nibbles(dst[6:22], q[:32], -16)
}

func packQ5_1(dst []byte, b *packed, q []int8) {
	little.PutUint16(dst, b.d)
	little.PutUint16(dst[2:], b.dmin^0x8000)
	little.PutUint32(dst[4:], fifths(q, 0))
	nibbles(dst[8:24], q[:32], 0)
}

func packIQ4NL(dst []byte, b *packed, q []int8) {
	little.PutUint16(dst, b.d)
	nibbles(dst[2:18], q[:32], 0)
}

func packIQ4XS(dst []byte, b *packed, q []int8) {
	little.PutUint16(dst, b.d)
	var high uint16
	clear(dst[4:8])
	for j, s := range b.scale[:8] {
		v := byte(s + 32)
		high |= uint16(v>>4) << (2 * j)
		dst[4+j/2] |= v & 15 << (j % 2 * 4)
		nibbles(dst[8+16*j:][:16], q[32*j:][:32], 0)
	}
	little.PutUint16(dst[2:], high)
}

// pairs writes the low two bits of 256 values to 64 bytes.
func pairs(dst []byte, q []int8, lo int8) {
	for h := range 2 {
		for i := range 32 {
			p := q[128*h+i:]
			dst[32*h+i] = byte(p[0]-lo)&3 | byte(p[32]-lo)&3<<2 | byte(p[64]-lo)&3<<4 | byte(p[96]-lo)&3<<6
		}
	}
}

func packQ2K(dst []byte, b *packed, q []int8) {
	for j := range 16 {
		dst[j] = byte(b.scale[j]) | byte(b.minimum[j])<<4
	}
	pairs(dst[16:80], q, 0)
	little.PutUint16(dst[80:], b.d)
	little.PutUint16(dst[82:], b.dmin)
}

func packQ3K(dst []byte, b *packed, q []int8) {
	for i := range 32 {
		var mask byte
		for k := range 8 {
			mask |= byte(q[32*k+i]+4) >> 2 << k
		}
		dst[i] = mask
	}
	pairs(dst[32:96], q, -4)
	scales := dst[96:108]
	clear(scales)
	for j, s := range b.scale {
		v := byte(s + 32)
		scales[j%8] |= v & 15 << (j / 8 * 4)
		scales[8+j%4] |= v >> 4 << (j / 4 * 2)
	}
	little.PutUint16(dst[108:], b.d)
}

// sixes writes the scales and minima of six bits of Q4_K and Q5_K.
func sixes(dst []byte, b *packed) {
	for j := range 4 {
		s, m := byte(b.scale[j+4]), byte(b.minimum[j+4])
		dst[j] = byte(b.scale[j]) | s>>4<<6
		dst[j+4] = byte(b.minimum[j]) | m>>4<<6
		dst[j+8] = s&15 | m<<4
	}
}

func packQ4K(dst []byte, b *packed, q []int8) {
	little.PutUint16(dst, b.d)
	little.PutUint16(dst[2:], b.dmin)
	sixes(dst[4:16], b)
	for j := range 4 {
		nibbles(dst[16+32*j:][:32], q[64*j:][:64], 0)
	}
}

func packQ5K(dst []byte, b *packed, q []int8) {
	little.PutUint16(dst, b.d)
	little.PutUint16(dst[2:], b.dmin)
	sixes(dst[4:16], b)
	for i := range 32 {
		var high byte
		for j := range 8 {
			high |= byte(q[32*j+i]) >> 4 << j
		}
		dst[16+i] = high
	}
	for j := range 4 {
		nibbles(dst[48+32*j:][:32], q[64*j:][:64], 0)
	}
}

func packQ6K(dst []byte, b *packed, q []int8) {
	for h := range 2 {
		q, low, high := q[128*h:][:128], dst[64*h:][:64], dst[128+32*h:][:32]
		nibbles(low, q, -32)
		for i := range high {
			high[i] = byte(q[i]+32)>>4 | byte(q[i+32]+32)>>4<<2 | byte(q[i+64]+32)>>4<<4 | byte(q[i+96]+32)>>4<<6
		}
	}
	for j, s := range b.scale {
		dst[192+j] = byte(s)
	}
	little.PutUint16(dst[208:], b.d)
}
