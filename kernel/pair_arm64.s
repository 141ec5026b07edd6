//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"
#include "fourrows_arm64.h"
#include "fourpairs_arm64.h"
#include "pair_arm64.h"

// Pairs of tokens and rows of 4 bits and more.

// FOURS does 64 values of four rows of Q4_K, from the 32 bytes at at on, the activations at
// x, and the scales at s.
#define FOURS(at, x, s, UNIT, WEIGH) \
	ZERO4(8);          \
	ZERO4(12);         \
	NIBBLES(at);       \
	UNIT(x, 4, 8);     \
	UNIT(x+64, 0, 12); \
	NIBBLES(at+16);    \
	UNIT(x+32, 4, 8);  \
	UNIT(x+96, 0, 12); \
	WEIGH(s, 8);       \
	WEIGH(s+64, 12)

#define BLOCK4(UNIT, WEIGH) \
	AHEAD(1024);                       \
	FOURS(16, 0, -256, UNIT, WEIGH);   \
	FOURS(48, 128, -128, UNIT, WEIGH); \
	AHEAD(1096);                       \
	FOURS(80, 256, 0, UNIT, WEIGH);    \
	FOURS(112, 384, 128, UNIT, WEIGH)

// func rows4Q4KPairs1(out *float32, w *byte, rowBytes int, x *byte, pitch, blocks int, work *byte)
TEXT ·rows4Q4KPairs1(SB), NOSPLIT, $0-56
	ARGUMENTS
	VMOVI $63, V27.B16

block:
	BEGIN1
	BLOCK4(UNIT1, WEIGH1)
	END1
	ADVANCE(592, 144)
	BNE block
	RESULT1
	RET

// func rows4Q4KPairs2(out *float32, w *byte, rowBytes int, x *byte, pitch, blocks int, work *byte)
TEXT ·rows4Q4KPairs2(SB), NOSPLIT, $0-56
	ARGUMENTS
	VMOVI $63, V27.B16

block:
	BEGIN2
	BLOCK4(UNIT2, WEIGH2)
	END2
	ADVANCE(592, 144)
	BNE block
	RESULT2
	RET

// SAVE pairs the fifth bits of 16 values of every sub-block and puts them behind the scales.
#define SAVE(at, to) \
	UPPER(at);                  \
	FSTPQ (F12, F13), (to)(R5); \
	FSTPQ (F14, F15), (to+32)(R5)

// FIFTHS adds them to both nibbles. After OP by s it is bit 4 that belongs to the low ones,
// and bit 5 to the high ones. V25 has 16 in every byte.
#define FIFTHS(from, OP, s) \
	FLDPQ (from)(R5), (F28, F29);    \
	FLDPQ (from+32)(R5), (F30, F31); \
	FOUR(OP, s, 28, 28);             \
	BIT(25, 28, 4);                  \
	BIT(25, 29, 5);                  \
	BIT(25, 30, 6);                  \
	BIT(25, 31, 7);                  \
	FOUR(USHRB, 1, 28, 28);          \
	BIT(25, 28, 0);                  \
	BIT(25, 29, 1);                  \
	BIT(25, 30, 2);                  \
	BIT(25, 31, 3)

// FIVES is FOURS for Q5_K.
#define FIVES(at, x, s, OP, n, UNIT, WEIGH) \
	ZERO4(8);           \
	ZERO4(12);          \
	NIBBLES(at);        \
	FIFTHS(256, OP, n); \
	UNIT(x, 4, 8);      \
	UNIT(x+64, 0, 12);  \
	NIBBLES(at+16);     \
	FIFTHS(320, OP, n); \
	UNIT(x+32, 4, 8);   \
	UNIT(x+96, 0, 12);  \
	WEIGH(s, 8);        \
	WEIGH(s+64, 12)

