//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"
#include "tile_arm64.h"

// The tiles of tile_arm64.s for machines that have no products of matrices but those
// of four bytes (SDOT), from panels that quadsNEON has gone over: a register has 4 values of
// four rows, and a token's 4 are one lane of its pair.
//
// V0 and V1 are the sums of a sub-block for the first token and two groups of four rows, V2
// to V7 those of the others; V8 to V15 are the same, weighed, or accumulators.

// TOKEN adds the products of 16 values of 8 rows, in V16 to V23, and a token's, in lanes i
// and i+1 of x and the next.
#define TOKEN(x, i, a) \
	SDOTE(i, x, 16, a);     \
	SDOTE(i, x, 20, a+1);   \
	SDOTE(i+1, x, 17, a);   \
	SDOTE(i+1, x, 21, a+1); \
	SDOTE(i, x+1, 18, a);   \
	SDOTE(i, x+1, 22, a+1); \
	SDOTE(i+1, x+1, 19, a); \
	SDOTE(i+1, x+1, 23, a+1)

// UNIT1 and UNIT2 multiply 16 values of 8 rows with one pair or two.
#define UNIT1 \
	VLD1.P 64(R0), [V16.B16, V17.B16, V18.B16, V19.B16]; \
	VLD1.P 64(R0), [V20.B16, V21.B16, V22.B16, V23.B16]; \
	VLD1.P 32(R1), [V24.B16, V25.B16];                   \
	TOKEN(24, 0, 0);                                     \
	TOKEN(24, 2, 2)

#define UNIT2 \
	UNIT1;                             \
	VLD1.P 32(R2), [V26.B16, V27.B16]; \
	TOKEN(26, 0, 4);                   \
	TOKEN(26, 2, 6)

// GROUPS makes V28 and V29 of the scales of pairs of rows, V28 to V31: those of 8 rows.
#define GROUPS \
	ZIP1D(29, 28, 28); \
	ZIP1D(31, 30, 29)

// WEIGHTWO adds the sums of a pair's two tokens, from a on, times the scales.
#define WEIGHTWO(a) \
	MLA(28, a, a+8);    \
	MLA(29, a+1, a+9);  \
	MLA(28, a+2, a+10); \
	MLA(29, a+3, a+11)

// PAIRED makes four registers of pairs of rows, from to on, of a pair's four from a on.
#define PAIRED(a, to) \
	ZIP1D(a+2, a, to);     \
	ZIP2D(a+2, a, to+1);   \
	ZIP1D(a+3, a+1, to+2); \
	ZIP2D(a+3, a+1, to+3)

// DONE adds the weighed sums of a pair.
#define DONE(a, x, offset) \
	PAIRED(a, 16); \
	ADDTO(16, x, offset)

// LEAST loads 8 minima of all rows, to V20 to V23.
#define LEAST(at) \
	ADD $at, R0, R9;                                 \
	VLD1 (R9), [V16.B16, V17.B16, V18.B16, V19.B16]; \
	UZP1S(17, 16, 20);                               \
	UZP2S(17, 16, 21);                               \
	UZP1S(19, 18, 22);                               \
	UZP2S(19, 18, 23)

// SUMS adds their products and 8 sums of a pair's activations, which lie from on behind x.
#define SUMS(x, from, a) \
	FMOVQ (from)(x), F24;  \
	SDOTE(0, 24, 20, a);   \
	SDOTE(0, 24, 22, a+1); \
	SDOTE(1, 24, 21, a);   \
	SDOTE(1, 24, 23, a+1); \
	SDOTE(2, 24, 20, a+2); \
	SDOTE(2, 24, 22, a+3); \
	SDOTE(3, 24, 21, a+2); \
	SDOTE(3, 24, 23, a+3)

// func tile1Super32Dot(acc *float32, panel, x *byte, pitch, blocks, affine int)
TEXT ·tile1Super32Dot(SB), NOSPLIT, $0-48
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
	GROUPS
	WEIGHTWO(0)
	SUBS $1, R4, R4
	BNE sub
	MOVD R0, R9
	SCALES(R9)
	DONE(8, R1, 0)
	CBZ R10, next
	ZERO4(8)
	LEAST(128)
	SUMS(R1, 0, 8)
	SHIFT4(8)
	SUMS(R1, 16, 8)
	ADD $64, R0, R9
	SCALES(R9)
	DONE(8, R1, 64)

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
	ZERO4(8)

sub:
	ZERO4(0)
	UNIT1
	SCALES(R3)
	GROUPS
	WEIGHTWO(0)
	SUBS $1, R4, R4
	BNE sub
	MOVD R0, R9
	SCALES(R9)
	DONE(8, R1, 0)
	CBZ R10, next
	ZERO4(8)
	LEAST(128)
	SUMS(R1, 0, 8)
	LEAST(192)
	SUMS(R1, 16, 8)
	SHIFT4(8)
	SUMS(R1, 48, 8)
	LEAST(128)
	SUMS(R1, 32, 8)
	ADD $64, R0, R9
	SCALES(R9)
	DONE(8, R1, 64)

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
	ZERO4(8)
	ZERO4(12)

