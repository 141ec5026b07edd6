//go:build !purego

#include "textflag.h"
#include "columns_amd64.h"

#define UNPACK \
	MOVQ panel+0(FP), DI;     \
	MOVQ w+8(FP), SI;         \
	MOVQ rowBytes+16(FP), R8; \
	MOVQ scales+24(FP), BX;   \
	MOVQ perGroup+32(FP), R14; \
	MOVQ blocks+40(FP), CX;   \
	ROWS;                     \
	MOVQ R14, DX

// SCALE stores the scales of a block, and goes on: DX counts the blocks of a
// group.
#define SCALE(bytes) \
	VMOVUPS (BX), Z8;       \
	VMOVUPS Z8, 1024(DI);   \
	ALONG(bytes);           \
	ADDQ $1280, DI;         \
	XORL AX, AX;            \
	DECQ DX;                \
	CMOVQEQ R14, DX;        \
	SETEQ AX;               \
	SHLL $7, AX;            \
	ADDQ AX, BX;            \
	DECQ CX

// LOW4 sets all bytes of Z31 to 15.
#define LOW4 \
	MOVL $0x0f0f0f0f, AX; \
	VPBROADCASTD AX, Z31

// EIGHT4 stores the eight integers of four bits in each dword of z, four of them
// at p.
#define EIGHT4(z, p) \
	VPANDD Z31, z, Z8;           \
	VPSRLW $4, z, Z9;            \
	VPANDD Z31, Z9, Z9;          \
	VPUNPCKLBW Z9, Z8, Z10;      \
	VPUNPCKHBW Z9, Z8, Z11;      \
	VSHUFPS $0x88, Z11, Z10, Z8; \
	VSHUFPS $0xdd, Z11, Z10, Z9; \
	VMOVUPS Z8, p(DI);           \
	VMOVUPS Z9, p+128(DI)

#define FOUR8(o, p) \
	COLUMNS(o);              \
	VMOVDQU64 Z0, p(DI);     \
	VMOVDQU64 Z1, p+128(DI); \
	VMOVDQU64 Z2, p+256(DI); \
	VMOVDQU64 Z3, p+384(DI)

// One token, with 16 rows as they are stored, 128 integers of each at a time. DI
// is the token, DX its scales, Z24 the results. BX are the rows' scales, AX and
// R13 how far those of the second and of the third block are from them, R14 the
// third's. R15 goes through the next 16 rows, which are asked for in the order
// in which they lie.

#define ARGUMENTS \
	MOVQ acc+0(FP), AX;        \
	MOVQ w+8(FP), SI;          \
	MOVQ rowBytes+16(FP), R8;  \
	MOVQ scales+24(FP), BX;    \
	MOVQ second+32(FP), DX;    \
	MOVQ q+48(FP), DI;         \
	MOVQ quads+64(FP), CX;     \
	VMOVUPS (AX), Z24;         \
	ROWS;                      \
	MOVQ DX, AX;               \
	MOVQ third+40(FP), R13;    \
	MOVQ d+56(FP), DX;         \
	LEAQ (R11)(R8*4), R15

#define AHEAD4(o) \
	PREFETCHT1 o(R15);     \
	PREFETCHT1 64+o(R15);  \
	PREFETCHT1 128+o(R15); \
	PREFETCHT1 192+o(R15)

#define AHEAD16(o) \
	AHEAD4(o);     \
	AHEAD4(256+o); \
	AHEAD4(512+o); \
	AHEAD4(768+o)

// ROW4 sets z to the products of 128 integers of four bits with the activations
// of even (Z18) and odd (Z19) places. Lane i of z is of block i.
#define ROW4(row, z) \
	VMOVDQU64 row, Z8;     \
	VPXORD z, z, z;        \
	VPANDD Z31, Z8, Z9;    \
	VPSRLW $4, Z8, Z8;     \
	VPANDD Z31, Z8, Z8;    \
	VPDPBUSD Z18, Z9, z;   \
	VPDPBUSD Z19, Z8, z

// ROW8 is the same for 64 integers of eight bits: two lanes are of a block.
#define ROW8(row, z) \
	VMOVDQU64 row, Z8;     \
	VPXORD z, z, z;        \
	VPDPBUSD Z16, Z8, z

