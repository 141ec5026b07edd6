//go:build !purego

#include "textflag.h"
#include "rowsavx2_amd64.h"

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
#define HEAD(A, s, m, xm) \
	VMOVDQU 0 A, X9;               \
	VPXOR s, s, s;                 \
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
	VPMADDWD (BX), X10, xm

// NIBBLES sets Y11 to the low nibbles at o, and Y10 to the high ones.
#define NIBBLES(o, A) \
	VMOVDQU o A, Y10;             \
	VPAND nibble<>(SB), Y10, Y11; \
	VPSRLW $4, Y10, Y10;          \
	VPAND nibble<>(SB), Y10, Y10

#define SIXTYFOUR(o, A, j, s) \
	NIBBLES(o, A);                                  \
	DOT(64*j, Y11, each<>+64*j(SB), Y9, Y12, s);    \
	DOT(64*j+32, Y10, each<>+64*j+32(SB), Y9, Y13, s)

#define ROW4K(A, s, m, xm) \
	HEAD(A, s, m, xm);        \
	SIXTYFOUR(16, A, 0, s);   \
	SIXTYFOUR(48, A, 1, s);   \
	SIXTYFOUR(80, A, 2, s);   \
	SIXTYFOUR(112, A, 3, s)

// func rows4Q4KAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)
TEXT ·rows4Q4KAVX2(SB), NOSPLIT, $0-64
	ARGUMENTS

block:
	LINES3(0)
	LINES3(192)
	LINES3(384)
	ROWS(ROW4K)
	AFFINE(0)
	NEXT(144, 16)
	JNZ block
	RESULT

// BIT adds a bit of Y8, shifted, to y.
#define BIT(SHIFT, n, mask, y, t) \
	SHIFT $n, Y8, t;       \
	VPAND mask<>(SB), t, t; \
	VPOR t, y, y

#define FIFTHS(o, A, j, SHIFTLOW, low, SHIFTHIGH, high, s) \
	NIBBLES(o, A);                                  \
	BIT(SHIFTLOW, low, bit4, Y11, Y12);             \
	BIT(SHIFTHIGH, high, bit4, Y10, Y13);           \
	DOT(64*j, Y11, each<>+64*j(SB), Y9, Y12, s);    \
	DOT(64*j+32, Y10, each<>+64*j+32(SB), Y9, Y13, s)

#define ROW5K(A, s, m, xm) \
	HEAD(A, s, m, xm);                           \
	VMOVDQU 16 A, Y8;                            \
	FIFTHS(48, A, 0, VPSLLW, 4, VPSLLW, 3, s);   \
	FIFTHS(80, A, 1, VPSLLW, 2, VPSLLW, 1, s);   \
	FIFTHS(112, A, 2, VPSRLW, 0, VPSRLW, 1, s);  \
	FIFTHS(144, A, 3, VPSRLW, 2, VPSRLW, 3, s)

// func rows4Q5KAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)
TEXT ·rows4Q5KAVX2(SB), NOSPLIT, $0-64
	ARGUMENTS

block:
	LINES3(0)
	LINES3(192)
	LINES3(384)
	LINES3(576)
	ROWS(ROW5K)
	AFFINE(0)
	NEXT(176, 16)
	JNZ block
	RESULT

// SHIFTS begins a row with minus the products of sums and Y9, the scales, times what is 0 of the
// weights, and spreads the scales: the first eight in Y12, the others in Y9, twice.
#define SHIFTS(s, m, bits) \
	VPMADDWD (BX), Y9, m;   \
	VPXOR s, s, s;          \
	VPSLLD $bits, m, m;     \
	VPSUBD m, s, s;         \
	VPERMQ $0x44, Y9, Y12;  \
	VPERMQ $0xee, Y9, Y9

// SIXTHS does 128 weights, with the low bits at o, the high ones at b, the activations at x.
#define SIXTHS(o, b, A, x, scales, s) \
	VMOVDQU b A, Y8;                                   \
	NIBBLES(o, A);                                     \
	BIT(VPSLLW, 4, bits4, Y11, Y13);                   \
	BIT(VPSRLW, 0, bits4, Y10, Y13);                   \
	DOT(x, Y11, two<>+0(SB), scales, Y13, s);          \
	DOT(x+64, Y10, two<>+64(SB), scales, Y13, s);      \
	NIBBLES(o+32, A);                                  \
	BIT(VPSLLW, 2, bits4, Y11, Y13);                   \
	BIT(VPSRLW, 2, bits4, Y10, Y13);                   \
	DOT(x+32, Y11, two<>+32(SB), scales, Y13, s);      \
	DOT(x+96, Y10, two<>+96(SB), scales, Y13, s)

