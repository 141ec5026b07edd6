//go:build !purego

#include "textflag.h"
#include "rowsavx2_amd64.h"

// The encodings with grids (tensor/decode_grid.go draws the blocks). R14 is the grid, looked
// up for eight or four weights at a time. Of IQ2 and IQ3 it has magnitudes, and the
// activations take the signs; Y15 has a bit in each byte for these, one after the other, of
// eight. BX is free for work: sums are of use to IQ1_S alone, which takes them from memory.

DATA eachBit<>+0(SB)/8, $0x8040201008040201
DATA eachBit<>+8(SB)/8, $0x8040201008040201
DATA eachBit<>+16(SB)/8, $0x8040201008040201
DATA eachBit<>+24(SB)/8, $0x8040201008040201
GLOBL eachBit<>(SB), RODATA|NOPTR, $32
DATA ones<>+0(SB)/8, $0x0101010101010101
DATA ones<>+8(SB)/8, $0x0101010101010101
DATA ones<>+16(SB)/8, $0x0101010101010101
DATA ones<>+24(SB)/8, $0x0101010101010101
GLOBL ones<>(SB), RODATA|NOPTR, $32

// parity is 0x80 where an odd number of four bits are set.
DATA parity<>+0(SB)/8, $0x8000008000808000
DATA parity<>+8(SB)/8, $0x0080800080000080
DATA parity<>+16(SB)/8, $0x8000008000808000
DATA parity<>+24(SB)/8, $0x0080800080000080
GLOBL parity<>(SB), RODATA|NOPTR, $32

// fourDwords chooses the first byte of each of four dwords eight times, fourBytes each of
// four bytes, and eachDword the first byte of each dword four times.
DATA fourDwords<>+0(SB)/8, $0x0000000000000000
DATA fourDwords<>+8(SB)/8, $0x0404040404040404
DATA fourDwords<>+16(SB)/8, $0x0808080808080808
DATA fourDwords<>+24(SB)/8, $0x0c0c0c0c0c0c0c0c
GLOBL fourDwords<>(SB), RODATA|NOPTR, $32
DATA fourBytes<>+0(SB)/8, $0x0000000000000000
DATA fourBytes<>+8(SB)/8, $0x0101010101010101
DATA fourBytes<>+16(SB)/8, $0x0202020202020202
DATA fourBytes<>+24(SB)/8, $0x0303030303030303
GLOBL fourBytes<>(SB), RODATA|NOPTR, $32
DATA eachDword<>+0(SB)/8, $0x0404040400000000
DATA eachDword<>+8(SB)/8, $0x0c0c0c0c08080808
DATA eachDword<>+16(SB)/8, $0x0404040400000000
DATA eachDword<>+24(SB)/8, $0x0c0c0c0c08080808
GLOBL eachDword<>(SB), RODATA|NOPTR, $32

// Dwords: seven bits more each, or every other one; all of seven bits; and which dwords have
// the signs.
DATA sevens<>+0(SB)/8, $0x0000000700000000
DATA sevens<>+8(SB)/8, $0x000000150000000e
DATA sevens<>+16(SB)/8, $0x0000000700000000
DATA sevens<>+24(SB)/8, $0x000000150000000e
GLOBL sevens<>(SB), RODATA|NOPTR, $32
DATA sevensTwice<>+0(SB)/8, $0x0000000000000000
DATA sevensTwice<>+8(SB)/8, $0x0000000700000007
DATA sevensTwice<>+16(SB)/8, $0x0000000e0000000e
DATA sevensTwice<>+24(SB)/8, $0x0000001500000015
GLOBL sevensTwice<>(SB), RODATA|NOPTR, $32
DATA seven<>+0(SB)/8, $0x0000007f0000007f
DATA seven<>+8(SB)/8, $0x0000007f0000007f
DATA seven<>+16(SB)/8, $0x0000007f0000007f
DATA seven<>+24(SB)/8, $0x0000007f0000007f
GLOBL seven<>(SB), RODATA|NOPTR, $32
DATA secondFourth<>+0(SB)/8, $0x0000000100000001
DATA secondFourth<>+8(SB)/8, $0x0000000100000001
DATA secondFourth<>+16(SB)/8, $0x0000000300000003
DATA secondFourth<>+24(SB)/8, $0x0000000300000003
GLOBL secondFourth<>(SB), RODATA|NOPTR, $32