// QUARTER sets the lanes of z to sums over those of four rows.
#define QUARTER(ROW, o, base, z) \
	ROW(o(base), Z0);           \
	ROW(o(base)(R8*1), Z1);     \
	ROW(o(base)(R8*2), Z2);     \
	ROW(o(base)(R12*1), Z3);    \
	VPUNPCKLDQ Z1, Z0, Z4;      \
	VPUNPCKHDQ Z1, Z0, Z5;      \
	VPUNPCKLDQ Z3, Z2, Z6;      \
	VPUNPCKHDQ Z3, Z2, Z7;      \
	VPADDD Z5, Z4, Z4;          \
	VPADDD Z7, Z6, Z6;          \
	VPUNPCKLQDQ Z6, Z4, Z0;     \
	VPUNPCKHQDQ Z6, Z4, Z1;     \
	VPADDD Z1, Z0, z

#define SIXTEEN(ROW, o) \
	QUARTER(ROW, o, SI, Z20);  \
	QUARTER(ROW, o, R9, Z21);  \
	QUARTER(ROW, o, R10, Z22); \
	QUARTER(ROW, o, R11, Z23)

// FLOAT does the multiply-add of a block: sums of the rows times their scales at s
// and the token's at x.
#define FLOAT(sums, s, x) \
	VMOVUPS s, Z8;             \
	VCVTDQ2PS sums, sums;      \
	VMULPS.BCST x, Z8, Z8;     \
	VFMADD231PS sums, Z8, Z24

DATA parity<>+0(SB)/8, $0x0e0c0a0806040200 // bytes of even, of odd places
DATA parity<>+8(SB)/8, $0x0f0d0b0907050301
DATA parity<>+16(SB)/8, $0x0e0c0a0806040200 // quadwords of even places
GLOBL parity<>(SB), RODATA|NOPTR, $24

// func unpackAffine4VNNI(panel, w *byte, rowBytes int, scales *float32, perGroup, blocks int)
TEXT ·unpackAffine4VNNI(SB), NOSPLIT, $0-48
	UNPACK
	LOW4

block:
	COLUMNS(0)
	EIGHT4(Z0, 0)
	EIGHT4(Z1, 256)
	EIGHT4(Z2, 512)
	EIGHT4(Z3, 768)
	SCALE(16)
	JNZ block
	VZEROUPPER
	RET

// func unpackAffine8VNNI(panel, w *byte, rowBytes int, scales *float32, perGroup, blocks int)
TEXT ·unpackAffine8VNNI(SB), NOSPLIT, $0-48
	UNPACK

block:
	FOUR8(0, 0)
	FOUR8(16, 512)
	SCALE(32)
	JNZ block
	VZEROUPPER
	RET

// func rows16Affine4VNNI(acc *float32, w *byte, rowBytes int, scales *float32, second, third int, q *int8, d *float32, quads int)
TEXT ·rows16Affine4VNNI(SB), NOSPLIT, $0-72
	VBROADCASTI32X4 parity<>+0(SB), Z30
	VPMOVZXBQ parity<>+16(SB), Z28
	MOVL $1, AX
	VPBROADCASTQ AX, Z29
	VPADDQ Z28, Z29, Z29
	LOW4
	ARGUMENTS

quad:
	VMOVDQU64 (DI), Z16
	VMOVDQU64 64(DI), Z17
	VPSHUFB Z30, Z16, Z16
	VPSHUFB Z30, Z17, Z17
	VMOVDQA64 Z28, Z18
	VMOVDQA64 Z29, Z19
	VPERMI2Q Z17, Z16, Z18
	VPERMI2Q Z17, Z16, Z19
	AHEAD16(0)
	SIXTEEN(ROW4, 0)
	VSHUFI32X4 $0x44, Z21, Z20, Z0
	VSHUFI32X4 $0xee, Z21, Z20, Z1
	VSHUFI32X4 $0x44, Z23, Z22, Z2
	VSHUFI32X4 $0xee, Z23, Z22, Z3
	VSHUFI32X4 $0x88, Z2, Z0, Z4
	VSHUFI32X4 $0xdd, Z2, Z0, Z5
	VSHUFI32X4 $0x88, Z3, Z1, Z6
	VSHUFI32X4 $0xdd, Z3, Z1, Z7
	LEAQ (BX)(R13*1), R14
	FLOAT(Z4, (BX), (DX))
	FLOAT(Z5, (BX)(AX*1), 4(DX))
	FLOAT(Z6, (R14), 8(DX))
	FLOAT(Z7, (R14)(AX*1), 12(DX))
	LEAQ 128(R14)(AX*1), BX
	ALONG(64)
	ADDQ $128, DI
	ADDQ $16, DX
	ADDQ $1024, R15
	DECQ CX
	JNZ  quad
	MOVQ acc+0(FP), AX
	VMOVUPS Z24, (AX)
	VZEROUPPER
	RET

