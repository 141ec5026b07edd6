//go:build !purego

#include "textflag.h"
#include "fit_amd64.h"
#include "fitindex_amd64.h"

// What goes between blocks that stand one after the other and lanes.

DATA lanes16<>+0(SB)/4, $0
DATA lanes16<>+4(SB)/4, $1
DATA lanes16<>+8(SB)/4, $2
DATA lanes16<>+12(SB)/4, $3
DATA lanes16<>+16(SB)/4, $4
DATA lanes16<>+20(SB)/4, $5
DATA lanes16<>+24(SB)/4, $6
DATA lanes16<>+28(SB)/4, $7
DATA lanes16<>+32(SB)/4, $8
DATA lanes16<>+36(SB)/4, $9
DATA lanes16<>+40(SB)/4, $10
DATA lanes16<>+44(SB)/4, $11
DATA lanes16<>+48(SB)/4, $12
DATA lanes16<>+52(SB)/4, $13
DATA lanes16<>+56(SB)/4, $14
DATA lanes16<>+60(SB)/4, $15
GLOBL lanes16<>(SB), RODATA|NOPTR, $64

// BLOCKS begins a loop over 16 blocks: R9 has the 16s of values of a block.
#define BLOCKS \
	MOVQ q+0(FP), DI;       \
	MOVQ f+8(FP), DX;       \
	MOVQ src+16(FP), SI;    \
	MOVQ factor+24(FP), R8; \
	MOVQ n+32(FP), R9;      \
	SHRQ $4, R9;            \
	MOVQ $16, R10

// NEXT ends it.
#define NEXT(block) \
	ADDQ $4, DX;            \
	ADDQ $4, R8;            \
	DECQ R10;               \
	JNZ  block;             \
	VZEROUPPER;             \
	RET

// func fitLoadAVX512(x *float32, lo, hi *[FitLanes]float32, src *float32, n int)
TEXT ·fitLoadAVX512(SB), NOSPLIT, $0-40
	MOVQ x+0(FP), DI
	MOVQ lo+8(FP), R8
	MOVQ hi+16(FP), R9
	MOVQ src+24(FP), SI
	MOVQ n+32(FP), CX
	VPBROADCASTD CX, Z0
	VPMULLD lanes16<>(SB), Z0, Z0
	KXNORW K1, K1, K1
	VGATHERDPS (SI)(Z0*4), K1, Z1
	VMOVAPS Z1, Z2

value:
	KXNORW K1, K1, K1
	VGATHERDPS (SI)(Z0*4), K1, Z3
	VMINPS Z1, Z3, Z1
	VMAXPS Z2, Z3, Z2
	VMOVUPS Z3, (DI)
	ADDQ $4, SI
	ADDQ $64, DI
	DECQ CX
	JNZ  value
	VMOVUPS Z1, (R8)
	VMOVUPS Z2, (R9)
	VZEROUPPER
	RET

// func fitLoadAVX2(x *float32, lo, hi *[FitLanes]float32, src *float32, n int)
TEXT ·fitLoadAVX2(SB), NOSPLIT, $0-40
	MOVQ x+0(FP), DI
	MOVQ lo+8(FP), R8
	MOVQ hi+16(FP), R9
	MOVQ src+24(FP), SI
	MOVQ n+32(FP), CX
	VMOVD CX, X0
	VPBROADCASTD X0, Y8
	VPMULLD lanes16<>+0(SB), Y8, Y0
	VPMULLD lanes16<>+32(SB), Y8, Y8
	VPCMPEQD Y7, Y7, Y7
	VMOVDQA Y7, Y6
	VGATHERDPS Y6, (SI)(Y0*4), Y1
	VMOVDQA Y7, Y6
	VGATHERDPS Y6, (SI)(Y8*4), Y9
	VMOVAPS Y1, Y2
	VMOVAPS Y9, Y10

value:
	VMOVDQA Y7, Y6
	VGATHERDPS Y6, (SI)(Y0*4), Y3
	VMOVDQA Y7, Y6
	VGATHERDPS Y6, (SI)(Y8*4), Y4
	VMINPS Y1, Y3, Y1
	VMAXPS Y2, Y3, Y2
	VMINPS Y9, Y4, Y9
	VMAXPS Y10, Y4, Y10
	VMOVUPS Y3, (DI)
	VMOVUPS Y4, 32(DI)
	ADDQ $4, SI
	ADDQ $64, DI
	DECQ CX
	JNZ  value
	VMOVUPS Y1, (R8)
	VMOVUPS Y9, 32(R8)
	VMOVUPS Y2, (R9)
	VMOVUPS Y10, 32(R9)
	VZEROUPPER
	RET

// func fitMultiplyAVX512(x *float32, factor *[FitLanes]float32, n int)
TEXT ·fitMultiplyAVX512(SB), NOSPLIT, $0-24
	MOVQ x+0(FP), DI
	MOVQ factor+8(FP), SI
	MOVQ n+16(FP), CX
	VMOVUPS (SI), Z0

value:
	VMULPS (DI), Z0, Z1
	VMOVUPS Z1, (DI)
	ADDQ $64, DI
	DECQ CX
	JNZ  value
	VZEROUPPER
	RET

