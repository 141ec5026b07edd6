//go:build !purego

#include "textflag.h"
#include "columns_amd64.h"

// The loops over stored floats take 16 rows, row i in lane i (columns_amd64.h),
// and eight columns at a time.

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

// PUT stores a column in a panel of 32 rows.
#define PUT(i, z) VMOVUPS z, (128*i)(DI)

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

// One token: a chain has to wait for each of its products, so two of them, 256
// columns apart, go on side by side in Z16 and Z17; Z18 is what those before
// came to. DI is the token, CX counts columns. DX goes through the next 16 rows,
// which are asked for in the order in which they lie.

#define TERM0(i, z) VFMADD231PS.BCST (4*i)(DI), z, Z16
#define TERM1(i, z) VFMADD231PS.BCST (1024+4*i)(DI), z, Z17

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

// bytes is how many eight columns of a row have.
#define ROWS16(EIGHT, bytes, TWICE, ONCE) \
	MOVQ dst+0(FP), BX;       \
	MOVQ w+8(FP), SI;         \
	MOVQ rowBytes+16(FP), R8; \
	MOVQ x+24(FP), DI;        \
	MOVQ k+32(FP), CX;        \
	ROWS;                     \
	LEAQ (R11)(R8*4), DX;     \
	HIGHHALF;                 \
	VXORPS X18, X18, X18;     \
two:                              \
	CMPQ CX, $512;            \
	JLT  one;                 \
	VPXORD Z16, Z16, Z16;     \
	VPXORD Z17, Z17, Z17;     \
	MOVL $8, AX;              \
both:                             \
	EIGHT(TERM0, 0);          \
	EIGHT(TERM1, bytes*32);   \
	TWICE(0);                    \
	ALONG(bytes);             \
	ADDQ $32, DI;             \
	EIGHT(TERM0, 0);          \
	EIGHT(TERM1, bytes*32);   \
	TWICE(512);                    \
	ALONG(bytes);             \
	ADDQ $32, DI;             \
	EIGHT(TERM0, 0);          \
	EIGHT(TERM1, bytes*32);   \
	TWICE(1024);                    \
	ALONG(bytes);             \
	ADDQ $32, DI;             \
	EIGHT(TERM0, 0);          \
	EIGHT(TERM1, bytes*32);   \
	TWICE(1536);                    \
	ADDQ $(bytes*128), DX;     \
	ALONG(bytes);             \
	ADDQ $32, DI;             \
	DECL AX;                  \
	JNZ  both;                \
	VADDPS Z16, Z18, Z18;     \
	VADDPS Z17, Z18, Z18;     \
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
	VADDPS Z16, Z18, Z18;     \
	JMP  one;                 \
done:                             \
	VMOVUPS Z18, (BX);        \
	VZEROUPPER;               \
	RET

// func spreadBF16AVX512(panel *float32, w *byte, rowBytes, eights int)
TEXT ·spreadBF16AVX512(SB), NOSPLIT, $0-32
	SPREAD(EIGHTBF16, 16)

// func spreadF16AVX512(panel *float32, w *byte, rowBytes, eights int)
TEXT ·spreadF16AVX512(SB), NOSPLIT, $0-32
	SPREAD(EIGHTF16, 16)

// func spreadF32AVX512(panel *float32, w *byte, rowBytes, eights int)
TEXT ·spreadF32AVX512(SB), NOSPLIT, $0-32
	SPREAD(EIGHTF32, 32)

// func rows16BF16AVX512(dst *float32, w *byte, rowBytes int, x *float32, k int)
TEXT ·rows16BF16AVX512(SB), NOSPLIT, $0-40
	ROWS16(EIGHTBF16, 16, AHEAD8, AHEAD4(0))

// func rows16F16AVX512(dst *float32, w *byte, rowBytes int, x *float32, k int)
TEXT ·rows16F16AVX512(SB), NOSPLIT, $0-40
	ROWS16(EIGHTF16, 16, AHEAD8, AHEAD4(0))

// func rows16F32AVX512(dst *float32, w *byte, rowBytes int, x *float32, k int)
TEXT ·rows16F32AVX512(SB), NOSPLIT, $0-40
	ROWS16(EIGHTF32, 32, AHEAD16, AHEAD8(0))
