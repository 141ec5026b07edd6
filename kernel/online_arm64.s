//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// BROADCAST sets all four of z to v.
#define BROADCAST(v, z) \
	MOVD $v, R8; \
	VDUP R8, z.S4

#define EXPCONSTANTS \
	BROADCAST(0x3fb8aa3b, V20); \
	BROADCAST(0x3f318000, V21); \
	BROADCAST(0xb95e8083, V22); \
	BROADCAST(0x39506967, V23); \
	BROADCAST(0x3ab743ce, V24); \
	BROADCAST(0x3c088908, V25); \
	BROADCAST(0x3d2aa9c1, V26); \
	BROADCAST(0x3e2aaaaa, V27); \
	BROADCAST(0x3f000000, V28); \
	BROADCAST(0x3f800000, V29); \
	BROADCAST(0xc2800000, V30)

// EXP sets V6 and V7 to e^x of V4 and V5, which it works in, as in V2, V3 and V8…V11. The
// constants are in V20…V30.
#define EXP \
	VFMUL(20, 4, 8);          \
	VFMUL(20, 5, 9);          \
	FCVTNS(8, 8);             \
	FCVTNS(9, 9);             \
	SCVTF(8, 2);              \
	SCVTF(9, 3);              \
	VFMUL(21, 2, 6);          \
	VFMUL(21, 3, 7);          \
	VFMUL(22, 2, 2);          \
	VFMUL(22, 3, 3);          \
	VFCMGT(4, 30, 10);        \
	VFCMGT(5, 30, 11);        \
	VFSUB(6, 4, 4);           \
	VFSUB(7, 5, 5);           \
	VFSUB(2, 4, 4);           \
	VFSUB(3, 5, 5);           \
	VFMUL(23, 4, 6);          \
	VFMUL(23, 5, 7);          \
	VFADD(24, 6, 6);          \
	VFADD(24, 7, 7);          \
	VFMUL(4, 6, 6);           \
	VFMUL(5, 7, 7);           \
	VFADD(25, 6, 6);          \
	VFADD(25, 7, 7);          \
	VFMUL(4, 6, 6);           \
	VFMUL(5, 7, 7);           \
	VFADD(26, 6, 6);          \
	VFADD(26, 7, 7);          \
	VFMUL(4, 6, 6);           \
	VFMUL(5, 7, 7);           \
	VFADD(27, 6, 6);          \
	VFADD(27, 7, 7);          \
	VFMUL(4, 6, 6);           \
	VFMUL(5, 7, 7);           \
	VFADD(28, 6, 6);          \
	VFADD(28, 7, 7);          \
	VFMUL(4, 4, 2);           \
	VFMUL(5, 5, 3);           \
	VFMUL(2, 6, 6);           \
	VFMUL(3, 7, 7);           \
	VFADD(4, 6, 6);           \
	VFADD(5, 7, 7);           \
	VFADD(29, 6, 6);          \
	VFADD(29, 7, 7);          \
	VSHL $23, V8.S4, V8.S4;   \
	VSHL $23, V9.S4, V9.S4;   \
	VADD V8.S4, V6.S4, V6.S4; \
	VADD V9.S4, V7.S4, V7.S4; \
	BICB(10, 6, 6);           \
	BICB(11, 7, 7)

// LARGER sets m to the larger of m and s, which a NaN is not; t is lost.
#define LARGER(m, s, t) \
	VFCMGT(m, s, t); \
	BIT(t, s, m)

// func onlineStepNEON(o *Online, s *float32, n int)
//
// The maxima of all queries come first, then the exponentials of eight queries at a time.
// The differences of the maxima wait in o.Before.
TEXT ·onlineStepNEON(SB), NOSPLIT, $0-24
	MOVD o+0(FP), R0
	MOVD s+8(FP), R1
	MOVD n+16(FP), R2
	MOVD R0, R3
	VLD1.P 64(R3), [V0.S4, V1.S4, V2.S4, V3.S4]
	VLD1 (R3), [V4.S4, V5.S4, V6.S4, V7.S4]
	MOVD R1, R4
	MOVD R2, R5

