//go:build !purego

#include "textflag.h"
#include "octets_amd64.h"

// A strip is 16 rows of weights, row i in lane i, times 1 to 8 tokens. Nothing is
// stored of it: columns of bytes are taken apart in registers, and multiplied
// with all tokens at once.
//
//	SI, R9, R10, R11  rows 0, 4, 8 and 12
//	R13, R8, R12      nothing, the bytes of a row, and three times that
//	DI, DX            a block of the tokens, and its heads
//	AX                room to work in
//	BX                the next strip
//	CX                blocks left
//	Z16 to Z23        sums over a block, one for each token
//
// The next strip, which begins where this one ends, is asked for into the second
// cache, line after line; and the next block of these rows into the first. That
// is spread over a block: a burst would take all there is to wait for lines in.

#define ARGUMENTS(n, values) \
	MOVQ w+16(FP), SI;        \
	MOVQ rowBytes+24(FP), R8; \
	MOVQ tokens+32(FP), DI;   \
	MOVQ blocks+40(FP), CX;   \
	MOVQ work+48(FP), AX;     \
	MOVQ ahead+56(FP), BX;    \
	LEAQ (SI)(R8*4), R9;      \
	LEAQ (R9)(R8*4), R10;     \
	LEAQ (R10)(R8*4), R11;    \
	LEAQ (R8)(R8*2), R12;     \
	LEAQ (values*n)(DI), DX;  \
	XORL R13, R13

#define ADVANCE(bytes) \
	ADDQ $(bytes), SI;  \
	ADDQ $(bytes), R9;  \
	ADDQ $(bytes), R10; \
	ADDQ $(bytes), R11

#define FAR(o) PREFETCHT1 o(BX)

// NEAR asks for a line of every fourth row.
#define NEAR(o) \
	PREFETCHT0 o(SI)(R15*1);  \
	PREFETCHT0 o(R9)(R15*1);  \
	PREFETCHT0 o(R10)(R15*1); \
	PREFETCHT0 o(R11)(R15*1)

// FOUR loads 16 bytes of every fourth row.
#define FOUR(o, i, x, z) \
	VMOVDQU o(SI)(i), x;               \
	VINSERTI32X4 $1, o(R9)(i), z, z;   \
	VINSERTI32X4 $2, o(R10)(i), z, z;  \
	VINSERTI32X4 $3, o(R11)(i), z, z

#define SIXTEEN(o) \
	FOUR(o, R13*1, X4, Z4);  \
	FOUR(o, R8*1, X5, Z5);   \
	FOUR(o, R8*2, X6, Z6);   \
	FOUR(o, R12*1, X7, Z7)

// COLUMNS loads the 16 bytes from o on of all rows, four in each of Z4 to Z7.
#define COLUMNS(o) \
	SIXTEEN(o);              \
	VPUNPCKLDQ Z5, Z4, Z0;   \
	VPUNPCKHDQ Z5, Z4, Z2;   \
	VPUNPCKLDQ Z7, Z6, Z1;   \
	VPUNPCKHDQ Z7, Z6, Z3;   \
	VPUNPCKLQDQ Z1, Z0, Z4;  \
	VPUNPCKHQDQ Z1, Z0, Z5;  \
	VPUNPCKLQDQ Z3, Z2, Z6;  \
	VPUNPCKHQDQ Z3, Z2, Z7

// FIRST loads the first four of them into Z4, LAST the last four.
#define FIRST(o) \
	SIXTEEN(o);              \
	VPUNPCKLDQ Z5, Z4, Z0;   \
	VPUNPCKLDQ Z7, Z6, Z1;   \
	VPUNPCKLQDQ Z1, Z0, Z4

#define LAST(o) \
	SIXTEEN(o);              \
	VPUNPCKHDQ Z5, Z4, Z2;   \
	VPUNPCKHDQ Z7, Z6, Z3;   \
	VPUNPCKHQDQ Z3, Z2, Z4

// TRANSPOSE exchanges rows and columns in each lane of a, b, c and d.
#define TRANSPOSE(a, b, c, d) \
	VPUNPCKLDQ b, a, Z12;    \
	VPUNPCKHDQ b, a, Z13;    \
	VPUNPCKLDQ d, c, Z14;    \
	VPUNPCKHDQ d, c, Z15;    \
	VPUNPCKLQDQ Z14, Z12, a; \
	VPUNPCKHQDQ Z14, Z12, b; \
	VPUNPCKLQDQ Z15, Z13, c; \
	VPUNPCKHQDQ Z15, Z13, d

