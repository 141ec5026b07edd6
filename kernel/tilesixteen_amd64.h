// What the tiles of AVX2 share; the panel is drawn in sixteen_amd64.go. Beside what
// sixteen_amd64.h says:
//
//	R14         scales of the panel
//	DI, R11, R12 scales of the tokens, as R8 to R10
//	BX, DX, R13 their sums, likewise
//	AX          accumulators, 128 bytes a token: acc, then m
//	R15         sums of a block, 64 bytes a token
//	CX          what of the rows behind is asked for

#include "sixteen_amd64.h"

#define TILE(perScale, perSum) \
	MOVQ acc+0(FP), AX;       \
	MOVQ panel+8(FP), SI;     \
	MOVQ q+16(FP), R8;        \
	MOVQ d+24(FP), DI;        \
	MOVQ sums+32(FP), BX;     \
	MOVQ k+40(FP), R10;       \
	MOVQ from+72(FP), CX;     \
	ADDQ at+80(FP), CX;       \
	MOVQ work+56(FP), R15;    \
	MOVQ R10, R12;            \
	SHRQ $perScale, R12;      \
	MOVQ R10, R13;            \
	SHRQ $perSum, R13;        \
	LEAQ (R10)(R10*2), R9;    \
	ADDQ R8, R9;              \
	LEAQ (R12)(R12*2), R11;   \
	ADDQ DI, R11;             \
	LEAQ (R13)(R13*2), DX;    \
	ADDQ BX, DX

// ASK asks for three lines, and goes on by a step.
#define ASK \
	PREFETCHT1 (CX);       \
	PREFETCHT1 64(CX);     \
	PREFETCHT1 128(CX);    \
	ADDQ step+88(FP), CX

// SIGNED adds four products of signed weights, which are in Y8 and Y9, their magnitudes in
// Y14 and Y15, and their scales in Y12 and Y13.
#define SIGNED(x, s0, s1) \
	VPBROADCASTD x, Y10;      \
	VPSIGNB Y8, Y10, Y11;     \
	VPSIGNB Y9, Y10, Y10;     \
	VPMADDUBSW Y11, Y14, Y11; \
	VPMADDUBSW Y10, Y15, Y10; \
	VPMADDWD Y12, Y11, Y11;   \
	VPMADDWD Y13, Y10, Y10;   \
	VPADDD Y11, s0, s0;       \
	VPADDD Y10, s1, s1

#define MAGNITUDES \
	VPABSB Y8, Y14; \
	VPABSB Y9, Y15

#define NOTHING

#define FOURS1(DO, ALSO, p, o) \
	VMOVDQU p(SI), Y8;        \
	VMOVDQU p+32(SI), Y9;     \
	ALSO;                     \
	DO(o(R8), Y0, Y1)
#define FOURS2(DO, ALSO, p, o) FOURS1(DO, ALSO, p, o); DO(o(R8)(R10*1), Y2, Y3)
#define FOURS3(DO, ALSO, p, o) FOURS2(DO, ALSO, p, o); DO(o(R8)(R10*2), Y4, Y5)
#define FOURS4(DO, ALSO, p, o) FOURS3(DO, ALSO, p, o); DO(o(R9), Y6, Y7)

// FMA2 adds the integers in a and b, times the products of the scales in Y8 and at p of
// the panel, to the accumulators at o.
#define FMA2(p, o, a, b) \
	VMULPS p(SI), Y8, Y9;      \
	VMULPS p+32(SI), Y8, Y10;  \
	VCVTDQ2PS a, a;            \
	VCVTDQ2PS b, b;            \
	VMOVUPS o(AX), Y11;        \
	VMOVUPS o+32(AX), Y12;     \
	VFMADD231PS a, Y9, Y11;    \
	VFMADD231PS b, Y10, Y12;   \
	VMOVUPS Y11, o(AX);        \
	VMOVUPS Y12, o+32(AX)

// END ends a block of a token, the sums of which are in registers.
#define END(p, o, d, s0, s1) \
	VBROADCASTSS d, Y8;           \
	FMA2(p, o, s0, s1)

#define ENDS1(p) END(p, 0, (DI), Y0, Y1)
#define ENDS2(p) ENDS1(p); END(p, 128, (DI)(R12*1), Y2, Y3)
#define ENDS3(p) ENDS2(p); END(p, 256, (DI)(R12*2), Y4, Y5)
#define ENDS4(p) ENDS3(p); END(p, 384, (R11), Y6, Y7)