// PARITY adds the eighth bit of the signs to the dwords of y: it is set where an odd number
// of the others is.
#define PARITY(y, a, b) \
	VMOVDQU parity<>(SB), b;  \
	VPSRLD $4, y, a;          \
	VPSHUFB a, b, a;          \
	VPSHUFB y, b, b;          \
	VPXOR a, b, b;            \
	VPOR b, y, y

// EIGHTS sets Y10 to the magnitudes of 32 weights, whose indices are in AX, R9, R11 and R13.
#define EIGHTS \
	VMOVQ (R14)(AX*8), X10;             \
	VPINSRQ $1, (R14)(R9*8), X10, X10;  \
	VMOVQ (R14)(R11*8), X12;            \
	VPINSRQ $1, (R14)(R13*8), X12, X12; \
	VINSERTI128 $1, X12, Y10, Y10

// SIGNED adds the products of the magnitudes in Y10 and the activations at o, with the signs
// in Y11, a byte of eight for each weight, times the scales that p chooses.
#define SIGNED(o, p, scales, s) \
	VPAND Y15, Y11, Y11;        \
	VPCMPEQB Y15, Y11, Y11;     \
	VPOR ones<>(SB), Y11, Y11;  \
	VMOVDQU o(DI), Y13;         \
	VPSIGNB Y11, Y13, Y13;      \
	VPSHUFB p, scales, Y11;     \
	VPMADDUBSW Y13, Y10, Y10;   \
	VPMADDWD Y11, Y10, Y10;     \
	VPADDD Y10, s, s

// ODD makes scales of y, words or dwords: twice, and one more.
#define ODD(ADD, SUB, y, t) \
	ADD y, y, y;        \
	VPCMPEQB t, t, t;   \
	SUB t, y, y

#define INDICES(o, A) \
	MOVBLZX o A, AX;    \
	MOVBLZX o+1 A, R9;  \
	MOVBLZX o+2 A, R11; \
	MOVBLZX o+3 A, R13

// BYDWORD spreads the signs of a half of y, which are the first bytes of its dwords.
#define BYDWORD(half, y) \
	VPERMQ $half, y, Y11;               \
	VPSHUFB fourDwords<>(SB), Y11, Y11

// SIXTYFOUR2XXS does 64 weights, the signs of the first 32 in the second dword at o, those of
// the others in the fourth.
#define SIXTYFOUR2XXS(o, A, x, p0, p1, s) \
	VMOVDQU o A, X8;                           \
	VMOVDQU secondFourth<>(SB), Y12;           \
	VPERMD Y8, Y12, Y8;                        \
	VPSRLVD sevens<>(SB), Y8, Y8;              \
	VPAND seven<>(SB), Y8, Y8;                 \
	PARITY(Y8, Y11, Y12);                      \
	INDICES(o, A);                             \
	EIGHTS;                                    \
	BYDWORD(0x44, Y8);                         \
	SIGNED(x, p0, Y9, s);                      \
	INDICES(o+8, A);                           \
	EIGHTS;                                    \
	BYDWORD(0xee, Y8);                         \
	SIGNED(x+32, p1, Y9, s)

// Of the eight dwords with scales, the odd ones, VSHUFPS takes those of four registers in
// the order 0, 1, 4, 5, 2, 3, 6, 7.
#define ROW2XXS(A, s, m, xm) \
	VMOVDQU 2 A, Y8;                      \
	VPXOR s, s, s;                        \
	VSHUFPS $0xdd, 34 A, Y8, Y9;          \
	VPSRLD $28, Y9, Y9;                   \
	ODD(VPADDD, VPSUBD, Y9, Y10);         \
	VPACKSSDW Y9, Y9, Y9;                 \
	VPERMQ $0x88, Y9, Y9;                 \
	SIXTYFOUR2XXS(2, A, 0, each<>+0(SB), each<>+32(SB), s);      \
	SIXTYFOUR2XXS(18, A, 64, each<>+128(SB), each<>+160(SB), s); \
	SIXTYFOUR2XXS(34, A, 128, each<>+64(SB), each<>+96(SB), s);  \
	SIXTYFOUR2XXS(50, A, 192, each<>+192(SB), each<>+224(SB), s)

