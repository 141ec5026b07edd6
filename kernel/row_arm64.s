//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"
#include "fourrows_arm64.h"
#include "row_arm64.h"

// One token and rows of four bits and more.

// MINIMA does what four rows of Q4_K or Q5_K have at a block's beginning. Their minima,
// of four sub-blocks a lane, meet the sums of 32 activations, which are 64·high + low
// and so fit a byte.
#define MINIMA \
	VMOVI $63, V27.B16;              \
	HEAD(15, 27);                    \
	VLD1R.P 4(R5), [V24.S4];         \
	VFMUL(24, 6, 14);                \
	VFMUL(24, 7, 7);                 \
	VLD1.P 32(R6), [V28.H8, V29.H8]; \
	ADDPH(29, 28, 28);               \
	SSHRH(6, 28, 29);                \
	XTN(28, 30);                     \
	XTN(29, 31);                     \
	ANDB(27, 30, 30);                \
	ZERO(29);                        \
	SDOTE(0, 31, 2, 29);             \
	SDOTE(1, 31, 5, 29);             \
	SHLS(6, 29, 29);                 \
	SDOTE(0, 30, 2, 29);             \
	SDOTE(1, 30, 5, 29);             \
	SCVTF(29, 29);                   \
	FMLA(7, 29, 13);                 \
	ZERO4(8);                        \
	WIDEN(1)

// WIDEN widens four scales of four rows, the bytes of v, to V16 to V19.
#define WIDEN(v) \
	UXTLB(v, 17);   \
	UXTLB2(v, 19);  \
	UXTLH(17, 16);  \
	UXTLH2(17, 17); \
	UXTLH(19, 18);  \
	UXTLH2(19, 19)

// LOWER multiplies 32 values, in V26 and V27, with the activations from x on, UPPER the
// next 32, in V24 and V25.
#define LOWER(x) \
	ZERO(28);        \
	SDOT(x, 26, 28); \
	SDOT(x+1, 27, 28)

#define UPPER(x) \
	ZERO(29);          \
	SDOT(x+2, 24, 29); \
	SDOT(x+3, 25, 29)

// WEIGH adds both, times the scales in lane j and the next, to a row's sums.
#define WEIGH(j, scale, acc) \
	MLAE(j, scale, 28, acc); \
	MLAE(j+1, scale, 29, acc)

// NIBBLES takes apart 32 bytes of a row: V26 and V27 are the low ones, V24 and V25 the high
// ones.
#define NIBBLES(at, R) \
	FLDPQ (at)(R), (F24, F25); \
	ANDB(15, 24, 26);          \
	ANDB(15, 25, 27);          \
	USHRB(4, 24, 24);          \
	USHRB(4, 25, 25)

// FOUR does 64 values of a row of Q4_K.
#define FOUR(at, R, x, scale, acc) \
	NIBBLES(at, R); \
	LOWER(x);       \
	UPPER(x);       \
	WEIGH(x/2, scale, acc)

// FOURS does half a block of a row.
#define FOURS(at, R, scale, acc) \
	PRFM (1024+at)(R), PLDL1STRM; \
	FOUR(at, R, 0, scale, acc);   \
	FOUR(at+32, R, 4, scale, acc)

// func rows4Q4KNEON(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks int)
TEXT ·rows4Q4KNEON(SB), NOSPLIT, $0-56
	ARGUMENTS
	VMOVI $15, V15.B16
	ZERO(12)
	ZERO(13)

block:
	MINIMA
	ACTIVATIONS
	FOURS(16, R1, 16, 8)
	FOURS(16, R2, 17, 9)
	FOURS(16, R3, 18, 10)
	FOURS(16, R4, 19, 11)
	WIDEN(20)
	ACTIVATIONS
	FOURS(80, R1, 16, 8)
	FOURS(80, R2, 17, 9)
	FOURS(80, R3, 18, 10)
	FOURS(80, R4, 19, 11)
	END
	ADVANCE(144)
	BNE block
	VFSUB(13, 12, 12)
	STORE
	RET

// BITS adds the bits that mask names of V22 and V23, after a shift, to a and b.
#define BITS(OP, s, mask, a, b) \
	OP(s, 22, 30);    \
	OP(s, 23, 31);    \
	BIT(mask, 30, a); \
	BIT(mask, 31, b)

// FIVE does 64 values of a row of Q5_K. The fifth bits of the low nibbles come from
// shift OPA by a, those of the high ones from OPB by b. V21 has 16 in every byte.
#define FIVE(at, R, x, OPA, a, OPB, b, scale, acc) \
	NIBBLES(at, R);           \
	BITS(OPA, a, 21, 26, 27); \
	LOWER(x);                 \
	BITS(OPB, b, 21, 24, 25); \
	UPPER(x);                 \
	WEIGH(x/2, scale, acc)