max:
	VLD1.P 64(R4), [V16.S4, V17.S4, V18.S4, V19.S4]
	VLD1.P 64(R4), [V20.S4, V21.S4, V22.S4, V23.S4]
	LARGER(0, 16, 24)
	LARGER(1, 17, 25)
	LARGER(2, 18, 26)
	LARGER(3, 19, 27)
	LARGER(4, 20, 28)
	LARGER(5, 21, 29)
	LARGER(6, 22, 30)
	LARGER(7, 23, 31)
	SUBS $1, R5
	BNE  max

	MOVD R0, R3
	ADD  $256, R0, R4
	VLD1.P 64(R3), [V16.S4, V17.S4, V18.S4, V19.S4]
	VLD1 (R3), [V20.S4, V21.S4, V22.S4, V23.S4]
	VFSUB(0, 16, 16)
	VFSUB(1, 17, 17)
	VFSUB(2, 18, 18)
	VFSUB(3, 19, 19)
	VFSUB(4, 20, 20)
	VFSUB(5, 21, 21)
	VFSUB(6, 22, 22)
	VFSUB(7, 23, 23)
	VST1.P [V16.S4, V17.S4, V18.S4, V19.S4], 64(R4)
	VST1 [V20.S4, V21.S4, V22.S4, V23.S4], (R4)
	MOVD R0, R3
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R3)
	VST1 [V4.S4, V5.S4, V6.S4, V7.S4], (R3)
	EXPCONSTANTS
	ADD  $128, R0, R3
	ADD  $256, R0, R4
	MOVD $128, R10
	MOVD $4, R11

queries:
	VLD1 (R4), [V4.S4, V5.S4]
	EXP
	VST1.P [V6.S4, V7.S4], 32(R4)
	VLD1 (R3), [V12.S4, V13.S4]
	VFMUL(6, 12, 12)
	VFMUL(7, 13, 13)
	VLD1.P 32(R0), [V0.S4, V1.S4]
	ZERO(14)
	ZERO(15)
	MOVD R1, R6
	MOVD R2, R5

exp:
	VLD1 (R6), [V4.S4, V5.S4]
	VFSUB(0, 4, 4)
	VFSUB(1, 5, 5)
	EXP
	VST1.P [V6.S4, V7.S4], (R6)(R10)
	VFADD(6, 14, 14)
	VFADD(7, 15, 15)
	SUBS $1, R5
	BNE  exp

	VFADD(14, 12, 12)
	VFADD(15, 13, 13)
	VST1.P [V12.S4, V13.S4], 32(R3)
	ADD  $32, R1
	SUBS $1, R11
	BNE  queries
	RET

// WEIGHED loads 32 weights into V16…V23 and multiplies them with the unit at R4.
#define WEIGHED \
	VLD1R.P 4(R4), [V24.S4];                         \
	VLD1.P 64(R3), [V16.S4, V17.S4, V18.S4, V19.S4]; \
	VLD1.P 64(R3), [V20.S4, V21.S4, V22.S4, V23.S4]; \
	VFMUL(24, 16, 16);                               \
	VFMUL(24, 17, 17);                               \
	VFMUL(24, 18, 18);                               \
	VFMUL(24, 19, 19);                               \
	VFMUL(24, 20, 20);                               \
	VFMUL(24, 21, 21);                               \
	VFMUL(24, 22, 22);                               \
	VFMUL(24, 23, 23)

// FACTOR sets sum to the lesser of V30/sum and V31/most, and most to 1 over that, what it
// counts in; both to 0 where that is not at most V29, and so no float32. V28 is 1.
#define FACTOR(sum, most) \
	VFDIV(sum, 30, sum);   \
	VFDIV(most, 31, most); \
	VFCMGT(most, sum, 24); \
	BIT(24, most, sum);    \
	VFCMGE(sum, 29, 24);   \
	VFDIV(sum, 28, most);  \
	ANDB(24, sum, sum);    \
	ANDB(24, most, most)

