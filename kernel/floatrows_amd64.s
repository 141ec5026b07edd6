//go:build !purego

#include "textflag.h"
#include "columns_amd64.h"
#include "eight_amd64.h"

// Sixteen rows as they are stored, times one to eight tokens, 256 columns after
// another. The chains of token t are in Z(16+t), and what those before came to in
// Z(24+t), of the last in Z15; tokens begin at DI, R15 and BX, and R14 apart. CX
// counts columns. DX goes through the next 16 rows, which are asked for in the
// order in which they lie.

#define AHEAD4(o) \
	PREFETCHT1 o(DX);     \
	PREFETCHT1 64+o(DX);  \
	PREFETCHT1 128+o(DX); \
	PREFETCHT1 192+o(DX)

#define AHEAD8(o) \
	AHEAD4(o);   \
	AHEAD4(256+o)

#define AHEAD16(o) \
	AHEAD8(2*o);      \
	AHEAD8(512+2*o)

#define BEGIN \
	MOVQ w+8(FP), SI;         \
	MOVQ rowBytes+16(FP), R8; \
	MOVQ x+24(FP), DI;        \
	MOVQ k+32(FP), CX;        \
	ROWS;                     \
	LEAQ (R11)(R8*4), DX;     \
	HIGHHALF

// One token alone would have to wait for each of its products: two of its chains,
// 256 columns apart, go on side by side in Z16 and Z17.

#define TERM0(i, z) VFMADD231PS.BCST (4*i)(DI), z, Z16
#define TERM1(i, z) VFMADD231PS.BCST (1024+4*i)(DI), z, Z17

// bytes is how many eight columns of a row have.
#define ROWS16(EIGHT, bytes, TWICE, ONCE) \
	BEGIN;                    \
	MOVQ dst+0(FP), BX;       \
	VPXORD Z24, Z24, Z24;     \
two:                              \
	CMPQ CX, $512;            \
	JLT  one;                 \
	VPXORD Z16, Z16, Z16;     \
	VPXORD Z17, Z17, Z17;     \
	MOVL $8, AX;              \
both:                             \
	EIGHT(TERM0, 0);          \
	EIGHT(TERM1, bytes*32);   \
	TWICE(0);                 \
	ALONG(bytes);             \
	ADDQ $32, DI;             \
	EIGHT(TERM0, 0);          \
	EIGHT(TERM1, bytes*32);   \
	TWICE(512);               \
	ALONG(bytes);             \
	ADDQ $32, DI;             \
	EIGHT(TERM0, 0);          \
	EIGHT(TERM1, bytes*32);   \
	TWICE(1024);              \
	ALONG(bytes);             \
	ADDQ $32, DI;             \
	EIGHT(TERM0, 0);          \
	EIGHT(TERM1, bytes*32);   \
	TWICE(1536);              \
	ADDQ $(bytes*128), DX;    \
	ALONG(bytes);             \
	ADDQ $32, DI;             \
	DECL AX;                  \
	JNZ  both;                \
	VADDPS Z16, Z24, Z24;     \
	VADDPS Z17, Z24, Z24;     \
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
	VPXORD Z16, Z16, Z16;     \
single:                           \
	EIGHT(TERM0, 0);          \
	ONCE;                     \
	ADDQ $(bytes*16), DX;     \
	ALONG(bytes);             \
	ADDQ $32, DI;             \
	SUBL $8, AX;              \
	JNZ  single;              \
	VADDPS Z16, Z24, Z24;     \
	JMP  one;                 \
done:                             \
	VMOVUPS Z24, (BX);        \
	VZEROUPPER;               \
	RET

#define TERMS1(i, z) VFMADD231PS.BCST (4*i)(DI), z, Z16
#define TERMS2(i, z) TERMS1(i, z); VFMADD231PS.BCST (4*i)(DI)(R14*1), z, Z17
#define TERMS3(i, z) TERMS2(i, z); VFMADD231PS.BCST (4*i)(DI)(R14*2), z, Z18
#define TERMS4(i, z) TERMS3(i, z); VFMADD231PS.BCST (4*i)(R15), z, Z19
#define TERMS5(i, z) TERMS4(i, z); VFMADD231PS.BCST (4*i)(R15)(R14*1), z, Z20
#define TERMS6(i, z) TERMS5(i, z); VFMADD231PS.BCST (4*i)(R15)(R14*2), z, Z21
#define TERMS7(i, z) TERMS6(i, z); VFMADD231PS.BCST (4*i)(BX), z, Z22
#define TERMS8(i, z) TERMS7(i, z); VFMADD231PS.BCST (4*i)(BX)(R14*1), z, Z23