// TIMES adds the sums, times the scales in X10 and a power of 2, a float32, to the results.
#define TIMES(unit) \
	MOVL $unit, AX;                \
	VMOVD AX, X8;                  \
	VBROADCASTSS X8, X8;           \
	VMULPS X8, X10, X10;           \
	VBROADCASTSS (DX), X8;         \
	VMULPS X8, X10, X10;           \
	VCVTDQ2PS X0, X0;              \
	VFMADD231PS X0, X10, X14

// SCALED ends a block, whose scales are the halves at o.
#define SCALED(o, unit) \
	FOLD4(Y0, Y1, Y2, Y3, X0, X8); \
	SCALES(o);                     \
	TIMES(unit)

#define EIGHTHPART 0x3e000000
#define QUARTER 0x3e800000
#define ONE 0x3f800000

#define GRID(name) \
	ARGUMENTS;                  \
	LEAQ name(SB), R14;         \
	VMOVDQU eachBit<>(SB), Y15

// The results are in X14 alone.
#define RESULTS \
	MOVQ dst+0(FP), AX;   \
	VMOVUPS X14, (AX);    \
	VZEROUPPER;           \
	RET

// func rows4IQ2XXSAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)
TEXT ·rows4IQ2XXSAVX2(SB), NOSPLIT, $0-64
	GRID(·eightsIQ2XXS)

block:
	LINES3(0)
	PREFETCHT1 192(R10)
	ROWS(ROW2XXS)
	SCALED(0, EIGHTHPART)
	NEXT(66, 0)
	JNZ block
	RESULTS

// NIBBLESCALES sets m to the first eight of the scales of 16 weights each, nibbles of eight
// bytes at o, twice, and Y9 to the others.
#define NIBBLESCALES(o, A, s, m) \
	VMOVQ o A, X9;                  \
	VPXOR s, s, s;                  \
	VPSRLW $4, X9, X10;             \
	VPUNPCKLBW X10, X9, X9;         \
	VPAND nibble<>(SB), X9, X9;     \
	VPMOVZXBW X9, Y9;               \
	ODD(VPADDW, VPSUBW, Y9, Y10);   \
	VPERMQ $0x44, Y9, m;            \
	VPERMQ $0xee, Y9, Y9

#define WORDS(o, A) \
	MOVWLZX o A, AX;     \
	MOVWLZX o+2 A, R9;   \
	MOVWLZX o+4 A, R11;  \
	MOVWLZX o+6 A, R13;  \
	ANDL $511, AX;       \
	ANDL $511, R9;       \
	ANDL $511, R11;      \
	ANDL $511, R13

#define SIXTYFOUR2XS(o, A, x, p0, p1, scales, s) \
	VPMOVZXWD o A, Y8;             \
	VPSRLD $9, Y8, Y8;             \
	PARITY(Y8, Y11, Y12);          \
	WORDS(o, A);                   \
	EIGHTS;                        \
	BYDWORD(0x44, Y8);             \
	SIGNED(x, p0, scales, s);      \
	WORDS(o+8, A);                 \
	EIGHTS;                        \
	BYDWORD(0xee, Y8);             \
	SIGNED(x+32, p1, scales, s)

#define ROW2XS(A, s, m, xm) \
	NIBBLESCALES(66, A, s, m);                                          \
	SIXTYFOUR2XS(2, A, 0, two<>+0(SB), two<>+32(SB), m, s);    \
	SIXTYFOUR2XS(18, A, 64, two<>+64(SB), two<>+96(SB), m, s); \
	SIXTYFOUR2XS(34, A, 128, two<>+0(SB), two<>+32(SB), Y9, s); \
	SIXTYFOUR2XS(50, A, 192, two<>+64(SB), two<>+96(SB), Y9, s)

// func rows4IQ2XSAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)
TEXT ·rows4IQ2XSAVX2(SB), NOSPLIT, $0-64
	GRID(·eightsIQ2XS)

block:
	LINES3(0)
	PREFETCHT1 192(R10)
	PREFETCHT1 256(R10)
	ROWS(ROW2XS)
	SCALED(0, EIGHTHPART)
	NEXT(74, 0)
	JNZ block
	RESULTS

