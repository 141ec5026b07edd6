// What the loops over four rows of stored weights have in common. R1 to R4 are the
// rows.

// SIXTEEN loads 16 bytes of each row.
#define SIXTEEN(at, v0, v1, v2, v3) \
	FMOVQ (at)(R1), v0; \
	FMOVQ (at)(R2), v1; \
	FMOVQ (at)(R3), v2; \
	FMOVQ (at)(R4), v3

// SORT sorts the words of four rows, V0 to V3: V0 gets the first of every row.
#define SORT \
	ZIP1S(1, 0, 4); \
	ZIP2S(1, 0, 5); \
	ZIP1S(3, 2, 6); \
	ZIP2S(3, 2, 7); \
	ZIP1D(6, 4, 0); \
	ZIP2D(6, 4, 1); \
	ZIP1D(7, 5, 2); \
	ZIP2D(7, 5, 3)

// HEAD takes apart the four words that a block of Q4_K or Q5_K begins with: d and dmin,
// and three of scales and minima (scalesMinima). Lane r of every result is row r's:
//
//	V1, V20  scales of sub-blocks 0 to 3 and 4 to 7, a byte each
//	V2, V5   their minima
//	V6, V7   d and dmin, float32
//
// The registers fifteen and sixtythree have that in every byte.
#define HEAD(fifteen, sixtythree) \
	SIXTEEN(0, F0, F1, F2, F3); \
	SORT;                       \
	ANDB(fifteen, 3, 20);       \
	USHRB(6, 1, 6);             \
	SLIB(4, 6, 20);             \
	USHRB(4, 3, 5);             \
	USHRB(6, 2, 7);             \
	SLIB(4, 7, 5);              \
	ANDB(sixtythree, 1, 1);     \
	ANDB(sixtythree, 2, 2);     \
	UZP1H(0, 0, 6);             \
	UZP2H(0, 0, 7);             \
	FCVTL(6, 6);                \
	FCVTL(7, 7)

// HALVES loads a half of each row to V0, as float32. Loads of single lanes would wait
// for what V0 held before.
#define HALVES(at) \
	MOVHU (at)(R1), R8;  \
	MOVHU (at)(R2), R9;  \
	MOVHU (at)(R3), R10; \
	MOVHU (at)(R4), R11; \
	ORR R9<<16, R8, R8;  \
	ORR R10<<32, R8, R8; \
	ORR R11<<48, R8, R8; \
	FMOVD R8, F0;        \
	FCVTL(0, 0)
