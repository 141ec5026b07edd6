//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"
#include "tile_arm64.h"

// The tiles of tile_arm64.s for machines that have no products of matrices but those
// of four bytes (SDOT). A register of the panel has two rows of 8 values, so every
// token's 8 come twice, and a sum is in two neighbouring lanes.
//
// V0 to V3 are the sums of a sub-block for the first token and the four pairs of
// rows, V4 to V15 those of the others. V16 to V19 are the weighed sums of the first pair,
// V20 to V23 those of the second, or accumulators.

// TWO loads 8 values of a pair of tokens.
#define TWO(R, v, w) \
	VLD1R.P 8(R), [v.D2]; \
	VLD1R.P 8(R), [w.D2]

// FOUR adds the products of a token's 8 values and the rows in V24 to V27.
#define FOUR(x, a) \
	SDOT(24, x, a);   \
	SDOT(25, x, a+1); \
	SDOT(26, x, a+2); \
	SDOT(27, x, a+3)

#define WEIGHTS(at) \
	FMOVQ (at)(R0), F24;    \
	FMOVQ (at+32)(R0), F25; \
	FMOVQ (at+64)(R0), F26; \
	FMOVQ (at+96)(R0), F27

#define STEP1(at) \
	WEIGHTS(at);       \
	TWO(R1, V28, V29); \
	FOUR(28, 0);       \
	FOUR(29, 4)

#define STEP2(at) \
	STEP1(at);         \
	TWO(R2, V30, V31); \
	FOUR(30, 8);       \
	FOUR(31, 12)

// UNIT1 and UNIT2 multiply 16 values of 8 rows with one pair or two.
#define UNIT1 \
	STEP1(0);  \
	STEP1(16); \
	ADD $128, R0

#define UNIT2 \
	STEP2(0);  \
	STEP2(16); \
	ADD $128, R0

// JOIN adds the lanes of the sums of two tokens, from a on, to those of the pair.
#define JOIN(a, to) \
	ADDP(a+4, a, to);     \
	ADDP(a+5, a+1, to+1); \
	ADDP(a+6, a+2, to+2); \
	ADDP(a+7, a+3, to+3)

// SUMS adds the products of 8 minima of all rows, in V24 to V27, and what lies from on
// behind a pair to the sums from a on.
#define SUMS(R, from, a) \
	ADD $from, R, R5;  \
	TWO(R5, V28, V29); \
	FOUR(28, a);       \
	FOUR(29, a+4)

// MINIMA loads them.
#define MINIMA(at) \
	ADD $at, R0, R9; \
	VLD1 (R9), [V24.B16, V25.B16, V26.B16, V27.B16]

// DMIN loads the scales of minima.
#define DMIN \
	ADD $64, R0, R9; \
	SCALES(R9)

// func tile1Super32Dot(acc *float32, panel, x *byte, pitch, blocks, affine int)
TEXT ·tile1Super32Dot(SB), NOSPLIT, $0-48
	ARGUMENTS
	MOVD affine+40(FP), R10

block:
	ADD $2304, R0, R3
	MOVD $8, R4
	ZERO4(16)

sub:
	ZERO4(0)
	ZERO4(4)
	UNIT1
	UNIT1
	JOIN(0, 0)
	SCALES(R3)
	WEIGH(0, 16)
	SUBS $1, R4, R4
	BNE sub
	MOVD R0, R9
	SCALES(R9)
	ADDTO(16, R1, 0)
	CBZ R10, next
	ZERO4(0)
	ZERO4(4)
	MINIMA(128)
	SUMS(R1, 0, 0)
	SHIFT4(0)
	SHIFT4(4)
	MINIMA(128)
	SUMS(R1, 16, 0)
	JOIN(0, 16)
	DMIN
	ADDTO(16, R1, 64)

next:
	ADD $1280, R0
	ADD $80, R1
	SUBS $1, R8, R8
	BNE block
	RET

// func tile1Super16Dot(acc *float32, panel, x *byte, pitch, blocks, affine int)
TEXT ·tile1Super16Dot(SB), NOSPLIT, $0-48
	ARGUMENTS
	MOVD affine+40(FP), R10

block:
	ADD $2304, R0, R3
	MOVD $16, R4
	ZERO4(16)

sub:
	ZERO4(0)
	ZERO4(4)
	UNIT1
	JOIN(0, 0)
	SCALES(R3)
	WEIGH(0, 16)
	SUBS $1, R4, R4
	BNE sub
	MOVD R0, R9
	SCALES(R9)
	ADDTO(16, R1, 0)
	CBZ R10, next
	ZERO4(0)
	ZERO4(4)
	MINIMA(128)
	SUMS(R1, 0, 0)
	MINIMA(192)
	SUMS(R1, 16, 0)
	SHIFT4(0)
	SHIFT4(4)
	MINIMA(128)
	SUMS(R1, 32, 0)
	MINIMA(192)
	SUMS(R1, 48, 0)
	JOIN(0, 16)
	DMIN
	ADDTO(16, R1, 64)

next:
	ADD $1280, R0
	ADD $80, R1
	SUBS $1, R8, R8
	BNE block
	RET

// func tile2Super32Dot(acc *float32, panel, x *byte, pitch, blocks, affine int)
TEXT ·tile2Super32Dot(SB), NOSPLIT, $0-48
	ARGUMENTS
	MOVD affine+40(FP), R10

block:
	ADD $2304, R0, R3
	MOVD $8, R4
	ZERO4(16)
	ZERO4(20)

