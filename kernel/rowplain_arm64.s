//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"
#include "fourrows_arm64.h"
#include "fourlow_arm64.h"
#include "row_arm64.h"

// One token and rows that have blocks of 32 values, centred and without minima.

// DONE adds a block to acc; the rows' scales begin at at.
#define DONE(at) \
	HALVES(at);              \
	VLD1R.P 4(R5), [V14.S4]; \
	VFMUL(14, 0, 14);        \
	END

// NIBBLES takes apart 16 bytes of a row: V5 are the low ones, which are first, V4 the high
// ones.
#define NIBBLES(at, R) \
	FMOVQ (at)(R), F4; \
	ANDB(15, 4, 5);    \
	USHRB(4, 4, 4)

// PRODUCTS multiplies a row's 32 values, in v and w, with V0 and V1.
#define PRODUCTS(v, w, acc) \
	ZERO(acc);       \
	SDOT(0, v, acc); \
	SDOT(1, w, acc)

#define EIGHT(R, acc) \
	FLDPQ (R), (F4, F5); \
	PRODUCTS(4, 5, acc)

// func rows4Q8NEON(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks int)
TEXT ·rows4Q8NEON(SB), NOSPLIT, $0-56
	ARGUMENTS
	ADD $2, R1
	ADD $2, R2
	ADD $2, R3
	ADD $2, R4
	ZERO(12)

block:
	VLD1.P 32(R0), [V0.B16, V1.B16]
	EIGHT(R1, 8)
	EIGHT(R2, 9)
	EIGHT(R3, 10)
	EIGHT(R4, 11)
	DONE(-2)
	ADVANCE(34)
	BNE block
	STORE
	RET

#define FOUR(R, acc) \
	NIBBLES(2, R);  \
	SUBB(20, 4, 4); \
	SUBB(20, 5, 5); \
	PRODUCTS(5, 4, acc)

// func rows4Q40NEON(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks int)
TEXT ·rows4Q40NEON(SB), NOSPLIT, $0-56
	ARGUMENTS
	VMOVI $15, V15.B16
	VMOVI $8, V20.B16
	ZERO(12)

block:
	VLD1.P 32(R0), [V0.B16, V1.B16]
	FOUR(R1, 8)
	FOUR(R2, 9)
	FOUR(R3, 10)
	FOUR(R4, 11)
	DONE(0)
	ADVANCE(18)
	BNE block
	STORE
	RET

// LEVEL looks values up in V25.
#define LEVEL(R, acc) \
	NIBBLES(2, R); \
	TBL(4, 25, 4); \
	TBL(5, 25, 5); \
	PRODUCTS(5, 4, acc)

// func rows4IQ4NLNEON(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks int)
TEXT ·rows4IQ4NLNEON(SB), NOSPLIT, $0-56
	ARGUMENTS
	TABLE
	VMOVI $15, V15.B16
	ZERO(12)

block:
	VLD1.P 32(R0), [V0.B16, V1.B16]
	LEVEL(R1, 8)
	LEVEL(R2, 9)
	LEVEL(R3, 10)
	LEVEL(R4, 11)
	DONE(0)
	ADVANCE(18)
	BNE block
	STORE
	RET

// FIVE puts the nibbles below four bits that are all the inverted fifth one, which is q-16.
// V20 and V21 say in which byte that is, V22 in which bit.
#define FIVE(R, acc) \
	NIBBLES(6, R);   \
	FMOVS 2(R), F6;  \
	NOTB(6, 6);      \
	TBL(20, 6, 7);   \
	TBL(21, 6, 6);   \
	CMTST(22, 7, 7); \
	CMTST(22, 6, 6); \
	SLIB(4, 7, 5);   \
	SLIB(4, 6, 4);   \
	PRODUCTS(5, 4, acc)

// func rows4Q50NEON(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks int)
TEXT ·rows4Q50NEON(SB), NOSPLIT, $0-56
	ARGUMENTS
	MOVD $0x0101010101010101, R8
	FMOVD R8, F21
	ZERO(20)
	ZIP1D(21, 20, 20)
	VMOVI $2, V21.B16
	ADDB(21, 20, 21)
	MOVD $0x8040201008040201, R8
	VDUP R8, V22.D2
	VMOVI $15, V15.B16
	ZERO(12)

block:
	VLD1.P 32(R0), [V0.B16, V1.B16]
	FIVE(R1, 8)
	FIVE(R2, 9)
	FIVE(R3, 10)
	FIVE(R4, 11)
	DONE(0)
	ADVANCE(22)
	BNE block
	STORE
	RET
