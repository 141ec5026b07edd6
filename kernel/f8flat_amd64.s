//go:build !purego

#include "textflag.h"

// power has 2^(e-1) for the sixteen exponents e, and 0 for exponent 0: the lower
// bytes, then the upper ones.
DATA power<>+0(SB)/8, $0x4020100804020100
DATA power<>+8(SB)/8, $0x0000000000000080
DATA power<>+16(SB)/8, $0x0000000000000000
DATA power<>+24(SB)/8, $0x4020100804020100
GLOBL power<>(SB), RODATA|NOPTR, $32

DATA masks<>+0(SB)/4, $0x0f0f0f0f // exponents
DATA masks<>+4(SB)/4, $0x38383838 // mantissas times eight
DATA masks<>+8(SB)/4, $0x40404040 // their leading bit
DATA masks<>+12(SB)/4, $0xfefefefe // NaN, doubled
GLOBL masks<>(SB), RODATA|NOPTR, $16

// The loops multiply two rows, of as many bytes as a token (R10), at SI, with four
// tokens, or one, at R8 (and R9, three on). DI are the tokens' scales and BX the
// weights'.
#define ARGUMENTS \
	MOVQ out+0(FP), AX;     \
	MOVQ v+8(FP), SI;       \
	MOVQ q+16(FP), R8;      \
	MOVQ d+24(FP), DI;      \
	MOVQ scales+32(FP), BX; \
	MOVQ k+40(FP), R10;     \
	MOVQ blocks+48(FP), CX; \
	ADDQ R10, R10;          \
	LEAQ (R10)(R10*2), R9;  \
	ADDQ R8, R9;            \
	VXORPS X13, X13, X13

// DOT adds 16 products of each row, Y8 and Y9, with the activations at x.
#define DOT(x, s0, s1) \
	VMOVDQU x, Y10;          \
	VPMADDWD Y10, Y8, Y11;   \
	VPMADDWD Y10, Y9, Y12;   \
	VPADDD Y11, s0, s0;      \
	VPADDD Y12, s1, s1

#define STEP1(o, s0, s1) \
	VMOVDQU o(SI), Y8;           \
	VMOVDQU o(SI)(R10*1), Y9;    \
	DOT(o(R8), s0, s1)

#define STEP4(o) \
	STEP1(o, Y0, Y4);            \
	DOT(o(R8)(R10*1), Y1, Y5);   \
	DOT(o(R8)(R10*2), Y2, Y6);   \
	DOT(o(R9), Y3, Y7)

#define ZERO2(a, b) \
	VPXOR a, a, a; \
	VPXOR b, b, b

// func dots2x4F8AVX2(out *float32, v, q *int16, d, scales *float32, k, blocks int)
TEXT ·dots2x4F8AVX2(SB), NOSPLIT, $0-56
	ARGUMENTS

block:
	ZERO2(Y0, Y1)
	ZERO2(Y2, Y3)
	ZERO2(Y4, Y5)
	ZERO2(Y6, Y7)
	MOVL $4, DX

step:
	STEP4(0)
	STEP4(32)
	ADDQ $64, SI
	ADDQ $64, R8
	ADDQ $64, R9
	DECL DX
	JNZ  step

	// The sums of four tokens are in both halves, of Y0 and of Y4.
	VPHADDD Y1, Y0, Y0
	VPHADDD Y3, Y2, Y2
	VPHADDD Y5, Y4, Y4
	VPHADDD Y7, Y6, Y6
	VPHADDD Y2, Y0, Y0
	VPHADDD Y6, Y4, Y4
	VPERM2I128 $0x20, Y4, Y0, Y1
	VPERM2I128 $0x31, Y4, Y0, Y2
	VPADDD Y2, Y1, Y0
	VCVTDQ2PS Y0, Y0
	VBROADCASTF128 (DI), Y1
	VBROADCASTSS (BX), Y2
	VMULPS Y2, Y1, Y1
	VFMADD231PS Y0, Y1, Y13
	ADDQ $16, DI
	ADDQ $4, BX
	DECQ CX
	JNZ  block
	VMOVUPS Y13, (AX)
	VZEROUPPER
	RET

// func dots2x1F8AVX2(out *float32, v, q *int16, d, scales *float32, k, blocks int)
TEXT ·dots2x1F8AVX2(SB), NOSPLIT, $0-56
	ARGUMENTS

block:
	ZERO2(Y0, Y1)
	ZERO2(Y2, Y3)
	MOVL $4, DX

step:
	STEP1(0, Y0, Y1)
	STEP1(32, Y2, Y3)
	ADDQ $64, SI
	ADDQ $64, R8
	DECL DX
	JNZ  step
	VPADDD Y2, Y0, Y0
	VPADDD Y3, Y1, Y1
	VPHADDD Y1, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPADDD X1, X0, X0
	VPHADDD X0, X0, X0
	VCVTDQ2PS X0, X0
	VBROADCASTSS (DI), X1
	VBROADCASTSS (BX), X2
	VMULPS X2, X1, X1
	VFMADD231PS X0, X1, X13
	ADDQ $4, DI
	ADDQ $4, BX
	DECQ CX
	JNZ  block
	VMOVLPS X13, (AX)
	VZEROUPPER
	RET

// func unpackF8AVX2(v *int16, w *byte, n int) (nan uint32)
//
// A weight is ±(8+m)·2^(e-5): the upper half of the product of ±(8+m)·2¹¹ and
// 2^(e-1), doubled and rounded. Both factors are made in bytes. Y15 keeps the
// greatest code of every byte, without its sign, doubled. Weights are asked for a
// page ahead, because the processor's own prefetching stops at the end of each.
TEXT ·unpackF8AVX2(SB), NOSPLIT, $0-28
	MOVQ v+0(FP), DI
	MOVQ w+8(FP), SI
	MOVQ n+16(FP), CX
	VBROADCASTI128 power<>+0(SB), Y8
	VBROADCASTI128 power<>+16(SB), Y9
	VPBROADCASTD masks<>+0(SB), Y10
	VPBROADCASTD masks<>+4(SB), Y11
	VPBROADCASTD masks<>+8(SB), Y12
	VPXOR Y13, Y13, Y13
	VPXOR Y15, Y15, Y15

loop:
	PREFETCHT0 4096(SI)
	VPERMQ $0xd8, (SI), Y0
	VPADDB Y0, Y0, Y1
	VPSRLW $3, Y0, Y2
	VPSLLW $3, Y0, Y5
	VPMAXUB Y1, Y15, Y15
	VPAND Y10, Y2, Y2
	VPAND Y11, Y5, Y5
	VPOR Y12, Y5, Y5
	VPSIGNB Y0, Y5, Y5
	VPSHUFB Y2, Y8, Y3
	VPSHUFB Y2, Y9, Y4
	VPUNPCKLBW Y4, Y3, Y6
	VPUNPCKHBW Y4, Y3, Y7
	VPUNPCKLBW Y5, Y13, Y3
	VPUNPCKHBW Y5, Y13, Y4
	VPMULHRSW Y6, Y3, Y3
	VPMULHRSW Y7, Y4, Y4
	VMOVDQU Y3, (DI)
	VMOVDQU Y4, 32(DI)
	ADDQ $32, SI
	ADDQ $64, DI
	SUBQ $32, CX
	JNZ  loop
	VPBROADCASTD masks<>+12(SB), Y0
	VPCMPEQB Y0, Y15, Y0
	VPMOVMSKB Y0, AX
	MOVL AX, nan+24(FP)
	VZEROUPPER
	RET
