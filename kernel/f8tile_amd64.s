//go:build !purego

#include "textflag.h"

// A tile is 32 rows of a panel of e4m3 weights times 1 to 12 tokens. The sums
// over a block are in Z0 to Z23: of token t those of rows 0 to 15 in Z(2t), and
// of rows 16 to 31 in Z(2t+1).
//
//	SI               panel
//	R8, R9, R11, R12 activations of tokens 0, 3, 6 and 9; R10 bytes of a token
//	DI               their scales, 64 bytes a block
//	BX               the weights' scales, one a block
//	AX               accumulators, 128 bytes a token
//	CX, DX           blocks left, steps left

#define ARGUMENTS \
	MOVQ acc+0(FP), AX;     \
	MOVQ panel+8(FP), SI;   \
	MOVQ q+16(FP), R8;      \
	MOVQ d+24(FP), DI;      \
	MOVQ scales+32(FP), BX; \
	MOVQ k+40(FP), R10;     \
	MOVQ blocks+48(FP), CX; \
	ADDQ R10, R10;          \
	LEAQ (R10)(R10*2), DX;  \
	LEAQ (R8)(DX*1), R9;    \
	LEAQ (R8)(DX*2), R11;   \
	LEAQ (R9)(DX*2), R12

// DOT adds the products of the two activations at x and of the weights in Z24
// and Z25.
#define DOT(x, t, s0, s1) \
	VPBROADCASTD x, t;     \
	VPDPWSSD t, Z24, s0; \
	VPDPWSSD t, Z25, s1

#define STEP0(p) \
	VMOVDQU64 p*128(SI), Z24; \
	VMOVDQU64 p*128+64(SI), Z25

#define STEP1(p) \
	STEP0(p); \
	DOT(p*4(R8), Z26, Z0, Z1)

#define STEP2(p) \
	STEP1(p); \
	DOT(p*4(R8)(R10*1), Z27, Z2, Z3)

#define STEP3(p) \
	STEP2(p); \
	DOT(p*4(R8)(R10*2), Z28, Z4, Z5)

#define STEP4(p) \
	STEP3(p); \
	DOT(p*4(R9), Z29, Z6, Z7)

#define STEP5(p) \
	STEP4(p); \
	DOT(p*4(R9)(R10*1), Z30, Z8, Z9)

#define STEP6(p) \
	STEP5(p); \
	DOT(p*4(R9)(R10*2), Z31, Z10, Z11)

#define STEP7(p) \
	STEP6(p); \
	DOT(p*4(R11), Z26, Z12, Z13)

#define STEP8(p) \
	STEP7(p); \
	DOT(p*4(R11)(R10*1), Z27, Z14, Z15)

#define STEP9(p) \
	STEP8(p); \
	DOT(p*4(R11)(R10*2), Z28, Z16, Z17)

#define STEP10(p) \
	STEP9(p); \
	DOT(p*4(R12), Z29, Z18, Z19)

#define STEP11(p) \
	STEP10(p); \
	DOT(p*4(R12)(R10*1), Z30, Z20, Z21)

#define STEP12(p) \
	STEP11(p); \
	DOT(p*4(R12)(R10*2), Z31, Z22, Z23)

// FLOAT does the multiply-add of a block for a token: the weights' scale, in all
// lanes of Z24, times the token's, at x, times the integers in s0 and s1, are
// added to the accumulators at a.
#define FLOAT(x, a, s0, s1) \
	VMULPS.BCST x(DI), Z24, Z28; \
	VCVTDQ2PS s0, s0;            \
	VCVTDQ2PS s1, s1;            \
	VMOVUPS a(AX), Z30;          \
	VMOVUPS a+64(AX), Z31;       \
	VFMADD231PS s0, Z28, Z30;    \
	VFMADD231PS s1, Z28, Z31;    \
	VMOVUPS Z30, a(AX);          \
	VMOVUPS Z31, a+64(AX)

#define FLOAT1 \
	FLOAT(0, 0, Z0, Z1)

#define FLOAT2 \
	FLOAT1; \
	FLOAT(4, 128, Z2, Z3)

#define FLOAT3 \
	FLOAT2; \
	FLOAT(8, 256, Z4, Z5)

#define FLOAT4 \
	FLOAT3; \
	FLOAT(12, 384, Z6, Z7)

