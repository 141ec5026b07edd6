//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"
#include "fourrows_arm64.h"
#include "fourlow_arm64.h"
#include "row_arm64.h"

// One token and rows that have two or three bits, or levels from a table.

// ENDBY is END for sums that are 1<<s times too large.
#define ENDBY(s) \
	JOIN(8);        \
	SSHRS(s, 8, 8); \
	SCVTF(8, 8);    \
	FMLA(14, 8, 12)

// WEIGH adds a row's products, of 16 values in V26 and of 16 in V27 with the activations
// from x on, times the scales in lane j and the next, to acc.
#define WEIGH(x, j, scale, acc) \
	ZERO(28);                \
	ZERO(29);                \
	SDOT(x, 26, 28);         \
	SDOT(x+1, 27, 29);       \
	MLAE(j, scale, 28, acc); \
	MLAE(j+1, scale, 29, acc)

// MINIMUM sets acc to a row's minima times the sums of 16 activations, 64·high + low in V16
// and V17.
#define MINIMUM(R, acc) \
	FMOVQ (R), F28;    \
	USHRB(4, 28, 28);  \
	ZERO(acc);         \
	SDOT(16, 28, acc); \
	SHLS(6, acc, acc); \
	SDOT(17, 28, acc)

// BITS2 does two bits of 32 values, which count what their place makes of them.
#define BITS2(mask, x, j, scale, acc) \
	ANDB(mask, 24, 26); \
	ANDB(mask, 25, 27); \
	WEIGH(x, j, scale, acc)

// HALF2 does half a block of a row: 32 bytes and 8 scales. Bits that count 1, 4 and 16 are
// not shifted, the upper ones, which would be negative, count 1; V23 has what makes all
// products count 16.
#define HALF2(at, scales, R, acc) \
	PRFM (1024+at)(R), PLDL1STRM; \
	FMOVD (scales)(R), F18;       \
	FLDPQ (at)(R), (F24, F25);    \
	ANDB(15, 18, 18);             \
	MULB(23, 18, 18);             \
	UXTLB(18, 18);                \
	UXTLH2(18, 19);               \
	UXTLH(18, 18);                \
	BITS2(20, 0, 0, 18, acc);     \
	BITS2(21, 2, 2, 18, acc);     \
	BITS2(22, 4, 0, 19, acc);     \
	USHRB(6, 24, 26);             \
	USHRB(6, 25, 27);             \
	WEIGH(6, 2, 19, acc)

// func rows4Q2KNEON(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks int)
TEXT ·rows4Q2KNEON(SB), NOSPLIT, $0-56
	ARGUMENTS
	MOVD $0x1010010104041010, R12
	VDUP R12, V23.D2
	VMOVI $15, V15.B16
	VMOVI $3, V20.B16
	VMOVI $12, V21.B16
	VMOVI $48, V22.B16
	ZERO(12)
	ZERO(13)

block:
	VMOVI $63, V27.B16
	VLD1.P 32(R6), [V0.H8, V1.H8]
	SPLIT(27)
	FACTORS2
	VLD1R.P 4(R5), [V14.S4]
	VFMUL(14, 7, 7)
	VFMUL(14, 6, 14)
	MINIMUM(R1, 8)
	MINIMUM(R2, 9)
	MINIMUM(R3, 10)
	MINIMUM(R4, 11)
	JOIN(8)
	SCVTF(8, 8)
	FMLA(7, 8, 13)
	ZERO4(8)
	ACTIVATIONS
	HALF2(16, 0, R1, 8)
	HALF2(16, 0, R2, 9)
	HALF2(16, 0, R3, 10)
	HALF2(16, 0, R4, 11)
	ACTIVATIONS
	HALF2(48, 8, R1, 8)
	HALF2(48, 8, R2, 9)
	HALF2(48, 8, R3, 10)
	HALF2(48, 8, R4, 11)
	ENDBY(4)
	ADVANCE(84)
	BNE block
	VFSUB(13, 12, 12)
	STORE
	RET

// WIDEN widens four scales of four rows, the bytes of v, and writes them from at on: 16 a
// row.
#define WIDEN(v, at) \
	SXTLB(v, 17);             \
	SXTLB2(v, 19);            \
	SXTLH(17, 16);            \
	SXTLH2(17, 17);           \
	SXTLH(19, 18);            \
	SXTLH2(19, 19);           \
	FMOVQ F16, (at)(R12);     \
	FMOVQ F17, (at+64)(R12);  \
	FMOVQ F18, (at+128)(R12); \
	FMOVQ F19, (at+192)(R12)

// BITS3 does two bits, after OP by s, below an inverted third, the upper bit of V22 and V23,
// which then make another the upper one: that is q-4, 32 times. V20 has 128 in every byte, V21
// the three upper bits.
#define BITS3(OP, s, x, j, scale, acc) \
	OP(s, 24, 26);    \
	OP(s, 25, 27);    \
	BIT(20, 22, 26);  \
	BIT(20, 23, 27);  \
	ANDB(21, 26, 26); \
	ANDB(21, 27, 27); \
	ADDB(22, 22, 22); \
	ADDB(23, 23, 23); \
	WEIGH(x, j, scale, acc)