#define ROW6K(A, s, m, xm) \
	VPMOVSXBW 192 A, Y9;             \
	SHIFTS(s, m, 5);                 \
	SIXTHS(0, 128, A, 0, Y12, s);    \
	SIXTHS(64, 160, A, 128, Y9, s)

// func rows4Q6KAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)
TEXT ·rows4Q6KAVX2(SB), NOSPLIT, $0-64
	ARGUMENTS

block:
	LINES3(0)
	LINES3(192)
	LINES3(384)
	LINES3(576)
	PREFETCHT1 768(R10)
	ROWS(ROW6K)
	CENTRED(208)
	NEXT(210, 32)
	JNZ block
	RESULT

// QUARTER sets y to the two bits of Y11 that are n from the lowest on.
#define QUARTER(n, y) \
	VPSRLW $n, Y11, y;         \
	VPAND crumb<>(SB), y, y

#define QUARTERS(o, A, x, scales, s) \
	VMOVDQU o A, Y11;                                  \
	VPAND crumb<>(SB), Y11, Y10;                       \
	DOT(x, Y10, two<>+0(SB), scales, Y13, s);          \
	QUARTER(2, Y10);                                   \
	DOT(x+32, Y10, two<>+32(SB), scales, Y13, s);      \
	QUARTER(4, Y10);                                   \
	DOT(x+64, Y10, two<>+64(SB), scales, Y13, s);      \
	QUARTER(6, Y10);                                   \
	DOT(x+96, Y10, two<>+96(SB), scales, Y13, s)

#define ROW2K(A, s, m, xm) \
	VMOVDQU 0 A, X9;               \
	VPSRLW $4, X9, X10;            \
	VPAND nibble<>(SB), X9, X9;    \
	VPAND nibble<>(SB), X10, X10;  \
	VPMOVZXBW X10, Y10;            \
	VPMOVZXBW X9, Y9;              \
	VPMADDWD (BX), Y10, m;         \
	VPXOR s, s, s;                 \
	VPERMQ $0x44, Y9, Y12;         \
	VPERMQ $0xee, Y9, Y9;          \
	QUARTERS(16, A, 0, Y12, s);    \
	QUARTERS(48, A, 128, Y9, s)

// func rows4Q2KAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)
TEXT ·rows4Q2KAVX2(SB), NOSPLIT, $0-64
	ARGUMENTS

block:
	LINES3(0)
	LINES3(192)
	ROWS(ROW2K)
	AFFINE(80)
	NEXT(84, 32)
	JNZ block
	RESULT

// pairs are shifts by two bits more for each dword.
DATA pairs<>+0(SB)/8, $0x0000000200000000
DATA pairs<>+8(SB)/8, $0x0000000600000004
GLOBL pairs<>(SB), RODATA|NOPTR, $16

#define THIRDS(o, A, x, scales, s, S0, n0, S1, n1, S2, n2, S3, n3) \
	VMOVDQU o A, Y11;                                  \
	VPAND crumb<>(SB), Y11, Y10;                       \
	BIT(S0, n0, bit2, Y10, Y13);                       \
	DOT(x, Y10, two<>+0(SB), scales, Y13, s);          \
	QUARTER(2, Y10);                                   \
	BIT(S1, n1, bit2, Y10, Y13);                       \
	DOT(x+32, Y10, two<>+32(SB), scales, Y13, s);      \
	QUARTER(4, Y10);                                   \
	BIT(S2, n2, bit2, Y10, Y13);                       \
	DOT(x+64, Y10, two<>+64(SB), scales, Y13, s);      \
	QUARTER(6, Y10);                                   \
	BIT(S3, n3, bit2, Y10, Y13);                       \
	DOT(x+96, Y10, two<>+96(SB), scales, Y13, s)

// Of the scales four bits are the nibbles of eight bytes, two more those of four bytes.
#define ROW3K(A, s, m, xm) \
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
	SHIFTS(s, m, 2);               \
	VMOVDQU 0 A, Y8;               \
	THIRDS(32, A, 0, Y12, s, VPSLLW, 2, VPSLLW, 1, VPSRLW, 0, VPSRLW, 1); \
	THIRDS(64, A, 128, Y9, s, VPSRLW, 2, VPSRLW, 3, VPSRLW, 4, VPSRLW, 5)

// func rows4Q3KAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)
TEXT ·rows4Q3KAVX2(SB), NOSPLIT, $0-64
	ARGUMENTS

block:
	LINES3(0)
	LINES3(192)
	PREFETCHT1 384(R10)
	ROWS(ROW3K)
	CENTRED(108)
	NEXT(110, 32)
	JNZ block
	RESULT