// HIGHBITS adds two bits of the byte at h to each index.
#define HIGHBITS(h, A) \
	MOVBLZX h A, R15;    \
	SHLL $8, R15;        \
	MOVL R15, BX;        \
	ANDL $0x300, BX;     \
	ORL BX, AX;          \
	SHRL $2, R15;        \
	MOVL R15, BX;        \
	ANDL $0x300, BX;     \
	ORL BX, R9;          \
	SHRL $2, R15;        \
	MOVL R15, BX;        \
	ANDL $0x300, BX;     \
	ORL BX, R11;         \
	SHRL $2, R15;        \
	ANDL $0x300, R15;    \
	ORL R15, R13

#define THIRTYTWO2S(b, A, x, p, scales, s) \
	INDICES(2+4*b, A);                        \
	HIGHBITS(66+b, A);                        \
	EIGHTS;                                   \
	VPBROADCASTD 34+4*b A, Y11;               \
	VPSHUFB fourBytes<>(SB), Y11, Y11;        \
	SIGNED(x, p, scales, s)

#define ROW2S(A, s, m, xm) \
	NIBBLESCALES(74, A, s, m);                       \
	THIRTYTWO2S(0, A, 0, two<>+0(SB), m, s);         \
	THIRTYTWO2S(1, A, 32, two<>+32(SB), m, s);       \
	THIRTYTWO2S(2, A, 64, two<>+64(SB), m, s);       \
	THIRTYTWO2S(3, A, 96, two<>+96(SB), m, s);       \
	THIRTYTWO2S(4, A, 128, two<>+0(SB), Y9, s);      \
	THIRTYTWO2S(5, A, 160, two<>+32(SB), Y9, s);     \
	THIRTYTWO2S(6, A, 192, two<>+64(SB), Y9, s);     \
	THIRTYTWO2S(7, A, 224, two<>+96(SB), Y9, s)

// func rows4IQ2SAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)
TEXT ·rows4IQ2SAVX2(SB), NOSPLIT, $0-64
	GRID(·eightsIQ2S)

block:
	LINES3(0)
	PREFETCHT1 192(R10)
	PREFETCHT1 256(R10)
	ROWS(ROW2S)
	SCALED(0, EIGHTHPART)
	NEXT(82, 0)
	JNZ block
	RESULTS

// FOURS sets Y10 to the magnitudes of the eight indices at o.
#define FOURS(o, A) \
	INDICES(o, A);                      \
	VMOVD (R14)(AX*4), X10;             \
	VPINSRD $1, (R14)(R9*4), X10, X10;  \
	VPINSRD $2, (R14)(R11*4), X10, X10; \
	VPINSRD $3, (R14)(R13*4), X10, X10; \
	INDICES(o+4, A);                    \
	VMOVD (R14)(AX*4), X12;             \
	VPINSRD $1, (R14)(R9*4), X12, X12;  \
	VPINSRD $2, (R14)(R11*4), X12, X12; \
	VPINSRD $3, (R14)(R13*4), X12, X12; \
	VINSERTI128 $1, X12, Y10, Y10

#define THIRTYTWO3XXS(b, A, s) \
	VPBROADCASTD 66+4*b A, Y11;          \
	VPSRLVD sevensTwice<>(SB), Y11, Y11; \
	VPAND seven<>(SB), Y11, Y11;         \
	PARITY(Y11, Y8, Y12);                \
	VPSHUFB eachDword<>(SB), Y11, Y11;   \
	FOURS(2+8*b, A);                     \
	SIGNED(32*b, each<>+32*b(SB), Y9, s)

#define ROW3XXS(A, s, m, xm) \
	VMOVDQU 66 A, Y9;               \
	VPXOR s, s, s;                  \
	VPSRLD $28, Y9, Y9;             \
	ODD(VPADDD, VPSUBD, Y9, Y10);   \
	VPACKSSDW Y9, Y9, Y9;           \
	VPERMQ $0x88, Y9, Y9;           \
	THIRTYTWO3XXS(0, A, s);         \
	THIRTYTWO3XXS(1, A, s);         \
	THIRTYTWO3XXS(2, A, s);         \
	THIRTYTWO3XXS(3, A, s);         \
	THIRTYTWO3XXS(4, A, s);         \
	THIRTYTWO3XXS(5, A, s);         \
	THIRTYTWO3XXS(6, A, s);         \
	THIRTYTWO3XXS(7, A, s)

// func rows4IQ3XXSAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)
TEXT ·rows4IQ3XXSAVX2(SB), NOSPLIT, $0-64
	GRID(·foursIQ3XXS)

