//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"
#include "fourrows_arm64.h"
#include "fourpairs_arm64.h"
#include "fourlow_arm64.h"
#include "pair_arm64.h"

// Pairs of tokens and rows that have two or three bits, or levels from a table.

// OUT1 and OUT2 multiply unit u, which has a scale of its own.
#define OUT1(u, a) \
	ZERO(8);             \
	ZERO(9);             \
	UNIT1(32*(u), a, 8); \
	WEIGH1(64*(u)-256, 8)

#define OUT2(u, a) \
	ZERO4(8);            \
	UNIT2(32*(u), a, 8); \
	WEIGH2(64*(u)-256, 8)

// TWO multiplies the bits of 16 values that mask leaves; they are not shifted, so that the
// scales have to count for that.
#define TWO(mask, u, OUT) \
	ANDB(mask, 4, 0); \
	ANDB(mask, 5, 1); \
	ANDB(mask, 6, 2); \
	ANDB(mask, 7, 3); \
	OUT(u, 0)

// TWOS does 16 bytes of four times two bits, the first of which are unit u. They count 1, 4
// and 16; the upper ones, which would be negative, are shifted and count 1.
#define TWOS(at, u, OUT) \
	SIXTEEN(at, F0, F1, F2, F3); \
	PAIR(0, 4);                  \
	TWO(25, u, OUT);             \
	TWO(26, u+2, OUT);           \
	TWO(27, u+4, OUT);           \
	FOUR(USHRB, 6, 4, 0);        \
	OUT(u+6, 0)

#define BLOCK2(OUT) \
	TWOS(16, 0, OUT); \
	TWOS(32, 1, OUT); \
	TWOS(48, 8, OUT); \
	TWOS(64, 9, OUT)

// SIXTEENFOLD makes the products of scales and values count 16, SIXTEENTH1 and SIXTEENTH2
// make up for it. R12 has 16, 4, 1 and 16, twice each.
#define SIXTEENFOLD \
	VDUP R12, V20.D2; \
	MULB(20, 0, 0);   \
	MULB(20, 1, 1);   \
	MULB(20, 2, 2);   \
	MULB(20, 3, 3)

#define SIXTEENTH1 \
	SSHRS(4, 16, 16); \
	SSHRS(4, 17, 17)

#define SIXTEENTH2 \
	SIXTEENTH1;       \
	SSHRS(4, 18, 18); \
	SSHRS(4, 19, 19)

// MANY sets a and the next to 16 minima of four rows, in V28 to V31, times the sums of a
// pair's activations.
#define MANY(x, a) \
	FLDPQ 512(x), (F0, F1); \
	FLDPQ 544(x), (F2, F3); \
	ZERO(a);                \
	ZERO(a+1);              \
	SMMLA(28, 0, a);        \
	SMMLA(29, 0, a+1);      \
	SMMLA(30, 1, a);        \
	SMMLA(31, 1, a+1);      \
	SHLS(6, a, a);          \
	SHLS(6, a+1, a+1);      \
	SMMLA(28, 2, a);        \
	SMMLA(29, 2, a+1);      \
	SMMLA(30, 3, a);        \
	SMMLA(31, 3, a+1)

#define START2 \
	MINIMA2;                    \
	SIXTEENFOLD;                \
	SCALES2;                    \
	FLDPQ -384(R5), (F28, F29); \
	FLDPQ -320(R5), (F30, F31); \
	MANY(R0, 8);                \
	ZERO4(16)

#define BEGINLOW1 \
	START2;                     \
	FLDPQ -448(R5), (F28, F29); \
	ADDTO(8, R0, 32)

#define BEGINLOW2 \
	START2;                     \
	MANY(R6, 10);               \
	FLDPQ -448(R5), (F28, F29); \
	ADDTO(8, R0, 32);           \
	ADDTO(10, R6, 96)

