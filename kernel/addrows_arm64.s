//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// ADD8 adds the products of V30 and eight registers from V16 on to those from s on.
#define ADD8(s) \
	VFMUL(30, 16, 16);   \
	VFMUL(30, 17, 17);   \
	VFMUL(30, 18, 18);   \
	VFMUL(30, 19, 19);   \
	VFMUL(30, 20, 20);   \
	VFMUL(30, 21, 21);   \
	VFMUL(30, 22, 22);   \
	VFMUL(30, 23, 23);   \
	VFADD(16, s, s);     \
	VFADD(17, s+1, s+1); \
	VFADD(18, s+2, s+2); \
	VFADD(19, s+3, s+3); \
	VFADD(20, s+4, s+4); \
	VFADD(21, s+5, s+5); \
	VFADD(22, s+6, s+6); \
	VFADD(23, s+7, s+7)

// func addScaledRows64NEON(dst, a, x *float32, rows, stride int)
TEXT ·addScaledRows64NEON(SB), NOSPLIT, $0-40
	MOVD dst+0(FP), R0
	MOVD a+8(FP), R1
	MOVD x+16(FP), R2
	MOVD rows+24(FP), R3
	MOVD stride+32(FP), R4
	LSL $2, R4
	MOVD R0, R5
	VLD1.P 64(R5), [V0.S4, V1.S4, V2.S4, V3.S4]
	VLD1.P 64(R5), [V4.S4, V5.S4, V6.S4, V7.S4]
	VLD1.P 64(R5), [V8.S4, V9.S4, V10.S4, V11.S4]
	VLD1 (R5), [V12.S4, V13.S4, V14.S4, V15.S4]

row:
	VLD1R.P 4(R1), [V30.S4]
	MOVD R2, R5
	VLD1.P 64(R5), [V16.S4, V17.S4, V18.S4, V19.S4]
	VLD1.P 64(R5), [V20.S4, V21.S4, V22.S4, V23.S4]
	ADD8(0)
	VLD1.P 64(R5), [V16.S4, V17.S4, V18.S4, V19.S4]
	VLD1 (R5), [V20.S4, V21.S4, V22.S4, V23.S4]
	ADD8(8)
	ADD R4, R2
	SUBS $1, R3, R3
	BNE row
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R0)
	VST1.P [V4.S4, V5.S4, V6.S4, V7.S4], 64(R0)
	VST1.P [V8.S4, V9.S4, V10.S4, V11.S4], 64(R0)
	VST1 [V12.S4, V13.S4, V14.S4, V15.S4], (R0)
	RET