block:
	LINES3(0)
	LINES3(192)
	ROWS(ROW3XXS)
	SCALED(0, QUARTER)
	NEXT(98, 0)
	JNZ block
	RESULTS

// WITHBIT adds a bit of R15, at bit 8 after a shift by n, to an index.
#define WITHBIT(n, i) \
	MOVL R15, BX;      \
	SHLL $n, BX;       \
	ANDL $256, BX;     \
	ORL BX, i

#define THIRTYTWO3S(b, A, s) \
	MOVBLZX 66+b A, R15;                 \
	INDICES(2+8*b, A);                   \
	WITHBIT(8, AX);                      \
	WITHBIT(7, R9);                      \
	WITHBIT(6, R11);                     \
	WITHBIT(5, R13);                     \
	VMOVD (R14)(AX*4), X10;              \
	VPINSRD $1, (R14)(R9*4), X10, X10;   \
	VPINSRD $2, (R14)(R11*4), X10, X10;  \
	VPINSRD $3, (R14)(R13*4), X10, X10;  \
	INDICES(6+8*b, A);                   \
	WITHBIT(4, AX);                      \
	WITHBIT(3, R9);                      \
	WITHBIT(2, R11);                     \
	WITHBIT(1, R13);                     \
	VMOVD (R14)(AX*4), X12;              \
	VPINSRD $1, (R14)(R9*4), X12, X12;   \
	VPINSRD $2, (R14)(R11*4), X12, X12;  \
	VPINSRD $3, (R14)(R13*4), X12, X12;  \
	VINSERTI128 $1, X12, Y10, Y10;       \
	VPBROADCASTD 74+4*b A, Y11;          \
	VPSHUFB fourBytes<>(SB), Y11, Y11;   \
	SIGNED(32*b, each<>+32*b(SB), Y9, s)

// The scales are the nibbles of four bytes.
#define ROW3S(A, s, m, xm) \
	VMOVD 106 A, X9;                \
	VPXOR s, s, s;                  \
	VPSRLW $4, X9, X10;             \
	VPUNPCKLBW X10, X9, X9;         \
	VPAND nibble<>(SB), X9, X9;     \
	VPMOVZXBW X9, X9;               \
	ODD(VPADDW, VPSUBW, X9, X10);   \
	VPERMQ $0x44, Y9, Y9;           \
	THIRTYTWO3S(0, A, s);           \
	THIRTYTWO3S(1, A, s);           \
	THIRTYTWO3S(2, A, s);           \
	THIRTYTWO3S(3, A, s);           \
	THIRTYTWO3S(4, A, s);           \
	THIRTYTWO3S(5, A, s);           \
	THIRTYTWO3S(6, A, s);           \
	THIRTYTWO3S(7, A, s)

// func rows4IQ3SAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)
TEXT ·rows4IQ3SAVX2(SB), NOSPLIT, $0-64
	GRID(·foursIQ3S)

block:
	LINES3(0)
	LINES3(192)
	PREFETCHT1 384(R10)
	ROWS(ROW3S)
	SCALED(0, ONE)
	NEXT(110, 0)
	JNZ block
	RESULTS