// func rows4Q2KPairs1(out *float32, w *byte, rowBytes int, x *byte, pitch, blocks int, work *byte)
TEXT ·rows4Q2KPairs1(SB), NOSPLIT, $0-56
	ARGUMENTS
	MOVD $0x1010010104041010, R12
	VMOVI $3, V25.B16
	VMOVI $12, V26.B16
	VMOVI $48, V27.B16

block:
	BEGINLOW1
	AHEAD(1024)
	BLOCK2(OUT1)
	SIXTEENTH1
	END1
	ADVANCE(592, 84)
	BNE block
	RESULT1
	RET

// func rows4Q2KPairs2(out *float32, w *byte, rowBytes int, x *byte, pitch, blocks int, work *byte)
TEXT ·rows4Q2KPairs2(SB), NOSPLIT, $0-56
	ARGUMENTS
	MOVD $0x1010010104041010, R12
	VMOVI $3, V25.B16
	VMOVI $12, V26.B16
	VMOVI $48, V27.B16

block:
	BEGINLOW2
	AHEAD(1024)
	BLOCK2(OUT2)
	SIXTEENTH2
	END2
	ADVANCE(592, 84)
	BNE block
	RESULT2
	RET

// func rows4Q3KPairs1(out *float32, w *byte, rowBytes int, x *byte, pitch, blocks int, work *byte)
TEXT ·rows4Q3KPairs1(SB), NOSPLIT, $0-56
	ARGUMENTS
	VMOVI $128, V25.B16
	VMOVI $3, V26.B16
	VMOVI $32, V27.B16

block:
	START3
	ZERO4(16)
	AHEAD(1024)
	BLOCK3(OUT1)
	END1
	ADVANCE(592, 110)
	BNE block
	RESULT1
	RET

// func rows4Q3KPairs2(out *float32, w *byte, rowBytes int, x *byte, pitch, blocks int, work *byte)
TEXT ·rows4Q3KPairs2(SB), NOSPLIT, $0-56
	ARGUMENTS
	VMOVI $128, V25.B16
	VMOVI $3, V26.B16
	VMOVI $32, V27.B16

block:
	START3
	ZERO4(16)
	AHEAD(1024)
	BLOCK3(OUT2)
	END2
	ADVANCE(592, 110)
	BNE block
	RESULT2
	RET

// BOTH1 and BOTH2 multiply the units of sub-block b.
#define BOTH1(b) \
	ZERO(8);                \
	ZERO(9);                \
	UNIT1(64*(b), 4, 8);    \
	UNIT1(64*(b)+32, 0, 8); \
	WEIGH1(64*(b)-256, 8)

#define BOTH2(b) \
	ZERO4(8);               \
	UNIT2(64*(b), 4, 8);    \
	UNIT2(64*(b)+32, 0, 8); \
	WEIGH2(64*(b)-256, 8)

// func rows4IQ4XSPairs1(out *float32, w *byte, rowBytes int, x *byte, pitch, blocks int, work *byte)
TEXT ·rows4IQ4XSPairs1(SB), NOSPLIT, $0-56
	ARGUMENTS
	TABLE
	VMOVI $3, V26.B16
	VMOVI $32, V27.B16

block:
	STARTXS
	ZERO4(16)
	AHEAD(1024)
	BLOCKXS(BOTH1)
	END1
	ADVANCE(592, 136)
	BNE block
	RESULT1
	RET

// func rows4IQ4XSPairs2(out *float32, w *byte, rowBytes int, x *byte, pitch, blocks int, work *byte)
TEXT ·rows4IQ4XSPairs2(SB), NOSPLIT, $0-56
	ARGUMENTS
	TABLE
	VMOVI $3, V26.B16
	VMOVI $32, V27.B16

block:
	STARTXS
	ZERO4(16)
	AHEAD(1024)
	BLOCKXS(BOTH2)
	END2
	ADVANCE(592, 136)
	BNE block
	RESULT2
	RET
