// Eight weights of eight rows in a register, as VPDPBUSD takes them for Q4_K: each row
// is two dwords, so that a sub-block's sums of 32 products come in two. Packed to
// words they stand side by side, and one VPDPWSSD multiplies both with the scale.
//
// SI, R9, R10 and R11 are the rows 0, 4, 8 and 12; R8 is the bytes of a row, R12
// three times that, R13 0.

// TWO loads 32 bytes of two rows.
#define TWO(o, a, b, i, y, z) \
	VMOVDQU o(a)(i), y;          \
	VINSERTI64X4 $1, o(b)(i), z, z

// PAIRED loads the 32 bytes from o on of all rows, eight bytes of eight rows in each
// register: those of the rows 4i and 4i+1 in lane i of Z4 to Z7, of the rows 4i+2
// and 4i+3 in lane i of Z12 to Z15.
#define PAIRED(o) \
	TWO(o, SI, R9, R13*1, Y0, Z0);     \
	TWO(o, SI, R9, R8*1, Y1, Z1);      \
	TWO(o, SI, R9, R8*2, Y2, Z2);      \
	TWO(o, SI, R9, R12*1, Y3, Z3);     \
	TWO(o, R10, R11, R13*1, Y8, Z8);   \
	TWO(o, R10, R11, R8*1, Y9, Z9);    \
	TWO(o, R10, R11, R8*2, Y10, Z10);  \
	TWO(o, R10, R11, R12*1, Y11, Z11); \
	OCTETS(Z0, Z1, Z8, Z9, Z4, Z5, Z6, Z7); \
	OCTETS(Z2, Z3, Z10, Z11, Z12, Z13, Z14, Z15)

// OCTETS makes four such registers of two rows each in a, b, c and d, which it spoils.
#define OCTETS(a, b, c, d, p, q, r, s) \
	VPUNPCKLQDQ b, a, r;        \
	VPUNPCKHQDQ b, a, s;        \
	VPUNPCKLQDQ d, c, a;        \
	VPUNPCKHQDQ d, c, b;        \
	VSHUFI32X4 $0x88, a, r, p;  \
	VSHUFI32X4 $0x88, b, s, q;  \
	VSHUFI32X4 $0xdd, a, r, r;  \
	VSHUFI32X4 $0xdd, b, s, s

// LOW leaves the low nibbles of a in b, and the high ones in a; Z31 is 15 in all bytes.
#define LOW(a, b) \
	VPANDD Z31, a, b; \
	VPSRLW $4, a, a;  \
	VPANDD Z31, a, a

// OCTET adds the products of the eight activations at o of DI and of the rows in a and b.
#define OCTET(o, a, b) \
	VPBROADCASTQ (o)(DI), Z29; \
	VPDPBUSD Z29, a, Z8;       \
	VPDPBUSD Z29, b, Z9

// The two sums of 16 products that a row has in a sub-block of Q4_K stay below 2¹⁵:
// they become words side by side, which one VPDPWSSD multiplies with the scale.
#define DOTS4K(o, a, b, c, d, e, f, g, h, scale, z) \
	VPXOR X8, X8, X8;         \
	VPXOR X9, X9, X9;         \
	OCTET(o, a, e);           \
	OCTET(o+8, b, f);         \
	OCTET(o+16, c, g);        \
	OCTET(o+24, d, h);        \
	VPACKSSDW Z9, Z8, Z8;     \
	VPDPWSSD scale, Z8, z

// TWICE stores four scales, the bytes of z, each in both words of a dword, at p and
// every step bytes on.
#define TWICE(z, p, step, base) \
	VPSHUFB twice<>+0(SB), z, Z8;    \
	VMOVDQU64 Z8, p(base);           \
	VPSHUFB twice<>+64(SB), z, Z8;   \
	VMOVDQU64 Z8, p+step(base);      \
	VPSHUFB twice<>+128(SB), z, Z8;  \
	VMOVDQU64 Z8, p+2*step(base);    \
	VPSHUFB twice<>+192(SB), z, Z8;  \
	VMOVDQU64 Z8, p+3*step(base)

DATA twice<>+0(SB)/8, $0x8004800480008000
DATA twice<>+8(SB)/8, $0x800c800c80088008
DATA twice<>+16(SB)/8, $0x8004800480008000
DATA twice<>+24(SB)/8, $0x800c800c80088008
DATA twice<>+32(SB)/8, $0x8004800480008000
DATA twice<>+40(SB)/8, $0x800c800c80088008
DATA twice<>+48(SB)/8, $0x8004800480008000
DATA twice<>+56(SB)/8, $0x800c800c80088008
DATA twice<>+64(SB)/8, $0x8005800580018001
DATA twice<>+72(SB)/8, $0x800d800d80098009
DATA twice<>+80(SB)/8, $0x8005800580018001
DATA twice<>+88(SB)/8, $0x800d800d80098009
DATA twice<>+96(SB)/8, $0x8005800580018001
DATA twice<>+104(SB)/8, $0x800d800d80098009
DATA twice<>+112(SB)/8, $0x8005800580018001
DATA twice<>+120(SB)/8, $0x800d800d80098009
DATA twice<>+128(SB)/8, $0x8006800680028002
DATA twice<>+136(SB)/8, $0x800e800e800a800a
DATA twice<>+144(SB)/8, $0x8006800680028002
DATA twice<>+152(SB)/8, $0x800e800e800a800a
DATA twice<>+160(SB)/8, $0x8006800680028002
DATA twice<>+168(SB)/8, $0x800e800e800a800a
DATA twice<>+176(SB)/8, $0x8006800680028002
DATA twice<>+184(SB)/8, $0x800e800e800a800a
DATA twice<>+192(SB)/8, $0x8007800780038003
DATA twice<>+200(SB)/8, $0x800f800f800b800b
DATA twice<>+208(SB)/8, $0x8007800780038003
DATA twice<>+216(SB)/8, $0x800f800f800b800b
DATA twice<>+224(SB)/8, $0x8007800780038003
DATA twice<>+232(SB)/8, $0x800f800f800b800b
DATA twice<>+240(SB)/8, $0x8007800780038003
DATA twice<>+248(SB)/8, $0x800f800f800b800b
GLOBL twice<>(SB), RODATA|NOPTR, $256
