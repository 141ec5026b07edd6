//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// Products are done in tiles of 8 keys (or columns of values) and 8 queries, whose
// sums are V16…V31, two a key. A row of a panel, 128 bytes, has for each query the
// integers of two consecutive k side by side: VLD2 takes them apart, into V8 and V9, so
// that each can be multiplied with the key's own, a lane of another vector.

// CLEAR sets the sums to zero.
#define CLEAR \
	ZERO(16); \
	ZERO(17); \
	ZERO(18); \
	ZERO(19); \
	ZERO(20); \
	ZERO(21); \
	ZERO(22); \
	ZERO(23); \
	ZERO(24); \
	ZERO(25); \
	ZERO(26); \
	ZERO(27); \
	ZERO(28); \
	ZERO(29); \
	ZERO(30); \
	ZERO(31)

// KEY adds the products of a lane and 8 queries to two sums.
#define KEY(key, lane, queries, s0, s1) \
	SMLALE(lane, key, queries, s0); \
	SMLAL2E(lane, key, queries, s1)

// KEYS does so for 8 keys, V0…V7.
#define KEYS(lane, queries) \
	KEY(0, lane, queries, 16, 17); \
	KEY(1, lane, queries, 18, 19); \
	KEY(2, lane, queries, 20, 21); \
	KEY(3, lane, queries, 22, 23); \
	KEY(4, lane, queries, 24, 25); \
	KEY(5, lane, queries, 26, 27); \
	KEY(6, lane, queries, 28, 29); \
	KEY(7, lane, queries, 30, 31)

#define PAIR(lane) \
	VLD2.P (R12)(R10), [V8.H8, V9.H8]; \
	KEYS(lane, 8);                     \
	KEYS(lane+1, 9)

// SCALED makes scores of a key's sums, with its unit, lane i of u, and the queries'
// scales in V10 and V11.
#define SCALED(u, i, s0, s1) \
	SCVTF(s0, s0);        \
	SCVTF(s1, s1);        \
	VFMULE(i, u, s0, s0); \
	VFMULE(i, u, s1, s1); \
	VFMUL(10, s0, s0);    \
	VFMUL(11, s1, s1)

// ADDED adds to two sums the eight floats at R14, and goes to the next key's.
#define ADDED(s0, s1) \
	VLD1.P (R14)(R1), [V14.S4, V15.S4]; \
	VFADD(14, s0, s0);                  \
	VFADD(15, s1, s1)

// func scoresNEON(dst *float32, stride int, panel *int16, scale *float32, keys *int16, unit *float32, keyStride, pairs, eights, add int)
TEXT ·scoresNEON(SB), NOSPLIT, $0-80
	MOVD dst+0(FP), R0
	MOVD stride+8(FP), R1
	MOVD panel+16(FP), R2
	MOVD scale+24(FP), R3
	MOVD keyStride+48(FP), R6
	MOVD pairs+56(FP), R7
	MOVD add+72(FP), R9
	MOVD $128, R10
	MOVD $4, R11
	LSL  $2, R1
	LSL  $1, R6

queries:
	VLD1.P 32(R3), [V10.S4, V11.S4]
	MOVD keys+32(FP), R4
	MOVD unit+40(FP), R5
	MOVD eights+64(FP), R8
	MOVD R0, R20

keys:
	CLEAR
	MOVD R2, R12
	MOVD R4, R13
	MOVD R7, R15

fours:
	SUBS $4, R15
	BLT  rest
	MOVD R13, R14
	ADD  $16, R13
	VLD1.P (R14)(R6), [V0.H8]
	VLD1.P (R14)(R6), [V1.H8]
	VLD1.P (R14)(R6), [V2.H8]
	VLD1.P (R14)(R6), [V3.H8]
	VLD1.P (R14)(R6), [V4.H8]
	VLD1.P (R14)(R6), [V5.H8]
	VLD1.P (R14)(R6), [V6.H8]
	VLD1 (R14), [V7.H8]
	PAIR(0)
	PAIR(2)
	PAIR(4)
	PAIR(6)
	B    fours

rest:
	ADDS $4, R15
	BEQ  done

pair:
	MOVD R13, R14
	ADD  $4, R13
	VLD1.P (R14)(R6), V0.S[0]
	VLD1.P (R14)(R6), V1.S[0]
	VLD1.P (R14)(R6), V2.S[0]
	VLD1.P (R14)(R6), V3.S[0]
	VLD1.P (R14)(R6), V4.S[0]
	VLD1.P (R14)(R6), V5.S[0]
	VLD1.P (R14)(R6), V6.S[0]
	VLD1 (R14), V7.S[0]
	PAIR(0)
	SUBS $1, R15
	BNE  pair

