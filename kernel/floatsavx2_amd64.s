//go:build !purego

#include "textflag.h"

// As floats_amd64.s and floattile_amd64.s, with eight rows in a register: row i
// begins at SI or R9, for i/4 of 0 or 1, plus i%4 times R8; R12 is three of R8,
// R13 is 0.

#define ROWS \
	LEAQ (SI)(R8*4), R9;    \
	LEAQ (R8)(R8*2), R12;   \
	XORL R13, R13

#define ALONG(bytes) \
	ADDQ $bytes, SI; \
	ADDQ $bytes, R9

#define FOUR(o, i, x, y) \
	VMOVDQU o(SI)(i), x;         \
	VINSERTI128 $1, o(R9)(i), y, y

// COLUMNS loads the 16 bytes from o on of all rows, four in each of Y4, Y5, Y6 and
// Y7.
#define COLUMNS(o) \
	FOUR(o, R13*1, X0, Y0);  \
	FOUR(o, R8*1, X1, Y1);   \
	FOUR(o, R8*2, X2, Y2);   \
	FOUR(o, R12*1, X3, Y3);  \
	VPUNPCKLDQ Y1, Y0, Y4;   \
	VPUNPCKHDQ Y1, Y0, Y6;   \
	VPUNPCKLDQ Y3, Y2, Y5;   \
	VPUNPCKHDQ Y3, Y2, Y7;   \
	VPUNPCKHQDQ Y5, Y4, Y0;  \
	VPUNPCKLQDQ Y5, Y4, Y4;  \
	VPUNPCKHQDQ Y7, Y6, Y1;  \
	VPUNPCKLQDQ Y7, Y6, Y6;  \
	VMOVDQA Y0, Y5;          \
	VMOVDQA Y1, Y7

#define PAIRBF16(y, USE, first, second) \
	VPSLLD $16, y, Y8;    \
	USE(first, Y8);       \
	VPAND Y15, y, Y8;     \
	USE(second, Y8)

// WIDEN makes float32 of the halves in the low words of Y8.
#define WIDEN \
	VPACKUSDW Y8, Y8, Y8; \
	VPERMQ $0x08, Y8, Y8; \
	VCVTPH2PS X8, Y8

#define PAIRF16(y, USE, first, second) \
	VPSLLD $16, y, Y8;    \
	VPSRLD $16, Y8, Y8;   \
	WIDEN;                \
	USE(first, Y8);       \
	VPSRLD $16, y, Y8;    \
	WIDEN;                \
	USE(second, Y8)

#define EIGHT2(PAIR, USE, o) \
	COLUMNS(o);          \
	PAIR(Y4, USE, 0, 1); \
	PAIR(Y5, USE, 2, 3); \
	PAIR(Y6, USE, 4, 5); \
	PAIR(Y7, USE, 6, 7)

#define EIGHTBF16(USE, o) EIGHT2(PAIRBF16, USE, o)
#define EIGHTF16(USE, o) EIGHT2(PAIRF16, USE, o)

#define EIGHTF32(USE, o) \
	COLUMNS(o);    \
	USE(0, Y4);    \
	USE(1, Y5);    \
	USE(2, Y6);    \
	USE(3, Y7);    \
	COLUMNS(16+o); \
	USE(4, Y4);    \
	USE(5, Y5);    \
	USE(6, Y6);    \
	USE(7, Y7)

#define HIGHHALF \
	VPCMPEQD Y15, Y15, Y15; \
	VPSLLD $16, Y15, Y15

#define PUT(i, y) VMOVUPS y, (128*i)(DI)

#define SPREAD(EIGHT, bytes) \
	MOVQ panel+0(FP), DI;     \
	MOVQ w+8(FP), SI;         \
	MOVQ rowBytes+16(FP), R8; \
	MOVQ eights+24(FP), CX;   \
	ROWS;                     \
	HIGHHALF;                 \
eight:                            \
	EIGHT(PUT, 0);            \
	ALONG(bytes);             \
	ADDQ $1024, DI;           \
	DECQ CX;                  \
	JNZ  eight;               \
	VZEROUPPER;               \
	RET

