//go:build !purego

#include "textflag.h"

// Four columns are loaded from eight rows, four of them into each half of the
// registers, and both halves transposed.
//
// func columnsAVX2(dst *float32, stride int, acc, scale *float32, fours, eights int)
TEXT ·columnsAVX2(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DI
	MOVQ stride+8(FP), R8
	MOVQ acc+16(FP), SI
	MOVQ scale+24(FP), DX
	MOVQ fours+32(FP), R14
	SHLQ $2, R8
	LEAQ (R8)(R8*2), R9

four:
	VBROADCASTSS (DX), Y12
	VBROADCASTSS 4(DX), Y13
	VBROADCASTSS 8(DX), Y14
	VBROADCASTSS 12(DX), Y15
	MOVQ eights+40(FP), CX
	MOVQ SI, BX
	MOVQ DI, R10

eight:
	VMOVUPS (BX), X0
	VMOVUPS 128(BX), X1
	VMOVUPS 256(BX), X2
	VMOVUPS 384(BX), X3
	VINSERTF128 $1, 512(BX), Y0, Y0
	VINSERTF128 $1, 640(BX), Y1, Y1
	VINSERTF128 $1, 768(BX), Y2, Y2
	VINSERTF128 $1, 896(BX), Y3, Y3
	VUNPCKLPS Y1, Y0, Y4
	VUNPCKHPS Y1, Y0, Y5
	VUNPCKLPS Y3, Y2, Y6
	VUNPCKHPS Y3, Y2, Y7
	VUNPCKLPD Y6, Y4, Y0
	VUNPCKHPD Y6, Y4, Y1
	VUNPCKLPD Y7, Y5, Y2
	VUNPCKHPD Y7, Y5, Y3
	VMULPS Y12, Y0, Y0
	VMULPS Y13, Y1, Y1
	VMULPS Y14, Y2, Y2
	VMULPS Y15, Y3, Y3
	VMOVUPS Y0, (R10)
	VMOVUPS Y1, (R10)(R8*1)
	VMOVUPS Y2, (R10)(R8*2)
	VMOVUPS Y3, (R10)(R9*1)
	ADDQ $1024, BX
	ADDQ $32, R10
	DECQ CX
	JNZ  eight

	ADDQ $16, SI
	ADDQ $16, DX
	LEAQ (DI)(R8*4), DI
	DECQ R14
	JNZ  four
	VZEROUPPER
	RET
