//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"
#include "fourrows_arm64.h"
#include "fourpairs_arm64.h"
#include "fourlow_arm64.h"
#include "panel_arm64.h"

// Panels of rows that have blocks of 32 values, of 16 bytes and perhaps a fifth bit each.
// Low nibbles are the first 16.

// EACH does OP with register v and the eight that NIBBLES makes.
#define EACH(OP, v) \
	OP(v, 0, 0); \
	OP(v, 1, 1); \
	OP(v, 2, 2); \
	OP(v, 3, 3); \
	OP(v, 4, 4); \
	OP(v, 5, 5); \
	OP(v, 6, 6); \
	OP(v, 7, 7)

// LOOK is TBL with its table first.
#define LOOK(v, n, d) TBL(n, v, d)

// BOTH writes a block's values and scales.
#define BOTH \
	LOW(0);    \
	HIGH(1);   \
	HALVES(0); \
	TWICE(0, -512)

// OFFSETS writes minima with their signs turned: m is added to the weights.
#define OFFSETS \
	HALVES(2);   \
	VFNEG(0, 0); \
	TWICE(0, -448)

// func unpackQ40NEON(panel, w *byte, rowBytes, blocks, group int)
TEXT ·unpackQ40NEON(SB), NOSPLIT, $0-40
	ARGUMENTS(1024, 256)
	VMOVI $15, V24.B16
	VMOVI $8, V25.B16

block:
	NIBBLES(2)
	EACH(SUBB, 25)
	BOTH
	NEXT(384, 18)
	BNE block
	RET

// func unpackQ41NEON(panel, w *byte, rowBytes, blocks, group int)
TEXT ·unpackQ41NEON(SB), NOSPLIT, $0-40
	ARGUMENTS(1024, 256)
	VMOVI $15, V24.B16

block:
	NIBBLES(4)
	BOTH
	OFFSETS
	NEXT(384, 20)
	BNE block
	RET

// func unpackIQ4NLNEON(panel, w *byte, rowBytes, blocks, group int)
TEXT ·unpackIQ4NLNEON(SB), NOSPLIT, $0-40
	ARGUMENTS(1024, 256)
	TABLE
	VMOVI $15, V24.B16

block:
	NIBBLES(2)
	EACH(LOOK, 25)
	BOTH
	NEXT(384, 18)
	BNE block
	RET

// PLACES sets V16 to V23 to where the bytes with the fifth bits of V4 to V7 and V0 to V3 are
// in four words, one byte for the 8 values of a row, and V26 to the bit of each value.
#define PLACES \
	MOVD $0x0404040404040404, R8; \
	FMOVD R8, F17;                \
	ZERO(16);                     \
	ZIP1D(17, 16, 16);            \
	VMOVI $1, V24.B16;            \
	VMOVI $2, V25.B16;            \
	VMOVI $8, V26.B16;            \
	ADDB(24, 16, 17);             \
	ADDB(26, 16, 18);             \
	ADDB(26, 17, 19);             \
	ADDB(25, 16, 20);             \
	ADDB(25, 17, 21);             \
	ADDB(25, 18, 22);             \
	ADDB(25, 19, 23);             \
	MOVD $0x8040201008040201, R8; \
	VDUP R8, V26.D2

// WORDS loads a word of each row to V8.
#define WORDS(at) \
	MOVWU (at)(R1), R8;    \
	MOVWU (at)(R2), R9;    \
	MOVWU (at)(R3), R10;   \
	MOVWU (at)(R4), R11;   \
	ORR R9<<32, R8, R8;    \
	ORR R11<<32, R10, R10; \
	FMOVD R8, F8;          \
	FMOVD R10, F9;         \
	ZIP1D(9, 8, 8)

// FIFTH sets all bits of the bytes of V9 for which V8 has a bit.
#define FIFTH(places) \
	TBL(places, 8, 9); \
	CMTST(26, 9, 9)

// BELOW puts a value without its fifth bit, which V8 has inverted, below four that are all
// that: q-16.
#define BELOW(places, a) \
	FIFTH(places); \
	SLIB(4, 9, a)

// func unpackQ50NEON(panel, w *byte, rowBytes, blocks, group int)
TEXT ·unpackQ50NEON(SB), NOSPLIT, $0-40
	ARGUMENTS(1024, 256)
	PLACES
	VMOVI $15, V24.B16

block:
	NIBBLES(6)
	WORDS(2)
	NOTB(8, 8)
	BELOW(16, 4)
	BELOW(17, 5)
	BELOW(18, 6)
	BELOW(19, 7)
	BELOW(20, 0)
	BELOW(21, 1)
	BELOW(22, 2)
	BELOW(23, 3)
	BOTH
	NEXT(384, 22)
	BNE block
	RET

// ABOVE puts the fifth bit above the others. V25 has 16 in every byte.
#define ABOVE(places, a) \
	FIFTH(places); \
	BIT(25, 9, a)

// func unpackQ51NEON(panel, w *byte, rowBytes, blocks, group int)
TEXT ·unpackQ51NEON(SB), NOSPLIT, $0-40
	ARGUMENTS(1024, 256)
	PLACES
	VMOVI $15, V24.B16
	VMOVI $16, V25.B16

block:
	NIBBLES(8)
	WORDS(4)
	ABOVE(16, 4)
	ABOVE(17, 5)
	ABOVE(18, 6)
	ABOVE(19, 7)
	ABOVE(20, 0)
	ABOVE(21, 1)
	ABOVE(22, 2)
	ABOVE(23, 3)
	BOTH
	OFFSETS
	NEXT(384, 24)
	BNE block
	RET
