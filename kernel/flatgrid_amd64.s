//go:build !purego

#include "textflag.h"

// The unpackers of a row of the encodings with grids for the AVX2 loops; the layout
// is in flat.go, tensor/decode_grid.go draws the blocks. Eight indices are looked up
// at once, in a grid of dwords.

#define ARGUMENTS \
	MOVQ flat+0(FP), DI;    \
	MOVQ w+8(FP), SI;       \
	MOVQ blocks+16(FP), CX; \
	MOVQ grid+24(FP), BX

#define DWORDS(v, x, y) \
	MOVL $v, AX;         \
	VMOVD AX, x;         \
	VPBROADCASTD x, y

// magnitudes are those of the three levels of IQ2.
DATA magnitudes<>+0(SB)/8, $0x00000000002b1908
DATA magnitudes<>+8(SB)/8, $0
GLOBL magnitudes<>(SB), RODATA|NOPTR, $16

// levels1 are 64 and 8 times the three levels of IQ1, one more, then one less.
DATA levels1<>+0(SB)/8, $0x00473f3700494139
DATA levels1<>+8(SB)/8, $0
GLOBL levels1<>(SB), RODATA|NOPTR, $16

// parity is 0x80 where an odd number of four bits are set.
DATA parity<>+0(SB)/8, $0x8000008000808000
DATA parity<>+8(SB)/8, $0x0080800080000080
GLOBL parity<>(SB), RODATA|NOPTR, $16

// eachBit names a bit after the other.
DATA eachBit<>+0(SB)/8, $0x8040201008040201
GLOBL eachBit<>(SB), RODATA|NOPTR, $8

// fourDwords chooses the first byte of each of four dwords eight times.
DATA fourDwords<>+0(SB)/8, $0x0000000000000000
DATA fourDwords<>+8(SB)/8, $0x0404040404040404
DATA fourDwords<>+16(SB)/8, $0x0808080808080808
DATA fourDwords<>+24(SB)/8, $0x0c0c0c0c0c0c0c0c
GLOBL fourDwords<>(SB), RODATA|NOPTR, $32

// eachDword chooses the first byte of each dword four times.
DATA eachDword<>+0(SB)/8, $0x0404040400000000
DATA eachDword<>+8(SB)/8, $0x0c0c0c0c08080808
GLOBL eachDword<>(SB), RODATA|NOPTR, $16

// fourBytes chooses each of four bytes eight times.
DATA fourBytes<>+0(SB)/8, $0x0000000000000000
DATA fourBytes<>+8(SB)/8, $0x0101010101010101
DATA fourBytes<>+16(SB)/8, $0x0202020202020202
DATA fourBytes<>+24(SB)/8, $0x0303030303030303
GLOBL fourBytes<>(SB), RODATA|NOPTR, $32

// SHIFTS are eight dwords.
#define SHIFTS(name, a, b, c, d, e, f, g, h) \
	DATA name<>+0(SB)/4, $a;  \
	DATA name<>+4(SB)/4, $b;  \
	DATA name<>+8(SB)/4, $c;  \
	DATA name<>+12(SB)/4, $d; \
	DATA name<>+16(SB)/4, $e; \
	DATA name<>+20(SB)/4, $f; \
	DATA name<>+24(SB)/4, $g; \
	DATA name<>+28(SB)/4, $h; \
	GLOBL name<>(SB), RODATA|NOPTR, $32

SHIFTS(sevens, 0, 7, 14, 21, 0, 7, 14, 21)
SHIFTS(sevensTwice, 0, 0, 7, 7, 14, 14, 21, 21)
SHIFTS(secondFourth, 1, 1, 1, 1, 3, 3, 3, 3)
SHIFTS(twos, 0, 2, 4, 6, 8, 10, 12, 14)
SHIFTS(ones, 0, 1, 2, 3, 4, 5, 6, 7)
SHIFTS(fours, 0, 4, 8, 12, 16, 20, 24, 28)
SHIFTS(threes, 0, 3, 6, 9, 16, 19, 22, 25)
SHIFTS(lastBits, 16, 16, 16, 16, 0, 0, 0, 0)