// WIDE loads the 32 bytes from o on of all rows, which takes a fifth less than
// COLUMNS twice: the former 16 in Z4 to Z7, the latter in Z12 to Z15.
#define WIDE(o) \
	TWO(o, SI, R9, R13*1, Y4, Z4);     \
	TWO(o, SI, R9, R8*1, Y5, Z5);      \
	TWO(o, SI, R9, R8*2, Y6, Z6);      \
	TWO(o, SI, R9, R12*1, Y7, Z7);     \
	TWO(o, R10, R11, R13*1, Y8, Z8);   \
	TWO(o, R10, R11, R8*1, Y9, Z9);    \
	TWO(o, R10, R11, R8*2, Y10, Z10);  \
	TWO(o, R10, R11, R12*1, Y11, Z11); \
	TRANSPOSE(Z4, Z5, Z6, Z7);         \
	TRANSPOSE(Z8, Z9, Z10, Z11);       \
	VSHUFI32X4 $0xdd, Z8, Z4, Z12;     \
	VSHUFI32X4 $0xdd, Z9, Z5, Z13;     \
	VSHUFI32X4 $0xdd, Z10, Z6, Z14;    \
	VSHUFI32X4 $0xdd, Z11, Z7, Z15;    \
	VSHUFI32X4 $0x88, Z8, Z4, Z4;      \
	VSHUFI32X4 $0x88, Z9, Z5, Z5;      \
	VSHUFI32X4 $0x88, Z10, Z6, Z6;     \
	VSHUFI32X4 $0x88, Z11, Z7, Z7

// BYTES sets all bytes of z to v.
#define BYTES(v, z) \
	MOVL $(v*0x01010101), R15; \
	VPBROADCASTD R15, z

// NIBBLES leaves the low nibbles of a, b, c and d in Z0 to Z3, and the high ones
// where they are.
#define NIBBLES(a, b, c, d) \
	VPANDD Z31, a, Z0; \
	VPANDD Z31, b, Z1; \
	VPANDD Z31, c, Z2; \
	VPANDD Z31, d, Z3; \
	VPSRLW $4, a, a;   \
	VPSRLW $4, b, b;   \
	VPSRLW $4, c, c;   \
	VPSRLW $4, d, d;   \
	VPANDD Z31, a, a;  \
	VPANDD Z31, b, b;  \
	VPANDD Z31, c, c;  \
	VPANDD Z31, d, d

// DOT adds the products with the 16 activations at o.
#define DOT(o, a, b, c, d, s) \
	VPDPBUSD.BCST (o)(DI), a, s;    \
	VPDPBUSD.BCST (o+4)(DI), b, s;  \
	VPDPBUSD.BCST (o+8)(DI), c, s;  \
	VPDPBUSD.BCST (o+12)(DI), d, s

// EACHn does something for each of n tokens: its number, an argument, its sums.
#define EACH1(DO, o) DO(0, o, Z16)
#define EACH2(DO, o) EACH1(DO, o); DO(1, o, Z17)
#define EACH3(DO, o) EACH2(DO, o); DO(2, o, Z18)
#define EACH4(DO, o) EACH3(DO, o); DO(3, o, Z19)
#define EACH5(DO, o) EACH4(DO, o); DO(4, o, Z20)
#define EACH6(DO, o) EACH5(DO, o); DO(5, o, Z21)
#define EACH7(DO, o) EACH6(DO, o); DO(6, o, Z22)
#define EACH8(DO, o) EACH7(DO, o); DO(7, o, Z23)

#define ZERO(t, o, z) VPXORD z, z, z

// The room to work in: scales, fifth bits, d of a block; then acc and m of each token.
#define FIFTHS 512
#define D 1024
#define ACC(t) (1088+128*t)(AX)
#define M(t) (1152+128*t)(AX)

#define CLEAR(t, o, z) \
	VMOVUPS Z0, ACC(t); \
	VMOVUPS Z0, M(t)

// ADD does the multiply-add of a block: the integers in s, times the rows' scales
// in Z14 and the token's, which is the end of its head, to the sums at to.
#define ADD(t, head, s, to) \
	VCVTDQ2PS s, Z8;                         \
	VMULPS.BCST (head*t+head-4)(DX), Z14, Z9; \
	VMOVUPS to, Z0;                          \
	VFMADD231PS Z8, Z9, Z0;                  \
	VMOVUPS Z0, to

#define FLOAT(t, head, z) ADD(t, head, z, ACC(t))

// FINISH stores acc - m, at DI and every R8 bytes on.
#define FINISH(t, o, z) \
	VMOVUPS ACC(t), Z0;    \
	VSUBPS M(t), Z0, Z0;   \
	VMOVUPS Z0, (DI);      \
	ADDQ R8, DI

