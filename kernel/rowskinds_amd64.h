// The rows of K-quants, as they are stored, for loops that define what they do for one token
// or two: s and m are the sums of the first token's products and minima, z and n those of
// the second.
//
//	DOT      adds products, with work registers t and u
//	MINIMA   sets m and n to the products of minima and sums
//	CLEARS   sets s and z to 0
//	SHIFTED  sets them to minus what MINIMA gives of Y9, times a power of 2

// Bytes, each 32 times, or 16.
DATA crumb<>+0(SB)/8, $0x0303030303030303
DATA crumb<>+8(SB)/8, $0x0303030303030303
DATA crumb<>+16(SB)/8, $0x0303030303030303
DATA crumb<>+24(SB)/8, $0x0303030303030303
GLOBL crumb<>(SB), RODATA|NOPTR, $32
DATA bit2<>+0(SB)/8, $0x0404040404040404
DATA bit2<>+8(SB)/8, $0x0404040404040404
DATA bit2<>+16(SB)/8, $0x0404040404040404
DATA bit2<>+24(SB)/8, $0x0404040404040404
GLOBL bit2<>(SB), RODATA|NOPTR, $32
DATA bit4<>+0(SB)/8, $0x1010101010101010
DATA bit4<>+8(SB)/8, $0x1010101010101010
DATA bit4<>+16(SB)/8, $0x1010101010101010
DATA bit4<>+24(SB)/8, $0x1010101010101010
GLOBL bit4<>(SB), RODATA|NOPTR, $32
DATA bits4<>+0(SB)/8, $0x3030303030303030
DATA bits4<>+8(SB)/8, $0x3030303030303030
DATA bits4<>+16(SB)/8, $0x3030303030303030
DATA bits4<>+24(SB)/8, $0x3030303030303030
GLOBL bits4<>(SB), RODATA|NOPTR, $32
DATA bit5<>+0(SB)/8, $0x2020202020202020
DATA bit5<>+8(SB)/8, $0x2020202020202020
GLOBL bit5<>(SB), RODATA|NOPTR, $16

// six are the shifts to the scales' and minima's low bits, those bits, and the high ones.
DATA six<>+0(SB)/8, $0x0000000000000000
DATA six<>+8(SB)/8, $0x0000000400000000
DATA six<>+16(SB)/8, $0x0f0f0f0f3f3f3f3f
DATA six<>+24(SB)/8, $0x0f0f0f0f3f3f3f3f
DATA six<>+32(SB)/8, $0x3030303000000000
DATA six<>+40(SB)/8, $0x3030303000000000
GLOBL six<>(SB), RODATA|NOPTR, $48

// HEAD sets Y9 to eight scales, twice, and m to the products of the minima, of Q4_K and Q5_K.
#define HEAD(A, s, z, m, n, xm, xn) \
	VMOVDQU 0 A, X9;               \
	CLEARS(s, z);                  \
	VPSHUFD $0xa5, X9, X10;        \
	VPSHUFD $0xed, X9, X9;         \
	VPSRLD $2, X10, X10;           \
	VPSRLVD six<>+0(SB), X9, X9;   \
	VPAND six<>+32(SB), X10, X10;  \
	VPAND six<>+16(SB), X9, X9;    \
	VPOR X10, X9, X9;              \
	VPMOVZXBW X9, Y9;              \
	VEXTRACTI128 $1, Y9, X10;      \
	VPERMQ $0x44, Y9, Y9;          \
	MINIMA(X10, xm, xn)

// NIBBLES sets Y11 to the low nibbles at o, and Y10 to the high ones.
#define NIBBLES(o, A) \
	VMOVDQU o A, Y10;             \
	VPAND nibble<>(SB), Y10, Y11; \
	VPSRLW $4, Y10, Y10;          \
	VPAND nibble<>(SB), Y10, Y10