sub:
	ZERO4(0)
	ZERO4(4)
	ZERO4(8)
	ZERO4(12)
	UNIT2
	UNIT2
	JOIN(0, 0)
	JOIN(8, 8)
	SCALES(R3)
	WEIGH(0, 16)
	WEIGH(8, 20)
	SUBS $1, R4, R4
	BNE sub
	MOVD R0, R9
	SCALES(R9)
	ADDTO(16, R1, 0)
	ADDTO(20, R2, 128)
	CBZ R10, next
	ZERO4(0)
	ZERO4(4)
	ZERO4(8)
	ZERO4(12)
	MINIMA(128)
	SUMS(R1, 0, 0)
	SUMS(R2, 0, 8)
	SHIFT4(0)
	SHIFT4(4)
	SHIFT4(8)
	SHIFT4(12)
	MINIMA(128)
	SUMS(R1, 16, 0)
	SUMS(R2, 16, 8)
	JOIN(0, 16)
	JOIN(8, 20)
	DMIN
	ADDTO(16, R1, 64)
	ADDTO(20, R2, 192)

next:
	ADD $1280, R0
	ADD $80, R1
	ADD $80, R2
	SUBS $1, R8, R8
	BNE block
	RET

// func tile2Super16Dot(acc *float32, panel, x *byte, pitch, blocks, affine int)
TEXT ·tile2Super16Dot(SB), NOSPLIT, $0-48
	ARGUMENTS
	MOVD affine+40(FP), R10

block:
	ADD $2304, R0, R3
	MOVD $16, R4
	ZERO4(16)
	ZERO4(20)

sub:
	ZERO4(0)
	ZERO4(4)
	ZERO4(8)
	ZERO4(12)
	UNIT2
	JOIN(0, 0)
	JOIN(8, 8)
	SCALES(R3)
	WEIGH(0, 16)
	WEIGH(8, 20)
	SUBS $1, R4, R4
	BNE sub
	MOVD R0, R9
	SCALES(R9)
	ADDTO(16, R1, 0)
	ADDTO(20, R2, 128)
	CBZ R10, next
	ZERO4(0)
	ZERO4(4)
	ZERO4(8)
	ZERO4(12)
	MINIMA(128)
	SUMS(R1, 0, 0)
	SUMS(R2, 0, 8)
	MINIMA(192)
	SUMS(R1, 16, 0)
	SUMS(R2, 16, 8)
	SHIFT4(0)
	SHIFT4(4)
	SHIFT4(8)
	SHIFT4(12)
	MINIMA(128)
	SUMS(R1, 32, 0)
	SUMS(R2, 32, 8)
	MINIMA(192)
	SUMS(R1, 48, 0)
	SUMS(R2, 48, 8)
	JOIN(0, 16)
	JOIN(8, 20)
	DMIN
	ADDTO(16, R1, 64)
	ADDTO(20, R2, 192)

next:
	ADD $1280, R0
	ADD $80, R1
	ADD $80, R2
	SUBS $1, R8, R8
	BNE block
	RET

// ADDPLAIN adds the sums of two tokens, from a on, with the scales of the pair at x, to
// accumulators.
#define ADDPLAIN(x, a, to) \
	JOIN(a, a);            \
	VLD1 (x), [V24.S4];    \
	VFMUL(24, 28, a+4);    \
	VFMUL(24, 29, a+5);    \
	VFMUL(24, 30, a+6);    \
	VFMUL(24, 31, a+7);    \
	SCVTF(a, a);           \
	SCVTF(a+1, a+1);       \
	SCVTF(a+2, a+2);       \
	SCVTF(a+3, a+3);       \
	FMLA(a+4, a, to);      \
	FMLA(a+5, a+1, to+1);  \
	FMLA(a+6, a+2, to+2);  \
	FMLA(a+7, a+3, to+3)

// func tile1Plain32Dot(acc *float32, panel, x *byte, pitch, blocks int)
TEXT ·tile1Plain32Dot(SB), NOSPLIT, $0-40
	ARGUMENTS
	VLD1 (R6), [V16.S4, V17.S4, V18.S4, V19.S4]

block:
	ZERO4(0)
	ZERO4(4)
	UNIT1
	UNIT1
	SCALES(R0)
	ADDPLAIN(R1, 0, 16)
	ADD $64, R0
	ADD $32, R1
	SUBS $1, R8, R8
	BNE block
	VST1 [V16.S4, V17.S4, V18.S4, V19.S4], (R6)
	RET

// func tile2Plain32Dot(acc *float32, panel, x *byte, pitch, blocks int)
TEXT ·tile2Plain32Dot(SB), NOSPLIT, $0-40
	ARGUMENTS
	ADD $128, R6, R7
	VLD1 (R6), [V16.S4, V17.S4, V18.S4, V19.S4]
	VLD1 (R7), [V20.S4, V21.S4, V22.S4, V23.S4]

block:
	ZERO4(0)
	ZERO4(4)
	ZERO4(8)
	ZERO4(12)
	UNIT2
	UNIT2
	SCALES(R0)
	ADDPLAIN(R1, 0, 16)
	ADDPLAIN(R2, 8, 20)
	ADD $64, R0
	ADD $32, R1
	ADD $32, R2
	SUBS $1, R8, R8
	BNE block
	VST1 [V16.S4, V17.S4, V18.S4, V19.S4], (R6)
	VST1 [V20.S4, V21.S4, V22.S4, V23.S4], (R7)
	RET
