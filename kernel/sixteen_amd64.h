// Panels of 16 rows for AVX2: the row is the fastest index after the four consecutive
// integers that one instruction multiplies, so that four of all rows are 64 bytes.

// Eight rows are taken apart at a time; row i begins at SI or R9, for i/4 of 0 or
// 1, plus i%4 times R8; R12 is three of R8, R13 is 0.

#define FOUR(o, i, x, y) \
	VMOVDQU o(SI)(i), x;         \
	VINSERTI128 $1, o(R9)(i), y, y

// COLUMNS loads the 16 bytes from o on of all rows, four in each of Y0 to Y3.
#define COLUMNS(o) \
	FOUR(o, R13*1, X4, Y4);  \
	FOUR(o, R8*1, X5, Y5);   \
	FOUR(o, R8*2, X6, Y6);   \
	FOUR(o, R12*1, X7, Y7);  \
	VPUNPCKLDQ Y5, Y4, Y1;   \
	VPUNPCKHDQ Y5, Y4, Y3;   \
	VPUNPCKLDQ Y7, Y6, Y4;   \
	VPUNPCKHDQ Y7, Y6, Y5;   \
	VPUNPCKLQDQ Y4, Y1, Y0;  \
	VPUNPCKHQDQ Y4, Y1, Y1;  \
	VPUNPCKLQDQ Y5, Y3, Y2;  \
	VPUNPCKHQDQ Y5, Y3, Y3

// SPLIT sets Y8 to the low nibbles of y, and Y9 to the high ones.
#define SPLIT(y) \
	VPAND Y15, y, Y8;  \
	VPSRLW $4, y, Y9;  \
	VPAND Y15, Y9, Y9

#define FOUR8(y, p) \
	SPLIT(y);              \
	VMOVDQU Y8, p(DI);     \
	VMOVDQU Y9, p+512(DI)

// A tile is 16 rows times one to four tokens: SI is the panel; R8 the activations of
// token 0, R9 of token 3, R10 the bytes of a token. Sums of words of token t are in
// Y(2t) and Y(2t+1).

#define FIRST(x, s0, s1) \
	VPBROADCASTD x, Y10;      \
	VPMADDUBSW Y10, Y8, s0;   \
	VPMADDUBSW Y10, Y9, s1

#define ADDED(x, s0, s1) \
	VPBROADCASTD x, Y10;      \
	VPMADDUBSW Y10, Y8, Y11;  \
	VPMADDUBSW Y10, Y9, Y12;  \
	VPADDW Y11, s0, s0;       \
	VPADDW Y12, s1, s1

#define STEP1(DO, p, o) \
	VMOVDQU p(SI), Y8;        \
	VMOVDQU p+32(SI), Y9;     \
	DO(o(R8), Y0, Y1)
#define STEP2(DO, p, o) STEP1(DO, p, o); DO(o(R8)(R10*1), Y2, Y3)
#define STEP3(DO, p, o) STEP2(DO, p, o); DO(o(R8)(R10*2), Y4, Y5)
#define STEP4(DO, p, o) STEP3(DO, p, o); DO(o(R9), Y6, Y7)
