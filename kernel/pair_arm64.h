// Four rows as they are stored times one pair of tokens or two, by products of matrices
// (SMMLA). R0 and R6 are the packed pairs (panel_arm64.go has their layout), R7 the blocks
// left, R13 the accumulators: of each pair acc and m of both pairs of rows.
//
// V8 and V9 are the sums of a sub-block for the first pair of tokens and the two pairs of
// rows, V10 and V11 for the second; V12 to V15 are those of the sub-block beside it. V16
// to V19 are the weighed sums.

#define ARGUMENTS \
	MOVD out+0(FP), R13;      \
	MOVD w+8(FP), R1;         \
	MOVD rowBytes+16(FP), R2; \
	MOVD x+24(FP), R0;        \
	MOVD pitch+32(FP), R6;    \
	MOVD blocks+40(FP), R7;   \
	MOVD work+48(FP), R5;     \
	ADD R2<<1, R1, R3;        \
	ADD R2, R3, R4;           \
	ADD R2, R1, R2;           \
	ADD R0, R6, R6;           \
	ADD $512, R5;             \
	VMOVI $15, V24.B16

#define ADVANCE(packed, bytes) \
	ADD $packed, R0; \
	ADD $packed, R6; \
	ADD $bytes, R1;  \
	ADD $bytes, R2;  \
	ADD $bytes, R3;  \
	ADD $bytes, R4;  \
	SUBS $1, R7, R7

// UNIT1 and UNIT2 add the products of 16 values of four rows, from w on, and one pair's or
// two pairs' activations to the sums from a on.
#define UNIT1(at, w, a) \
	FLDPQ (at)(R0), (F20, F21); \
	SMMLA(w, 20, a);            \
	SMMLA(w+2, 20, a+1);        \
	SMMLA(w+1, 21, a);          \
	SMMLA(w+3, 21, a+1)

#define UNIT2(at, w, a) \
	UNIT1(at, w, a);            \
	FLDPQ (at)(R6), (F22, F23); \
	SMMLA(w, 22, a+2);          \
	SMMLA(w+2, 22, a+3);        \
	SMMLA(w+1, 23, a+2);        \
	SMMLA(w+3, 23, a+3)

// WEIGH1 and WEIGH2 add the sums from a on, times the scales at at, to the weighed ones.
#define WEIGH1(at, a) \
	FLDPQ (at)(R5), (F28, F29); \
	MLA(28, a, 16);             \
	MLA(29, a+1, 17)

#define WEIGH2(at, a) \
	WEIGH1(at, a);    \
	MLA(28, a+2, 18); \
	MLA(29, a+3, 19)

// ADDTO adds a pair's sums in a and the next, times the scales of rows in V28 and V29 and
// those of the pair at x, to the accumulators at offset.
#define ADDTO(a, x, offset) \
	FMOVQ 576(x), F20;             \
	FLDPQ (offset)(R13), (F0, F1); \
	SCVTF(a, a);                   \
	SCVTF(a+1, a+1);               \
	VFMUL(20, 28, 21);             \
	VFMUL(20, 29, 22);             \
	FMLA(21, a, 0);                \
	FMLA(22, a+1, 1);              \
	FSTPQ (F0, F1), (offset)(R13)

#define END1 \
	FLDPQ -512(R5), (F28, F29); \
	ADDTO(16, R0, 0)

#define END2 \
	END1; \
	ADDTO(18, R6, 64)

// MINIMA sets a and the next to the minima of four rows, in V30 and V31, times the sums of
// a pair's activations, which are 64·high + low.
#define MINIMA(x, a) \
	FLDPQ 512(x), (F0, F1); \
	ZERO(a);                \
	ZERO(a+1);              \
	SMMLA(30, 0, a);        \
	SMMLA(31, 0, a+1);      \
	SHLS(6, a, a);          \
	SHLS(6, a+1, a+1);      \
	SMMLA(30, 1, a);        \
	SMMLA(31, 1, a+1)

// BEGIN1 and BEGIN2 do what blocks of Q4_K and Q5_K begin with.
#define BEGIN1 \
	START;                      \
	FLDPQ -384(R5), (F30, F31); \
	MINIMA(R0, 8);              \
	FLDPQ -448(R5), (F28, F29); \
	ADDTO(8, R0, 32);           \
	ZERO4(16)

#define BEGIN2 \
	BEGIN1;         \
	MINIMA(R6, 10); \
	ADDTO(10, R6, 96)

// RESULT1 and RESULT2 write the results of two tokens or four over the accumulators.
#define RESULT(offset) \
	FLDPQ (offset)(R13), (F0, F1);    \
	FLDPQ (offset+32)(R13), (F2, F3); \
	VFSUB(2, 0, 0);                   \
	VFSUB(3, 1, 1);                   \
	ZIP1D(1, 0, 2);                   \
	ZIP2D(1, 0, 3)

#define RESULT1 \
	RESULT(0); \
	FSTPQ (F2, F3), (R13)

#define RESULT2 \
	RESULT1;    \
	RESULT(64); \
	FSTPQ (F2, F3), 32(R13)

// AHEAD asks for what is read some blocks later.
#define AHEAD(at) \
	PRFM (at)(R1), PLDL1STRM; \
	PRFM (at)(R2), PLDL1STRM; \
	PRFM (at)(R3), PLDL1STRM; \
	PRFM (at)(R4), PLDL1STRM
