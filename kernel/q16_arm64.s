//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// SUM adds the magnitudes of 16 values to the lanes of V16 to V19, and keeps the
// greatest in V20 and V21.
#define SUM \
	VLD1.P 64(R3), [V0.S4, V1.S4, V2.S4, V3.S4]; \
	VFABS(0, 0);      \
	VFABS(1, 1);      \
	VFABS(2, 2);      \
	VFABS(3, 3);      \
	VFADD(0, 16, 16); \
	VFADD(1, 17, 17); \
	VFADD(2, 18, 18); \
	VFADD(3, 19, 19); \
	VFMAX(0, 20, 20); \
	VFMAX(1, 21, 21); \
	VFMAX(2, 20, 20); \
	VFMAX(3, 21, 21)

// ROUND rounds 16 values times V28.
#define ROUND \
	VLD1.P 64(R2), [V0.S4, V1.S4, V2.S4, V3.S4]; \
	VFMUL(28, 0, 0);  \
	VFMUL(28, 1, 1);  \
	VFMUL(28, 2, 2);  \
	VFMUL(28, 3, 3);  \
	FCVTNS(0, 0);    \
	FCVTNS(1, 1);    \
	FCVTNS(2, 2);    \
	FCVTNS(3, 3);    \
	SQXTN(0, 4);      \
	SQXTN2(1, 4);     \
	SQXTN(2, 5);      \
	SQXTN2(3, 5);     \
	VST1.P [V4.H8, V5.H8], 32(R0)

#define ZERO2(a, b) \
	VEOR a.B16, a.B16, a.B16; \
	VEOR b.B16, b.B16, b.B16

// func quantizeQ16NEON(q *int16, d, x *float32, blocks int)
TEXT ·quantizeQ16NEON(SB), NOSPLIT, $0-32
	MOVD q+0(FP), R0
	MOVD d+8(FP), R1
	MOVD x+16(FP), R2
	MOVD blocks+24(FP), R4
	MOVW $0x46fffe00, R5 // 32767
	FMOVS R5, F30
	MOVW $0x48123100, R5 // aim16
	FMOVS R5, F31
	MOVW $0x7f800000, R9

block:
	MOVD R2, R3
	ZERO2(V16, V17)
	ZERO2(V18, V19)
	ZERO2(V20, V21)
	MOVD $8, R6

sum:
	SUM
	SUBS $1, R6, R6
	BNE sum

	// The sum in F16, in the order of package kernel; the greatest in F20.
	VFADD(18, 16, 16)
	VFADD(19, 17, 17)
	VFMAX(21, 20, 20)
	VFADD(17, 16, 16)
	FMAXV(20, 20)
	VEXT $8, V16.B16, V16.B16, V17.B16
	VFADD(17, 16, 16)
	FADDP(16, 16)
	FMOVS F16, R7
	AND $0x7fffffff, R7, R7
	FDIVS F30, F20, F22
	FDIVS F31, F16, F23
	FDIVS F20, F30, F24
	FDIVS F16, F31, F25
	CMPW R9, R7
	BGE infinite
	FMINS F24, F25, F28
	FMAXS F22, F23, F29
	FMOVS F28, R7
	CMPW R9, R7
	BEQ nothing
	FMOVS F29, (R1)
	VDUP V28.S[0], V28.S4
	MOVD $8, R6

round:
	ROUND
	SUBS $1, R6, R6
	BNE round

next:
	ADD $4, R1, R1
	SUBS $1, R4, R4
	BNE block
	RET

infinite:
	MOVW $0x7fc00000, R7
	MOVW R7, (R1)
	B zeros

nothing:
	MOVW ZR, (R1)

zeros:
	ZERO2(V0, V1)
	ZERO2(V2, V3)
	VST1.P [V0.B16, V1.B16, V2.B16, V3.B16], 64(R0)
	VST1.P [V0.B16, V1.B16, V2.B16, V3.B16], 64(R0)
	VST1.P [V0.B16, V1.B16, V2.B16, V3.B16], 64(R0)
	VST1.P [V0.B16, V1.B16, V2.B16, V3.B16], 64(R0)
	ADD $512, R2, R2
	B next