// Of IQ1 the grid has levels, 0 to 2. Words: 7; 2; and the bits that say for eight weights
// each whether one is to be taken off, of four nibbles. Bytes: -2 and -7.
DATA sevenWords<>+0(SB)/8, $0x0007000700070007
DATA sevenWords<>+8(SB)/8, $0x0007000700070007
DATA sevenWords<>+16(SB)/8, $0x0007000700070007
DATA sevenWords<>+24(SB)/8, $0x0007000700070007
GLOBL sevenWords<>(SB), RODATA|NOPTR, $32
DATA twoWords<>+0(SB)/8, $0x0002000200020002
DATA twoWords<>+8(SB)/8, $0x0002000200020002
DATA twoWords<>+16(SB)/8, $0x0002000200020002
DATA twoWords<>+24(SB)/8, $0x0002000200020002
GLOBL twoWords<>(SB), RODATA|NOPTR, $32
DATA lessBits<>+0(SB)/8, $0x0008000800080008
DATA lessBits<>+8(SB)/8, $0x0080008000800080
DATA lessBits<>+16(SB)/8, $0x0800080008000800
DATA lessBits<>+24(SB)/8, $0x8000800080008000
GLOBL lessBits<>(SB), RODATA|NOPTR, $32
DATA minusTwo<>+0(SB)/8, $0xfefefefefefefefe
DATA minusTwo<>+8(SB)/8, $0xfefefefefefefefe
DATA minusTwo<>+16(SB)/8, $0xfefefefefefefefe
DATA minusTwo<>+24(SB)/8, $0xfefefefefefefefe
GLOBL minusTwo<>(SB), RODATA|NOPTR, $32
DATA minusSeven<>+0(SB)/8, $0xf9f9f9f9f9f9f9f9
DATA minusSeven<>+8(SB)/8, $0xf9f9f9f9f9f9f9f9
DATA minusSeven<>+16(SB)/8, $0xf9f9f9f9f9f9f9f9
DATA minusSeven<>+24(SB)/8, $0xf9f9f9f9f9f9f9f9
GLOBL minusSeven<>(SB), RODATA|NOPTR, $32
DATA threes<>+0(SB)/8, $0x0000000300000000
DATA threes<>+8(SB)/8, $0x0000000900000006
DATA threes<>+16(SB)/8, $0x0000001300000010
DATA threes<>+24(SB)/8, $0x0000001900000016
GLOBL threes<>(SB), RODATA|NOPTR, $32
DATA sevenDwords<>+0(SB)/8, $0x0000000700000007
DATA sevenDwords<>+8(SB)/8, $0x0000000700000007
DATA sevenDwords<>+16(SB)/8, $0x0000000700000007
DATA sevenDwords<>+24(SB)/8, $0x0000000700000007
GLOBL sevenDwords<>(SB), RODATA|NOPTR, $32

// THREEBITS adds three bits of R15, shifted to bit 8, to an index.
#define THREEBITS(SHIFT, n, i) \
	MOVL R15, BX;      \
	SHIFT $n, BX;      \
	ANDL $0x700, BX;   \
	ORL BX, i

#define THIRTYTWO1S(b, A, s) \
	MOVWLZX 34+2*b A, R15;   \
	INDICES(2+4*b, A);       \
	THREEBITS(SHLL, 8, AX);  \
	THREEBITS(SHLL, 5, R9);  \
	THREEBITS(SHLL, 2, R11); \
	THREEBITS(SHRL, 1, R13); \
	EIGHTS;                  \
	DOT(32*b, Y10, each<>+32*b(SB), Y9, Y11, Y13, s, s)

// A weight is 8·(level-1), and one more or one less: 8 times the products of the levels, less
// 7 or 9 times the sum of the activations, all times the scale.
#define ROW1S(A, s, m, xm) \
	MOVQ sums+40(FP), BX;                  \
	VMOVDQU 34 A, X9;                      \
	VPXOR s, s, s;                         \
	VPSRAW $15, X9, X11;                   \
	VPSRLW $12, X9, X9;                    \
	VPAND twoWords<>(SB), X11, X11;        \
	VPAND sevenWords<>(SB), X9, X9;        \
	VPADDW sevenWords<>(SB), X11, X11;     \
	ODD(VPADDW, VPSUBW, X9, X10);          \
	VPMULLW X9, X11, X11;                  \
	VPSLLW $3, X9, X9;                     \
	VPUNPCKLWD X11, X11, X8;               \
	VPUNPCKHWD X11, X11, X11;              \
	VINSERTI128 $1, X11, Y8, Y8;           \
	VPMADDWD (BX), Y8, m;                  \
	VPERMQ $0x44, Y9, Y9;                  \
	VPSUBD m, s, s;                        \
	THIRTYTWO1S(0, A, s);                  \
	THIRTYTWO1S(1, A, s);                  \
	THIRTYTWO1S(2, A, s);                  \
	THIRTYTWO1S(3, A, s);                  \
	THIRTYTWO1S(4, A, s);                  \
	THIRTYTWO1S(5, A, s);                  \
	THIRTYTWO1S(6, A, s);                  \
	THIRTYTWO1S(7, A, s)

// func rows4IQ1SAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)
TEXT ·rows4IQ1SAVX2(SB), NOSPLIT, $0-64
	GRID(·eightsIQ1)