#define SIXTYFOUR(o, A, j, s, z) \
	NIBBLES(o, A);                                  \
	DOT(64*j, Y11, each<>+64*j(SB), Y9, Y12, Y13, s, z);    \
	DOT(64*j+32, Y10, each<>+64*j+32(SB), Y9, Y13, Y12, s, z)

#define ROW4K(A, s, z, m, n, xm, xn) \
	HEAD(A, s, z, m, n, xm, xn);        \
	SIXTYFOUR(16, A, 0, s, z);   \
	SIXTYFOUR(48, A, 1, s, z);   \
	SIXTYFOUR(80, A, 2, s, z);   \
	SIXTYFOUR(112, A, 3, s, z)

// BIT adds a bit of Y8, shifted, to y.
#define BIT(SHIFT, n, mask, y, t) \
	SHIFT $n, Y8, t;       \
	VPAND mask<>(SB), t, t; \
	VPOR t, y, y

#define FIFTHS(o, A, j, SHIFTLOW, low, SHIFTHIGH, high, s, z) \
	NIBBLES(o, A);                                  \
	BIT(SHIFTLOW, low, bit4, Y11, Y12);             \
	BIT(SHIFTHIGH, high, bit4, Y10, Y13);           \
	DOT(64*j, Y11, each<>+64*j(SB), Y9, Y12, Y13, s, z);    \
	DOT(64*j+32, Y10, each<>+64*j+32(SB), Y9, Y13, Y12, s, z)

#define ROW5K(A, s, z, m, n, xm, xn) \
	HEAD(A, s, z, m, n, xm, xn);                           \
	VMOVDQU 16 A, Y8;                            \
	FIFTHS(48, A, 0, VPSLLW, 4, VPSLLW, 3, s, z);   \
	FIFTHS(80, A, 1, VPSLLW, 2, VPSLLW, 1, s, z);   \
	FIFTHS(112, A, 2, VPSRLW, 0, VPSRLW, 1, s, z);  \
	FIFTHS(144, A, 3, VPSRLW, 2, VPSRLW, 3, s, z)

// SHIFTS begins a row with minus the products of sums and Y9, the scales, times what is 0 of the
// weights, and spreads the scales: the first eight in Y12, the others in Y9, twice.
#define SHIFTS(s, z, m, n, bits) \
	SHIFTED(s, z, m, n, bits); \
	VPERMQ $0x44, Y9, Y12;     \
	VPERMQ $0xee, Y9, Y9

// SIXTHS does 128 weights, with the low bits at o, the high ones at b, the activations at x.
#define SIXTHS(o, b, A, x, scales, s, z) \
	VMOVDQU b A, Y8;                                   \
	NIBBLES(o, A);                                     \
	BIT(VPSLLW, 4, bits4, Y11, Y13);                   \
	BIT(VPSRLW, 0, bits4, Y10, Y13);                   \
	DOT(x, Y11, two<>+0(SB), scales, Y13, Y15, s, z);          \
	DOT(x+64, Y10, two<>+64(SB), scales, Y13, Y15, s, z);      \
	NIBBLES(o+32, A);                                  \
	BIT(VPSLLW, 2, bits4, Y11, Y13);                   \
	BIT(VPSRLW, 2, bits4, Y10, Y13);                   \
	DOT(x+32, Y11, two<>+32(SB), scales, Y13, Y15, s, z);      \
	DOT(x+96, Y10, two<>+96(SB), scales, Y13, Y15, s, z)

#define ROW6K(A, s, z, m, n, xm, xn) \
	VPMOVSXBW 192 A, Y9;             \
	SHIFTS(s, z, m, n, 5);                 \
	SIXTHS(0, 128, A, 0, Y12, s, z);    \
	SIXTHS(64, 160, A, 128, Y9, s, z)

// QUARTER sets y to the two bits of Y11 that are n from the lowest on.
#define QUARTER(n, y) \
	VPSRLW $n, Y11, y;         \
	VPAND crumb<>(SB), y, y