#define BLOCK5(UNIT, WEIGH) \
	AHEAD(1024);                                \
	SAVE(16, 256);                              \
	SAVE(32, 320);                              \
	FIVES(48, 0, -256, SHLB, 4, UNIT, WEIGH);   \
	FIVES(80, 128, -128, SHLB, 2, UNIT, WEIGH); \
	AHEAD(1112);                                \
	FIVES(112, 256, 0, SHLB, 0, UNIT, WEIGH);   \
	FIVES(144, 384, 128, USHRB, 2, UNIT, WEIGH)

// func rows4Q5KPairs1(out *float32, w *byte, rowBytes int, x *byte, pitch, blocks int, work *byte)
TEXT ·rows4Q5KPairs1(SB), NOSPLIT, $0-56
	ARGUMENTS
	VMOVI $63, V27.B16
	VMOVI $16, V25.B16

block:
	BEGIN1
	BLOCK5(UNIT1, WEIGH1)
	END1
	ADVANCE(592, 176)
	BNE block
	RESULT1
	RET

// func rows4Q5KPairs2(out *float32, w *byte, rowBytes int, x *byte, pitch, blocks int, work *byte)
TEXT ·rows4Q5KPairs2(SB), NOSPLIT, $0-56
	ARGUMENTS
	VMOVI $63, V27.B16
	VMOVI $16, V25.B16

block:
	BEGIN2
	BLOCK5(UNIT2, WEIGH2)
	END2
	ADVANCE(592, 176)
	BNE block
	RESULT2
	RET

// ZEROS sets a and the next to -32 times the scales of four rows, which are in V28 to V31,
// times the sums of 16 of a pair's activations.
#define ZEROS(x, a) \
	FLDPQ 512(x), (F8, F9);   \
	FLDPQ 544(x), (F10, F11); \
	ZERO(a);                  \
	ZERO(a+1);                \
	SMMLA(28, 8, a);          \
	SMMLA(30, 8, a+1);        \
	SMMLA(29, 9, a);          \
	SMMLA(31, 9, a+1);        \
	SHLS(6, a, a);            \
	SHLS(6, a+1, a+1);        \
	SMMLA(28, 10, a);         \
	SMMLA(30, 10, a+1);       \
	SMMLA(29, 11, a);         \
	SMMLA(31, 11, a+1);       \
	SHLS(5, a, a);            \
	SHLS(5, a+1, a+1);        \
	NEGS(a, a);               \
	NEGS(a+1, a+1)

#define FROM1 ZEROS(R0, 16)

#define FROM2 \
	FROM1; \
	ZEROS(R6, 18)

// SIXES does the 16 bytes at at of four rows: the low nibbles with the activations at x and
// the scales at s, the high ones 128 bytes and 256 on.
#define SIXES(at, x, s, OPA, a, OPB, b, UNIT, WEIGH) \
	NIBBLES(at);       \
	BITS(OPA, a, 4);   \
	ZERO4(8);          \
	UNIT(x, 4, 8);     \
	WEIGH(s, 8);       \
	BITS(OPB, b, 0);   \
	ZERO4(8);          \
	UNIT(x+128, 0, 8); \
	WEIGH(s+256, 8)

#define HALF6(at, high, x, s, UNIT, WEIGH) \
	UPPER(high);                                               \
	SIXES(at, x, s, SHLB, 4, SHLB, 0, UNIT, WEIGH);            \
	SIXES(at+32, x+64, s+128, SHLB, 2, USHRB, 2, UNIT, WEIGH); \
	UPPER(high+16);                                            \
	SIXES(at+16, x+32, s+64, SHLB, 4, SHLB, 0, UNIT, WEIGH);   \
	SIXES(at+48, x+96, s+192, SHLB, 2, USHRB, 2, UNIT, WEIGH)

