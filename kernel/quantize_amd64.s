//go:build !purego

#include "textflag.h"

DATA magnitude<>+0(SB)/4, $0x7fffffff
GLOBL magnitude<>(SB), RODATA|NOPTR, $4

DATA most<>+0(SB)/4, $0x42fe0000 // 127
GLOBL most<>(SB), RODATA|NOPTR, $4

DATA nan<>+0(SB)/4, $0x7fc00000
GLOBL nan<>(SB), RODATA|NOPTR, $4

// packed is where the dwords are after two packings of four registers.
DATA packed<>+0(SB)/8, $0x0000000400000000
DATA packed<>+8(SB)/8, $0x0000000500000001
DATA packed<>+16(SB)/8, $0x0000000600000002
DATA packed<>+24(SB)/8, $0x0000000700000003
GLOBL packed<>(SB), RODATA|NOPTR, $32

DATA bias<>+0(SB)/4, $0x80808080 // 128, in bytes
DATA bias<>+4(SB)/4, $0x08000800 // 16·128, in words
GLOBL bias<>(SB), RODATA|NOPTR, $8

// func quantizeAVX2(q *int8, d, x *float32, block, blocks int)
TEXT ·quantizeAVX2(SB), NOSPLIT, $0-40
	MOVQ q+0(FP), DI
	MOVQ d+8(FP), DX
	MOVQ x+16(FP), SI
	MOVQ block+24(FP), R8
	MOVQ blocks+32(FP), CX
	SHRQ $5, R8
	VPBROADCASTD magnitude<>(SB), Y15
	VMOVDQU packed<>(SB), Y14
	VMOVSS most<>(SB), X13

block:
	MOVQ SI, R9
	MOVQ R8, R10
	VPXOR Y0, Y0, Y0
	VPXOR Y1, Y1, Y1

largest:
	VPAND (R9), Y15, Y2
	VPAND 32(R9), Y15, Y3
	VPAND 64(R9), Y15, Y4
	VPAND 96(R9), Y15, Y5
	VPMAXUD Y2, Y0, Y0
	VPMAXUD Y3, Y1, Y1
	VPMAXUD Y4, Y0, Y0
	VPMAXUD Y5, Y1, Y1
	ADDQ $128, R9
	DECQ R10
	JNZ  largest
	VPMAXUD Y1, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPMAXUD X1, X0, X0
	VPSHUFD $0x4e, X0, X1
	VPMAXUD X1, X0, X0
	VPSHUFD $0xb1, X0, X1
	VPMAXUD X1, X0, X0

	// d in X1, what to multiply with in X2.
	VMOVD X0, AX
	VDIVSS X13, X0, X1
	VDIVSS X0, X13, X2
	CMPL AX, $0x7f800000
	JGE  infinite
	VMOVD X2, AX
	CMPL AX, $0x7f800000
	JEQ  nothing
	VMOVSS X1, (DX)
	VBROADCASTSS X2, Y2
	MOVQ R8, R10

round:
	VMULPS (SI), Y2, Y3
	VMULPS 32(SI), Y2, Y4
	VMULPS 64(SI), Y2, Y5
	VMULPS 96(SI), Y2, Y6
	VCVTPS2DQ Y3, Y3
	VCVTPS2DQ Y4, Y4
	VCVTPS2DQ Y5, Y5
	VCVTPS2DQ Y6, Y6
	VPACKSSDW Y4, Y3, Y3
	VPACKSSDW Y6, Y5, Y5
	VPACKSSWB Y5, Y3, Y3
	VPERMD Y3, Y14, Y3
	VMOVDQU Y3, (DI)
	ADDQ $128, SI
	ADDQ $32, DI
	DECQ R10
	JNZ  round

next:
	ADDQ $4, DX
	DECQ CX
	JNZ  block
	VZEROUPPER
	RET

infinite:
	VMOVSS nan<>(SB), X1
	JMP  zeros

nothing:
	VXORPS X1, X1, X1

zeros:
	VMOVSS X1, (DX)
	VPXOR Y3, Y3, Y3
	MOVQ R8, R10

zero:
	VMOVDQU Y3, (DI)
	ADDQ $128, SI
	ADDQ $32, DI
	DECQ R10
	JNZ  zero
	JMP  next

// func sumsAVX2(sums *int16, q *int8, n int)
//
// Two sums a step, as of bytes without a sign.
TEXT ·sumsAVX2(SB), NOSPLIT, $0-24
	MOVQ sums+0(FP), DI
	MOVQ q+8(FP), SI
	MOVQ n+16(FP), CX
	VPBROADCASTD bias<>+0(SB), Y15
	VPBROADCASTD bias<>+4(SB), X14
	VPXOR Y13, Y13, Y13

loop:
	VPXOR (SI), Y15, Y0
	VPSADBW Y13, Y0, Y0
	VPSHUFD $0x4e, Y0, Y1
	VPADDQ Y1, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPUNPCKLWD X1, X0, X0
	VPSUBW X14, X0, X0
	VMOVD X0, (DI)
	ADDQ $32, SI
	ADDQ $4, DI
	SUBQ $2, CX
	JG   loop
	VZEROUPPER
	RET