// LOOKUP sets Y3 to the entries that Y0 names.
#define LOOKUP \
	VPCMPEQD Y2, Y2, Y2;            \
	VPXOR Y3, Y3, Y3;               \
	VPGATHERDD Y2, (BX)(Y0*4), Y3

// PARITY adds the eighth bit of the signs to the dwords of Y1.
#define PARITY \
	VPSRLD $4, Y1, Y2;           \
	VPSHUFB Y1, Y14, Y4;         \
	VPSHUFB Y2, Y14, Y2;         \
	VPXOR Y4, Y2, Y2;            \
	VPOR Y2, Y1, Y1

// SIGNED stores 64 and the magnitudes z, or less them where bits of y, which has
// each byte of signs eight times, are set.
#define SIGNED(z, y, p) \
	VPAND Y12, y, y;             \
	VPCMPEQB Y12, y, y;          \
	VPOR Y7, y, y;               \
	VPSIGNB y, z, z;             \
	VPADDB Y13, z, z;            \
	VMOVDQU z, p(DI)

// INORDER has the bytes of the entries' low nibbles in Y3, and those of the high
// ones in Y4, and sets Y3 to the first 32 elements and Y4 to the others.
#define INORDER \
	VPUNPCKLDQ Y4, Y3, Y5;           \
	VPUNPCKHDQ Y4, Y3, Y6;           \
	VPERM2I128 $0x20, Y6, Y5, Y3;    \
	VPERM2I128 $0x31, Y6, Y5, Y4

// EIGHTS does 64 weights of IQ2, their indices in Y0 and their signs in Y1.
#define EIGHTS(p) \
	LOOKUP;                      \
	VPSRLW $4, Y3, Y4;           \
	VPSHUFB Y3, Y15, Y3;         \
	VPSHUFB Y4, Y15, Y4;         \
	INORDER;                     \
	VPERMQ $0x44, Y1, Y5;        \
	VPERMQ $0xee, Y1, Y6;        \
	VPSHUFB Y11, Y5, Y5;         \
	VPSHUFB Y11, Y6, Y6;         \
	SIGNED(Y3, Y5, p);           \
	SIGNED(Y4, Y6, p+32)

#define SPREAD(o) \
	VPBROADCASTW 552+o(DI), Y0; \
	VMOVDQU Y0, 256+16*o(DI)

// SCALES32 writes the eight words at 552 16 times each, and the shifts.
#define SCALES32 \
	VMOVDQU 552(DI), X0;         \
	VPUNPCKLWD X0, X0, X1;       \
	VPUNPCKHWD X0, X0, X0;       \
	VINSERTI128 $1, X0, Y1, Y1;  \
	VPSLLW $6, Y1, Y1;           \
	VMOVDQU Y1, 512(DI);         \
	SPREAD(0);                   \
	SPREAD(2);                   \
	SPREAD(4);                   \
	SPREAD(6);                   \
	SPREAD(8);                   \
	SPREAD(10);                  \
	SPREAD(12);                  \
	SPREAD(14)

#define EIGHTH(o) \
	VPBROADCASTW 552+o(DI), X0;   \
	VPBROADCASTW 554+o(DI), X1;   \
	VMOVDQU X0, 256+8*o(DI);      \
	VMOVDQU X1, 272+8*o(DI)

// SCALES16 writes twice the 16 words of Y0, and one more, eight times each, and the
// shifts.
#define SCALES16 \
	VPADDW Y0, Y0, Y0;           \
	VPCMPEQW Y1, Y1, Y1;         \
	VPSUBW Y1, Y0, Y0;           \
	VMOVDQU Y0, 552(DI);         \
	VPSLLW $6, Y0, Y0;           \
	VMOVDQU Y0, 512(DI);         \
	EIGHTH(0);                   \
	EIGHTH(4);                   \
	EIGHTH(8);                   \
	EIGHTH(12);                  \
	EIGHTH(16);                  \
	EIGHTH(20);                  \
	EIGHTH(24);                  \
	EIGHTH(28)

