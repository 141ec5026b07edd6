//go:build !purego

#include "textflag.h"

// The unpackers of a row for the AVX2 loops; the layout is in flat_amd64.go.

#define ARGUMENTS \
	MOVQ flat+0(FP), DI;    \
	MOVQ w+8(FP), SI;       \
	MOVQ blocks+16(FP), CX

#define BYTES(v, x, y) \
	MOVL $(v*0x01010101), AX; \
	VMOVD AX, x;              \
	VPBROADCASTD x, y

// SPREAD writes a word, at o of the words at 552, 16 times at p.
#define SPREAD(o, p) \
	VPBROADCASTW 552+o(DI), Y0; \
	VMOVDQU Y0, p(DI)

// SPREADS writes 8 scales, one for each 32 weights.
#define SPREADS \
	SPREAD(0, 256);  \
	SPREAD(2, 288);  \
	SPREAD(4, 320);  \
	SPREAD(6, 352);  \
	SPREAD(8, 384);  \
	SPREAD(10, 416); \
	SPREAD(12, 448); \
	SPREAD(14, 480)

DATA six<>+0(SB)/8, $0x0000000000000000 // shift
DATA six<>+8(SB)/8, $0x0000000400000000
DATA six<>+16(SB)/8, $0x0f0f0f0f3f3f3f3f // low bits
DATA six<>+24(SB)/8, $0x0f0f0f0f3f3f3f3f
DATA six<>+32(SB)/8, $0x3030303000000000 // high bits
DATA six<>+40(SB)/8, $0x3030303000000000
DATA six<>+48(SB)/8, $0x8009800980088008 // minima as words, twice
DATA six<>+56(SB)/8, $0x800b800b800a800a
DATA six<>+64(SB)/8, $0x800d800d800c800c
DATA six<>+72(SB)/8, $0x800f800f800e800e
GLOBL six<>(SB), RODATA|NOPTR, $80

// HEAD does d, dmin, scales and minima of a block of Q4_K or Q5_K.
#define HEAD \
	VMOVDQU (SI), X0;              \
	VCVTPH2PS X0, X1;              \
	VMOVLPS X1, 544(DI);           \
	VPSHUFD $0xed, X0, X1;         \
	VPSHUFD $0xa5, X0, X2;         \
	VPSRLVD six<>+0(SB), X1, X1;   \
	VPSRLD $2, X2, X2;             \
	VPAND six<>+16(SB), X1, X1;    \
	VPAND six<>+32(SB), X2, X2;    \
	VPOR X2, X1, X1;               \
	VPMOVZXBW X1, X2;              \
	VMOVDQU X2, 552(DI);           \
	VINSERTI128 $1, X1, Y1, Y1;    \
	VPSHUFB six<>+48(SB), Y1, Y1;  \
	VMOVDQU Y1, 512(DI);           \
	SPREADS

// NIBBLES takes apart 32 bytes at o, into Y0 and Y1.
#define NIBBLES(o) \
	VMOVDQU o(SI), Y1;       \
	VPAND Y15, Y1, Y0;       \
	VPSRLW $4, Y1, Y1;       \
	VPAND Y15, Y1, Y1

// STORE stores Y0 and Y1.
#define STORE(p, h) \
	VMOVDQU Y0, p(DI);       \
	VMOVDQU Y1, h(DI)

// HIGH adds the bits of Y5 that Y14 names, shifted, to Y0 and Y1.
#define HIGH(SHIFTLOW, low, SHIFTHIGH, high) \
	SHIFTLOW $low, Y5, Y2;   \
	SHIFTHIGH $high, Y5, Y3; \
	VPAND Y14, Y2, Y2;       \
	VPAND Y14, Y3, Y3;       \
	VPOR Y2, Y0, Y0;         \
	VPOR Y3, Y1, Y1

#define ADVANCE(bytes) \
	ADDQ $bytes, SI; \
	ADDQ $608, DI;   \
	DECQ CX