#define NONE \
	VPXORD Z16, Z16, Z16; \
	VPXORD Z17, Z17, Z17; \
	VPXORD Z18, Z18, Z18; \
	VPXORD Z19, Z19, Z19; \
	VPXORD Z20, Z20, Z20; \
	VPXORD Z21, Z21, Z21; \
	VPXORD Z22, Z22, Z22; \
	VPXORD Z23, Z23, Z23

#define NOTOTAL \
	VPXORD Z24, Z24, Z24; \
	VPXORD Z25, Z25, Z25; \
	VPXORD Z26, Z26, Z26; \
	VPXORD Z27, Z27, Z27; \
	VPXORD Z28, Z28, Z28; \
	VPXORD Z29, Z29, Z29; \
	VPXORD Z30, Z30, Z30; \
	VPXORD Z15, Z15, Z15

#define ADDTOTAL \
	VADDPS Z16, Z24, Z24; \
	VADDPS Z17, Z25, Z25; \
	VADDPS Z18, Z26, Z26; \
	VADDPS Z19, Z27, Z27; \
	VADDPS Z20, Z28, Z28; \
	VADDPS Z21, Z29, Z29; \
	VADDPS Z22, Z30, Z30; \
	VADDPS Z23, Z15, Z15

// PUT stores the results of one more token.
#define PUT(z) \
	VMOVUPS z, (AX); \
	ADDQ CX, AX

#define PUTS1 PUT(Z24)
#define PUTS2 PUTS1; PUT(Z25)
#define PUTS3 PUTS2; PUT(Z26)
#define PUTS4 PUTS3; PUT(Z27)
#define PUTS5 PUTS4; PUT(Z28)
#define PUTS6 PUTS5; PUT(Z29)
#define PUTS7 PUTS6; PUT(Z30)
#define PUTS8 PUTS7; PUT(Z15)

#define STEP(EIGHT, bytes, TERMS, AHEAD) \
	EIGHT(TERMS, 0);     \
	AHEAD;               \
	ADDQ $(bytes*16), DX; \
	ALONG(bytes);        \
	ADDQ $32, DI;        \
	ADDQ $32, R15;       \
	ADDQ $32, BX

// SOME is the loop for two tokens or more.
#define SOME(EIGHT, bytes, AHEAD, TERMS, PUTS) \
	BEGIN;                    \
	MOVQ xStride+40(FP), R14; \
	SHLQ $2, R14;             \
	LEAQ (R14)(R14*2), AX;    \
	LEAQ (DI)(AX*1), R15;     \
	LEAQ (DI)(AX*2), BX;      \
	NOTOTAL;                  \
chain:                            \
	MOVL $256, AX;            \
	CMPQ CX, $256;            \
	CMOVQLT CX, AX;           \
	SUBQ AX, CX;              \
	NONE;                     \
	SUBL $32, AX;             \
	JLT  rest;                \
unrolled:                         \
	STEP(EIGHT, bytes, TERMS, AHEAD); \
	STEP(EIGHT, bytes, TERMS, AHEAD); \
	STEP(EIGHT, bytes, TERMS, AHEAD); \
	STEP(EIGHT, bytes, TERMS, AHEAD); \
	SUBL $32, AX;             \
	JGE  unrolled;            \
rest:                             \
	ADDL $32, AX;             \
	JEQ  whole;               \
single:                           \
	STEP(EIGHT, bytes, TERMS, AHEAD); \
	SUBL $8, AX;              \
	JNZ  single;              \
whole:                            \
	ADDTOTAL;                 \
	CMPQ CX, $0;              \
	JNE  chain;               \
	MOVQ dst+0(FP), AX;       \
	MOVQ stride+48(FP), CX;   \
	SHLQ $2, CX;              \
	PUTS;                     \
	VZEROUPPER;               \
	RET

// func rows16BF16AVX512(dst *float32, w *byte, rowBytes int, x *float32, k int)
TEXT ·rows16BF16AVX512(SB), NOSPLIT, $0-40
	ROWS16(EIGHTBF16, 16, AHEAD8, AHEAD4(0))

// func rows16F16AVX512(dst *float32, w *byte, rowBytes int, x *float32, k int)
TEXT ·rows16F16AVX512(SB), NOSPLIT, $0-40
	ROWS16(EIGHTF16, 16, AHEAD8, AHEAD4(0))