block:
	LINES3(0)
	PREFETCHT1 192(R10)
	ROWS(ROW1S)
	SCALED(0, EIGHTHPART)
	ADDQ $32, sums+40(FP)
	NEXT(50, 0)
	JNZ block
	RESULTS

// Of IQ1_M the one more or less is for eight weights, so that weights are made bytes.
#define THIRTYTWO1M(b, A, p, scales, s) \
	MOVWLZX 32+2*b A, R15;                 \
	INDICES(4*b, A);                       \
	THREEBITS(SHLL, 8, AX);                \
	THREEBITS(SHLL, 4, R9);                \
	THREEBITS(SHLL, 0, R11);               \
	THREEBITS(SHRL, 4, R13);               \
	EIGHTS;                                \
	VPBROADCASTW 32+2*b A, Y11;            \
	VPSLLW $3, Y10, Y10;                   \
	VPAND lessBits<>(SB), Y11, Y11;        \
	VPADDB minusSeven<>(SB), Y10, Y10;     \
	VPCMPEQW lessBits<>(SB), Y11, Y11;     \
	VPAND minusTwo<>(SB), Y11, Y11;        \
	VPADDB Y11, Y10, Y10;                  \
	VMOVDQU 32*b(DI), Y13;                 \
	VPSIGNB Y10, Y13, Y13;                 \
	VPABSB Y10, Y10;                       \
	VPSHUFB p, scales, Y11;                \
	VPMADDUBSW Y13, Y10, Y10;              \
	VPMADDWD Y11, Y10, Y10;                \
	VPADDD Y10, s, s

#define ROW1M(A, s, m, xm) \
	VPBROADCASTD 48 A, Y9;                 \
	VPBROADCASTD 52 A, Y10;                \
	VPXOR s, s, s;                         \
	VPSRLVD threes<>(SB), Y9, Y9;          \
	VPSRLVD threes<>(SB), Y10, Y10;        \
	VPAND sevenDwords<>(SB), Y9, Y9;       \
	VPAND sevenDwords<>(SB), Y10, Y10;     \
	VPACKSSDW Y10, Y9, Y9;                 \
	VPERMQ $0xd8, Y9, Y9;                  \
	ODD(VPADDW, VPSUBW, Y9, Y10);          \
	VPERMQ $0x44, Y9, m;                   \
	VPERMQ $0xee, Y9, Y9;                  \
	THIRTYTWO1M(0, A, two<>+0(SB), m, s);  \
	THIRTYTWO1M(1, A, two<>+32(SB), m, s); \
	THIRTYTWO1M(2, A, two<>+64(SB), m, s); \
	THIRTYTWO1M(3, A, two<>+96(SB), m, s); \
	THIRTYTWO1M(4, A, two<>+0(SB), Y9, s); \
	THIRTYTWO1M(5, A, two<>+32(SB), Y9, s); \
	THIRTYTWO1M(6, A, two<>+64(SB), Y9, s); \
	THIRTYTWO1M(7, A, two<>+96(SB), Y9, s)

// NIBBLE moves a nibble of R9 to where mask is, in R11.
#define NIBBLE(shift, mask) \
	MOVQ R9, AX;             \
	SHRQ $shift, AX;         \
	ANDL $mask, AX;          \
	ORL AX, R11

// SCALE1M puts the half of a row, four nibbles of its last eight bytes, into X10.
#define SCALE1M(i, A) \
	MOVQ 48 A, R9;           \
	XORL R11, R11;           \
	NIBBLE(12, 0x000f);      \
	NIBBLE(24, 0x00f0);      \
	NIBBLE(36, 0x0f00);      \
	NIBBLE(48, 0xf000);      \
	VPINSRW $i, R11, X10, X10

// func rows4IQ1MAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)
TEXT ·rows4IQ1MAVX2(SB), NOSPLIT, $0-64
	GRID(·eightsIQ1)

block:
	LINES3(0)
	PREFETCHT1 192(R10)
	ROWS(ROW1M)
	FOLD4(Y0, Y1, Y2, Y3, X0, X8)
	VPXOR X10, X10, X10
	SCALE1M(0, (SI))
	SCALE1M(1, (SI)(R8*1))
	SCALE1M(2, (SI)(R8*2))
	SCALE1M(3, (SI)(R12*1))
	VCVTPH2PS X10, X10
	TIMES(EIGHTHPART)
	NEXT(56, 0)
	JNZ block
	RESULTS