#define FLOAT5 \
	FLOAT4; \
	FLOAT(16, 512, Z8, Z9)

#define FLOAT6 \
	FLOAT5; \
	FLOAT(20, 640, Z10, Z11)

#define FLOAT7 \
	FLOAT6; \
	FLOAT(24, 768, Z12, Z13)

#define FLOAT8 \
	FLOAT7; \
	FLOAT(28, 896, Z14, Z15)

#define FLOAT9 \
	FLOAT8; \
	FLOAT(32, 1024, Z16, Z17)

#define FLOAT10 \
	FLOAT9; \
	FLOAT(36, 1152, Z18, Z19)

#define FLOAT11 \
	FLOAT10; \
	FLOAT(40, 1280, Z20, Z21)

#define FLOAT12 \
	FLOAT11; \
	FLOAT(44, 1408, Z22, Z23)

#define ZERO(s0, s1) \
	VPXORD s0, s0, s0; \
	VPXORD s1, s1, s1

#define ZERO1 ZERO(Z0, Z1)

#define ZERO2 \
	ZERO1; \
	ZERO(Z2, Z3)

#define ZERO3 \
	ZERO2; \
	ZERO(Z4, Z5)

#define ZERO4 \
	ZERO3; \
	ZERO(Z6, Z7)

#define ZERO5 \
	ZERO4; \
	ZERO(Z8, Z9)

#define ZERO6 \
	ZERO5; \
	ZERO(Z10, Z11)

#define ZERO7 \
	ZERO6; \
	ZERO(Z12, Z13)

#define ZERO8 \
	ZERO7; \
	ZERO(Z14, Z15)

#define ZERO9 \
	ZERO8; \
	ZERO(Z16, Z17)

#define ZERO10 \
	ZERO9; \
	ZERO(Z18, Z19)

#define ZERO11 \
	ZERO10; \
	ZERO(Z20, Z21)

#define ZERO12 \
	ZERO11; \
	ZERO(Z22, Z23)

#define NEXT(pairs) \
	ADDQ $(128*pairs), SI; \
	ADDQ $(4*pairs), R8;   \
	ADDQ $(4*pairs), R9;   \
	ADDQ $(4*pairs), R11;  \
	ADDQ $(4*pairs), R12;  \
	DECL DX

#define TILE(STEPS, ZEROS, FOLDS, FLOATS) \
	ARGUMENTS;              \
block:                          \
	ZEROS;                  \
	MOVL $16, DX;           \
pairs:                          \
	STEPS;                  \
	NEXT(4);                \
	JNZ  pairs;             \
	FOLDS;                  \
	VBROADCASTSS (BX), Z24; \
	FLOATS;                 \
	ADDQ $64, DI;           \
	ADDQ $4, BX;            \
	DECQ CX;                \
	JNZ  block;             \
	VZEROUPPER;             \
	RET

#define STEPS(STEP) \
	STEP(0); \
	STEP(1); \
	STEP(2); \
	STEP(3)

// A sum waits for its last product, five cycles or so. Of up to four tokens,
// therefore, every other pair of weights has sums of its own, and of one token
// every pair of four; FOLD adds them.
#define PAIR1(p, s0, s1) \
	STEP0(p); \
	DOT(p*4(R8), Z26, s0, s1)

#define STEPS1 \
	STEP1(0);          \
	PAIR1(1, Z2, Z3);  \
	PAIR1(2, Z4, Z5);  \
	PAIR1(3, Z6, Z7)

#define ODD2(p) \
	STEP0(p); \
	DOT(p*4(R8), Z26, Z4, Z5); \
	DOT(p*4(R8)(R10*1), Z27, Z6, Z7)

#define ODD3(p) \
	STEP0(p); \
	DOT(p*4(R8), Z26, Z6, Z7); \
	DOT(p*4(R8)(R10*1), Z27, Z8, Z9); \
	DOT(p*4(R8)(R10*2), Z28, Z10, Z11)

#define ODD4(p) \
	STEP0(p); \
	DOT(p*4(R8), Z26, Z8, Z9); \
	DOT(p*4(R8)(R10*1), Z27, Z10, Z11); \
	DOT(p*4(R8)(R10*2), Z28, Z12, Z13); \
	DOT(p*4(R9), Z29, Z14, Z15)

#define ALTERNATE(STEP, ODD) \
	STEP(0); \
	ODD(1);  \
	STEP(2); \
	ODD(3)