// func roundWeightsNEON(p *int16, scale *float32, w, unit *float32, n int)
TEXT ·roundWeightsNEON(SB), NOSPLIT, $0-40
	MOVD p+0(FP), R0
	MOVD scale+8(FP), R1
	MOVD w+16(FP), R3
	MOVD unit+24(FP), R4
	MOVD n+32(FP), R5
	BROADCAST(0x3f800000, V28)
	BROADCAST(0x7f7fffff, V29)
	BROADCAST(0x48fff380, V30) // QueryLimit-99
	BROADCAST(0x46fffe00, V31) // 32767
	ZERO(0)
	ZERO(1)
	ZERO(2)
	ZERO(3)
	ZERO(4)
	ZERO(5)
	ZERO(6)
	ZERO(7)
	ZERO(8)
	ZERO(9)
	ZERO(10)
	ZERO(11)
	ZERO(12)
	ZERO(13)
	ZERO(14)
	ZERO(15)

	// The largest into V0…V7, the sums into V8…V15.
size:
	WEIGHED
	VFMAXNM(16, 0, 0)
	VFMAXNM(17, 1, 1)
	VFMAXNM(18, 2, 2)
	VFMAXNM(19, 3, 3)
	VFMAXNM(20, 4, 4)
	VFMAXNM(21, 5, 5)
	VFMAXNM(22, 6, 6)
	VFMAXNM(23, 7, 7)
	VFADD(16, 8, 8)
	VFADD(17, 9, 9)
	VFADD(18, 10, 10)
	VFADD(19, 11, 11)
	VFADD(20, 12, 12)
	VFADD(21, 13, 13)
	VFADD(22, 14, 14)
	VFADD(23, 15, 15)
	SUBS $1, R5
	BNE  size

	FACTOR(8, 0)
	FACTOR(9, 1)
	FACTOR(10, 2)
	FACTOR(11, 3)
	FACTOR(12, 4)
	FACTOR(13, 5)
	FACTOR(14, 6)
	FACTOR(15, 7)
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R1)
	VST1 [V4.S4, V5.S4, V6.S4, V7.S4], (R1)
	MOVD w+16(FP), R3
	MOVD unit+24(FP), R4
	MOVD n+32(FP), R5

pair:
	WEIGHED
	VFMUL(8, 16, 16)
	VFMUL(9, 17, 17)
	VFMUL(10, 18, 18)
	VFMUL(11, 19, 19)
	VFMUL(12, 20, 20)
	VFMUL(13, 21, 21)
	VFMUL(14, 22, 22)
	VFMUL(15, 23, 23)
	FCVTNS(16, 0)
	FCVTNS(17, 1)
	FCVTNS(18, 2)
	FCVTNS(19, 3)
	FCVTNS(20, 4)
	FCVTNS(21, 5)
	FCVTNS(22, 6)
	FCVTNS(23, 7)
	CMP  $1, R5
	BEQ  last
	WEIGHED
	VFMUL(8, 16, 16)
	VFMUL(9, 17, 17)
	VFMUL(10, 18, 18)
	VFMUL(11, 19, 19)
	VFMUL(12, 20, 20)
	VFMUL(13, 21, 21)
	VFMUL(14, 22, 22)
	VFMUL(15, 23, 23)
	FCVTNS(16, 16)
	FCVTNS(17, 17)
	FCVTNS(18, 18)
	FCVTNS(19, 19)
	FCVTNS(20, 20)
	FCVTNS(21, 21)
	FCVTNS(22, 22)
	FCVTNS(23, 23)
	B    store

last:
	ZERO(16)
	ZERO(17)
	ZERO(18)
	ZERO(19)
	ZERO(20)
	ZERO(21)
	ZERO(22)
	ZERO(23)

	// The lower halves of the two, side by side.