// func flattenQ4KAVX2(flat, w *byte, blocks int)
TEXT ·flattenQ4KAVX2(SB), NOSPLIT, $0-24
	ARGUMENTS
	BYTES(0x0f, X15, Y15)

block:
	PREFETCHT0 4096(SI)
	PREFETCHT0 4160(SI)
	HEAD
	NIBBLES(16)
	STORE(0, 32)
	NIBBLES(48)
	STORE(64, 96)
	NIBBLES(80)
	STORE(128, 160)
	NIBBLES(112)
	STORE(192, 224)
	ADVANCE(144)
	JNZ block
	VZEROUPPER
	RET

// func flattenQ5KAVX2(flat, w *byte, blocks int)
TEXT ·flattenQ5KAVX2(SB), NOSPLIT, $0-24
	ARGUMENTS
	BYTES(0x0f, X15, Y15)
	BYTES(0x10, X14, Y14)

block:
	PREFETCHT0 4096(SI)
	PREFETCHT0 4160(SI)
	PREFETCHT0 4224(SI)
	HEAD
	VMOVDQU 16(SI), Y5
	NIBBLES(48)
	HIGH(VPSLLW, 4, VPSLLW, 3)
	STORE(0, 32)
	NIBBLES(80)
	HIGH(VPSLLW, 2, VPSLLW, 1)
	STORE(64, 96)
	NIBBLES(112)
	HIGH(VPSRLW, 0, VPSRLW, 1)
	STORE(128, 160)
	NIBBLES(144)
	HIGH(VPSRLW, 2, VPSRLW, 3)
	STORE(192, 224)
	ADVANCE(176)
	JNZ block
	VZEROUPPER
	RET

// EIGHTH writes the words of two scales, at o of those at 552, 8 times each.
#define EIGHTH(o) \
	VPBROADCASTW 552+o(DI), X0;   \
	VPBROADCASTW 554+o(DI), X1;   \
	VMOVDQU X0, 256+8*o(DI);      \
	VMOVDQU X1, 272+8*o(DI)

// EIGHTHS writes the 16 words at 552 eight times each.
#define EIGHTHS \
	EIGHTH(0);  \
	EIGHTH(4);  \
	EIGHTH(8);  \
	EIGHTH(12); \
	EIGHTH(16); \
	EIGHTH(20); \
	EIGHTH(24); \
	EIGHTH(28)

// func flattenQ6KAVX2(flat, w *byte, blocks int)
TEXT ·flattenQ6KAVX2(SB), NOSPLIT, $0-24
	ARGUMENTS
	BYTES(0x0f, X15, Y15)
	BYTES(0x30, X14, Y14)

block:
	PREFETCHT0 4096(SI)
	PREFETCHT0 4160(SI)
	PREFETCHT0 4224(SI)
	PREFETCHT0 4288(SI)
	VPMOVSXBW 192(SI), Y0
	VMOVDQU Y0, 552(DI)
	VPSLLW $5, Y0, Y0
	VMOVDQU Y0, 512(DI)
	EIGHTHS
	VPXOR X0, X0, X0
	VPINSRW $0, 208(SI), X0, X0
	VCVTPH2PS X0, X0
	VMOVLPS X0, 544(DI)
	VMOVDQU 128(SI), Y5
	NIBBLES(0)
	HIGH(VPSLLW, 4, VPSRLW, 0)
	STORE(0, 64)
	NIBBLES(32)
	HIGH(VPSLLW, 2, VPSRLW, 2)
	STORE(32, 96)
	VMOVDQU 160(SI), Y5
	NIBBLES(64)
	HIGH(VPSLLW, 4, VPSRLW, 0)
	STORE(128, 192)
	NIBBLES(96)
	HIGH(VPSLLW, 2, VPSRLW, 2)
	STORE(160, 224)
	ADVANCE(210)
	JNZ block
	VZEROUPPER
	RET

