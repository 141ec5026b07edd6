// Eight columns of stored floats, of sixteen rows side by side (columns_amd64.h).

// The sixteen bytes from o on are two columns in each of Z0 to Z3, or one of f32.
// A PAIR hands each of them, as float32 in Z8, to USE, with its place among
// the columns.

#define PAIRBF16(z, USE, first, second) \
	VPSLLD $16, z, Z8;    \
	USE(first, Z8);       \
	VPANDD Z31, z, Z8;    \
	USE(second, Z8)

#define PAIRF16(z, USE, first, second) \
	VPMOVDW z, Y8;        \
	VCVTPH2PS Y8, Z8;     \
	USE(first, Z8);       \
	VPSRLD $16, z, z;     \
	VPMOVDW z, Y8;        \
	VCVTPH2PS Y8, Z8;     \
	USE(second, Z8)

#define EIGHT2(PAIR, USE, o) \
	COLUMNS(o);          \
	PAIR(Z0, USE, 0, 1); \
	PAIR(Z1, USE, 2, 3); \
	PAIR(Z2, USE, 4, 5); \
	PAIR(Z3, USE, 6, 7)

#define EIGHTBF16(USE, o) EIGHT2(PAIRBF16, USE, o)
#define EIGHTF16(USE, o) EIGHT2(PAIRF16, USE, o)

#define EIGHTF32(USE, o) \
	COLUMNS(o);    \
	USE(0, Z0);    \
	USE(1, Z1);    \
	USE(2, Z2);    \
	USE(3, Z3);    \
	COLUMNS(16+o); \
	USE(4, Z0);    \
	USE(5, Z1);    \
	USE(6, Z2);    \
	USE(7, Z3)

// HIGHHALF masks the upper half of every dword.
#define HIGHHALF \
	MOVL $0xffff0000, AX; \
	VPBROADCASTD AX, Z31
