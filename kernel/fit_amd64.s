//go:build !purego

#include "textflag.h"
#include "fit_amd64.h"
#include "fitindex_amd64.h"

// levels are what an index stands for.
DATA levels<>+0(SB)/4, $-127.0
DATA levels<>+4(SB)/4, $-104.0
DATA levels<>+8(SB)/4, $-83.0
DATA levels<>+12(SB)/4, $-65.0
DATA levels<>+16(SB)/4, $-49.0
DATA levels<>+20(SB)/4, $-35.0
DATA levels<>+24(SB)/4, $-22.0
DATA levels<>+28(SB)/4, $-10.0
DATA levels<>+32(SB)/4, $1.0
DATA levels<>+36(SB)/4, $13.0
DATA levels<>+40(SB)/4, $25.0
DATA levels<>+44(SB)/4, $38.0
DATA levels<>+48(SB)/4, $53.0
DATA levels<>+52(SB)/4, $69.0
DATA levels<>+56(SB)/4, $89.0
DATA levels<>+60(SB)/4, $113.0
GLOBL levels<>(SB), RODATA|NOPTR, $64

// SUMS adds a value to the five sums: t in T, which becomes r, q in L, its weight
// in memory.
#define SUMS(weight, T, L, A, B, C) \
	VMULPS L, SCALES, A; \
	VSUBPS A, T, T;      \
	VMULPS weight, T, A; \
	VMULPS weight, L, B; \
	VMULPS T, A, C;      \
	VADDPS A, SR, SR;    \
	VADDPS C, SE, SE;    \
	VMULPS T, B, A;      \
	VADDPS B, SQ, SQ;    \
	VMULPS L, B, C;      \
	VADDPS A, SQR, SQR;  \
	VADDPS C, SQQ, SQQ

#define SCALES Z0
#define SE Z6
#define SR Z7
#define SQR Z8
#define SQ Z9
#define SQQ Z10

#define PARAMETERS512 \
	MOVQ f+0(FP), DI;          \
	MOVQ x+8(FP), SI;          \
	MOVQ w+16(FP), DX;         \
	MOVQ n+24(FP), CX;         \
	VMOVUPS SCALE(DI), Z0;     \
	VMOVUPS INVERSE(DI), Z1;   \
	VMOVUPS OFFSET(DI), Z2;    \
	VXORPS Z6, Z6, Z6;         \
	VXORPS Z7, Z7, Z7;         \
	VXORPS Z8, Z8, Z8;         \
	VXORPS Z9, Z9, Z9;         \
	VXORPS Z10, Z10, Z10

#define WRITE512 \
	VMOVUPS Z6, ERROR(DI);     \
	VMOVUPS Z7, R(DI);         \
	VMOVUPS Z8, QR(DI);        \
	VMOVUPS Z9, Q(DI);         \
	VMOVUPS Z10, QQ(DI);       \
	VZEROUPPER;                \
	RET

// func fitUniformAVX512(f *Fit, x, w *float32, n int, lo, hi float32)
//
// n is the number of values of a block. A level of -0 is no other than 0: nothing
// here depends on its sign.
TEXT ·fitUniformAVX512(SB), NOSPLIT, $0-40
	PARAMETERS512
	VBROADCASTSS lo+32(FP), Z3
	VBROADCASTSS hi+36(FP), Z4

value:
	VADDPS (SI), Z2, Z11
	VMULPS Z1, Z11, Z12
	VMAXPS Z3, Z12, Z12
	VMINPS Z4, Z12, Z12
	VRNDSCALEPS $0, Z12, Z12
	SUMS((DX), Z11, Z12, Z13, Z14, Z15)
	ADDQ $64, SI
	ADDQ $64, DX
	DECQ CX
	JNZ  value
	WRITE512

// func fitNonlinearAVX512(f *Fit, x, w *float32, n int)
TEXT ·fitNonlinearAVX512(SB), NOSPLIT, $0-32
	PARAMETERS512
	STEPS512
	VMOVUPS levels<>(SB), Z21

value:
	VADDPS (SI), Z2, Z15
	VMULPS Z1, Z15, Z11
	INDEX512
	VPERMPS Z21, Z12, Z12
	SUMS((DX), Z15, Z12, Z11, Z13, Z14)
	ADDQ $64, SI
	ADDQ $64, DX
	DECQ CX
	JNZ  value
	WRITE512

#undef SCALES
#undef SE
#undef SR
#undef SQR
#undef SQ
#undef SQQ
#define SCALES Y0
#define SE Y6
#define SR Y7
#define SQR Y8
#define SQ Y9
#define SQQ Y10

// Of AVX2 the registers hold half of the lanes, and the blocks are gone through
// twice: R8 counts the halves.
#define PARAMETERS \
	MOVQ f+0(FP), DI;          \
	MOVQ x+8(FP), SI;          \
	MOVQ w+16(FP), DX;         \
	MOVQ n+24(FP), R9;         \
	MOVQ $2, R8

#define HALF \
	MOVQ SI, R10;              \
	MOVQ DX, R11;              \
	MOVQ R9, CX;               \
	VMOVUPS SCALE(DI), Y0;     \
	VMOVUPS INVERSE(DI), Y1;   \
	VMOVUPS OFFSET(DI), Y2;    \
	VXORPS Y6, Y6, Y6;         \
	VXORPS Y7, Y7, Y7;         \
	VXORPS Y8, Y8, Y8;         \
	VXORPS Y9, Y9, Y9;         \
	VXORPS Y10, Y10, Y10

#define WRITE(half) \
	VMOVUPS Y6, ERROR(DI);     \
	VMOVUPS Y7, R(DI);         \
	VMOVUPS Y8, QR(DI);        \
	VMOVUPS Y9, Q(DI);         \
	VMOVUPS Y10, QQ(DI);       \
	ADDQ $32, DI;              \
	ADDQ $32, SI;              \
	ADDQ $32, DX;              \
	DECQ R8;                   \
	JNZ  half;                 \
	VZEROUPPER;                \
	RET

// func fitUniformAVX2(f *Fit, x, w *float32, n int, lo, hi float32)
TEXT ·fitUniformAVX2(SB), NOSPLIT, $0-40
	PARAMETERS
	VBROADCASTSS lo+32(FP), Y3
	VBROADCASTSS hi+36(FP), Y4

half:
	HALF

value:
	VADDPS (R10), Y2, Y11
	VMULPS Y1, Y11, Y12
	VMAXPS Y3, Y12, Y12
	VMINPS Y4, Y12, Y12
	VROUNDPS $0, Y12, Y12
	SUMS((R11), Y11, Y12, Y13, Y14, Y15)
	ADDQ $64, R10
	ADDQ $64, R11
	DECQ CX
	JNZ  value
	WRITE(half)

// func fitNonlinearAVX2(f *Fit, x, w *float32, n int)
TEXT ·fitNonlinearAVX2(SB), NOSPLIT, $0-32
	PARAMETERS
	STEPS

half:
	HALF

value:
	VADDPS (R10), Y2, Y15
	VMULPS Y1, Y15, Y11
	INDEX
	VPERMPS levels<>+0(SB), Y12, Y13
	VPERMPS levels<>+32(SB), Y12, Y14
	VPSLLD $28, Y12, Y12
	VBLENDVPS Y12, Y14, Y13, Y12
	SUMS((R11), Y15, Y12, Y11, Y13, Y14)
	ADDQ $64, R10
	ADDQ $64, R11
	DECQ CX
	JNZ  value
	WRITE(half)