// QUARTERS sets Y1 to Y4 to the four fields of two bits of 32 bytes.
#define QUARTERS(o) \
	VMOVDQU o(SI), Y1;       \
	VPSRLW $2, Y1, Y2;       \
	VPSRLW $4, Y1, Y3;       \
	VPSRLW $6, Y1, Y4;       \
	VPAND Y15, Y1, Y1;       \
	VPAND Y15, Y2, Y2;       \
	VPAND Y15, Y3, Y3;       \
	VPAND Y15, Y4, Y4

#define STORE4(p) \
	VMOVDQU Y1, p(DI);       \
	VMOVDQU Y2, p+32(DI);    \
	VMOVDQU Y3, p+64(DI);    \
	VMOVDQU Y4, p+96(DI)

// func flattenQ2KAVX2(flat, w *byte, blocks int)
TEXT ·flattenQ2KAVX2(SB), NOSPLIT, $0-24
	ARGUMENTS
	BYTES(0x03, X15, Y15)
	BYTES(0x0f, X14, Y14)

block:
	PREFETCHT0 4096(SI)
	PREFETCHT0 4160(SI)
	VMOVDQU (SI), X0
	VPSRLW $4, X0, X1
	VPAND X14, X0, X0
	VPAND X14, X1, X1
	VPMOVZXBW X0, Y0
	VPMOVZXBW X1, Y1
	VMOVDQU Y0, 552(DI)
	VMOVDQU Y1, 512(DI)
	EIGHTHS
	VMOVD 80(SI), X0
	VCVTPH2PS X0, X0
	VMOVLPS X0, 544(DI)
	QUARTERS(16)
	STORE4(0)
	QUARTERS(48)
	STORE4(128)
	ADVANCE(84)
	JNZ block
	VZEROUPPER
	RET

// THIRD adds the bits of Y5 that Y14 names, shifted, to y.
#define THIRD(SHIFT, n, y) \
	SHIFT $n, Y5, Y6;        \
	VPAND Y14, Y6, Y6;       \
	VPOR Y6, y, y

// pairs are shifts by two bits more for each dword.
DATA pairs<>+0(SB)/8, $0x0000000200000000
DATA pairs<>+8(SB)/8, $0x0000000600000004
GLOBL pairs<>(SB), RODATA|NOPTR, $16

// func flattenQ3KAVX2(flat, w *byte, blocks int)
TEXT ·flattenQ3KAVX2(SB), NOSPLIT, $0-24
	ARGUMENTS
	BYTES(0x03, X15, Y15)
	BYTES(0x04, X14, Y14)
	BYTES(0x0f, X13, Y13)
	BYTES(0x20, X12, Y12)

block:
	PREFETCHT0 4096(SI)
	PREFETCHT0 4160(SI)

	// Of the scales four bits are the nibbles of eight bytes, two more those of
	// four bytes.
	VMOVQ 96(SI), X0
	VPSRLW $4, X0, X1
	VPUNPCKLQDQ X1, X0, X0
	VPAND X13, X0, X0
	VPBROADCASTD 104(SI), X1
	VPSRLVD pairs<>(SB), X1, X1
	VPAND X15, X1, X1
	VPSLLW $4, X1, X1
	VPOR X1, X0, X0
	VPSUBB X12, X0, X0
	VPMOVSXBW X0, Y0
	VMOVDQU Y0, 552(DI)
	VPSLLW $2, Y0, Y0
	VMOVDQU Y0, 512(DI)
	EIGHTHS
	VPXOR X0, X0, X0
	VPINSRW $0, 108(SI), X0, X0
	VCVTPH2PS X0, X0
	VMOVLPS X0, 544(DI)
	VMOVDQU (SI), Y5
	QUARTERS(32)
	THIRD(VPSLLW, 2, Y1)
	THIRD(VPSLLW, 1, Y2)
	THIRD(VPSRLW, 0, Y3)
	THIRD(VPSRLW, 1, Y4)
	STORE4(0)
	QUARTERS(64)
	THIRD(VPSRLW, 2, Y1)
	THIRD(VPSRLW, 3, Y2)
	THIRD(VPSRLW, 4, Y3)
	THIRD(VPSRLW, 5, Y4)
	STORE4(128)
	ADVANCE(110)
	JNZ block
	VZEROUPPER
	RET