#define QUARTERS(o, A, x, scales, s, z) \
	VMOVDQU o A, Y11;                                  \
	VPAND crumb<>(SB), Y11, Y10;                       \
	DOT(x, Y10, two<>+0(SB), scales, Y13, Y8, s, z);          \
	QUARTER(2, Y10);                                   \
	DOT(x+32, Y10, two<>+32(SB), scales, Y13, Y8, s, z);      \
	QUARTER(4, Y10);                                   \
	DOT(x+64, Y10, two<>+64(SB), scales, Y13, Y8, s, z);      \
	QUARTER(6, Y10);                                   \
	DOT(x+96, Y10, two<>+96(SB), scales, Y13, Y8, s, z)

#define ROW2K(A, s, z, m, n, xm, xn) \
	VMOVDQU 0 A, X9;               \
	VPSRLW $4, X9, X10;            \
	VPAND nibble<>(SB), X9, X9;    \
	VPAND nibble<>(SB), X10, X10;  \
	VPMOVZXBW X10, Y10;            \
	VPMOVZXBW X9, Y9;              \
	MINIMA(Y10, m, n);             \
	CLEARS(s, z);                  \
	VPERMQ $0x44, Y9, Y12;         \
	VPERMQ $0xee, Y9, Y9;          \
	QUARTERS(16, A, 0, Y12, s, z);    \
	QUARTERS(48, A, 128, Y9, s, z)

// pairs are shifts by two bits more for each dword.
DATA pairs<>+0(SB)/8, $0x0000000200000000
DATA pairs<>+8(SB)/8, $0x0000000600000004
GLOBL pairs<>(SB), RODATA|NOPTR, $16

#define THIRDS(o, A, x, scales, s, z, S0, n0, S1, n1, S2, n2, S3, n3) \
	VMOVDQU o A, Y11;                                  \
	VPAND crumb<>(SB), Y11, Y10;                       \
	BIT(S0, n0, bit2, Y10, Y13);                       \
	DOT(x, Y10, two<>+0(SB), scales, Y13, Y15, s, z);          \
	QUARTER(2, Y10);                                   \
	BIT(S1, n1, bit2, Y10, Y13);                       \
	DOT(x+32, Y10, two<>+32(SB), scales, Y13, Y15, s, z);      \
	QUARTER(4, Y10);                                   \
	BIT(S2, n2, bit2, Y10, Y13);                       \
	DOT(x+64, Y10, two<>+64(SB), scales, Y13, Y15, s, z);      \
	QUARTER(6, Y10);                                   \
	BIT(S3, n3, bit2, Y10, Y13);                       \
	DOT(x+96, Y10, two<>+96(SB), scales, Y13, Y15, s, z)

// Of the scales four bits are the nibbles of eight bytes, two more those of four bytes.
#define ROW3K(A, s, z, m, n, xm, xn) \
	VMOVQ 96 A, X9;                \
	VPSRLW $4, X9, X10;            \
	VPUNPCKLQDQ X10, X9, X9;       \
	VPBROADCASTD 104 A, X10;       \
	VPAND nibble<>(SB), X9, X9;    \
	VPSRLVD pairs<>(SB), X10, X10; \
	VPAND crumb<>(SB), X10, X10;   \
	VPSLLW $4, X10, X10;           \
	VPOR X10, X9, X9;              \
	VPSUBB bit5<>(SB), X9, X9;     \
	VPMOVSXBW X9, Y9;              \
	SHIFTS(s, z, m, n, 2);               \
	VMOVDQU 0 A, Y8;               \
	THIRDS(32, A, 0, Y12, s, z, VPSLLW, 2, VPSLLW, 1, VPSRLW, 0, VPSRLW, 1); \
	THIRDS(64, A, 128, Y9, s, z, VPSRLW, 2, VPSRLW, 3, VPSRLW, 4, VPSRLW, 5)