#define FOLD(a, b, s0, s1) \
	VPADDD a, s0, s0; \
	VPADDD b, s1, s1

#define FOLD1 \
	FOLD(Z6, Z7, Z4, Z5); \
	FOLD(Z2, Z3, Z0, Z1); \
	FOLD(Z4, Z5, Z0, Z1)

#define FOLD2 \
	FOLD(Z4, Z5, Z0, Z1); \
	FOLD(Z6, Z7, Z2, Z3)

#define FOLD3 \
	FOLD(Z6, Z7, Z0, Z1); \
	FOLD(Z8, Z9, Z2, Z3); \
	FOLD(Z10, Z11, Z4, Z5)

#define FOLD4 \
	FOLD(Z8, Z9, Z0, Z1); \
	FOLD(Z10, Z11, Z2, Z3); \
	FOLD(Z12, Z13, Z4, Z5); \
	FOLD(Z14, Z15, Z6, Z7)

#define NOFOLD

// func tile1F8VNNI(acc *float32, panel, q *int16, d, scales *float32, k, blocks int)
TEXT ·tile1F8VNNI(SB), NOSPLIT, $0-56
	TILE(STEPS1, ZERO4, FOLD1, FLOAT1)

// func tile2F8VNNI(acc *float32, panel, q *int16, d, scales *float32, k, blocks int)
TEXT ·tile2F8VNNI(SB), NOSPLIT, $0-56
	TILE(ALTERNATE(STEP2, ODD2), ZERO4, FOLD2, FLOAT2)

// func tile3F8VNNI(acc *float32, panel, q *int16, d, scales *float32, k, blocks int)
TEXT ·tile3F8VNNI(SB), NOSPLIT, $0-56
	TILE(ALTERNATE(STEP3, ODD3), ZERO6, FOLD3, FLOAT3)

// func tile4F8VNNI(acc *float32, panel, q *int16, d, scales *float32, k, blocks int)
TEXT ·tile4F8VNNI(SB), NOSPLIT, $0-56
	TILE(ALTERNATE(STEP4, ODD4), ZERO8, FOLD4, FLOAT4)

// func tile5F8VNNI(acc *float32, panel, q *int16, d, scales *float32, k, blocks int)
TEXT ·tile5F8VNNI(SB), NOSPLIT, $0-56
	TILE(STEPS(STEP5), ZERO5, NOFOLD, FLOAT5)

// func tile6F8VNNI(acc *float32, panel, q *int16, d, scales *float32, k, blocks int)
TEXT ·tile6F8VNNI(SB), NOSPLIT, $0-56
	TILE(STEPS(STEP6), ZERO6, NOFOLD, FLOAT6)

// func tile7F8VNNI(acc *float32, panel, q *int16, d, scales *float32, k, blocks int)
TEXT ·tile7F8VNNI(SB), NOSPLIT, $0-56
	TILE(STEPS(STEP7), ZERO7, NOFOLD, FLOAT7)

// func tile8F8VNNI(acc *float32, panel, q *int16, d, scales *float32, k, blocks int)
TEXT ·tile8F8VNNI(SB), NOSPLIT, $0-56
	TILE(STEPS(STEP8), ZERO8, NOFOLD, FLOAT8)

// func tile9F8VNNI(acc *float32, panel, q *int16, d, scales *float32, k, blocks int)
TEXT ·tile9F8VNNI(SB), NOSPLIT, $0-56
	TILE(STEPS(STEP9), ZERO9, NOFOLD, FLOAT9)

// func tile10F8VNNI(acc *float32, panel, q *int16, d, scales *float32, k, blocks int)
TEXT ·tile10F8VNNI(SB), NOSPLIT, $0-56
	TILE(STEPS(STEP10), ZERO10, NOFOLD, FLOAT10)

// func tile11F8VNNI(acc *float32, panel, q *int16, d, scales *float32, k, blocks int)
TEXT ·tile11F8VNNI(SB), NOSPLIT, $0-56
	TILE(STEPS(STEP11), ZERO11, NOFOLD, FLOAT11)

// func tile12F8VNNI(acc *float32, panel, q *int16, d, scales *float32, k, blocks int)
TEXT ·tile12F8VNNI(SB), NOSPLIT, $0-56
	TILE(STEPS(STEP12), ZERO12, NOFOLD, FLOAT12)
