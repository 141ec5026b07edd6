// What the tiles of products of matrices and those of four bytes have in common: 8 rows
// of a panel times one pair of tokens or two; panel_arm64.go has the layouts. R0 is the
// panel, R1 and R2 the pairs, R3 the scales, R6 the accumulators, R8 the blocks left.
//
// A register of sums, scales or accumulators belongs to a pair of tokens and a pair of
// rows: it has both rows of the first token and then both of the second.

#define ARGUMENTS \
	MOVD acc+0(FP), R6;     \
	MOVD panel+8(FP), R0;   \
	MOVD x+16(FP), R1;      \
	MOVD pitch+24(FP), R2;  \
	MOVD blocks+32(FP), R8; \
	ADD R1, R2, R2

// SCALES loads those of 8 rows at R.
#define SCALES(R) VLD1.P 64(R), [V28.S4, V29.S4, V30.S4, V31.S4]

// WEIGH adds a pair's four sums, from a on, times the scales to four others.
#define WEIGH(a, to) \
	MLA(28, a, to);     \
	MLA(29, a+1, to+1); \
	MLA(30, a+2, to+2); \
	MLA(31, a+3, to+3)

// PRODUCTS sets V4 to V7 to the products of the rows' scales and a pair's, in V24, and
// converts the pair's sums, from a on.
#define PRODUCTS(a) \
	VFMUL(24, 28, 4); \
	VFMUL(24, 29, 5); \
	VFMUL(24, 30, 6); \
	VFMUL(24, 31, 7); \
	SCVTF(a, a);      \
	SCVTF(a+1, a+1);  \
	SCVTF(a+2, a+2);  \
	SCVTF(a+3, a+3)

// ADDTO adds the sums of a pair, from a on, to the floats that lie offset behind R6. The
// pair's scales lie 64 bytes behind x.
#define ADDTO(a, x, offset) \
	ADD $64, x, R5;                          \
	ADD $(offset), R6, R7;                   \
	VLD1 (R5), [V24.S4];                     \
	VLD1 (R7), [V0.S4, V1.S4, V2.S4, V3.S4]; \
	PRODUCTS(a);                             \
	FMLA(4, a, 0);                           \
	FMLA(5, a+1, 1);                         \
	FMLA(6, a+2, 2);                         \
	FMLA(7, a+3, 3);                         \
	VST1 [V0.S4, V1.S4, V2.S4, V3.S4], (R7)

#define SHIFT4(d) SHLS(6, d, d); SHLS(6, d+1, d+1); SHLS(6, d+2, d+2); SHLS(6, d+3, d+3)
