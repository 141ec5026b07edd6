// What the loops that pair four rows of stored weights have in common, beside
// fourrows_arm64.h: an instruction meets 8 values of two rows. Scales and minima lie in the
// order of a panel's block (panel_arm64.go), where R5 is 512 bytes behind d. V24 has 15 in
// every byte.

// PAIR makes pairs of rows of 8 bytes of four rows of 16, from f on, in the registers
// from t on.
#define PAIR(f, t) \
	ZIP1D(f+1, f, t);     \
	ZIP2D(f+1, f, t+1);   \
	ZIP1D(f+3, f+2, t+2); \
	ZIP2D(f+3, f+2, t+3)

// FOUR does OP by s bits with the four registers from f on, to those from t on.
#define FOUR(OP, s, f, t) \
	OP(s, f, t);     \
	OP(s, f+1, t+1); \
	OP(s, f+2, t+2); \
	OP(s, f+3, t+3)

// NIBBLES loads 16 bytes of each row and pairs them; the low nibbles come to V4 to V7,
// the high ones to V0 to V3.
#define NIBBLES(at) \
	SIXTEEN(at, F0, F1, F2, F3); \
	PAIR(0, 4);                  \
	FOUR(USHRB, 4, 4, 0);        \
	ANDB(24, 4, 4);              \
	ANDB(24, 5, 5);              \
	ANDB(24, 6, 6);              \
	ANDB(24, 7, 7)

// UPPER loads and pairs 16 bytes of each row with upper bits, in V12 to V15.
#define UPPER(at) \
	SIXTEEN(at, F8, F9, F10, F11); \
	PAIR(8, 12)

// BITS adds the bits that V25 names of V12 to V15, after OP by s, to the four registers from
// a on.
#define BITS(OP, s, a) \
	FOUR(OP, s, 12, 28); \
	BIT(25, 28, a);      \
	BIT(25, 29, a+1);    \
	BIT(25, 30, a+2);    \
	BIT(25, 31, a+3)

// TWICE writes four numbers of four rows, those of a pair of rows twice.
#define TWICE(v, at) \
	ZIP1D(v, v, 28); \
	ZIP2D(v, v, 29); \
	FSTPQ (F28, F29), (at)(R5)

// SPREAD does so with the scales of every step-th sub-block from j on, which are the bytes of
// every lane of v: int8 if OP is SSHRS, or uint8 if it is USHRS.
#define SPREAD(OP, v, j, step) \
	SHLS(24, v, 30);              \
	OP(24, 30, 30);               \
	TWICE(30, (j)*64-256);        \
	SHLS(16, v, 30);              \
	OP(24, 30, 30);               \
	TWICE(30, (j+step)*64-256);   \
	SHLS(8, v, 30);               \
	OP(24, 30, 30);               \
	TWICE(30, (j+2*step)*64-256); \
	OP(24, v, 30);                \
	TWICE(30, (j+3*step)*64-256)

// START does d, dmin, scales and minima of a block of Q4_K or Q5_K. V27 has 63 in every
// byte.
#define START \
	HEAD(24, 27);             \
	TWICE(6, -512);           \
	TWICE(7, -448);           \
	ZIP1S(5, 2, 6);           \
	ZIP2S(5, 2, 7);           \
	FSTPQ (F6, F7), -384(R5); \
	SPREAD(USHRS, 1, 0, 1);   \
	SPREAD(USHRS, 20, 4, 1)