#define RESULTS \
	MOVQ dst+0(FP), DI;    \
	MOVQ stride+8(FP), R8; \
	SHLQ $2, R8

// SCALES stores four scales, the bytes of z, as dwords from p on.
#define SCALES(z, p) \
	VPANDD Z28, z, Z8;       \
	VMOVDQU64 Z8, p(AX);     \
	VPSRLD $8, z, Z8;        \
	VPANDD Z28, Z8, Z8;      \
	VMOVDQU64 Z8, p+64(AX);  \
	VPSRLD $16, z, Z8;       \
	VPANDD Z28, Z8, Z8;      \
	VMOVDQU64 Z8, p+128(AX); \
	VPSRLD $24, z, Z8;       \
	VMOVDQU64 Z8, p+192(AX)

// words makes words of the bytes 0 and 1, or 2 and 3, of each dword.
DATA words<>+0(SB)/8, $0x8005800480018000
DATA words<>+8(SB)/8, $0x800d800c80098008
DATA words<>+16(SB)/8, $0x8007800680038002
DATA words<>+24(SB)/8, $0x800f800e800b800a
GLOBL words<>(SB), RODATA|NOPTR, $32

// HEAD takes apart the head of a block of Q4_K or Q5_K: d and, by SCALES, the scales
// into the room to work in, dmin into Z14, the minima as words into Z10 to Z13. The bytes
// of the scales stay in Z0 and Z1, what makes words in Z8 and Z9.
#define HEAD(SCALES) \
	COLUMNS(0);                     \
	VPMOVDW Z4, Y8;                 \
	VCVTPH2PS Y8, Z8;               \
	VMOVUPS Z8, D(AX);              \
	VPSRLD $16, Z4, Z4;             \
	VPMOVDW Z4, Y8;                 \
	VCVTPH2PS Y8, Z14;              \
	VPANDD Z29, Z5, Z0;             \
	VPANDD Z29, Z6, Z2;             \
	VPANDD Z31, Z7, Z1;             \
	VPSRLW $4, Z7, Z3;              \
	VPANDD Z31, Z3, Z3;             \
	VPSRLW $2, Z5, Z5;              \
	VPSRLW $2, Z6, Z6;              \
	VPTERNLOGD $0xf8, Z27, Z5, Z1;  \
	VPTERNLOGD $0xf8, Z27, Z6, Z3;  \
	SCALES(Z0, 0);                  \
	SCALES(Z1, 256);                \
	VBROADCASTI32X4 words<>+0(SB), Z8;  \
	VBROADCASTI32X4 words<>+16(SB), Z9; \
	VPSHUFB Z8, Z2, Z10;            \
	VPSHUFB Z9, Z2, Z11;            \
	VPSHUFB Z8, Z3, Z12;            \
	VPSHUFB Z9, Z3, Z13

#define CONSTANTS \
	BYTES(0x0f, Z31);      \
	BYTES(0x3f, Z29);      \
	BYTES(0x30, Z27);      \
	MOVL $0xff, R15;       \
	VPBROADCASTD R15, Z28

// PAIRS adds the products of eight words and of four registers.
#define PAIRS(o, a, b, c, d, s) \
	VPDPWSSD.BCST (o)(DX), a, s;    \
	VPDPWSSD.BCST (o+4)(DX), b, s;  \
	VPDPWSSD.BCST (o+8)(DX), c, s;  \
	VPDPWSSD.BCST (o+12)(DX), d, s

#define MINIMA(t, head, z) \
	VPXOR X8, X8, X8;                          \
	PAIRS(head*t, Z10, Z11, Z12, Z13, Z8);     \
	ADD(t, head, Z8, M(t))

#define TWICE4K(z, p) TWICE(z, p, 64, AX)

#define FORMER4K(t, o, z) DOTS4K(256*t, Z0, Z1, Z2, Z3, Z26, Z27, Z28, Z30, Z24, z)
#define LATTER4K(t, o, z) DOTS4K(256*t+32, Z4, Z5, Z6, Z7, Z12, Z13, Z14, Z15, Z25, z)

#define STRIP4K(n, EACH) \
	ARGUMENTS(n, 256);           \
	VPXORD Z0, Z0, Z0;           \
	EACH(CLEAR, 0);              \
block:                               \
	CONSTANTS;                   \
	HEAD(TWICE4K);               \
	EACH(MINIMA, 20);            \
	EACH(ZERO, 0);               \
	MOVQ AX, R14;                \
	XORL R15, R15;               \
