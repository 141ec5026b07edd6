//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"
#include "tile_arm64.h"

// Tiles of products of matrices (SMMLA). V0 to V3 are the sums of a sub-block for the
// first pair of tokens and the four pairs of rows, V4 to V7 those for the second pair; V8
// to V15 are the same, weighed, or accumulators.

// FOUR adds the products of step s of the unit in V16…V19, V24…V27 and a pair's
// activations to the four sums from a on.
#define FOUR(s, x, a) \
	SMMLA(16+s, x, a);   \
	SMMLA(18+s, x, a+1); \
	SMMLA(24+s, x, a+2); \
	SMMLA(26+s, x, a+3)

#define WEIGHTS \
	VLD1.P 64(R0), [V16.B16, V17.B16, V18.B16, V19.B16]; \
	VLD1.P 64(R0), [V24.B16, V25.B16, V26.B16, V27.B16]

// UNIT1 and UNIT2 multiply 16 values of 8 rows with one pair or two.
#define UNIT1 \
	WEIGHTS;                           \
	VLD1.P 32(R1), [V20.B16, V21.B16]; \
	FOUR(0, 20, 0);                    \
	FOUR(1, 21, 0)

#define UNIT2 \
	WEIGHTS;                           \
	VLD1.P 32(R1), [V20.B16, V21.B16]; \
	VLD1.P 32(R2), [V22.B16, V23.B16]; \
	FOUR(0, 20, 0);                    \
	FOUR(0, 22, 4);                    \
	FOUR(1, 21, 0);                    \
	FOUR(1, 23, 4)

// EVERY adds the products of 8 minima of all rows, from w on, and a pair's x to the four
// from a on.
#define EVERY(x, w, a) \
	SMMLA(w, x, a);     \
	SMMLA(w+1, x, a+1); \
	SMMLA(w+2, x, a+2); \
	SMMLA(w+3, x, a+3)

// MINIMA32 and MINIMA16 set the four from a on to a block's minima times the sums of a
// pair's activations, which are 64·high + low: both fit a byte.
#define MINIMA32(x, a) \
	VLD1 (x), [V4.B16, V5.B16]; \
	ZERO4(a);                   \
	EVERY(4, 0, a);             \
	SHIFT4(a);                  \
	EVERY(5, 0, a)

#define MINIMA16(x, a) \
	VLD1 (x), [V4.B16, V5.B16, V6.B16, V7.B16]; \
	ZERO4(a);                                   \
	EVERY(4, 0, a);                             \
	EVERY(5, 20, a);                            \
	SHIFT4(a);                                  \
	EVERY(6, 0, a);                             \
	EVERY(7, 20, a)

// FEW and MANY load 8 minima of all rows, or 16.
#define FEW \
	ADD $128, R0, R9; \
	VLD1 (R9), [V0.B16, V1.B16, V2.B16, V3.B16]

#define MANY \
	FEW;              \
	ADD $192, R0, R9; \
	VLD1 (R9), [V20.B16, V21.B16, V22.B16, V23.B16]

// func tile1Super32I8MM(acc *float32, panel, x *byte, pitch, blocks, affine int)
TEXT ·tile1Super32I8MM(SB), NOSPLIT, $0-48
	ARGUMENTS
	MOVD affine+40(FP), R10

block:
	ADD $2304, R0, R3
	MOVD $8, R4
	ZERO4(8)

sub:
	ZERO4(0)
	UNIT1
	UNIT1
	SCALES(R3)
	WEIGH(0, 8)
	SUBS $1, R4, R4
	BNE sub
	MOVD R0, R9
	SCALES(R9)
	ADDTO(8, R1, 0)
	CBZ R10, next
	SCALES(R9)
	FEW
	MINIMA32(R1, 8)
	ADDTO(8, R1, 64)

next:
	ADD $1280, R0
	ADD $80, R1
	SUBS $1, R8, R8
	BNE block
	RET

// func tile1Super16I8MM(acc *float32, panel, x *byte, pitch, blocks, affine int)
TEXT ·tile1Super16I8MM(SB), NOSPLIT, $0-48
	ARGUMENTS
	MOVD affine+40(FP), R10

block:
	ADD $2304, R0, R3
	MOVD $16, R4
	ZERO4(8)

sub:
	ZERO4(0)
	UNIT1
	SCALES(R3)
	WEIGH(0, 8)
	SUBS $1, R4, R4
	BNE sub
	MOVD R0, R9
	SCALES(R9)
	ADDTO(8, R1, 0)
	CBZ R10, next
	SCALES(R9)
	MANY
	MINIMA16(R1, 8)
	ADDTO(8, R1, 64)