store:
	VTRN1 V16.H8, V0.H8, V0.H8
	VTRN1 V17.H8, V1.H8, V1.H8
	VTRN1 V18.H8, V2.H8, V2.H8
	VTRN1 V19.H8, V3.H8, V3.H8
	VTRN1 V20.H8, V4.H8, V4.H8
	VTRN1 V21.H8, V5.H8, V5.H8
	VTRN1 V22.H8, V6.H8, V6.H8
	VTRN1 V23.H8, V7.H8, V7.H8
	VST1.P [V0.H8, V1.H8, V2.H8, V3.H8], 64(R0)
	VST1.P [V4.H8, V5.H8, V6.H8, V7.H8], 64(R0)
	SUBS $2, R5
	BGT  pair
	RET

// func blendNEON(acc, x, a, b *float32, cols int)
TEXT ·blendNEON(SB), NOSPLIT, $0-40
	MOVD acc+0(FP), R0
	MOVD x+8(FP), R1
	MOVD a+16(FP), R2
	MOVD b+24(FP), R3
	MOVD cols+32(FP), R4
	MOVD R0, R5
	VLD1.P 64(R2), [V16.S4, V17.S4, V18.S4, V19.S4]
	VLD1 (R2), [V20.S4, V21.S4, V22.S4, V23.S4]
	VLD1.P 64(R3), [V24.S4, V25.S4, V26.S4, V27.S4]
	VLD1 (R3), [V28.S4, V29.S4, V30.S4, V31.S4]

column:
	VLD1.P 64(R5), [V0.S4, V1.S4, V2.S4, V3.S4]
	VLD1.P 64(R5), [V4.S4, V5.S4, V6.S4, V7.S4]
	VLD1.P 64(R1), [V8.S4, V9.S4, V10.S4, V11.S4]
	VLD1.P 64(R1), [V12.S4, V13.S4, V14.S4, V15.S4]
	VFMUL(16, 0, 0)
	VFMUL(17, 1, 1)
	VFMUL(18, 2, 2)
	VFMUL(19, 3, 3)
	VFMUL(20, 4, 4)
	VFMUL(21, 5, 5)
	VFMUL(22, 6, 6)
	VFMUL(23, 7, 7)
	VFMUL(24, 8, 8)
	VFMUL(25, 9, 9)
	VFMUL(26, 10, 10)
	VFMUL(27, 11, 11)
	VFMUL(28, 12, 12)
	VFMUL(29, 13, 13)
	VFMUL(30, 14, 14)
	VFMUL(31, 15, 15)
	VFADD(8, 0, 0)
	VFADD(9, 1, 1)
	VFADD(10, 2, 2)
	VFADD(11, 3, 3)
	VFADD(12, 4, 4)
	VFADD(13, 5, 5)
	VFADD(14, 6, 6)
	VFADD(15, 7, 7)
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R0)
	VST1.P [V4.S4, V5.S4, V6.S4, V7.S4], 64(R0)
	SUBS $1, R4
	BNE  column
	RET

// func swiGLUNEON(dst, gate, up *float32, n int)
TEXT ·swiGLUNEON(SB), NOSPLIT, $0-32
	MOVD dst+0(FP), R0
	MOVD gate+8(FP), R1
	MOVD up+16(FP), R2
	MOVD n+24(FP), R3
	EXPCONSTANTS
	ZERO(31)

loop:
	VLD1.P 32(R1), [V12.S4, V13.S4]
	VLD1.P 32(R2), [V14.S4, V15.S4]
	VFABS(12, 4)
	VFABS(13, 5)
	VFNEG(4, 4)
	VFNEG(5, 5)
	EXP
	VFADD(29, 6, 4)
	VFADD(29, 7, 5)
	VFDIV(4, 29, 4)
	VFDIV(5, 29, 5)
	VFMUL(6, 4, 6)
	VFMUL(7, 5, 7)
	VFCMGT(12, 31, 10)
	VFCMGT(13, 31, 11)
	BIT(10, 6, 4)
	BIT(11, 7, 5)
	VFMUL(4, 12, 4)
	VFMUL(5, 13, 5)
	VFMUL(14, 4, 4)
	VFMUL(15, 5, 5)
	VST1.P [V4.S4, V5.S4], 32(R0)
	SUBS $8, R3
	BNE  loop
	RET