pair:                                \
	VMOVDQU64 (R14), Z24;        \
	VMOVDQU64 64(R14), Z25;      \
	ADDQ $128, R14;              \
	FAR(0);                      \
	FAR(64);                     \
	FAR(128);                    \
	NEAR(144);                   \
	PAIRED(16);                  \
	LOW(Z4, Z0);                 \
	LOW(Z5, Z1);                 \
	LOW(Z6, Z2);                 \
	LOW(Z7, Z3);                 \
	LOW(Z12, Z26);               \
	LOW(Z13, Z27);               \
	LOW(Z14, Z28);               \
	LOW(Z15, Z30);               \
	FAR(192);                    \
	FAR(256);                    \
	FAR(320);                    \
	NEAR(208);                   \
	EACH(FORMER4K, 0);           \
	FAR(384);                    \
	FAR(448);                    \
	FAR(512);                    \
	ADDQ $576, BX;               \
	NEAR(272);                   \
	EACH(LATTER4K, 0);           \
	ADVANCE(32);                 \
	ADDQ $64, DI;                \
	ADDQ R8, R15;                \
	CMPQ R15, R12;               \
	JLE  pair;                   \
	VMOVUPS D(AX), Z14;          \
	EACH(FLOAT, 20);             \
	ADDQ $(276*n-256), DI;       \
	ADDQ $(276*n), DX;           \
	ADVANCE(16);                 \
	DECQ CX;                     \
	JNZ  block;                  \
	RESULTS;                     \
	EACH(FINISH, 0);             \
	VZEROUPPER;                  \
	RET

// Of Q5_K, 16 is taken off every weight to keep the sum of 16 products below 2¹⁵:
// sums begin at -16 times the sum of the activations, and CORRECT puts that back,
// as twice the scale, in Z2 to Z5, times eight times the sum.
#define CORRECT(t, head, z) \
	VPXORD z, z, z;                     \
	PAIRS(head*t+16, Z2, Z3, Z4, Z5, z)

#define DOTS5K(t, o, z, a, b, c, d) \
	VPBROADCASTD (100*t+32+(o)/4)(DX), Z8;    \
	DOT(256*t+o, Z0, Z1, Z2, Z3, Z8);       \
	VPDPWSSD Z24, Z8, z;                    \
	VPBROADCASTD (100*t+40+(o)/4)(DX), Z9;    \
	DOT(256*t+o+32, a, b, c, d, Z9);        \
	VPDPWSSD Z25, Z9, z

#define FORMER5K(t, o, z) DOTS5K(t, o, z, Z4, Z5, Z6, Z7)
#define LATTER5K(t, o, z) DOTS5K(t, o, z, Z12, Z13, Z14, Z15)

// FIFTH adds the fifth bits at p, which are to rotate as Z26 says, to the low
// nibbles in a and the high ones in b.
#define FIFTH(p, a, b) \
	VMOVDQU64 p(AX), Z8;            \
	VPROLVD Z26, Z8, Z8;            \
	VPTERNLOGD $0xf8, Z30, Z8, a;   \
	VPSRLD $1, Z8, Z8;              \
	VPTERNLOGD $0xf8, Z30, Z8, b

DATA minusTwo<>+0(SB)/4, $-2
GLOBL minusTwo<>(SB), RODATA|NOPTR, $4

#define STRIP5K(n, EACH) \
	ARGUMENTS(n, 256);               \
	CONSTANTS;                       \
	BYTES(0x10, Z30);                \
	VPXORD Z0, Z0, Z0;               \
	EACH(CLEAR, 0);                  \
block:                                   \
	HEAD(SCALES);                    \
	VPADDW Z0, Z0, Z0;               \
	VPADDW Z1, Z1, Z1;               \
	VPSHUFB Z8, Z0, Z2;              \
	VPSHUFB Z9, Z0, Z3;              \
	VPSHUFB Z8, Z1, Z4;              \
	VPSHUFB Z9, Z1, Z5;              \
	EACH(CORRECT, 100);              \
	EACH(MINIMA, 100);               \
	WIDE(16);                        \
	VMOVDQU64 Z4, FIFTHS(AX);        \
	VMOVDQU64 Z5, FIFTHS+64(AX);     \
	VMOVDQU64 Z6, FIFTHS+128(AX);    \
	VMOVDQU64 Z7, FIFTHS+192(AX);    \
	VMOVDQU64 Z12, FIFTHS+256(AX);   \
	VMOVDQU64 Z13, FIFTHS+320(AX);   \
	VMOVDQU64 Z14, FIFTHS+384(AX);   \
	VMOVDQU64 Z15, FIFTHS+448(AX);   \
	MOVL $4, R14;                    \
	VPBROADCASTD R14, Z26;           \
	MOVQ AX, R14;                    \
	XORL R15, R15;                   \
