//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// func dotAffineNEON(dst *float32, flat *byte, q *int8, d *float32, sums *int32, blocks int, scales *float32, perGroup, flip int)
TEXT ·dotAffineNEON(SB), NOSPLIT, $0-72
	MOVD dst+0(FP), R9
	MOVD flat+8(FP), R0
	MOVD q+16(FP), R1
	MOVD d+24(FP), R2
	MOVD sums+32(FP), R3
	MOVD blocks+40(FP), R4
	MOVD scales+48(FP), R5
	MOVD perGroup+56(FP), R6
	MOVD flip+64(FP), R7
	VDUP R7, V30.B16
	FMOVS (R9), F28
	MOVD R6, R10

block:
	VLD1.P 32(R1), [V0.B16, V1.B16]
	VLD1.P 32(R0), [V4.B16, V5.B16]
	VEOR V30.B16, V4.B16, V4.B16
	VEOR V30.B16, V5.B16, V5.B16
	VEOR V16.B16, V16.B16, V16.B16
	SDOT(0, 4, 16)
	SDOT(1, 5, 16)
	VADDV V16.S4, V16
	VMOV V16.S[0], R7
	MOVW.P 4(R3), R8
	ADDW R8, R7, R7
	FMOVS (R5), F20
	FMOVS.P 4(R2), F21
	FMULS F21, F20, F20
	SCVTFWS R7, F23
	FMADDS F23, F28, F20, F28
	SUBS $1, R10, R10
	BNE same
	ADD $4, R5, R5
	MOVD R6, R10

same:
	SUBS $1, R4, R4
	BNE block
	FMOVS F28, (R9)
	RET

// func flattenAffine4NEON(flat, w *byte, blocks int)
TEXT ·flattenAffine4NEON(SB), NOSPLIT, $0-24
	MOVD flat+0(FP), R0
	MOVD w+8(FP), R1
	MOVD blocks+16(FP), R2
	MOVD $15, R3
	VDUP R3, V7.B16

block:
	VLD1.P 16(R1), [V0.B16]
	VAND V7.B16, V0.B16, V1.B16
	VUSHR $4, V0.B16, V0.B16
	VZIP1 V0.B16, V1.B16, V2.B16
	VZIP2 V0.B16, V1.B16, V3.B16
	VST1.P [V2.B16, V3.B16], 32(R0)
	SUBS $1, R2, R2
	BNE block
	RET