// nonlinear are the 16 levels of IQ4_XS.
DATA nonlinear<>+0(SB)/8, $0xf6eaddcfbfad9881
DATA nonlinear<>+8(SB)/8, $0x7159453526190d01
GLOBL nonlinear<>(SB), RODATA|NOPTR, $16

// scales4XS are the shifts to the low and the high bits of eight scales, and dwords
// 15, 3 and 32.
DATA scales4XS<>+0(SB)/8, $0x0000000400000000
DATA scales4XS<>+8(SB)/8, $0x0000000c00000008
DATA scales4XS<>+16(SB)/8, $0x0000001400000010
DATA scales4XS<>+24(SB)/8, $0x0000001c00000018
DATA scales4XS<>+32(SB)/8, $0x0000000200000000
DATA scales4XS<>+40(SB)/8, $0x0000000600000004
DATA scales4XS<>+48(SB)/8, $0x0000000a00000008
DATA scales4XS<>+56(SB)/8, $0x0000000e0000000c
DATA scales4XS<>+64(SB)/4, $0x0000000f
DATA scales4XS<>+68(SB)/4, $0x00000003
DATA scales4XS<>+72(SB)/4, $0x00000020
GLOBL scales4XS<>(SB), RODATA|NOPTR, $76

// LEVELS stores the levels that the nibbles of 16 bytes stand for.
#define LEVELS(o, p) \
	VMOVDQU o(SI), X0;           \
	VPSRLW $4, X0, X1;           \
	VINSERTI128 $1, X1, Y0, Y0;  \
	VPAND Y15, Y0, Y0;           \
	VPSHUFB Y0, Y14, Y0;         \
	VMOVDQU Y0, p(DI)

// func flattenIQ4XSAVX2(flat, w *byte, blocks int)
TEXT ·flattenIQ4XSAVX2(SB), NOSPLIT, $0-24
	ARGUMENTS
	BYTES(0x0f, X15, Y15)
	VBROADCASTI128 nonlinear<>(SB), Y14
	VPBROADCASTD scales4XS<>+64(SB), Y13
	VPBROADCASTD scales4XS<>+68(SB), Y12
	VPBROADCASTD scales4XS<>+72(SB), Y11
	VMOVDQU scales4XS<>+0(SB), Y10
	VMOVDQU scales4XS<>+32(SB), Y9
	VPXOR X8, X8, X8

block:
	PREFETCHT0 4096(SI)
	PREFETCHT0 4160(SI)
	PREFETCHT0 4224(SI)
	VPBROADCASTD 4(SI), Y0
	VPBROADCASTW 2(SI), Y1
	VPSRLVD Y10, Y0, Y0
	VPSRLVD Y9, Y1, Y1
	VPAND Y13, Y0, Y0
	VPAND Y12, Y1, Y1
	VPSLLD $4, Y1, Y1
	VPOR Y1, Y0, Y0
	VPSUBD Y11, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPACKSSDW X1, X0, X0
	VMOVDQU X0, 552(DI)
	SPREADS
	VMOVDQU Y8, 512(DI)
	VPBROADCASTW (SI), X0
	VCVTPH2PS X0, X0
	VMOVLPS X0, 544(DI)
	LEVELS(8, 0)
	LEVELS(24, 32)
	LEVELS(40, 64)
	LEVELS(56, 96)
	LEVELS(72, 128)
	LEVELS(88, 160)
	LEVELS(104, 192)
	LEVELS(120, 224)
	ADVANCE(136)
	JNZ block
	VZEROUPPER
	RET