pair:                                    \
	FAR(0);                          \
	FAR(64);                         \
	FAR(128);                        \
	FAR(192);                        \
	NEAR(176);                       \
	VMOVDQU64 (R14), Z24;            \
	VMOVDQU64 64(R14), Z25;          \
	ADDQ $128, R14;                  \
	WIDE(48);                        \
	NIBBLES(Z4, Z5, Z6, Z7);         \
	FIFTH(FIFTHS, Z0, Z4);           \
	FIFTH(FIFTHS+64, Z1, Z5);        \
	FIFTH(FIFTHS+128, Z2, Z6);       \
	FIFTH(FIFTHS+192, Z3, Z7);       \
	FAR(256);                        \
	FAR(320);                        \
	FAR(384);                        \
	FAR(448);                        \
	NEAR(240);                       \
	EACH(FORMER5K, 0);               \
	NIBBLES(Z12, Z13, Z14, Z15);     \
	FIFTH(FIFTHS+256, Z0, Z12);      \
	FIFTH(FIFTHS+320, Z1, Z13);      \
	FIFTH(FIFTHS+384, Z2, Z14);      \
	FIFTH(FIFTHS+448, Z3, Z15);      \
	FAR(512);                        \
	FAR(576);                        \
	FAR(640);                        \
	ADDQ $704, BX;                   \
	NEAR(304);                       \
	EACH(LATTER5K, 16);              \
	VPADDD.BCST minusTwo<>(SB), Z26, Z26; \
	ADVANCE(32);                     \
	ADDQ $64, DI;                    \
	ADDQ $16, DX;                    \
	ADDQ R8, R15;                    \
	CMPQ R15, R12;                   \
	JLE  pair;                       \
	SUBQ $64, DX;                    \
	VMOVUPS D(AX), Z14;              \
	EACH(FLOAT, 100);                \
	ADDQ $(356*n-256), DI;           \
	ADDQ $(356*n), DX;               \
	ADVANCE(48);                     \
	DECQ CX;                         \
	JNZ  block;                      \
	RESULTS;                         \
	EACH(FINISH, 0);                 \
	VZEROUPPER;                      \
	RET

// Of Q6_K, the sum of 16 products, -32 times the sum of the activations among
// them, stays below 2¹⁵ unless those are large: magnitudes of up to 1023 do
// together, the most of 16 being in the head. In a block where a token has more,
// the sums of all tokens are multiplied as dwords.
#define NARROW(scale, s, z) VPDPWSSD scale, s, z

#define FULL(scale, s, z) \
	VPMULLD scale, s, s;  \
	VPADDD s, z, z

#define DOTS6K(t, o, z, WEIGH) \
	VPBROADCASTD (72*t+(o)/4)(DX), Z8;     \
	DOT(256*t+o, Z0, Z1, Z2, Z3, Z8);    \
	WEIGH(Z24, Z8, z);                   \
	VPBROADCASTD (72*t+16+(o)/4)(DX), Z9;  \
	DOT(256*t+o+64, Z4, Z5, Z6, Z7, Z9); \
	WEIGH(Z25, Z9, z)

#define NARROW6K(t, o, z) DOTS6K(t, o, z, NARROW)
#define FULL6K(t, o, z) DOTS6K(t, o, z, FULL)

// HIGH adds two bits of z, shifted, to a.
#define HIGH(SHIFT, by, z, a) \
	SHIFT $by, z, Z8;            \
	VPTERNLOGD $0xf8, Z30, Z8, a

// COLUMNS6K multiplies the 16 bytes at o of all rows, the high bits of which are
// in Z12 to Z15, with the activations at q and at q+64.
#define COLUMNS6K(EACH, DOTS, o, q, LOW, low, HIGHS, high) \
	COLUMNS(o);                   \
	NIBBLES(Z4, Z5, Z6, Z7);      \
	HIGH(LOW, low, Z12, Z0);      \
	HIGH(LOW, low, Z13, Z1);      \
	HIGH(LOW, low, Z14, Z2);      \
	HIGH(LOW, low, Z15, Z3);      \
	HIGH(HIGHS, high, Z12, Z4);   \
	HIGH(HIGHS, high, Z13, Z5);   \
	HIGH(HIGHS, high, Z14, Z6);   \
	HIGH(HIGHS, high, Z15, Z7);   \
	VMOVDQU64 (4*(q))(R14), Z24;    \
	VMOVDQU64 (4*(q)+256)(R14), Z25; \
	EACH(DOTS, q)

#define FARS(o) \
	FAR(o);     \
	FAR(o+64);  \
	FAR(o+128); \
	FAR(o+192)

