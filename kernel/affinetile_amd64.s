//go:build !purego

#include "textflag.h"
#include "sixteen_amd64.h"

// Panels of affine weights without VNNI: 16 rows, the row being the fastest index
// after the four consecutive integers that one instruction multiplies, so that a
// block of 32 has 512 bytes. Of integers of eight bits these are the low halves,
// and the high ones follow: no product of theirs with activations in eight bits,
// nor the sum of a block's, is beyond 15 bits.

#define EIGHT4(y, p) \
	SPLIT(y);                    \
	VPUNPCKLBW Y9, Y8, Y10;      \
	VPUNPCKHBW Y9, Y8, Y11;      \
	VSHUFPS $0x88, Y11, Y10, Y8; \
	VSHUFPS $0xdd, Y11, Y10, Y9; \
	VMOVUPS Y8, p(DI);           \
	VMOVUPS Y9, p+64(DI)

#define UNPACK \
	MOVQ panel+0(FP), DI;     \
	MOVQ w+8(FP), SI;         \
	MOVQ rowBytes+16(FP), R8; \
	MOVQ blocks+24(FP), CX;   \
	LEAQ (SI)(R8*4), R9;      \
	LEAQ (R8)(R8*2), R12;     \
	XORL R13, R13;            \
	MOVL $15, AX;             \
	VMOVD AX, X15;            \
	VPBROADCASTB X15, Y15

// A tile is 16 rows times one to four tokens, or two if integers have eight bits.
//
//	SI          panel
//	R8, R9, R10 activations of token 0, of token 3, bytes of a token
//	DI, R11, R12 their scales, likewise
//	AX          accumulators, 256 bytes a token
//	BX          scales of the rows; DX counts the blocks of a group
//	CX          blocks left

#define TILE \
	MOVQ acc+0(FP), AX;       \
	MOVQ panel+8(FP), SI;     \
	MOVQ scales+16(FP), BX;   \
	MOVQ perGroup+24(FP), DX; \
	MOVQ q+32(FP), R8;        \
	MOVQ d+40(FP), DI;        \
	MOVQ k+48(FP), R10;       \
	MOVQ blocks+56(FP), CX;   \
	MOVQ R10, R12;            \
	SHRQ $3, R12;             \
	LEAQ (R10)(R10*2), R9;    \
	ADDQ R8, R9;              \
	LEAQ (R12)(R12*2), R11;   \
	ADDQ DI, R11;             \
	VPCMPEQW Y15, Y15, Y15;   \
	VPSRLW $15, Y15, Y15

#define HIGH1(DO, p, o) \
	VMOVDQU p+512(SI), Y8;    \
	VMOVDQU p+544(SI), Y9;    \
	DO(o(R8), Y4, Y5)
#define HIGH2(DO, p, o) HIGH1(DO, p, o); DO(o(R8)(R10*1), Y6, Y7)

#define STEPS(STEP) \
	STEP(FIRST, 0, 0);    \
	STEP(ADDED, 64, 4);   \
	STEP(ADDED, 128, 8);  \
	STEP(ADDED, 192, 12); \
	STEP(ADDED, 256, 16); \
	STEP(ADDED, 320, 20); \
	STEP(ADDED, 384, 24); \
	STEP(ADDED, 448, 28)

// WIDE makes 32 bits of a token's sums.
#define WIDE(s0, s1) \
	VPMADDWD Y15, s0, s0; \
	VPMADDWD Y15, s1, s1

// JOIN adds to the sums of low halves those of high ones, times 16.
#define JOIN(s0, s1, h0, h1) \
	WIDE(s0, s1);     \
	WIDE(h0, h1);     \
	VPSLLD $4, h0, h0; \
	VPSLLD $4, h1, h1; \
	VPADDD h0, s0, s0; \
	VPADDD h1, s1, s1

// FLOAT does the multiply-add of a block for a token, with the rows' scales in Y13
// and Y14.
#define FLOAT(x, a, s0, s1) \
	VBROADCASTSS x, Y8;          \
	VCVTDQ2PS s0, s0;            \
	VCVTDQ2PS s1, s1;            \
	VMULPS Y8, Y13, Y9;          \
	VMULPS Y8, Y14, Y8;          \
	VMOVUPS a(AX), Y10;          \
	VMOVUPS a+32(AX), Y11;       \
	VFMADD231PS s0, Y9, Y10;     \
	VFMADD231PS s1, Y8, Y11;     \
	VMOVUPS Y10, a(AX);          \
	VMOVUPS Y11, a+32(AX)

#define FLOATS1 \
	VMOVUPS (BX), Y13;   \
	VMOVUPS 32(BX), Y14; \
	FLOAT((DI), 0, Y0, Y1)