// HALF3 does half a block of a row: 32 bytes, four bits of 32 others from bit 7-skip down, and
// 8 scales.
#define HALF3(at, skip, scales, R, acc) \
	PRFM (1024+at)(R), PLDL1STRM;    \
	FLDPQ (scales)(R12), (F18, F19); \
	FLDPQ (R), (F22, F23);           \
	FLDPQ (at)(R), (F24, F25);       \
	NOTB(22, 22);                    \
	NOTB(23, 23);                    \
	SHLB(skip, 22, 22);              \
	SHLB(skip, 23, 23);              \
	BITS3(USHRB, 1, 6, 2, 19, acc);  \
	BITS3(SHLB, 1, 4, 0, 19, acc);   \
	BITS3(SHLB, 3, 2, 2, 18, acc);   \
	BITS3(SHLB, 5, 0, 0, 18, acc)

// func rows4Q3KNEON(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks int)
TEXT ·rows4Q3KNEON(SB), NOSPLIT, $256-56
	ARGUMENTS
	MOVD $scales-256(SP), R12
	VMOVI $128, V20.B16
	VMOVI $224, V21.B16
	ZERO(12)

block:
	VMOVI $15, V24.B16
	VMOVI $3, V26.B16
	VMOVI $32, V27.B16
	HEAD3
	VLD1R.P 4(R5), [V14.S4]
	VFMUL(14, 3, 14)
	WIDEN(0, 0)
	WIDEN(1, 16)
	WIDEN(4, 32)
	WIDEN(5, 48)
	ZERO4(8)
	ACTIVATIONS
	HALF3(32, 4, 0, R1, 8)
	HALF3(32, 4, 64, R2, 9)
	HALF3(32, 4, 128, R3, 10)
	HALF3(32, 4, 192, R4, 11)
	ACTIVATIONS
	HALF3(64, 0, 32, R1, 8)
	HALF3(64, 0, 96, R2, 9)
	HALF3(64, 0, 160, R3, 10)
	HALF3(64, 0, 224, R4, 11)
	ENDBY(5)
	ADVANCE(110)
	BNE block
	STORE
	RET

// LEVEL does sub-block j of a half, 16 bytes in v; low nibbles come first. V22 has the
// levels, V20 a row's four scales.
#define LEVEL(v, j, acc) \
	ANDB(15, v, 26);       \
	USHRB(4, v, 27);       \
	TBL(26, 22, 26);       \
	TBL(27, 22, 27);       \
	ZERO(28);              \
	SDOT(2*(j), 26, 28);   \
	SDOT(2*(j)+1, 27, 28); \
	MLAE(j, 20, 28, acc)

// HALFXS does half a block of a row; WIDE takes its scales, of the eight in scales.
#define HALFXS(at, R, WIDE, scales, acc) \
	PRFM (1024+at)(R), PLDL1STRM; \
	WIDE(scales, 20);             \
	FMOVQ (at)(R), F24;           \
	FMOVQ (at+16)(R), F25;        \
	FMOVQ (at+32)(R), F30;        \
	FMOVQ (at+48)(R), F31;        \
	LEVEL(24, 0, acc);            \
	LEVEL(25, 1, acc);            \
	LEVEL(30, 2, acc);            \
	LEVEL(31, 3, acc)

// func rows4IQ4XSNEON(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks int)
TEXT ·rows4IQ4XSNEON(SB), NOSPLIT, $0-56
	ARGUMENTS
	TABLE
	VMOV V25.B16, V22.B16
	VMOVI $15, V15.B16
	ZERO(12)

block:
	VMOVI $15, V24.B16
	VMOVI $3, V26.B16
	VMOVI $32, V27.B16
	HEADXS
	VLD1R.P 4(R5), [V14.S4]
	VFMUL(14, 2, 14)
	ZIP1B(6, 1, 17)
	ZIP2B(6, 1, 19)
	SXTLB(17, 16)
	SXTLB2(17, 17)
	SXTLB(19, 18)
	SXTLB2(19, 19)
	ZERO4(8)
	ACTIVATIONS
	HALFXS(8, R1, SXTLH, 16, 8)
	HALFXS(8, R2, SXTLH, 17, 9)
	HALFXS(8, R3, SXTLH, 18, 10)
	HALFXS(8, R4, SXTLH, 19, 11)
	ACTIVATIONS
	HALFXS(72, R1, SXTLH2, 16, 8)
	HALFXS(72, R2, SXTLH2, 17, 9)
	HALFXS(72, R3, SXTLH2, 18, 10)
	HALFXS(72, R4, SXTLH2, 19, 11)
	END
	ADVANCE(136)
	BNE block
	STORE
	RET