#define TERM0(i, y) \
	VBROADCASTSS (4*i)(DI), Y9; \
	VFMADD231PS Y9, y, Y12

#define TERM1(i, y) \
	VBROADCASTSS (1024+4*i)(DI), Y9; \
	VFMADD231PS Y9, y, Y13

#define AHEAD2 \
	PREFETCHT1 (DX);   \
	PREFETCHT1 64(DX)

#define AHEAD4 \
	AHEAD2;            \
	PREFETCHT1 128(DX); \
	PREFETCHT1 192(DX)

#define AHEAD8 \
	AHEAD4;            \
	PREFETCHT1 256(DX); \
	PREFETCHT1 320(DX); \
	PREFETCHT1 384(DX); \
	PREFETCHT1 448(DX)

#define ROWS8(EIGHT, bytes, TWICE, ONCE) \
	MOVQ dst+0(FP), BX;       \
	MOVQ w+8(FP), SI;         \
	MOVQ rowBytes+16(FP), R8; \
	MOVQ x+24(FP), DI;        \
	MOVQ k+32(FP), CX;        \
	ROWS;                     \
	LEAQ (R9)(R8*4), DX;      \
	HIGHHALF;                 \
	VXORPS X14, X14, X14;     \
two:                              \
	CMPQ CX, $512;            \
	JLT  one;                 \
	VXORPS X12, X12, X12;     \
	VXORPS X13, X13, X13;     \
	MOVL $32, AX;             \
both:                             \
	EIGHT(TERM0, 0);          \
	EIGHT(TERM1, bytes*32);   \
	TWICE;                    \
	ADDQ $(bytes*16), DX;     \
	ALONG(bytes);             \
	ADDQ $32, DI;             \
	DECL AX;                  \
	JNZ  both;                \
	VADDPS Y12, Y14, Y14;     \
	VADDPS Y13, Y14, Y14;     \
	ALONG((bytes*32));        \
	ADDQ $1024, DI;           \
	SUBQ $512, CX;            \
	JMP  two;                 \
one:                              \
	CMPQ CX, $0;              \
	JEQ  done;                \
	MOVL $256, AX;            \
	CMPQ CX, $256;            \
	CMOVQLT CX, AX;           \
	SUBQ AX, CX;              \
	VXORPS X12, X12, X12;     \
single:                           \
	EIGHT(TERM0, 0);          \
	ONCE;                     \
	ADDQ $(bytes*8), DX;      \
	ALONG(bytes);             \
	ADDQ $32, DI;             \
	SUBL $8, AX;              \
	JNZ  single;              \
	VADDPS Y12, Y14, Y14;     \
	JMP  one;                 \
done:                             \
	VMOVUPS Y14, (BX);        \
	VZEROUPPER;               \
	RET

// A tile is 16 of the 32 rows of a panel times 1 to 6 tokens.

#define TIMES(x, s0, s1) \
	VBROADCASTSS x, Y14;     \
	VFMADD231PS Y14, Y12, s0; \
	VFMADD231PS Y14, Y13, s1

#define COLUMN1(p, o) \
	VMOVUPS p(SI), Y12;     \
	VMOVUPS 32+p(SI), Y13;  \
	TIMES(o(R8), Y0, Y1)
#define COLUMN2(p, o) COLUMN1(p, o); TIMES(o(R8)(R10*1), Y2, Y3)
#define COLUMN3(p, o) COLUMN2(p, o); TIMES(o(R8)(R10*2), Y4, Y5)
#define COLUMN4(p, o) COLUMN3(p, o); TIMES(o(R9), Y6, Y7)
#define COLUMN5(p, o) COLUMN4(p, o); TIMES(o(R9)(R10*1), Y8, Y9)
#define COLUMN6(p, o) COLUMN5(p, o); TIMES(o(R9)(R10*2), Y10, Y11)

#define TOTAL(o, s0, s1) \
	VADDPS o(AX), s0, s0;    \
	VADDPS 32+o(AX), s1, s1; \
	VMOVUPS s0, o(AX);       \
	VMOVUPS s1, 32+o(AX)

