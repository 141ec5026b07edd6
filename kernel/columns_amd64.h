// Sixteen rows of bytes side by side, row i in lane i: row i begins at SI, R9, R10
// or R11, for i/4 from 0 to 3, plus i%4 times R8; R12 is three of R8, R13 is 0.

// ROWS sets the others from SI and R8.
#define ROWS \
	LEAQ (SI)(R8*4), R9;     \
	LEAQ (R9)(R8*4), R10;    \
	LEAQ (R10)(R8*4), R11;   \
	LEAQ (R8)(R8*2), R12;    \
	XORL R13, R13

// ALONG goes on to later bytes of all rows.
#define ALONG(bytes) \
	ADDQ $bytes, SI;  \
	ADDQ $bytes, R9;  \
	ADDQ $bytes, R10; \
	ADDQ $bytes, R11

// FOUR loads 16 bytes of every fourth row.
#define FOUR(o, i, x, z) \
	VMOVDQU o(SI)(i), x;               \
	VINSERTI32X4 $1, o(R9)(i), z, z;   \
	VINSERTI32X4 $2, o(R10)(i), z, z;  \
	VINSERTI32X4 $3, o(R11)(i), z, z

// COLUMNS loads the 16 bytes from o on of all rows, four in each of Z0 to Z3.
#define COLUMNS(o) \
	FOUR(o, R13*1, X4, Z4);  \
	FOUR(o, R8*1, X5, Z5);   \
	FOUR(o, R8*2, X6, Z6);   \
	FOUR(o, R12*1, X7, Z7);  \
	VPUNPCKLDQ Z5, Z4, Z0;   \
	VPUNPCKHDQ Z5, Z4, Z2;   \
	VPUNPCKLDQ Z7, Z6, Z1;   \
	VPUNPCKHDQ Z7, Z6, Z3;   \
	VPUNPCKLQDQ Z1, Z0, Z4;  \
	VPUNPCKHQDQ Z1, Z0, Z1;  \
	VPUNPCKLQDQ Z3, Z2, Z5;  \
	VPUNPCKHQDQ Z3, Z2, Z3;  \
	VMOVDQA64 Z4, Z0;        \
	VMOVDQA64 Z5, Z2

// BYTES sets all bytes of z to v.
#define BYTES(v, z) \
	MOVL $(v*0x01010101), AX; \
	VPBROADCASTD AX, z

// WIDEN stores the halves in the low words of z as float32 at p.
#define WIDEN(z, p) \
	VPMOVDW z, Y8;      \
	VCVTPH2PS Y8, Z8;   \
	VMOVUPS Z8, p(DI)
