//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// LARGEST does the greatest magnitudes of four registers: without a sign, they are ordered
// as their bits are.
#define LARGEST(a, b, c, d, m, n) \
	VFABS(a, a);    \
	VFABS(b, b);    \
	VFABS(c, c);    \
	VFABS(d, d);    \
	UMAXS(a, m, m); \
	UMAXS(b, n, n); \
	UMAXS(c, m, m); \
	UMAXS(d, n, n)

// ROUND rounds four registers from a on times V24 to int16, in the first two.
#define ROUND(a) \
	VFMUL(24, a, a);     \
	VFMUL(24, a+1, a+1); \
	VFMUL(24, a+2, a+2); \
	VFMUL(24, a+3, a+3); \
	FCVTNS(a, a);        \
	FCVTNS(a+1, a+1);    \
	FCVTNS(a+2, a+2);    \
	FCVTNS(a+3, a+3);    \
	UZP1H(a+1, a, a);    \
	UZP1H(a+3, a+2, a+1)

// func quantizeNEON(q *int8, d *float32, sums *int16, x *float32, block, blocks int)
TEXT ·quantizeNEON(SB), NOSPLIT, $0-48
	MOVD q+0(FP), R0
	MOVD d+8(FP), R1
	MOVD sums+16(FP), R2
	MOVD x+24(FP), R3
	MOVD block+32(FP), R4
	MOVD blocks+40(FP), R5
	LSR $5, R4
	FMOVS $127.0, F25
	MOVW $0x7f800000, R9 // infinity

block:
	MOVD R3, R6
	MOVD R4, R7
	ZERO(16)
	ZERO(17)
	ZERO(18)
	ZERO(19)

largest:
	VLD1.P 64(R6), [V0.S4, V1.S4, V2.S4, V3.S4]
	VLD1.P 64(R6), [V4.S4, V5.S4, V6.S4, V7.S4]
	LARGEST(0, 1, 2, 3, 16, 17)
	LARGEST(4, 5, 6, 7, 18, 19)
	SUBS $1, R7, R7
	BNE largest
	UMAXS(17, 16, 16)
	UMAXS(19, 18, 18)
	UMAXS(18, 16, 16)
	UMAXV(16, 16)
	FMOVS F16, R8
	FDIVS F25, F16, F26 // d
	FDIVS F16, F25, F24
	CMPW R9, R8
	BHS infinite
	FMOVS F24, R8
	CMPW R9, R8
	BEQ nothing
	VDUP V24.S[0], V24.S4
	MOVD R4, R7

round:
	VLD1.P 64(R3), [V0.S4, V1.S4, V2.S4, V3.S4]
	VLD1.P 64(R3), [V4.S4, V5.S4, V6.S4, V7.S4]
	ROUND(0)
	ROUND(4)
	UZP1B(1, 0, 16)
	UZP1B(5, 4, 17)
	VST1.P [V16.B16, V17.B16], 32(R0)
	VADD V1.H8, V0.H8, V0.H8
	VADD V5.H8, V4.H8, V4.H8
	ADDPH(4, 0, 0)
	ADDPH(0, 0, 0)
	ADDPH(0, 0, 0)
	FMOVS.P F0, 4(R2)
	SUBS $1, R7, R7
	BNE round

next:
	FMOVS.P F26, 4(R1)
	SUBS $1, R5, R5
	BNE block
	RET

infinite:
	MOVW $0x7fc00000, R8 // NaN
	FMOVS R8, F26
	B zeros

nothing:
	FMOVS ZR, F26

zeros:
	ZERO(0)
	ZERO(1)
	MOVD R4, R7

zero:
	VST1.P [V0.B16, V1.B16], 32(R0)
	FMOVS.P F0, 4(R2)
	ADD $128, R3
	SUBS $1, R7, R7
	BNE zero
	B next
