//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// func readLoopNEON(b *byte, n int)
TEXT ·readLoopNEON(SB), NOSPLIT, $0-16
	MOVD b+0(FP), R0
	MOVD n+8(FP), R1

loop:
	VLD1.P 64(R0), [V0.B16, V1.B16, V2.B16, V3.B16]
	VLD1.P 64(R0), [V4.B16, V5.B16, V6.B16, V7.B16]
	VLD1.P 64(R0), [V8.B16, V9.B16, V10.B16, V11.B16]
	VLD1.P 64(R0), [V12.B16, V13.B16, V14.B16, V15.B16]
	VLD1.P 64(R0), [V0.B16, V1.B16, V2.B16, V3.B16]
	VLD1.P 64(R0), [V4.B16, V5.B16, V6.B16, V7.B16]
	VLD1.P 64(R0), [V8.B16, V9.B16, V10.B16, V11.B16]
	VLD1.P 64(R0), [V12.B16, V13.B16, V14.B16, V15.B16]
	SUBS $1, R1, R1
	BNE loop
	RET

// func multiplyLoopNEON(n int)
TEXT ·multiplyLoopNEON(SB), NOSPLIT, $0-8
	MOVD n+0(FP), R1
	VEOR V30.B16, V30.B16, V30.B16
	VEOR V31.B16, V31.B16, V31.B16

loop:
	SDOT(31, 30, 0)
	SDOT(31, 30, 1)
	SDOT(31, 30, 2)
	SDOT(31, 30, 3)
	SDOT(31, 30, 4)
	SDOT(31, 30, 5)
	SDOT(31, 30, 6)
	SDOT(31, 30, 7)
	SDOT(31, 30, 8)
	SDOT(31, 30, 9)
	SDOT(31, 30, 10)
	SDOT(31, 30, 11)
	SDOT(31, 30, 12)
	SDOT(31, 30, 13)
	SDOT(31, 30, 14)
	SDOT(31, 30, 15)
	SUBS $1, R1, R1
	BNE loop
	RET