sub:
	ZERO4(0)
	ZERO4(4)
	UNIT2
	UNIT2
	SCALES(R3)
	GROUPS
	WEIGHTWO(0)
	WEIGHTWO(4)
	SUBS $1, R4, R4
	BNE sub
	MOVD R0, R9
	SCALES(R9)
	DONE(8, R1, 0)
	DONE(12, R2, 128)
	CBZ R10, next
	ZERO4(8)
	ZERO4(12)
	LEAST(128)
	SUMS(R1, 0, 8)
	SUMS(R2, 0, 12)
	SHIFT4(8)
	SHIFT4(12)
	SUMS(R1, 16, 8)
	SUMS(R2, 16, 12)
	ADD $64, R0, R9
	SCALES(R9)
	DONE(8, R1, 64)
	DONE(12, R2, 192)

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
	ZERO4(8)
	ZERO4(12)

sub:
	ZERO4(0)
	ZERO4(4)
	UNIT2
	SCALES(R3)
	GROUPS
	WEIGHTWO(0)
	WEIGHTWO(4)
	SUBS $1, R4, R4
	BNE sub
	MOVD R0, R9
	SCALES(R9)
	DONE(8, R1, 0)
	DONE(12, R2, 128)
	CBZ R10, next
	ZERO4(8)
	ZERO4(12)
	LEAST(128)
	SUMS(R1, 0, 8)
	SUMS(R2, 0, 12)
	LEAST(192)
	SUMS(R1, 16, 8)
	SUMS(R2, 16, 12)
	SHIFT4(8)
	SHIFT4(12)
	SUMS(R1, 48, 8)
	SUMS(R2, 48, 12)
	LEAST(128)
	SUMS(R1, 32, 8)
	SUMS(R2, 32, 12)
	ADD $64, R0, R9
	SCALES(R9)
	DONE(8, R1, 64)
	DONE(12, R2, 192)

next:
	ADD $1280, R0
	ADD $80, R1
	ADD $80, R2
	SUBS $1, R8, R8
	BNE block
	RET

// In a plain tile the accumulators are those of tokens and groups of rows. FETCH and PUT load
// and store those of a pair.
#define FETCH(R, a) \
	VLD1 (R), [V0.S4, V1.S4, V2.S4, V3.S4]; \
	ZIP1D(1, 0, a);                         \
	ZIP1D(3, 2, a+1);                       \
	ZIP2D(1, 0, a+2);                       \
	ZIP2D(3, 2, a+3)

#define PUT(R, a) \
	PAIRED(a, 0); \
	VST1 [V0.S4, V1.S4, V2.S4, V3.S4], (R)

// ADDPLAIN adds the sums of a pair, from a on, with its scales at x, to accumulators.
#define ADDPLAIN(x, a) \
	VLD1 (x), [V24.S4];    \
	VFMULE(0, 24, 28, 16); \
	VFMULE(0, 24, 29, 17); \
	VFMULE(2, 24, 28, 18); \
	VFMULE(2, 24, 29, 19); \
	SCVTF(a, a);           \
	SCVTF(a+1, a+1);       \
	SCVTF(a+2, a+2);       \
	SCVTF(a+3, a+3);       \
	FMLA(16, a, a+8);      \
	FMLA(17, a+1, a+9);    \
	FMLA(18, a+2, a+10);   \
	FMLA(19, a+3, a+11)

// func tile1Plain32Dot(acc *float32, panel, x *byte, pitch, blocks int)
TEXT ·tile1Plain32Dot(SB), NOSPLIT, $0-40
	ARGUMENTS
	FETCH(R6, 8)

block:
	ZERO4(0)
	UNIT1
	UNIT1
	SCALES(R0)
	GROUPS
	ADDPLAIN(R1, 0)
	ADD $64, R0
	ADD $32, R1
	SUBS $1, R8, R8
	BNE block
	PUT(R6, 8)
	RET

// func tile2Plain32Dot(acc *float32, panel, x *byte, pitch, blocks int)
TEXT ·tile2Plain32Dot(SB), NOSPLIT, $0-40
	ARGUMENTS
	ADD $128, R6, R7
	FETCH(R6, 8)
	FETCH(R7, 12)

block:
	ZERO4(0)
	ZERO4(4)
	UNIT2
	UNIT2
	SCALES(R0)
	GROUPS
	ADDPLAIN(R1, 0)
	ADDPLAIN(R2, 4)
	ADD $64, R0
	ADD $32, R1
	ADD $32, R2
	SUBS $1, R8, R8
	BNE block
	PUT(R6, 8)
	PUT(R7, 12)
	RET

// QUADS regroups the 64 bytes of a group's unit at R0: 8 values of two rows become 4 of four.
#define QUADS \
	VLD1 (R0), [V0.S4, V1.S4, V2.S4, V3.S4]; \
	UZP1S(2, 0, 4);                          \
	UZP2S(2, 0, 5);                          \
	UZP1S(3, 1, 6);                          \
	UZP2S(3, 1, 7);                          \
	VST1.P [V4.S4, V5.S4, V6.S4, V7.S4], 64(R0)

// func quadsNEON(panel *byte, units, rest, blocks int)
TEXT ·quadsNEON(SB), NOSPLIT, $0-32
	MOVD panel+0(FP), R0
	MOVD units+8(FP), R1
	MOVD rest+16(FP), R2
	MOVD blocks+24(FP), R3

block:
	MOVD R1, R4

unit:
	QUADS
	QUADS
	SUBS $1, R4, R4
	BNE unit
	ADD R2, R0
	SUBS $1, R3, R3
	BNE block
	RET