// NIBBLES sets the bytes of X0 to the nibbles of the bytes that it begins with.
#define NIBBLES \
	VPSRLW $4, X0, X1;           \
	VPUNPCKLBW X1, X0, X0;       \
	VPAND low4<>(SB), X0, X0

DATA low4<>+0(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA low4<>+8(SB)/8, $0x0f0f0f0f0f0f0f0f
GLOBL low4<>(SB), RODATA|NOPTR, $16

// FACTOR stores d times the float32 unit.
#define FACTOR(unit) \
	VPBROADCASTW (SI), X0;   \
	VCVTPH2PS X0, X0;        \
	MOVL $unit, AX;          \
	VMOVD AX, X1;            \
	VMULSS X1, X0, X0;       \
	VMOVSS X0, 544(DI)

#define EIGHTHPART 0x3e000000
#define QUARTER 0x3e800000
#define ONE 0x3f800000

#define NEXT(bytes) \
	PREFETCHT0 4096(SI); \
	PREFETCHT0 4160(SI); \
	ADDQ $bytes, SI;     \
	ADDQ $608, DI;       \
	DECQ CX;             \
	JNZ block;           \
	VZEROUPPER;          \
	RET

#define SIGNS \
	VBROADCASTI128 parity<>(SB), Y14;     \
	DWORDS(0x40404040, X13, Y13);         \
	DWORDS(0x01010101, X7, Y7);           \
	VPBROADCASTQ eachBit<>(SB), Y12

// WORDSCALE stores a scale, the high four bits of the word of signs at o.
#define WORDSCALE(o, p) \
	MOVL o(SI), AX;          \
	SHRL $28, AX;            \
	LEAL 1(AX)(AX*1), AX;    \
	MOVW AX, 552+p(DI)

#define SUBS2XXS(o, p) \
	WORDSCALE(o+4, p/16);            \
	WORDSCALE(o+12, p/16+2);         \
	VMOVDQU o(SI), X1;               \
	VPSHUFD $0x08, X1, X0;           \
	VPMOVZXBD X0, Y0;                \
	VPERMD Y1, Y10, Y1;              \
	VPSRLVD Y9, Y1, Y1;              \
	VPAND Y8, Y1, Y1;                \
	PARITY;                          \
	EIGHTS(p)

// func flattenIQ2XXSAVX2(flat, w *byte, blocks int, grid *uint32)
TEXT ·flattenIQ2XXSAVX2(SB), NOSPLIT, $0-32
	ARGUMENTS
	SIGNS
	VBROADCASTI128 magnitudes<>(SB), Y15
	VMOVDQU fourDwords<>(SB), Y11
	VMOVDQU secondFourth<>(SB), Y10
	VMOVDQU sevens<>(SB), Y9
	DWORDS(127, X8, Y8)

block:
	FACTOR(EIGHTHPART)
	SUBS2XXS(2, 0)
	SUBS2XXS(18, 64)
	SUBS2XXS(34, 128)
	SUBS2XXS(50, 192)
	SCALES32
	NEXT(66)

#define SUBS2XS(o, p) \
	VPMOVZXWD o(SI), Y1;             \
	VPAND Y10, Y1, Y0;               \
	VPSRLD $9, Y1, Y1;               \
	PARITY;                          \
	EIGHTS(p)

// func flattenIQ2XSAVX2(flat, w *byte, blocks int, grid *uint32)
TEXT ·flattenIQ2XSAVX2(SB), NOSPLIT, $0-32
	ARGUMENTS
	SIGNS
	VBROADCASTI128 magnitudes<>(SB), Y15
	VMOVDQU fourDwords<>(SB), Y11
	DWORDS(511, X10, Y10)

block:
	FACTOR(EIGHTHPART)
	SUBS2XS(2, 0)
	SUBS2XS(18, 64)
	SUBS2XS(34, 128)
	SUBS2XS(50, 192)
	VMOVQ 66(SI), X0
	NIBBLES
	VPMOVZXBW X0, Y0
	SCALES16
	NEXT(74)

// INDICES sets Y0 to eight bytes, and the bits of Y1, shifted, that Y9 names.
#define INDICES(o) \
	VPMOVZXBD o(SI), Y0;             \
	VPSRLVD Y10, Y1, Y2;             \
	VPAND Y9, Y2, Y2;                \
	VPSLLD $8, Y2, Y2;               \
	VPOR Y2, Y0, Y0

#define SUBS2S(o, p) \
	VPBROADCASTW o+66(SI), Y1;       \
	INDICES(4*o+2);                  \
	VPMOVZXBD 4*o+34(SI), Y1;        \
	EIGHTS(p)

// func flattenIQ2SAVX2(flat, w *byte, blocks int, grid *uint32)
TEXT ·flattenIQ2SAVX2(SB), NOSPLIT, $0-32
	ARGUMENTS
	SIGNS
	VBROADCASTI128 magnitudes<>(SB), Y15
	VMOVDQU fourDwords<>(SB), Y11
	VMOVDQU twos<>(SB), Y10
	DWORDS(3, X9, Y9)

block:
	FACTOR(EIGHTHPART)
	SUBS2S(0, 0)
	SUBS2S(2, 64)
	SUBS2S(4, 128)
	SUBS2S(6, 192)
	VMOVQ 74(SI), X0
	NIBBLES
	VPMOVZXBW X0, Y0
	SCALES16
	NEXT(82)

#define SUB3XXS(b) \
	WORDSCALE(66+4*b, 2*b);          \
	VPBROADCASTD 66+4*b(SI), Y1;     \
	VPSRLVD Y10, Y1, Y1;             \
	VPAND Y9, Y1, Y1;                \
	PARITY;                          \
	VPMOVZXBD 2+8*b(SI), Y0;         \
	LOOKUP;                          \
	VPSHUFB Y11, Y1, Y1;             \
	SIGNED(Y3, Y1, 32*b)

// func flattenIQ3XXSAVX2(flat, w *byte, blocks int, grid *uint32)
TEXT ·flattenIQ3XXSAVX2(SB), NOSPLIT, $0-32
	ARGUMENTS
	SIGNS
	VBROADCASTI128 eachDword<>(SB), Y11
	VMOVDQU sevensTwice<>(SB), Y10
	DWORDS(127, X9, Y9)

block:
	FACTOR(QUARTER)
	SUB3XXS(0)
	SUB3XXS(1)
	SUB3XXS(2)
	SUB3XXS(3)
	SUB3XXS(4)
	SUB3XXS(5)
	SUB3XXS(6)
	SUB3XXS(7)
	SCALES32
	NEXT(98)

#define SUB3S(b) \
	VPBROADCASTB 66+b(SI), Y1;       \
	INDICES(2+8*b);                  \
	LOOKUP;                          \
	VPBROADCASTD 74+4*b(SI), Y1;     \
	VPSHUFB Y11, Y1, Y1;             \
	SIGNED(Y3, Y1, 32*b)

// func flattenIQ3SAVX2(flat, w *byte, blocks int, grid *uint32)
TEXT ·flattenIQ3SAVX2(SB), NOSPLIT, $0-32
	ARGUMENTS
	SIGNS
	VMOVDQU fourBytes<>(SB), Y11
	VMOVDQU ones<>(SB), Y10
	DWORDS(1, X9, Y9)

block:
	FACTOR(ONE)
	SUB3S(0)
	SUB3S(1)
	SUB3S(2)
	SUB3S(3)
	SUB3S(4)
	SUB3S(5)
	SUB3S(6)
	SUB3S(7)
	VMOVD 106(SI), X0
	NIBBLES
	VPMOVZXBW X0, X0
	VPADDW X0, X0, X0
	VPCMPEQW X1, X1, X1
	VPSUBW X1, X0, X0
	VMOVDQU X0, 552(DI)
	SCALES32
	NEXT(110)

// EIGHTS1 does 64 weights of IQ1, their indices in Y0. Y1 is all ones where one is
// to be taken off.
#define EIGHTS1(p) \
	LOOKUP;                      \
	VPAND Y13, Y1, Y1;           \
	VPOR Y1, Y3, Y3;             \
	VPSRLW $4, Y3, Y4;           \
	VPSHUFB Y3, Y15, Y3;         \
	VPSHUFB Y4, Y15, Y4;         \
	INORDER;                     \
	VMOVDQU Y3, p(DI);           \
	VMOVDQU Y4, p+32(DI)

// SCALE1S stores a scale, three bits of the word at o from bit 12 on.
#define SCALE1S(o, p) \
	MOVWLZX o(SI), AX;       \
	SHRL $11, AX;            \
	ANDL $14, AX;            \
	INCL AX;                 \
	MOVW AX, 552+p(DI)

#define SUBS1S(m) \
	SCALE1S(34+4*m, 4*m);            \
	SCALE1S(36+4*m, 4*m+2);          \
	VPBROADCASTD 34+4*m(SI), Y1;     \
	INDICES(2+8*m);                  \
	VPSLLVD Y11, Y1, Y1;             \
	VPSRAD $31, Y1, Y1;              \
	EIGHTS1(64*m)

#define LEVELS1(shifts) \
	VBROADCASTI128 levels1<>(SB), Y15; \
	DWORDS(0x44444444, X13, Y13);      \
	VMOVDQU shifts<>(SB), Y10;         \
	DWORDS(7, X9, Y9)

// func flattenIQ1SAVX2(flat, w *byte, blocks int, grid *uint32)
TEXT ·flattenIQ1SAVX2(SB), NOSPLIT, $0-32
	ARGUMENTS
	LEVELS1(threes)
	VMOVDQU lastBits<>(SB), Y11

block:
	FACTOR(EIGHTHPART)
	SUBS1S(0)
	SUBS1S(1)
	SUBS1S(2)
	SUBS1S(3)
	SCALES32
	NEXT(50)

#define SUBS1M(m) \
	VPBROADCASTD 32+4*m(SI), Y1;     \
	INDICES(8*m);                    \
	VPSRLVD Y10, Y1, Y1;             \
	VPSLLD $28, Y1, Y1;              \
	VPSRAD $31, Y1, Y1;              \
	EIGHTS1(64*m)

// NIBBLE moves a nibble of the last eight bytes to where mask is, in DX.
#define NIBBLE(shift, mask) \
	MOVQ 48(SI), AX;         \
	SHRQ $shift, AX;         \
	ANDL $mask, AX;          \
	ORL AX, DX

// func flattenIQ1MAVX2(flat, w *byte, blocks int, grid *uint32)
TEXT ·flattenIQ1MAVX2(SB), NOSPLIT, $0-32
	ARGUMENTS
	LEVELS1(fours)
	VMOVDQU threes<>(SB), Y11

block:
	XORL DX, DX
	NIBBLE(12, 0x000f)
	NIBBLE(24, 0x00f0)
	NIBBLE(36, 0x0f00)
	NIBBLE(48, 0xf000)
	VMOVD DX, X0
	VCVTPH2PS X0, X0
	MOVL $EIGHTHPART, AX
	VMOVD AX, X1
	VMULSS X1, X0, X0
	VMOVSS X0, 544(DI)
	SUBS1M(0)
	SUBS1M(1)
	SUBS1M(2)
	SUBS1M(3)
	VPBROADCASTD 48(SI), Y0
	VPBROADCASTD 52(SI), Y1
	VPSRLVD Y11, Y0, Y0
	VPSRLVD Y11, Y1, Y1
	VPAND Y9, Y0, Y0
	VPAND Y9, Y1, Y1
	VPACKSSDW Y1, Y0, Y0
	VPERMQ $0xd8, Y0, Y0
	SCALES16
	NEXT(56)