#define TOTAL1 TOTAL(0, Y0, Y1)
#define TOTAL2 TOTAL1; TOTAL(128, Y2, Y3)
#define TOTAL3 TOTAL2; TOTAL(256, Y4, Y5)
#define TOTAL4 TOTAL3; TOTAL(384, Y6, Y7)
#define TOTAL5 TOTAL4; TOTAL(512, Y8, Y9)
#define TOTAL6 TOTAL5; TOTAL(640, Y10, Y11)

#define NONE(a, b) \
	VXORPS a, a, a; \
	VXORPS b, b, b

#define TILE(COLUMN, TOTALS) \
	MOVQ total+0(FP), AX;    \
	MOVQ panel+8(FP), SI;    \
	MOVQ x+16(FP), R8;       \
	MOVQ stride+24(FP), R10; \
	MOVQ columns+32(FP), CX; \
	SHLQ $2, R10;            \
	LEAQ (R10)(R10*2), R9;   \
	ADDQ R8, R9;             \
	NONE(X0, X1); NONE(X2, X3); NONE(X4, X5); NONE(X6, X7); NONE(X8, X9); NONE(X10, X11); \
two:                             \
	SUBQ $2, CX;             \
	JLT  rest;               \
	COLUMN(0, 0);            \
	COLUMN(128, 4);          \
	ADDQ $256, SI;           \
	ADDQ $8, R8;             \
	ADDQ $8, R9;             \
	JMP  two;                \
rest:                            \
	TESTQ $1, CX;            \
	JZ   done;               \
	COLUMN(0, 0);            \
done:                            \
	TOTALS;                  \
	VZEROUPPER;              \
	RET

// func spreadBF16AVX2(panel *float32, w *byte, rowBytes, eights int)
TEXT ·spreadBF16AVX2(SB), NOSPLIT, $0-32
	SPREAD(EIGHTBF16, 16)

// func spreadF16AVX2(panel *float32, w *byte, rowBytes, eights int)
TEXT ·spreadF16AVX2(SB), NOSPLIT, $0-32
	SPREAD(EIGHTF16, 16)

// func spreadF32AVX2(panel *float32, w *byte, rowBytes, eights int)
TEXT ·spreadF32AVX2(SB), NOSPLIT, $0-32
	SPREAD(EIGHTF32, 32)

// func rows8BF16AVX2(dst *float32, w *byte, rowBytes int, x *float32, k int)
TEXT ·rows8BF16AVX2(SB), NOSPLIT, $0-40
	ROWS8(EIGHTBF16, 16, AHEAD4, AHEAD2)

// func rows8F16AVX2(dst *float32, w *byte, rowBytes int, x *float32, k int)
TEXT ·rows8F16AVX2(SB), NOSPLIT, $0-40
	ROWS8(EIGHTF16, 16, AHEAD4, AHEAD2)

// func rows8F32AVX2(dst *float32, w *byte, rowBytes int, x *float32, k int)
TEXT ·rows8F32AVX2(SB), NOSPLIT, $0-40
	ROWS8(EIGHTF32, 32, AHEAD8, AHEAD4)

// func floatTile1AVX2(total, panel, x *float32, stride, columns int)
TEXT ·floatTile1AVX2(SB), NOSPLIT, $0-40
	TILE(COLUMN1, TOTAL1)

// func floatTile2AVX2(total, panel, x *float32, stride, columns int)
TEXT ·floatTile2AVX2(SB), NOSPLIT, $0-40
	TILE(COLUMN2, TOTAL2)

// func floatTile3AVX2(total, panel, x *float32, stride, columns int)
TEXT ·floatTile3AVX2(SB), NOSPLIT, $0-40
	TILE(COLUMN3, TOTAL3)

// func floatTile4AVX2(total, panel, x *float32, stride, columns int)
TEXT ·floatTile4AVX2(SB), NOSPLIT, $0-40
	TILE(COLUMN4, TOTAL4)

// func floatTile5AVX2(total, panel, x *float32, stride, columns int)
TEXT ·floatTile5AVX2(SB), NOSPLIT, $0-40
	TILE(COLUMN5, TOTAL5)

// func floatTile6AVX2(total, panel, x *float32, stride, columns int)
TEXT ·floatTile6AVX2(SB), NOSPLIT, $0-40
	TILE(COLUMN6, TOTAL6)