#define FLOATS2 FLOATS1; FLOAT((DI)(R12*1), 256, Y2, Y3)
#define FLOATS3 FLOATS2; FLOAT((DI)(R12*2), 512, Y4, Y5)
#define FLOATS4 FLOATS3; FLOAT((R11), 768, Y6, Y7)

#define WIDE1 WIDE(Y0, Y1)
#define WIDE2 WIDE1; WIDE(Y2, Y3)
#define WIDE3 WIDE2; WIDE(Y4, Y5)
#define WIDE4 WIDE3; WIDE(Y6, Y7)

#define JOIN1 STEPS(HIGH1); JOIN(Y0, Y1, Y4, Y5)
#define JOIN2 STEPS(HIGH2); JOIN(Y0, Y1, Y4, Y5); JOIN(Y2, Y3, Y6, Y7)

#define AFFINE(STEP, WIDES, FLOATS, bytes) \
	TILE;                   \
block:                          \
	STEPS(STEP);            \
	WIDES;                  \
	FLOATS;                 \
	ADDQ $bytes, SI;        \
	ADDQ $32, R8;           \
	ADDQ $32, R9;           \
	ADDQ $4, DI;            \
	ADDQ $4, R11;           \
	DECQ DX;                \
	JNZ  same;              \
	ADDQ $128, BX;          \
	MOVQ perGroup+24(FP), DX; \
same:                           \
	DECQ CX;                \
	JNZ  block;             \
	VZEROUPPER;             \
	RET

// func unpackAffine4AVX2(panel, w *byte, rowBytes, blocks int)
TEXT ·unpackAffine4AVX2(SB), NOSPLIT, $0-32
	UNPACK

block:
	COLUMNS(0)
	EIGHT4(Y0, 0)
	EIGHT4(Y1, 128)
	EIGHT4(Y2, 256)
	EIGHT4(Y3, 384)
	ADDQ $16, SI
	ADDQ $16, R9
	ADDQ $512, DI
	DECQ CX
	JNZ  block
	VZEROUPPER
	RET

// func unpackAffine8AVX2(panel, w *byte, rowBytes, blocks int)
TEXT ·unpackAffine8AVX2(SB), NOSPLIT, $0-32
	UNPACK

block:
	COLUMNS(0)
	FOUR8(Y0, 0)
	FOUR8(Y1, 64)
	FOUR8(Y2, 128)
	FOUR8(Y3, 192)
	COLUMNS(16)
	FOUR8(Y0, 256)
	FOUR8(Y1, 320)
	FOUR8(Y2, 384)
	FOUR8(Y3, 448)
	ADDQ $32, SI
	ADDQ $32, R9
	ADDQ $1024, DI
	DECQ CX
	JNZ  block
	VZEROUPPER
	RET

// func tile1Affine4AVX2(acc *float32, panel *byte, scales *float32, perGroup int, q *int8, d *float32, k, blocks int)
TEXT ·tile1Affine4AVX2(SB), NOSPLIT, $0-64
	AFFINE(STEP1, WIDE1, FLOATS1, 512)

// func tile2Affine4AVX2(acc *float32, panel *byte, scales *float32, perGroup int, q *int8, d *float32, k, blocks int)
TEXT ·tile2Affine4AVX2(SB), NOSPLIT, $0-64
	AFFINE(STEP2, WIDE2, FLOATS2, 512)

// func tile3Affine4AVX2(acc *float32, panel *byte, scales *float32, perGroup int, q *int8, d *float32, k, blocks int)
TEXT ·tile3Affine4AVX2(SB), NOSPLIT, $0-64
	AFFINE(STEP3, WIDE3, FLOATS3, 512)

// func tile4Affine4AVX2(acc *float32, panel *byte, scales *float32, perGroup int, q *int8, d *float32, k, blocks int)
TEXT ·tile4Affine4AVX2(SB), NOSPLIT, $0-64
	AFFINE(STEP4, WIDE4, FLOATS4, 512)

// func tile1Affine8AVX2(acc *float32, panel *byte, scales *float32, perGroup int, q *int8, d *float32, k, blocks int)
TEXT ·tile1Affine8AVX2(SB), NOSPLIT, $0-64
	AFFINE(STEP1, JOIN1, FLOATS1, 1024)

// func tile2Affine8AVX2(acc *float32, panel *byte, scales *float32, perGroup int, q *int8, d *float32, k, blocks int)
TEXT ·tile2Affine8AVX2(SB), NOSPLIT, $0-64
	AFFINE(STEP2, JOIN2, FLOATS2, 1024)
