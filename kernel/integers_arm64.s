//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// SIZE takes in the 16 floats at from: V0…V3 are the sums, V4…V7 the largest. V31 has
// all bits but the sign.
#define SIZE(from) \
	VLD1.P 64(from), [V16.S4, V17.S4, V18.S4, V19.S4]; \
	VAND V31.B16, V16.B16, V16.B16;                    \
	VAND V31.B16, V17.B16, V17.B16;                    \
	VAND V31.B16, V18.B16, V18.B16;                    \
	VAND V31.B16, V19.B16, V19.B16;                    \
	VUMAX V16.S4, V4.S4, V4.S4;                        \
	VUMAX V17.S4, V5.S4, V5.S4;                        \
	VUMAX V18.S4, V6.S4, V6.S4;                        \
	VUMAX V19.S4, V7.S4, V7.S4;                        \
	VFADD(16, 0, 0);                                   \
	VFADD(17, 1, 1);                                   \
	VFADD(18, 2, 2);                                   \
	VFADD(19, 3, 3)

// func sizesNEON(x *float32, n int) (amax uint32, sum float32)
//
// The last values, fewer than 16, are taken in with zeros behind them, which change
// no lane: none is -0.
TEXT ·sizesNEON(SB), NOSPLIT, $64-24
	MOVD x+0(FP), R0
	MOVD n+8(FP), R1
	MOVD $0x7fffffff, R2
	VDUP R2, V31.S4
	ZERO(0)
	ZERO(1)
	ZERO(2)
	ZERO(3)
	ZERO(4)
	ZERO(5)
	ZERO(6)
	ZERO(7)

loop:
	SUBS $16, R1
	BLT  rest
	SIZE(R0)
	B    loop

rest:
	ADDS $16, R1
	BEQ  done
	MOVD $rest-64(SP), R3
	MOVD R3, R4
	ZERO(16)
	ZERO(17)
	ZERO(18)
	ZERO(19)
	VST1 [V16.S4, V17.S4, V18.S4, V19.S4], (R3)

copy:
	MOVWU.P 4(R0), R5
	MOVW.P R5, 4(R4)
	SUBS $1, R1
	BNE  copy
	SIZE(R3)

done:
	VUMAX V5.S4, V4.S4, V4.S4
	VUMAX V7.S4, V6.S4, V6.S4
	VUMAX V6.S4, V4.S4, V4.S4
	UMAXV(4, 4)
	TREE
	FMOVS F4, amax+16(FP)
	FMOVS F0, sum+20(FP)
	RET

// func magnitudeBF16NEON(x *uint16, n int) uint16
TEXT ·magnitudeBF16NEON(SB), NOSPLIT, $0-18
	MOVD x+0(FP), R0
	MOVD n+8(FP), R1
	MOVD $0x7fff, R2
	VDUP R2, V31.H8
	ZERO(0)
	ZERO(1)

loop:
	VLD1.P 32(R0), [V2.H8, V3.H8]
	VAND V31.B16, V2.B16, V2.B16
	VAND V31.B16, V3.B16, V3.B16
	VUMAX V2.H8, V0.H8, V0.H8
	VUMAX V3.H8, V1.H8, V1.H8
	SUBS $16, R1
	BNE  loop

	VUMAX V1.H8, V0.H8, V0.H8
	UMAXVH(0, 0)
	VMOV V0.H[0], R2
	MOVH R2, ret+16(FP)
	RET

// ROUND16 rounds V0…V3 times V31, of which it packs the lower halves, the integers, to R0.
#define ROUND16 \
	VFMUL(31, 0, 0);           \
	VFMUL(31, 1, 1);           \
	VFMUL(31, 2, 2);           \
	VFMUL(31, 3, 3);           \
	FCVTNS(0, 0);              \
	FCVTNS(1, 1);              \
	FCVTNS(2, 2);              \
	FCVTNS(3, 3);              \
	VUZP1 V1.H8, V0.H8, V0.H8; \
	VUZP1 V3.H8, V2.H8, V1.H8; \
	VST1.P [V0.H8, V1.H8], 32(R0)

// func roundTo16NEON(dst *int16, x *float32, f float32, n int)
TEXT ·roundTo16NEON(SB), NOSPLIT, $0-32
	MOVD  dst+0(FP), R0
	MOVD  x+8(FP), R1
	FMOVS f+16(FP), F31
	MOVD  n+24(FP), R2
	VDUP  V31.S[0], V31.S4

loop:
	VLD1.P 64(R1), [V0.S4, V1.S4, V2.S4, V3.S4]
	ROUND16
	SUBS $16, R2
	BNE  loop
	RET

// func roundBF16To16NEON(dst *int16, x *uint16, f float32, n int)
TEXT ·roundBF16To16NEON(SB), NOSPLIT, $0-32
	MOVD  dst+0(FP), R0
	MOVD  x+8(FP), R1
	FMOVS f+16(FP), F31
	MOVD  n+24(FP), R2
	VDUP  V31.S[0], V31.S4
	VEOR  V30.B16, V30.B16, V30.B16

loop:
	VLD1.P 32(R1), [V4.H8, V5.H8]
	VZIP1 V4.H8, V30.H8, V0.H8
	VZIP2 V4.H8, V30.H8, V1.H8
	VZIP1 V5.H8, V30.H8, V2.H8
	VZIP2 V5.H8, V30.H8, V3.H8
	ROUND16
	SUBS $16, R2
	BNE  loop
	RET

// func widenNEON(dst *int16, x *int8, n int)
TEXT ·widenNEON(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD x+8(FP), R1
	MOVD n+16(FP), R2

loop:
	VLD1.P 16(R1), [V2.B16]
	SSHLLB(5, 2, 0)
	SSHLLB2(5, 2, 1)
	VST1.P [V0.H8, V1.H8], 32(R0)
	SUBS $16, R2
	BNE  loop
	RET

// func pairValuesNEON(dst, x *int16, stride, pairs, blocks int)
TEXT ·pairValuesNEON(SB), NOSPLIT, $0-40
	MOVD dst+0(FP), R0
	MOVD x+8(FP), R1
	MOVD stride+16(FP), R2
	MOVD pairs+24(FP), R3
	MOVD blocks+32(FP), R4
	LSL  $1, R2

block:
	MOVD R1, R5
	MOVD R3, R6

pair:
	VLD1.P (R5)(R2), [V0.H8]
	VLD1.P (R5)(R2), [V1.H8]
	VST2.P [V0.H8, V1.H8], 32(R0)
	SUBS $1, R6
	BNE  pair
	ADD  $16, R1
	SUBS $1, R4
	BNE  block
	RET