// func fitMultiplyAVX2(x *float32, factor *[FitLanes]float32, n int)
TEXT ·fitMultiplyAVX2(SB), NOSPLIT, $0-24
	MOVQ x+0(FP), DI
	MOVQ factor+8(FP), SI
	MOVQ n+16(FP), CX
	VMOVUPS (SI), Y0
	VMOVUPS 32(SI), Y1

value:
	VMULPS (DI), Y0, Y2
	VMULPS 32(DI), Y1, Y3
	VMOVUPS Y2, (DI)
	VMOVUPS Y3, 32(DI)
	ADDQ $64, DI
	DECQ CX
	JNZ  value
	VZEROUPPER
	RET

// func fitLevelsAVX512(q *int8, f *Fit, src *float32, factor *[FitLanes]float32, n int, lo, hi float32)
TEXT ·fitLevelsAVX512(SB), NOSPLIT, $0-48
	BLOCKS
	VBROADCASTSS lo+40(FP), Z3
	VBROADCASTSS hi+44(FP), Z4

block:
	VBROADCASTSS (R8), Z0
	VBROADCASTSS OFFSET(DX), Z1
	VBROADCASTSS INVERSE(DX), Z2
	MOVQ R9, CX

values:
	VMULPS (SI), Z0, Z5
	VADDPS Z1, Z5, Z5
	VMULPS Z2, Z5, Z5
	VMAXPS Z3, Z5, Z5
	VMINPS Z4, Z5, Z5
	VCVTPS2DQ Z5, Z5
	VPMOVDB Z5, (DI)
	ADDQ $64, SI
	ADDQ $16, DI
	DECQ CX
	JNZ  values
	NEXT(block)

// func fitIndicesAVX512(q *int8, f *Fit, src *float32, factor *[FitLanes]float32, n int)
TEXT ·fitIndicesAVX512(SB), NOSPLIT, $0-40
	BLOCKS
	STEPS512

block:
	VBROADCASTSS (R8), Z0
	VBROADCASTSS OFFSET(DX), Z1
	VBROADCASTSS INVERSE(DX), Z2
	MOVQ R9, CX

values:
	VMULPS (SI), Z0, Z11
	VADDPS Z1, Z11, Z11
	VMULPS Z2, Z11, Z11
	INDEX512
	VPMOVDB Z12, (DI)
	ADDQ $64, SI
	ADDQ $16, DI
	DECQ CX
	JNZ  values
	NEXT(block)

// PACK writes the 16 dwords in two registers as bytes.
#define PACK(A, B, XA) \
	VPACKSSDW B, A, A;      \
	VPERMQ $0xd8, A, A;     \
	VPACKSSWB A, A, A;      \
	VPERMQ $0xd8, A, A;     \
	VMOVDQU XA, (DI)

// func fitLevelsAVX2(q *int8, f *Fit, src *float32, factor *[FitLanes]float32, n int, lo, hi float32)
TEXT ·fitLevelsAVX2(SB), NOSPLIT, $0-48
	BLOCKS
	VBROADCASTSS lo+40(FP), Y3
	VBROADCASTSS hi+44(FP), Y4

block:
	VBROADCASTSS (R8), Y0
	VBROADCASTSS OFFSET(DX), Y1
	VBROADCASTSS INVERSE(DX), Y2
	MOVQ R9, CX

values:
	VMULPS (SI), Y0, Y5
	VMULPS 32(SI), Y0, Y6
	VADDPS Y1, Y5, Y5
	VADDPS Y1, Y6, Y6
	VMULPS Y2, Y5, Y5
	VMULPS Y2, Y6, Y6
	VMAXPS Y3, Y5, Y5
	VMAXPS Y3, Y6, Y6
	VMINPS Y4, Y5, Y5
	VMINPS Y4, Y6, Y6
	VCVTPS2DQ Y5, Y5
	VCVTPS2DQ Y6, Y6
	PACK(Y5, Y6, X5)
	ADDQ $64, SI
	ADDQ $16, DI
	DECQ CX
	JNZ  values
	NEXT(block)

// func fitIndicesAVX2(q *int8, f *Fit, src *float32, factor *[FitLanes]float32, n int)
TEXT ·fitIndicesAVX2(SB), NOSPLIT, $0-40
	BLOCKS
	STEPS

block:
	VBROADCASTSS (R8), Y0
	VBROADCASTSS OFFSET(DX), Y1
	VBROADCASTSS INVERSE(DX), Y2
	MOVQ R9, CX

values:
	VMULPS (SI), Y0, Y11
	VADDPS Y1, Y11, Y11
	VMULPS Y2, Y11, Y11
	INDEX
	VMOVDQA Y12, Y6
	VMULPS 32(SI), Y0, Y11
	VADDPS Y1, Y11, Y11
	VMULPS Y2, Y11, Y11
	INDEX
	PACK(Y6, Y12, X6)
	ADDQ $64, SI
	ADDQ $16, DI
	DECQ CX
	JNZ  values
	NEXT(block)