// func rows16F32AVX512(dst *float32, w *byte, rowBytes int, x *float32, k int)
TEXT ·rows16F32AVX512(SB), NOSPLIT, $0-40
	ROWS16(EIGHTF32, 32, AHEAD16, AHEAD8(0))

// func rows16BF16x2AVX512(dst *float32, w *byte, rowBytes int, x *float32, k, xStride, stride int)
TEXT ·rows16BF16x2AVX512(SB), NOSPLIT, $0-56
	SOME(EIGHTBF16, 16, AHEAD4(0), TERMS2, PUTS2)

// func rows16F32x2AVX512(dst *float32, w *byte, rowBytes int, x *float32, k, xStride, stride int)
TEXT ·rows16F32x2AVX512(SB), NOSPLIT, $0-56
	SOME(EIGHTF32, 32, AHEAD8(0), TERMS2, PUTS2)

// func rows16BF16x3AVX512(dst *float32, w *byte, rowBytes int, x *float32, k, xStride, stride int)
TEXT ·rows16BF16x3AVX512(SB), NOSPLIT, $0-56
	SOME(EIGHTBF16, 16, AHEAD4(0), TERMS3, PUTS3)

// func rows16F32x3AVX512(dst *float32, w *byte, rowBytes int, x *float32, k, xStride, stride int)
TEXT ·rows16F32x3AVX512(SB), NOSPLIT, $0-56
	SOME(EIGHTF32, 32, AHEAD8(0), TERMS3, PUTS3)

// func rows16BF16x4AVX512(dst *float32, w *byte, rowBytes int, x *float32, k, xStride, stride int)
TEXT ·rows16BF16x4AVX512(SB), NOSPLIT, $0-56
	SOME(EIGHTBF16, 16, AHEAD4(0), TERMS4, PUTS4)

// func rows16F32x4AVX512(dst *float32, w *byte, rowBytes int, x *float32, k, xStride, stride int)
TEXT ·rows16F32x4AVX512(SB), NOSPLIT, $0-56
	SOME(EIGHTF32, 32, AHEAD8(0), TERMS4, PUTS4)

// func rows16BF16x5AVX512(dst *float32, w *byte, rowBytes int, x *float32, k, xStride, stride int)
TEXT ·rows16BF16x5AVX512(SB), NOSPLIT, $0-56
	SOME(EIGHTBF16, 16, AHEAD4(0), TERMS5, PUTS5)

// func rows16F32x5AVX512(dst *float32, w *byte, rowBytes int, x *float32, k, xStride, stride int)
TEXT ·rows16F32x5AVX512(SB), NOSPLIT, $0-56
	SOME(EIGHTF32, 32, AHEAD8(0), TERMS5, PUTS5)

// func rows16BF16x6AVX512(dst *float32, w *byte, rowBytes int, x *float32, k, xStride, stride int)
TEXT ·rows16BF16x6AVX512(SB), NOSPLIT, $0-56
	SOME(EIGHTBF16, 16, AHEAD4(0), TERMS6, PUTS6)

// func rows16F32x6AVX512(dst *float32, w *byte, rowBytes int, x *float32, k, xStride, stride int)
TEXT ·rows16F32x6AVX512(SB), NOSPLIT, $0-56
	SOME(EIGHTF32, 32, AHEAD8(0), TERMS6, PUTS6)

// func rows16BF16x7AVX512(dst *float32, w *byte, rowBytes int, x *float32, k, xStride, stride int)
TEXT ·rows16BF16x7AVX512(SB), NOSPLIT, $0-56
	SOME(EIGHTBF16, 16, AHEAD4(0), TERMS7, PUTS7)

// func rows16F32x7AVX512(dst *float32, w *byte, rowBytes int, x *float32, k, xStride, stride int)
TEXT ·rows16F32x7AVX512(SB), NOSPLIT, $0-56
	SOME(EIGHTF32, 32, AHEAD8(0), TERMS7, PUTS7)

// func rows16BF16x8AVX512(dst *float32, w *byte, rowBytes int, x *float32, k, xStride, stride int)
TEXT ·rows16BF16x8AVX512(SB), NOSPLIT, $0-56
	SOME(EIGHTBF16, 16, AHEAD4(0), TERMS8, PUTS8)

// func rows16F32x8AVX512(dst *float32, w *byte, rowBytes int, x *float32, k, xStride, stride int)
TEXT ·rows16F32x8AVX512(SB), NOSPLIT, $0-56
	SOME(EIGHTF32, 32, AHEAD8(0), TERMS8, PUTS8)