#define FIRST(R, scale, acc) \
	PRFM 1024(R), PLDL1STRM;                      \
	FLDPQ 16(R), (F22, F23);                      \
	FIVE(48, R, 0, SHLB, 4, SHLB, 3, scale, acc); \
	FIVE(80, R, 4, SHLB, 2, SHLB, 1, scale, acc)

#define SECOND(R, scale, acc) \
	PRFM 1112(R), PLDL1STRM;                        \
	FLDPQ 16(R), (F22, F23);                        \
	FIVE(112, R, 0, SHLB, 0, USHRB, 1, scale, acc); \
	FIVE(144, R, 4, USHRB, 2, USHRB, 3, scale, acc)

// func rows4Q5KNEON(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks int)
TEXT ·rows4Q5KNEON(SB), NOSPLIT, $0-56
	ARGUMENTS
	VMOVI $15, V15.B16
	VMOVI $16, V21.B16
	ZERO(12)
	ZERO(13)

block:
	MINIMA
	ACTIVATIONS
	FIRST(R1, 16, 8)
	FIRST(R2, 17, 9)
	FIRST(R3, 18, 10)
	FIRST(R4, 19, 11)
	WIDEN(20)
	ACTIVATIONS
	SECOND(R1, 16, 8)
	SECOND(R2, 17, 9)
	SECOND(R3, 18, 10)
	SECOND(R4, 19, 11)
	END
	ADVANCE(176)
	BNE block
	VFSUB(13, 12, 12)
	STORE
	RET

// ZEROS sets acc to -32 times the sums of 16 activations, 64·high + low in V16 and V17,
// times the scales of a row.
#define ZEROS(R, acc) \
	FMOVQ 192(R), F28; \
	ZERO(acc);         \
	SDOT(16, 28, acc); \
	SHLS(6, acc, acc); \
	SDOT(17, 28, acc); \
	SHLS(5, acc, acc)

// SIX does 64 values of a row of Q6_K: 32 with the activations from x on and the scales
// in V18, and 32 with those from x+4 on and V19.
#define SIX(at, R, x, OPA, a, OPB, b, acc) \
	NIBBLES(at, R);           \
	BITS(OPA, a, 21, 26, 27); \
	ZERO(28);                 \
	ZERO(29);                 \
	SDOT(x, 26, 28);          \
	SDOT(x+1, 27, 29);        \
	MLAE(x, 18, 28, acc);     \
	MLAE(x+1, 18, 29, acc);   \
	BITS(OPB, b, 21, 24, 25); \
	ZERO(28);                 \
	ZERO(29);                 \
	SDOT(x+4, 24, 28);        \
	SDOT(x+5, 25, 29);        \
	MLAE(x, 19, 28, acc);     \
	MLAE(x+1, 19, 29, acc)

// SIXES does half a block of a row: 64 bytes, their upper bits and 8 scales.
#define SIXES(at, high, scales, R, acc) \
	PRFM (1024+at)(R), PLDL1STRM;         \
	FMOVD (scales)(R), F18;               \
	FLDPQ (high)(R), (F22, F23);          \
	SXTLB(18, 18);                        \
	SXTLH2(18, 19);                       \
	SXTLH(18, 18);                        \
	SIX(at, R, 0, SHLB, 4, SHLB, 0, acc); \
	SIX(at+32, R, 2, SHLB, 2, USHRB, 2, acc)

// func rows4Q6KNEON(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks int)
TEXT ·rows4Q6KNEON(SB), NOSPLIT, $0-56
	ARGUMENTS
	VMOVI $15, V15.B16
	VMOVI $48, V21.B16
	VMOVI $63, V13.B16
	ZERO(12)

block:
	VLD1.P 32(R6), [V0.H8, V1.H8]
	NEGH(0, 0)
	NEGH(1, 1)
	SPLIT(13)
	ZEROS(R1, 8)
	ZEROS(R2, 9)
	ZEROS(R3, 10)
	ZEROS(R4, 11)
	ACTIVATIONS
	SIXES(0, 128, 192, R1, 8)
	SIXES(0, 128, 192, R2, 9)
	SIXES(0, 128, 192, R3, 10)
	SIXES(0, 128, 192, R4, 11)
	ACTIVATIONS
	SIXES(64, 160, 200, R1, 8)
	SIXES(64, 160, 200, R2, 9)
	SIXES(64, 160, 200, R3, 10)
	SIXES(64, 160, 200, R4, 11)
	HALVES(208)
	VLD1R.P 4(R5), [V14.S4]
	VFMUL(14, 0, 14)
	END
	ADVANCE(210)
	BNE block
	STORE
	RET