done:
	VLD1.P 32(R5), [V12.S4, V13.S4]
	SCALED(12, 0, 16, 17)
	SCALED(12, 1, 18, 19)
	SCALED(12, 2, 20, 21)
	SCALED(12, 3, 22, 23)
	SCALED(13, 0, 24, 25)
	SCALED(13, 1, 26, 27)
	SCALED(13, 2, 28, 29)
	SCALED(13, 3, 30, 31)
	CBZ  R9, store
	MOVD R20, R14
	ADDED(16, 17)
	ADDED(18, 19)
	ADDED(20, 21)
	ADDED(22, 23)
	ADDED(24, 25)
	ADDED(26, 27)
	ADDED(28, 29)
	ADDED(30, 31)

store:
	VST1.P [V16.S4, V17.S4], (R20)(R1)
	VST1.P [V18.S4, V19.S4], (R20)(R1)
	VST1.P [V20.S4, V21.S4], (R20)(R1)
	VST1.P [V22.S4, V23.S4], (R20)(R1)
	VST1.P [V24.S4, V25.S4], (R20)(R1)
	VST1.P [V26.S4, V27.S4], (R20)(R1)
	VST1.P [V28.S4, V29.S4], (R20)(R1)
	VST1.P [V30.S4, V31.S4], (R20)(R1)
	ADD  R6<<3, R4
	SUBS $1, R8
	BNE  keys
	ADD  $32, R0
	ADD  $32, R2
	SUBS $1, R11
	BNE  queries
	RET

// VALUES adds the products of 8 queries and 8 columns of one value, every other lane
// of V0 and V1 from the first on.
#define VALUES(lane, queries) \
	KEY(0, lane, queries, 16, 17);   \
	KEY(0, lane+2, queries, 18, 19); \
	KEY(0, lane+4, queries, 20, 21); \
	KEY(0, lane+6, queries, 22, 23); \
	KEY(1, lane, queries, 24, 25);   \
	KEY(1, lane+2, queries, 26, 27); \
	KEY(1, lane+4, queries, 28, 29); \
	KEY(1, lane+6, queries, 30, 31)

// SUM adds a column's sum s0 and s1, times the scales V4 and V5, to what it has been, times
// V2 and V3.
#define SUM(s0, s1) \
	VLD1 (R15), [V6.S4, V7.S4]; \
	SCVTF(s0, 10);              \
	SCVTF(s1, 11);              \
	VFMUL(2, 6, 6);             \
	VFMUL(3, 7, 7);             \
	VFMLA V4.S4, V10.S4, V6.S4; \
	VFMLA V5.S4, V11.S4, V7.S4; \
	VST1.P [V6.S4, V7.S4], (R15)(R10)

// func mixNEON(acc *float32, before, scale *float32, p, values *int16, pairs, blocks int)
TEXT ·mixNEON(SB), NOSPLIT, $0-56
	MOVD acc+0(FP), R0
	MOVD values+32(FP), R4
	MOVD pairs+40(FP), R5
	MOVD blocks+48(FP), R6
	MOVD $128, R10

block:
	MOVD before+8(FP), R1
	MOVD scale+16(FP), R2
	MOVD p+24(FP), R3
	MOVD $4, R11

queries:
	CLEAR
	MOVD R3, R12
	MOVD R4, R13
	MOVD R5, R14

pair:
	VLD2.P (R12)(R10), [V8.H8, V9.H8]
	VLD1.P 32(R13), [V0.H8, V1.H8]
	VALUES(0, 8)
	VALUES(1, 9)
	SUBS $1, R14
	BNE  pair

	VLD1.P 32(R1), [V2.S4, V3.S4]
	VLD1.P 32(R2), [V4.S4, V5.S4]
	MOVD R0, R15
	SUM(16, 17)
	SUM(18, 19)
	SUM(20, 21)
	SUM(22, 23)
	SUM(24, 25)
	SUM(26, 27)
	SUM(28, 29)
	SUM(30, 31)
	ADD  $32, R0
	ADD  $32, R3
	SUBS $1, R11
	BNE  queries
	MOVD R13, R4
	ADD  $896, R0
	SUBS $1, R6
	BNE  block
	RET
