// Blocks of Q2_K, Q3_K and IQ4_XS of four rows, for loops that pair them (see
// fourpairs_arm64.h). OUT takes 16 values of four rows: the number of their unit, and the
// register they begin at.

// FACTORS2 loads d and dmin of four rows of Q2_K to V6 and V7.
#define FACTORS2 \
	MOVWU 80(R1), R8;      \
	MOVWU 80(R2), R9;      \
	MOVWU 80(R3), R10;     \
	MOVWU 80(R4), R11;     \
	ORR R9<<32, R8, R8;    \
	ORR R11<<32, R10, R10; \
	FMOVD R8, F0;          \
	FMOVD R10, F1;         \
	ZIP1D(1, 0, 0);        \
	UZP1H(0, 0, 6);        \
	UZP2H(0, 0, 7);        \
	FCVTL(6, 6);           \
	FCVTL(7, 7)

// MINIMA2 does the minima of Q2_K, and leaves the scales of a row in the bytes of V0 to V3:
// both are in a byte. V24 has 15 in every byte.
#define MINIMA2 \
	SIXTEEN(0, F0, F1, F2, F3); \
	FOUR(USHRB, 4, 0, 8);       \
	PAIR(8, 4);                 \
	FSTPQ (F4, F6), -384(R5);   \
	FSTPQ (F5, F7), -320(R5);   \
	ANDB(24, 0, 0);             \
	ANDB(24, 1, 1);             \
	ANDB(24, 2, 2);             \
	ANDB(24, 3, 3)

// SCALES2 does these scales, d and dmin.
#define SCALES2 \
	SORT;                    \
	SPREAD(USHRS, 0, 0, 1);  \
	SPREAD(USHRS, 1, 4, 1);  \
	SPREAD(USHRS, 2, 8, 1);  \
	SPREAD(USHRS, 3, 12, 1); \
	FACTORS2;                \
	TWICE(6, -512);          \
	TWICE(7, -448)

// HEAD3 takes apart the scales of Q3_K: of 16 scales four bits are in two words, low nibbles
// first, and the other two bits of each in a third. Lane r of every result is row r's: V0,
// V1, V4 and V5 four scales each, V3 d. V24, V26 and V27 have 15, 3 and 32 in every byte.
#define HEAD3 \
	SIXTEEN(94, F0, F1, F2, F3);     \
	VEXT $2, V0.B16, V0.B16, V0.B16; \
	VEXT $2, V1.B16, V1.B16, V1.B16; \
	VEXT $2, V2.B16, V2.B16, V2.B16; \
	VEXT $2, V3.B16, V3.B16, V3.B16; \
	SORT;                            \
	UZP1H(3, 3, 3);                  \
	FCVTL(3, 3);                     \
	USHRB(4, 0, 4);                  \
	USHRB(4, 1, 5);                  \
	ANDB(24, 0, 0);                  \
	ANDB(24, 1, 1);                  \
	ANDB(26, 2, 6);                  \
	SLIB(4, 6, 0);                   \
	USHRB(2, 2, 6);                  \
	ANDB(26, 6, 6);                  \
	SLIB(4, 6, 1);                   \
	USHRB(4, 2, 6);                  \
	ANDB(26, 6, 6);                  \
	SLIB(4, 6, 4);                   \
	USHRB(6, 2, 6);                  \
	SLIB(4, 6, 5);                   \
	SUBB(27, 0, 0);                  \
	SUBB(27, 1, 1);                  \
	SUBB(27, 4, 4);                  \
	SUBB(27, 5, 5)

// START3 does d and scales of Q3_K.
#define START3 \
	HEAD3;                  \
	TWICE(3, -512);         \
	SPREAD(SSHRS, 0, 0, 1); \
	SPREAD(SSHRS, 1, 4, 1); \
	SPREAD(SSHRS, 4, 8, 1); \
	SPREAD(SSHRS, 5, 12, 1)

// MASK loads the third bits of 16 values of every sub-block, inverted: q-4 is two bits
// below six that all are that.
#define MASK(at) \
	UPPER(at);    \
	NOTB(12, 12); \
	NOTB(13, 13); \
	NOTB(14, 14); \
	NOTB(15, 15)

