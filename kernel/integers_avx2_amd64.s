//go:build !purego

#include "textflag.h"

DATA magnitudes<>+0(SB)/4, $0x7fffffff // of a float32
DATA magnitudes<>+4(SB)/4, $0x7fff7fff // of two bfloat16
GLOBL magnitudes<>(SB), RODATA|NOPTR, $8

// func sizesAVX2(x *float32, n int) (amax uint32, sum float32)
TEXT ·sizesAVX2(SB), NOSPLIT, $64-24
	MOVQ x+0(FP), SI
	MOVQ n+8(FP), CX
	VPBROADCASTD magnitudes<>+0(SB), Y15
	VPXOR X0, X0, X0
	VPXOR X1, X1, X1
	VXORPS X2, X2, X2
	VXORPS X3, X3, X3
	SUBQ $16, CX
	JL   rest

loop16:
	VPAND (SI), Y15, Y4
	VPAND 32(SI), Y15, Y5
	VPMAXUD Y4, Y0, Y0
	VPMAXUD Y5, Y1, Y1
	VADDPS Y4, Y2, Y2
	VADDPS Y5, Y3, Y3
	ADDQ $64, SI
	SUBQ $16, CX
	JGE  loop16

rest:
	VPMAXUD Y1, Y0, Y0
	ADDQ $16, CX
	JZ   whole
	VMOVUPS Y2, 0(SP)
	VMOVUPS Y3, 32(SP)
	XORL DX, DX

	// The last ones go to the lanes from 0 on.
loop1:
	VMOVSS (SI)(DX*4), X4
	VPAND X15, X4, X4
	VPMAXUD Y4, Y0, Y0
	VADDSS 0(SP)(DX*4), X4, X4
	VMOVSS X4, 0(SP)(DX*4)
	INCQ DX
	CMPQ DX, CX
	JLT  loop1
	VMOVUPS 0(SP), Y2
	VMOVUPS 32(SP), Y3

whole:
	VADDPS Y3, Y2, Y2
	VEXTRACTI128 $1, Y0, X1
	VEXTRACTF128 $1, Y2, X3
	VPMAXUD X1, X0, X0
	VADDPS X3, X2, X2
	VPSHUFD $0x4e, X0, X1
	VPSHUFD $0x4e, X2, X3
	VPMAXUD X1, X0, X0
	VADDPS X3, X2, X2
	VPSHUFD $0xb1, X0, X1
	VPSHUFD $0xb1, X2, X3
	VPMAXUD X1, X0, X0
	VADDPS X3, X2, X2
	VMOVD X0, AX
	MOVL AX, amax+16(FP)
	VMOVSS X2, sum+20(FP)
	VZEROUPPER
	RET

// func magnitudeBF16AVX2(x *uint16, n int) uint16
TEXT ·magnitudeBF16AVX2(SB), NOSPLIT, $0-18
	MOVQ x+0(FP), SI
	MOVQ n+8(FP), CX
	VPBROADCASTD magnitudes<>+4(SB), Y15
	VPXOR X0, X0, X0
	VPXOR X1, X1, X1
	SUBQ $32, CX
	JL   rest

loop32:
	VPAND (SI), Y15, Y2
	VPAND 32(SI), Y15, Y3
	VPMAXUW Y2, Y0, Y0
	VPMAXUW Y3, Y1, Y1
	ADDQ $64, SI
	SUBQ $32, CX
	JGE  loop32

rest:
	VPMAXUW Y1, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPMAXUW X1, X0, X0
	ADDQ $32, CX
	JZ   whole

loop1:
	MOVWLZX (SI), DX
	VMOVD DX, X2
	VPAND X15, X2, X2
	VPMAXUW X2, X0, X0
	ADDQ $2, SI
	DECQ CX
	JNZ  loop1

whole:
	VPSHUFD $0x4e, X0, X2
	VPMAXUW X2, X0, X0
	VPSHUFD $0xb1, X0, X2
	VPMAXUW X2, X0, X0
	VPSRLD $16, X0, X2
	VPMAXUW X2, X0, X0
	VMOVD X0, AX
	MOVW AX, ret+16(FP)
	VZEROUPPER
	RET

// func roundTo16AVX2(dst *int16, x *float32, f float32, n int)
TEXT ·roundTo16AVX2(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	VBROADCASTSS f+16(FP), Y15
	MOVQ n+24(FP), CX
	SUBQ $16, CX
	JL   rest

loop16:
	VMULPS (SI), Y15, Y0
	VMULPS 32(SI), Y15, Y1
	VCVTPS2DQ Y0, Y0
	VCVTPS2DQ Y1, Y1
	VPACKSSDW Y1, Y0, Y0
	VPERMQ $0xd8, Y0, Y0
	VMOVDQU Y0, (DI)
	ADDQ $64, SI
	ADDQ $32, DI
	SUBQ $16, CX
	JGE  loop16

rest:
	ADDQ $16, CX
	JZ   done

loop1:
	VMULSS (SI), X15, X0
	VCVTSS2SI X0, DX
	MOVW DX, (DI)
	ADDQ $4, SI
	ADDQ $2, DI
	DECQ CX
	JNZ  loop1

done:
	VZEROUPPER
	RET

// ROUNDBF16 rounds the bfloat16 in y; it works in t. Zeros in Y14 become the
// lower halves of float32.
#define ROUNDBF16(y, t) \
	VPUNPCKHWD y, Y14, t;   \
	VPUNPCKLWD y, Y14, y;   \
	VMULPS Y15, t, t;       \
	VMULPS Y15, y, y;       \
	VCVTPS2DQ t, t;         \
	VCVTPS2DQ y, y;         \
	VPACKSSDW t, y, y

// func roundBF16To16AVX2(dst *int16, x *uint16, f float32, n int)
TEXT ·roundBF16To16AVX2(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	VBROADCASTSS f+16(FP), Y15
	MOVQ n+24(FP), CX
	VPXOR X14, X14, X14
	SUBQ $32, CX
	JL   rest

loop32:
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y2
	ROUNDBF16(Y0, Y1)
	ROUNDBF16(Y2, Y3)
	VMOVDQU Y0, (DI)
	VMOVDQU Y2, 32(DI)
	ADDQ $64, SI
	ADDQ $64, DI
	SUBQ $32, CX
	JGE  loop32

rest:
	ADDQ $32, CX
	JZ   done

loop1:
	MOVWLZX (SI), DX
	SHLL $16, DX
	VMOVD DX, X0
	VMULSS X0, X15, X0
	VCVTSS2SI X0, DX
	MOVW DX, (DI)
	ADDQ $2, SI
	ADDQ $2, DI
	DECQ CX
	JNZ  loop1

done:
	VZEROUPPER
	RET

// func widenAVX2(dst *int16, x *int8, n int)
TEXT ·widenAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ n+16(FP), CX
	SUBQ $32, CX
	JL   rest

loop32:
	VPMOVSXBW (SI), Y0
	VPMOVSXBW 16(SI), Y1
	VPSLLW $5, Y0, Y0
	VPSLLW $5, Y1, Y1
	VMOVDQU Y0, (DI)
	VMOVDQU Y1, 32(DI)
	ADDQ $32, SI
	ADDQ $64, DI
	SUBQ $32, CX
	JGE  loop32

rest:
	ADDQ $32, CX
	JZ   done

loop1:
	MOVBLSX (SI), DX
	SHLL $5, DX
	MOVW DX, (DI)
	INCQ SI
	ADDQ $2, DI
	DECQ CX
	JNZ  loop1

done:
	VZEROUPPER
	RET