#define HALF6K(EACH, DOTS, qh, ql, q, far) \
	FARS(far);                                                \
	FAR(far+256);                                             \
	NEAR(210);                                                \
	NEAR(274);                                                \
	COLUMNS(qh);                                              \
	VMOVDQA64 Z4, Z12;                                        \
	VMOVDQA64 Z5, Z13;                                        \
	VMOVDQA64 Z6, Z14;                                        \
	VMOVDQA64 Z7, Z15;                                        \
	FARS(far+320);                                            \
	NEAR(338);                                                \
	COLUMNS6K(EACH, DOTS, ql, q, VPSLLW, 4, VPSRLW, 0);       \
	FARS(far+576);                                            \
	NEAR(402);                                                \
	COLUMNS6K(EACH, DOTS, ql+32, q+32, VPSLLW, 2, VPSRLW, 2); \
	ADDQ R8, R15

// The tables put each of four bytes where an arithmetic shift makes a scale of it:
// into the upper byte of the lower word, or of the dword.
DATA narrow<>+0(SB)/8, $0x8080048080800080
DATA narrow<>+8(SB)/8, $0x80800c8080800880
DATA narrow<>+16(SB)/8, $0x8080058080800180
DATA narrow<>+24(SB)/8, $0x80800d8080800980
DATA narrow<>+32(SB)/8, $0x8080068080800280
DATA narrow<>+40(SB)/8, $0x80800e8080800a80
DATA narrow<>+48(SB)/8, $0x8080078080800380
DATA narrow<>+56(SB)/8, $0x80800f8080800b80
GLOBL narrow<>(SB), RODATA|NOPTR, $64

DATA full<>+0(SB)/8, $0x0480808000808080
DATA full<>+8(SB)/8, $0x0c80808008808080
DATA full<>+16(SB)/8, $0x0580808001808080
DATA full<>+24(SB)/8, $0x0d80808009808080
DATA full<>+32(SB)/8, $0x0680808002808080
DATA full<>+40(SB)/8, $0x0e8080800a808080
DATA full<>+48(SB)/8, $0x0780808003808080
DATA full<>+56(SB)/8, $0x0f8080800b808080
GLOBL full<>(SB), RODATA|NOPTR, $64

// SIGNED stores four scales, the bytes of z, from p on.
#define SIGNED(SHIFT, by, z, p) \
	VPSHUFB Z26, z, Z8;        \
	VPSHUFB Z27, z, Z9;        \
	VPSHUFB Z28, z, Z10;       \
	VPSHUFB Z29, z, Z11;       \
	SHIFT $by, Z8, Z8;         \
	SHIFT $by, Z9, Z9;         \
	SHIFT $by, Z10, Z10;       \
	SHIFT $by, Z11, Z11;       \
	VMOVDQU64 Z8, p(AX);       \
	VMOVDQU64 Z9, p+64(AX);    \
	VMOVDQU64 Z10, p+128(AX);  \
	VMOVDQU64 Z11, p+192(AX)

// TABLE sets Z26 to Z29 to a table.
#define TABLE(table) \
	VBROADCASTI32X4 table+0(SB), Z26;  \
	VBROADCASTI32X4 table+16(SB), Z27; \
	VBROADCASTI32X4 table+32(SB), Z28; \
	VBROADCASTI32X4 table+48(SB), Z29

#define BLOCK6K(part, EACH, DOTS, table, SHIFT, by) \
	TABLE(table);                  \
	SIGNED(SHIFT, by, Z4, 0);      \
	SIGNED(SHIFT, by, Z5, 256);    \
	SIGNED(SHIFT, by, Z6, 512);    \
	SIGNED(SHIFT, by, Z7, 768);    \
part:                                  \
	HALF6K(EACH, DOTS, 128, 0, 0, 0); \
	HALF6K(EACH, DOTS, 160, 64, 128, 832); \
	ADDQ $1680, BX;                \
	ADVANCE(16);                   \
	ADDQ $16, DI;                  \
	ADDQ $4, DX;                   \
	ADDQ $64, R14;                 \
	CMPQ R15, R12;                 \
	JLE  part

#define LARGE(t, o, z) \
	CMPL (72*t+64)(DX), $1023; \
	JGT  large

#define STRIP6K(n, EACH) \
	ARGUMENTS(n, 256);             \
	BYTES(0x0f, Z31);              \
	BYTES(0x30, Z30);              \
	VPXORD Z0, Z0, Z0;             \
	EACH(CLEAR, 0);                \
block:                                 \
	COLUMNS(192);                  \
	EACH(ZERO, 0);                 \
	MOVQ AX, R14;                  \
	XORL R15, R15;                 \
	EACH(LARGE, 0);                \
	BLOCK6K(narrowPart, EACH, NARROW6K, narrow<>, VPSRAW, 8); \