// DOUBLE makes another bit of the mask the upper one.
#define DOUBLE(a) ADDB(a, a, a)

// THIRD puts two bits, after OP by s, below the upper bit of the mask, and that everywhere
// above. V25 has 128 in every byte.
#define THIRD(OP, s, u, OUT) \
	FOUR(OP, s, 4, 0);    \
	BIT(25, 12, 0);       \
	BIT(25, 13, 1);       \
	BIT(25, 14, 2);       \
	BIT(25, 15, 3);       \
	FOUR(SSHRB, 5, 0, 0); \
	DOUBLE(12);           \
	DOUBLE(13);           \
	DOUBLE(14);           \
	DOUBLE(15);           \
	OUT(u, 0)

// THIRDS does 16 bytes, the first bits of which go to unit u: the last ones first, as the
// mask has them.
#define THIRDS(at, u, OUT) \
	SIXTEEN(at, F0, F1, F2, F3); \
	PAIR(0, 4);                  \
	THIRD(USHRB, 1, u+6, OUT);   \
	THIRD(SHLB, 1, u+4, OUT);    \
	THIRD(SHLB, 3, u+2, OUT);    \
	THIRD(SHLB, 5, u, OUT)

#define BLOCK3(OUT) \
	MASK(0);            \
	THIRDS(64, 8, OUT); \
	THIRDS(32, 0, OUT); \
	MASK(16);           \
	THIRDS(80, 9, OUT); \
	THIRDS(48, 1, OUT)

// HEADXS takes apart the scales of IQ4_XS: of a scale four bits are in the second word, and
// two in the upper half of the first, which has a nibble for every byte of that. Lane r of
// every result is row r's: V1 the scales of sub-blocks 0, 2, 4, 6, V6 those of 1, 3, 5, 7, V2
// d. V24, V26 and V27 have 15, 3 and 32 in every byte.
#define HEADXS \
	SIXTEEN(0, F0, F1, F2, F3); \
	SORT;                       \
	UZP1H(0, 0, 2);             \
	UZP2H(0, 0, 3);             \
	FCVTL(2, 2);                \
	ANDB(24, 3, 4);             \
	USHRB(4, 3, 5);             \
	ZIP1B(5, 4, 4);             \
	USHRB(2, 4, 5);             \
	ANDB(26, 4, 4);             \
	USHRB(4, 1, 6);             \
	ANDB(24, 1, 1);             \
	SLIB(4, 4, 1);              \
	SLIB(4, 5, 6);              \
	SUBB(27, 1, 1);             \
	SUBB(27, 6, 6)

// STARTXS does d and scales of IQ4_XS.
#define STARTXS \
	HEADXS;                 \
	TWICE(2, -512);         \
	SPREAD(SSHRS, 1, 0, 2); \
	SPREAD(SSHRS, 6, 1, 2)

// LEVELS looks up the 32 values of sub-block b, of which OUT takes both halves, the first
// being in V4 to V7. V25 has the levels (nonlinear).
#define LEVELS(b, OUT) \
	NIBBLES(8+16*(b)); \
	TBL(0, 25, 0);     \
	TBL(1, 25, 1);     \
	TBL(2, 25, 2);     \
	TBL(3, 25, 3);     \
	TBL(4, 25, 4);     \
	TBL(5, 25, 5);     \
	TBL(6, 25, 6);     \
	TBL(7, 25, 7);     \
	OUT(b)

#define BLOCKXS(OUT) \
	LEVELS(0, OUT); \
	LEVELS(1, OUT); \
	LEVELS(2, OUT); \
	LEVELS(3, OUT); \
	LEVELS(4, OUT); \
	LEVELS(5, OUT); \
	LEVELS(6, OUT); \
	LEVELS(7, OUT)

// TABLE sets V25 to the levels, less the 128 that nonlinear has more.
#define TABLE \
	MOVD $·nonlinear(SB), R8; \
	VLD1 (R8), [V25.B16];     \
	VMOVI $128, V26.B16;      \
	SUBB(26, 25, 25)
