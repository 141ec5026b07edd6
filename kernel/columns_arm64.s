//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// func columnsNEON(dst *float32, stride int, acc, scale *float32, fours, quarters int)
TEXT ·columnsNEON(SB), NOSPLIT, $0-48
	MOVD dst+0(FP), R0
	MOVD stride+8(FP), R1
	MOVD acc+16(FP), R2
	MOVD scale+24(FP), R3
	MOVD fours+32(FP), R4
	LSL $2, R1, R1
	MOVD $128, R6

four:
	VLD1R.P 4(R3), [V16.S4]
	VLD1R.P 4(R3), [V17.S4]
	VLD1R.P 4(R3), [V18.S4]
	VLD1R.P 4(R3), [V19.S4]
	MOVD quarters+40(FP), R5
	MOVD R2, R7
	MOVD R0, R8
	ADD R1, R8, R9
	ADD R1, R9, R10
	ADD R1, R10, R11

	// Four rows of four columns are transposed.
quarter:
	VLD1.P (R7)(R6), [V0.S4]
	VLD1.P (R7)(R6), [V1.S4]
	VLD1.P (R7)(R6), [V2.S4]
	VLD1.P (R7)(R6), [V3.S4]
	VZIP1 V1.S4, V0.S4, V4.S4
	VZIP2 V1.S4, V0.S4, V5.S4
	VZIP1 V3.S4, V2.S4, V6.S4
	VZIP2 V3.S4, V2.S4, V7.S4
	VZIP1 V6.D2, V4.D2, V0.D2
	VZIP2 V6.D2, V4.D2, V1.D2
	VZIP1 V7.D2, V5.D2, V2.D2
	VZIP2 V7.D2, V5.D2, V3.D2
	VFMUL(16, 0, 0)
	VFMUL(17, 1, 1)
	VFMUL(18, 2, 2)
	VFMUL(19, 3, 3)
	VST1.P [V0.S4], 16(R8)
	VST1.P [V1.S4], 16(R9)
	VST1.P [V2.S4], 16(R10)
	VST1.P [V3.S4], 16(R11)
	SUBS $1, R5, R5
	BNE  quarter

	ADD $16, R2, R2
	ADD R1<<2, R0, R0
	SUBS $1, R4, R4
	BNE  four
	RET