// HALVES sets Z4 and Z5 to the sums of two blocks.
#define HALVES \
	VSHUFI32X4 $0x88, Z21, Z20, Z0; \
	VSHUFI32X4 $0xdd, Z21, Z20, Z1; \
	VSHUFI32X4 $0x88, Z23, Z22, Z2; \
	VSHUFI32X4 $0xdd, Z23, Z22, Z3; \
	VPADDD Z1, Z0, Z0;              \
	VPADDD Z3, Z2, Z2;              \
	VSHUFI32X4 $0x88, Z2, Z0, Z4;   \
	VSHUFI32X4 $0xdd, Z2, Z0, Z5

// func rows16Affine8VNNI(acc *float32, w *byte, rowBytes int, scales *float32, second, third int, q *int8, d *float32, quads int)
TEXT ·rows16Affine8VNNI(SB), NOSPLIT, $0-72
	ARGUMENTS

quad:
	VMOVDQU64 (DI), Z16
	AHEAD16(0)
	SIXTEEN(ROW8, 0)
	HALVES
	FLOAT(Z4, (BX), (DX))
	FLOAT(Z5, (BX)(AX*1), 4(DX))
	LEAQ (BX)(R13*1), R14
	VMOVDQU64 64(DI), Z16
	AHEAD16(1024)
	SIXTEEN(ROW8, 64)
	HALVES
	FLOAT(Z4, (R14), 8(DX))
	FLOAT(Z5, (R14)(AX*1), 12(DX))
	LEAQ 128(R14)(AX*1), BX
	ALONG(128)
	ADDQ $128, DI
	ADDQ $16, DX
	ADDQ $2048, R15
	DECQ CX
	JNZ  quad
	MOVQ acc+0(FP), AX
	VMOVUPS Z24, (AX)
	VZEROUPPER
	RET

// ones16 is 1 in each of two words.
DATA ones16<>+0(SB)/4, $0x00010001
GLOBL ones16<>(SB), RODATA|NOPTR, $4

// func groupSumsAVX2(x, d *float32, sums *int16, perGroup, eights int)
TEXT ·groupSumsAVX2(SB), NOSPLIT, $0-40
	MOVQ x+0(FP), DI
	MOVQ d+8(FP), DX
	MOVQ sums+16(FP), SI
	MOVQ perGroup+24(FP), AX
	MOVQ eights+32(FP), CX
	VPBROADCASTD ones16<>(SB), Y7

eight:
	VPMADDWD (SI), Y7, Y0
	VCVTDQ2PS Y0, Y0
	VMULPS (DX), Y0, Y0
	ADDQ $32, SI
	ADDQ $32, DX
	CMPQ AX, $2
	JEQ  two
	JGT  four
	VMOVUPS Y0, (DI)
	ADDQ $32, DI
	DECQ CX
	JNZ  eight
	VZEROUPPER
	RET

two:
	VHADDPS Y0, Y0, Y0
	VPERMPD $0x08, Y0, Y0
	VMOVUPS X0, (DI)
	ADDQ $16, DI
	DECQ CX
	JNZ  eight
	VZEROUPPER
	RET

four:
	VHADDPS Y0, Y0, Y0
	VHADDPS Y0, Y0, Y0
	VEXTRACTF128 $1, Y0, X1
	VUNPCKLPS X1, X0, X0
	VMOVQ X0, (DI)
	ADDQ $8, DI
	DECQ CX
	JNZ  eight
	VZEROUPPER
	RET