done:                                  \
	LAST(162);                     \
	VPSRLD $16, Z4, Z4;            \
	VPMOVDW Z4, Y4;                \
	VCVTPH2PS Y4, Z14;             \
	SUBQ $8, DX;                   \
	EACH(FLOAT, 72);               \
	ADDQ $(328*n-32), DI;          \
	ADDQ $(328*n), DX;             \
	ADVANCE(178);                  \
	DECQ CX;                       \
	JNZ  block;                    \
	RESULTS;                       \
	EACH(FINISH, 0);               \
	VZEROUPPER;                    \
	RET;                           \
large:                                 \
	BLOCK6K(fullPart, EACH, FULL6K, full<>, VPSRAD, 24); \
	JMP  done

// Of Q8_0, the accumulators are Z16 to Z23.
#define TOKEN8(t, o, z) \
	VPBROADCASTD (8*t)(DX), Z0;                \
	VPXOR X1, X1, X1;                          \
	DOT(32*t, Z4, Z5, Z6, Z7, Z0);             \
	DOT(32*t+16, Z12, Z13, Z14, Z15, Z1);      \
	VPADDD Z1, Z0, Z0;                         \
	VCVTDQ2PS Z0, Z0;                          \
	VMULPS.BCST (8*t+4)(DX), Z24, Z1;          \
	VFMADD231PS Z0, Z1, z

#define STORE(t, o, z) \
	VMOVUPS z, (DI); \
	ADDQ R8, DI

#define STRIP8(n, EACH) \
	ARGUMENTS(n, 32);           \
	BYTES(0x80, Z31);           \
	EACH(ZERO, 0);              \
	XORL R15, R15;              \
block:                              \
	FARS(0);                    \
	FIRST(0);                   \
	VPMOVDW Z4, Y4;             \
	VCVTPH2PS Y4, Z24;          \
	NEAR(204);                  \
	WIDE(2);                    \
	FARS(256);                  \
	FAR(512);                   \
	ADDQ $544, BX;              \
	VPXORD Z31, Z4, Z4;         \
	VPXORD Z31, Z5, Z5;         \
	VPXORD Z31, Z6, Z6;         \
	VPXORD Z31, Z7, Z7;         \
	VPXORD Z31, Z12, Z12;       \
	VPXORD Z31, Z13, Z13;       \
	VPXORD Z31, Z14, Z14;       \
	VPXORD Z31, Z15, Z15;       \
	EACH(TOKEN8, 0);            \
	ADDQ $(40*n), DI;           \
	ADDQ $(40*n), DX;           \
	ADVANCE(34);                \
	ADDQ R8, R15;               \
	CMPQ R15, R12;              \
	CMOVQGT R13, R15;           \
	DECQ CX;                    \
	JNZ  block;                 \
	RESULTS;                    \
	EACH(STORE, 0);             \
	VZEROUPPER;                 \
	RET

// CHOOSE goes on to the loop for as many tokens as there are.
#define CHOOSE(one, two, three, four, five, six, seven, eight) \
	MOVQ n+64(FP), AX; \
	CMPQ AX, $2;       \
	JLT  least;        \
	JEQ  couple;       \
	CMPQ AX, $4;       \
	JLT  triple;       \
	JEQ  quadruple;    \
	CMPQ AX, $6;       \
	JLT  quintuple;    \
	JEQ  sextuple;     \
	CMPQ AX, $8;       \
	JLT  septuple;     \
	JMP  eight(SB);    \
least:                     \
	JMP  one(SB);      \
couple:                    \
	JMP  two(SB);      \
triple:                    \
	JMP  three(SB);    \
quadruple:                 \
	JMP  four(SB);     \
quintuple:                 \
	JMP  five(SB);     \
sextuple:                  \
	JMP  six(SB);      \
septuple:                  \
	JMP  seven(SB)

// func strip4KVNNI(dst *float32, stride int, w *byte, rowBytes int, tokens *byte, blocks int, work, ahead *byte, n int)
TEXT ·strip4KVNNI(SB), NOSPLIT, $0-72
	CHOOSE(strip4Kx1<>, strip4Kx2<>, strip4Kx3<>, strip4Kx4<>, strip4Kx5<>, strip4Kx6<>, strip4Kx7<>, strip4Kx8<>)

TEXT strip4Kx1<>(SB), NOSPLIT, $0-72
	STRIP4K(1, EACH1)

TEXT strip4Kx2<>(SB), NOSPLIT, $0-72
	STRIP4K(2, EACH2)