// nonlinear are the 16 levels of IQ4_XS.
DATA nonlinear<>+0(SB)/8, $0xf6eaddcfbfad9881
DATA nonlinear<>+8(SB)/8, $0x7159453526190d01
GLOBL nonlinear<>(SB), RODATA|NOPTR, $16

// scales4XS are the shifts to the low and the high bits of eight scales, and dwords
// 15, 3 and 32.
DATA scales4XS<>+0(SB)/8, $0x0000000400000000
DATA scales4XS<>+8(SB)/8, $0x0000000c00000008
DATA scales4XS<>+16(SB)/8, $0x0000001400000010
DATA scales4XS<>+24(SB)/8, $0x0000001c00000018
DATA scales4XS<>+32(SB)/8, $0x0000000200000000
DATA scales4XS<>+40(SB)/8, $0x0000000600000004
DATA scales4XS<>+48(SB)/8, $0x0000000a00000008
DATA scales4XS<>+56(SB)/8, $0x0000000e0000000c
DATA scales4XS<>+64(SB)/8, $0x0000000f0000000f
DATA scales4XS<>+72(SB)/8, $0x0000000f0000000f
DATA scales4XS<>+80(SB)/8, $0x0000000f0000000f
DATA scales4XS<>+88(SB)/8, $0x0000000f0000000f
DATA scales4XS<>+96(SB)/8, $0x0000000300000003
DATA scales4XS<>+104(SB)/8, $0x0000000300000003
DATA scales4XS<>+112(SB)/8, $0x0000000300000003
DATA scales4XS<>+120(SB)/8, $0x0000000300000003
DATA scales4XS<>+128(SB)/8, $0x0000002000000020
DATA scales4XS<>+136(SB)/8, $0x0000002000000020
DATA scales4XS<>+144(SB)/8, $0x0000002000000020
DATA scales4XS<>+152(SB)/8, $0x0000002000000020
GLOBL scales4XS<>(SB), RODATA|NOPTR, $160

// LEVELS does 32 weights, of which the low nibbles of 16 bytes are the first; Y15 has the
// levels.
#define LEVELS(A, j, s) \
	VMOVDQU 8+16*j A, X10;           \
	VPSRLW $4, X10, X11;             \
	VINSERTI128 $1, X11, Y10, Y10;   \
	VPAND nibble<>(SB), Y10, Y10;    \
	VPSHUFB Y10, Y15, Y10;           \
	VMOVDQU 32*j(DI), Y11;           \
	VPSHUFB each<>+32*j(SB), Y9, Y12; \
	VPSIGNB Y10, Y11, Y11;           \
	VPABSB Y10, Y10;                 \
	VPMADDUBSW Y11, Y10, Y10;        \
	VPMADDWD Y12, Y10, Y10;          \
	VPADDD Y10, s, s

#define ROW4XS(A, s, m, xm) \
	VPBROADCASTD 4 A, Y9;               \
	VPBROADCASTW 2 A, Y10;              \
	VPXOR s, s, s;                      \
	VPSRLVD scales4XS<>+0(SB), Y9, Y9;  \
	VPSRLVD scales4XS<>+32(SB), Y10, Y10; \
	VPAND scales4XS<>+64(SB), Y9, Y9;   \
	VPAND scales4XS<>+96(SB), Y10, Y10; \
	VPSLLD $4, Y10, Y10;                \
	VPOR Y10, Y9, Y9;                   \
	VPSUBD scales4XS<>+128(SB), Y9, Y9; \
	VEXTRACTI128 $1, Y9, X10;           \
	VPACKSSDW X10, X9, X9;              \
	VPERMQ $0x44, Y9, Y9;               \
	LEVELS(A, 0, s);                    \
	LEVELS(A, 1, s);                    \
	LEVELS(A, 2, s);                    \
	LEVELS(A, 3, s);                    \
	LEVELS(A, 4, s);                    \
	LEVELS(A, 5, s);                    \
	LEVELS(A, 6, s);                    \
	LEVELS(A, 7, s)

// func rows4IQ4XSAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)
TEXT ·rows4IQ4XSAVX2(SB), NOSPLIT, $0-64
	ARGUMENTS
	VBROADCASTI128 nonlinear<>(SB), Y15

block:
	LINES3(0)
	LINES3(192)
	LINES3(384)
	ROWS(ROW4XS)
	CENTRED(0)
	NEXT(136, 32)
	JNZ block
	MOVQ dst+0(FP), AX
	VMOVUPS X14, (AX)
	VZEROUPPER
	RET