next:
	ADD $1280, R0
	ADD $80, R1
	SUBS $1, R8, R8
	BNE block
	RET

// func tile2Super32I8MM(acc *float32, panel, x *byte, pitch, blocks, affine int)
TEXT ·tile2Super32I8MM(SB), NOSPLIT, $0-48
	ARGUMENTS
	MOVD affine+40(FP), R10

block:
	ADD $2304, R0, R3
	MOVD $8, R4
	ZERO4(8)
	ZERO4(12)

sub:
	ZERO4(0)
	ZERO4(4)
	UNIT2
	UNIT2
	SCALES(R3)
	WEIGH(0, 8)
	WEIGH(4, 12)
	SUBS $1, R4, R4
	BNE sub
	MOVD R0, R9
	SCALES(R9)
	ADDTO(8, R1, 0)
	ADDTO(12, R2, 128)
	CBZ R10, next
	SCALES(R9)
	FEW
	MINIMA32(R1, 8)
	MINIMA32(R2, 12)
	ADDTO(8, R1, 64)
	ADDTO(12, R2, 192)

next:
	ADD $1280, R0
	ADD $80, R1
	ADD $80, R2
	SUBS $1, R8, R8
	BNE block
	RET

// func tile2Super16I8MM(acc *float32, panel, x *byte, pitch, blocks, affine int)
TEXT ·tile2Super16I8MM(SB), NOSPLIT, $0-48
	ARGUMENTS
	MOVD affine+40(FP), R10

block:
	ADD $2304, R0, R3
	MOVD $16, R4
	ZERO4(8)
	ZERO4(12)

sub:
	ZERO4(0)
	ZERO4(4)
	UNIT2
	SCALES(R3)
	WEIGH(0, 8)
	WEIGH(4, 12)
	SUBS $1, R4, R4
	BNE sub
	MOVD R0, R9
	SCALES(R9)
	ADDTO(8, R1, 0)
	ADDTO(12, R2, 128)
	CBZ R10, next
	SCALES(R9)
	MANY
	MINIMA16(R1, 8)
	MINIMA16(R2, 12)
	ADDTO(8, R1, 64)
	ADDTO(12, R2, 192)

next:
	ADD $1280, R0
	ADD $80, R1
	ADD $80, R2
	SUBS $1, R8, R8
	BNE block
	RET

// ADDPLAIN adds the sums from a on, with the scales of the pair at x, to accumulators.
#define ADDPLAIN(x, a) \
	VLD1 (x), [V24.S4];  \
	VFMUL(24, 28, 16);   \
	VFMUL(24, 29, 17);   \
	VFMUL(24, 30, 18);   \
	VFMUL(24, 31, 19);   \
	SCVTF(a, a);         \
	SCVTF(a+1, a+1);     \
	SCVTF(a+2, a+2);     \
	SCVTF(a+3, a+3);     \
	FMLA(16, a, a+8);    \
	FMLA(17, a+1, a+9);  \
	FMLA(18, a+2, a+10); \
	FMLA(19, a+3, a+11)

// func tile1Plain32I8MM(acc *float32, panel, x *byte, pitch, blocks int)
TEXT ·tile1Plain32I8MM(SB), NOSPLIT, $0-40
	ARGUMENTS
	VLD1 (R6), [V8.S4, V9.S4, V10.S4, V11.S4]

block:
	ZERO4(0)
	UNIT1
	UNIT1
	SCALES(R0)
	ADDPLAIN(R1, 0)
	ADD $64, R0
	ADD $32, R1
	SUBS $1, R8, R8
	BNE block
	VST1 [V8.S4, V9.S4, V10.S4, V11.S4], (R6)
	RET

// func tile2Plain32I8MM(acc *float32, panel, x *byte, pitch, blocks int)
TEXT ·tile2Plain32I8MM(SB), NOSPLIT, $0-40
	ARGUMENTS
	ADD $128, R6, R7
	VLD1 (R6), [V8.S4, V9.S4, V10.S4, V11.S4]
	VLD1 (R7), [V12.S4, V13.S4, V14.S4, V15.S4]

block:
	ZERO4(0)
	ZERO4(4)
	UNIT2
	UNIT2
	SCALES(R0)
	ADDPLAIN(R1, 0)
	ADDPLAIN(R2, 4)
	ADD $64, R0
	ADD $32, R1
	ADD $32, R2
	SUBS $1, R8, R8
	BNE block
	VST1 [V8.S4, V9.S4, V10.S4, V11.S4], (R6)
	VST1 [V12.S4, V13.S4, V14.S4, V15.S4], (R7)
	RET