TEXT strip4Kx3<>(SB), NOSPLIT, $0-72
	STRIP4K(3, EACH3)

TEXT strip4Kx4<>(SB), NOSPLIT, $0-72
	STRIP4K(4, EACH4)

TEXT strip4Kx5<>(SB), NOSPLIT, $0-72
	STRIP4K(5, EACH5)

TEXT strip4Kx6<>(SB), NOSPLIT, $0-72
	STRIP4K(6, EACH6)

TEXT strip4Kx7<>(SB), NOSPLIT, $0-72
	STRIP4K(7, EACH7)

TEXT strip4Kx8<>(SB), NOSPLIT, $0-72
	STRIP4K(8, EACH8)

// func strip5KVNNI(dst *float32, stride int, w *byte, rowBytes int, tokens *byte, blocks int, work, ahead *byte, n int)
TEXT ·strip5KVNNI(SB), NOSPLIT, $0-72
	CHOOSE(strip5Kx1<>, strip5Kx2<>, strip5Kx3<>, strip5Kx4<>, strip5Kx5<>, strip5Kx6<>, strip5Kx7<>, strip5Kx8<>)

TEXT strip5Kx1<>(SB), NOSPLIT, $0-72
	STRIP5K(1, EACH1)

TEXT strip5Kx2<>(SB), NOSPLIT, $0-72
	STRIP5K(2, EACH2)

TEXT strip5Kx3<>(SB), NOSPLIT, $0-72
	STRIP5K(3, EACH3)

TEXT strip5Kx4<>(SB), NOSPLIT, $0-72
	STRIP5K(4, EACH4)

TEXT strip5Kx5<>(SB), NOSPLIT, $0-72
	STRIP5K(5, EACH5)

TEXT strip5Kx6<>(SB), NOSPLIT, $0-72
	STRIP5K(6, EACH6)

TEXT strip5Kx7<>(SB), NOSPLIT, $0-72
	STRIP5K(7, EACH7)

TEXT strip5Kx8<>(SB), NOSPLIT, $0-72
	STRIP5K(8, EACH8)

// func strip6KVNNI(dst *float32, stride int, w *byte, rowBytes int, tokens *byte, blocks int, work, ahead *byte, n int)
TEXT ·strip6KVNNI(SB), NOSPLIT, $0-72
	CHOOSE(strip6Kx1<>, strip6Kx2<>, strip6Kx3<>, strip6Kx4<>, strip6Kx5<>, strip6Kx6<>, strip6Kx7<>, strip6Kx8<>)

TEXT strip6Kx1<>(SB), NOSPLIT, $0-72
	STRIP6K(1, EACH1)

TEXT strip6Kx2<>(SB), NOSPLIT, $0-72
	STRIP6K(2, EACH2)

TEXT strip6Kx3<>(SB), NOSPLIT, $0-72
	STRIP6K(3, EACH3)

TEXT strip6Kx4<>(SB), NOSPLIT, $0-72
	STRIP6K(4, EACH4)

TEXT strip6Kx5<>(SB), NOSPLIT, $0-72
	STRIP6K(5, EACH5)

TEXT strip6Kx6<>(SB), NOSPLIT, $0-72
	STRIP6K(6, EACH6)

TEXT strip6Kx7<>(SB), NOSPLIT, $0-72
	STRIP6K(7, EACH7)

TEXT strip6Kx8<>(SB), NOSPLIT, $0-72
	STRIP6K(8, EACH8)

// func strip8VNNI(dst *float32, stride int, w *byte, rowBytes int, tokens *byte, blocks int, work, ahead *byte, n int)
TEXT ·strip8VNNI(SB), NOSPLIT, $0-72
	CHOOSE(strip8x1<>, strip8x2<>, strip8x3<>, strip8x4<>, strip8x5<>, strip8x6<>, strip8x7<>, strip8x8<>)

TEXT strip8x1<>(SB), NOSPLIT, $0-72
	STRIP8(1, EACH1)

TEXT strip8x2<>(SB), NOSPLIT, $0-72
	STRIP8(2, EACH2)

TEXT strip8x3<>(SB), NOSPLIT, $0-72
	STRIP8(3, EACH3)

TEXT strip8x4<>(SB), NOSPLIT, $0-72
	STRIP8(4, EACH4)

TEXT strip8x5<>(SB), NOSPLIT, $0-72
	STRIP8(5, EACH5)

TEXT strip8x6<>(SB), NOSPLIT, $0-72
	STRIP8(6, EACH6)

TEXT strip8x7<>(SB), NOSPLIT, $0-72
	STRIP8(7, EACH7)

TEXT strip8x8<>(SB), NOSPLIT, $0-72
	STRIP8(8, EACH8)
