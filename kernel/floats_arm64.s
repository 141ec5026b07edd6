//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// The spreaders take four rows, at R1, R5, R6 and R7, row i in lane i, and eight
// columns at a time, which go to a panel of 32 rows at R0.

#define ARGUMENTS \
	MOVD panel+0(FP), R0;    \
	MOVD w+8(FP), R1;        \
	MOVD rowBytes+16(FP), R2; \
	MOVD eights+24(FP), R3;  \
	ADD R2, R1, R5;          \
	ADD R2, R5, R6;          \
	ADD R2, R6, R7;          \
	MOVD $128, R4

// COLUMNS loads 16 bytes of all rows, four in each of V8 to V11.
#define COLUMNS \
	VLD1.P 16(R1), [V0.S4];         \
	VLD1.P 16(R5), [V1.S4];         \
	VLD1.P 16(R6), [V2.S4];         \
	VLD1.P 16(R7), [V3.S4];         \
	VTRN1 V1.S4, V0.S4, V4.S4;      \
	VTRN2 V1.S4, V0.S4, V5.S4;      \
	VTRN1 V3.S4, V2.S4, V6.S4;      \
	VTRN2 V3.S4, V2.S4, V7.S4;      \
	VTRN1 V6.D2, V4.D2, V8.D2;      \
	VTRN1 V7.D2, V5.D2, V9.D2;      \
	VTRN2 V6.D2, V4.D2, V10.D2;     \
	VTRN2 V7.D2, V5.D2, V11.D2

#define PUT(v) VST1.P [v.S4], (R0)(R4)

#define PAIRBF16(v) \
	VSHL $16, v.S4, V12.S4;         \
	VAND V31.B16, v.B16, V13.B16;   \
	PUT(V12);                       \
	PUT(V13)

#define PAIRF16(n) \
	XTNS(n, 12);    \
	SHRNS(n, 13);   \
	FCVTL(12, 12);  \
	FCVTL(13, 13);  \
	PUT(V12);       \
	PUT(V13)

// func spreadBF16NEON(panel *float32, w *byte, rowBytes, eights int)
TEXT ·spreadBF16NEON(SB), NOSPLIT, $0-32
	ARGUMENTS
	MOVD $0xffff0000, R8
	VDUP R8, V31.S4

eight:
	COLUMNS
	PAIRBF16(V8)
	PAIRBF16(V9)
	PAIRBF16(V10)
	PAIRBF16(V11)
	SUBS $1, R3, R3
	BNE eight
	RET

// func spreadF16NEON(panel *float32, w *byte, rowBytes, eights int)
TEXT ·spreadF16NEON(SB), NOSPLIT, $0-32
	ARGUMENTS

eight:
	COLUMNS
	PAIRF16(8)
	PAIRF16(9)
	PAIRF16(10)
	PAIRF16(11)
	SUBS $1, R3, R3
	BNE eight
	RET

// func spreadF32NEON(panel *float32, w *byte, rowBytes, eights int)
TEXT ·spreadF32NEON(SB), NOSPLIT, $0-32
	ARGUMENTS
	LSL $1, R3, R3

four:
	COLUMNS
	PUT(V8)
	PUT(V9)
	PUT(V10)
	PUT(V11)
	SUBS $1, R3, R3
	BNE four
	RET
