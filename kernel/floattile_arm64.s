//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// A tile is 16 of the 32 rows of a panel, at R1, times 1 to 4 tokens, at R2, R6, R7
// and R8. The sums of token t are in V(16+4t) and the three after it, its values
// of four columns in V(t), and the rows' weights in V4 to V7.

#define ARGUMENTS \
	MOVD total+0(FP), R0;    \
	MOVD panel+8(FP), R1;    \
	MOVD x+16(FP), R2;       \
	MOVD stride+24(FP), R3;  \
	MOVD columns+32(FP), R4; \
	LSL $2, R3, R3;          \
	ADD R3, R2, R6;          \
	ADD R3, R6, R7;          \
	ADD R3, R7, R8;          \
	MOVD $128, R5

#define NONE(a, b, c, d) \
	VEOR a.B16, a.B16, a.B16; \
	VEOR b.B16, b.B16, b.B16; \
	VEOR c.B16, c.B16, c.B16; \
	VEOR d.B16, d.B16, d.B16

#define TIMES(t, lane) \
	FMLAE(lane, t, 4, 16+4*t); \
	FMLAE(lane, t, 5, 17+4*t); \
	FMLAE(lane, t, 6, 18+4*t); \
	FMLAE(lane, t, 7, 19+4*t)

#define TIMES1(lane) TIMES(0, lane)
#define TIMES2(lane) TIMES1(lane); TIMES(1, lane)
#define TIMES3(lane) TIMES2(lane); TIMES(2, lane)
#define TIMES4(lane) TIMES3(lane); TIMES(3, lane)

#define FOUR1 VLD1.P 16(R2), [V0.S4]
#define FOUR2 FOUR1; VLD1.P 16(R6), [V1.S4]
#define FOUR3 FOUR2; VLD1.P 16(R7), [V2.S4]
#define FOUR4 FOUR3; VLD1.P 16(R8), [V3.S4]

#define ONE1 FMOVS.P 4(R2), F0
#define ONE2 ONE1; FMOVS.P 4(R6), F1
#define ONE3 ONE2; FMOVS.P 4(R7), F2
#define ONE4 ONE3; FMOVS.P 4(R8), F3

#define WEIGHTS VLD1.P (R1)(R5), [V4.S4, V5.S4, V6.S4, V7.S4]

#define TOTAL(t) \
	VLD1 (R0), [V4.S4, V5.S4, V6.S4, V7.S4]; \
	VFADD(16+4*t, 4, 4);                     \
	VFADD(17+4*t, 5, 5);                     \
	VFADD(18+4*t, 6, 6);                     \
	VFADD(19+4*t, 7, 7);                     \
	VST1.P [V4.S4, V5.S4, V6.S4, V7.S4], (R0)(R5)

#define TOTAL1 TOTAL(0)
#define TOTAL2 TOTAL1; TOTAL(1)
#define TOTAL3 TOTAL2; TOTAL(2)
#define TOTAL4 TOTAL3; TOTAL(3)

#define TILE(FOURS, ONES, ALL, TOTALS) \
	ARGUMENTS;                \
	NONE(V16, V17, V18, V19); \
	NONE(V20, V21, V22, V23); \
	NONE(V24, V25, V26, V27); \
	NONE(V28, V29, V30, V31); \
four:                             \
	SUBS $4, R4, R4;          \
	BLT rest;                 \
	FOURS;                    \
	WEIGHTS;                  \
	ALL(0);                   \
	WEIGHTS;                  \
	ALL(1);                   \
	WEIGHTS;                  \
	ALL(2);                   \
	WEIGHTS;                  \
	ALL(3);                   \
	B four;                   \
rest:                             \
	ADD $4, R4, R4;           \
last:                             \
	SUBS $1, R4, R4;          \
	BLT done;                 \
	ONES;                     \
	WEIGHTS;                  \
	ALL(0);                   \
	B last;                   \
done:                             \
	TOTALS;                   \
	RET

// func floatTile1NEON(total, panel, x *float32, stride, columns int)
TEXT ·floatTile1NEON(SB), NOSPLIT, $0-40
	TILE(FOUR1, ONE1, TIMES1, TOTAL1)

// func floatTile2NEON(total, panel, x *float32, stride, columns int)
TEXT ·floatTile2NEON(SB), NOSPLIT, $0-40
	TILE(FOUR2, ONE2, TIMES2, TOTAL2)

// func floatTile3NEON(total, panel, x *float32, stride, columns int)
TEXT ·floatTile3NEON(SB), NOSPLIT, $0-40
	TILE(FOUR3, ONE3, TIMES3, TOTAL3)

// func floatTile4NEON(total, panel, x *float32, stride, columns int)
TEXT ·floatTile4NEON(SB), NOSPLIT, $0-40
	TILE(FOUR4, ONE4, TIMES4, TOTAL4)