#define BLOCK6(FROM, UNIT, WEIGH) \
	SIXTEEN(192, F0, F1, F2, F3);        \
	PAIR(0, 28);                         \
	FROM;                                \
	SORT;                                \
	SPREAD(SSHRS, 0, 0, 1);              \
	SPREAD(SSHRS, 1, 4, 1);              \
	SPREAD(SSHRS, 2, 8, 1);              \
	SPREAD(SSHRS, 3, 12, 1);             \
	HALVES(208);                         \
	TWICE(0, -512);                      \
	AHEAD(1024);                         \
	HALF6(0, 128, 0, -256, UNIT, WEIGH); \
	AHEAD(1128);                         \
	HALF6(64, 160, 256, 256, UNIT, WEIGH)

// func rows4Q6KPairs1(out *float32, w *byte, rowBytes int, x *byte, pitch, blocks int, work *byte)
TEXT ·rows4Q6KPairs1(SB), NOSPLIT, $0-56
	ARGUMENTS
	VMOVI $48, V25.B16

block:
	BLOCK6(FROM1, UNIT1, WEIGH1)
	END1
	ADVANCE(592, 210)
	BNE block
	RESULT1
	RET

// func rows4Q6KPairs2(out *float32, w *byte, rowBytes int, x *byte, pitch, blocks int, work *byte)
TEXT ·rows4Q6KPairs2(SB), NOSPLIT, $0-56
	ARGUMENTS
	VMOVI $48, V25.B16

block:
	BLOCK6(FROM2, UNIT2, WEIGH2)
	END2
	ADVANCE(592, 210)
	BNE block
	RESULT2
	RET

// EIGHTS multiplies 32 values of four rows; V28 and V29 are the rows' scales.
#define EIGHTS(UNIT) \
	SIXTEEN(0, F0, F1, F2, F3);      \
	SIXTEEN(16, F12, F13, F14, F15); \
	PAIR(0, 4);                      \
	PAIR(12, 0);                     \
	ZERO4(16);                       \
	UNIT(0, 4, 16);                  \
	UNIT(32, 0, 16);                 \
	HALVES(-2);                      \
	ZIP1D(0, 0, 28);                 \
	ZIP2D(0, 0, 29)

// PLAIN adds a pair's sums, in a and the next, to two accumulators.
#define PLAIN(x, a, to) \
	FMOVQ 64(x), F20;  \
	SCVTF(a, a);       \
	SCVTF(a+1, a+1);   \
	VFMUL(20, 28, 21); \
	VFMUL(20, 29, 22); \
	FMLA(21, a, to);   \
	FMLA(22, a+1, to+1)

// TOKENS writes the results of a pair.
#define TOKENS(a, at) \
	ZIP1D(a+1, a, 0); \
	ZIP2D(a+1, a, 1); \
	FSTPQ (F0, F1), (at)(R13)

// BEHIND sets R1 to R4 to the values of the first block.
#define BEHIND \
	ADD $2, R1; \
	ADD $2, R2; \
	ADD $2, R3; \
	ADD $2, R4

// func rows4Q8Pairs1(out *float32, w *byte, rowBytes int, x *byte, pitch, blocks int, work *byte)
TEXT ·rows4Q8Pairs1(SB), NOSPLIT, $0-56
	ARGUMENTS
	BEHIND
	ZERO4(24)

block:
	EIGHTS(UNIT1)
	PLAIN(R0, 16, 24)
	ADVANCE(96, 34)
	BNE block
	TOKENS(24, 0)
	RET

// func rows4Q8Pairs2(out *float32, w *byte, rowBytes int, x *byte, pitch, blocks int, work *byte)
TEXT ·rows4Q8Pairs2(SB), NOSPLIT, $0-56
	ARGUMENTS
	BEHIND
	ZERO4(24)

block:
	EIGHTS(UNIT2)
	PLAIN(R0, 16, 24)
	PLAIN(R6, 18, 26)
	ADVANCE(96, 34)
	BNE block
	TOKENS(24, 0)
	TOKENS(26, 32)
	RET
