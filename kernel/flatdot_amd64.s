//go:build !purego

#include "textflag.h"
#include "fold_amd64.h"

// The AVX2 loops multiply one row, taken apart into bytes (flat_amd64.go), with
// one token or four.
//
//	SI              row
//	R8, R9, R10     activations of token 0, of token 3, bytes of a token
//	DI, R11, R12    their scales, likewise
//	BX, DX, R13     their sums, likewise
//	CX              blocks left
//	Y0 to Y3        sums of a block, X14 the results
//	Y4 to Y7, X15   the same of its minima or shifts

#define ARGUMENTS(perScale) \
	MOVQ flat+8(FP), SI;    \
	MOVQ q+16(FP), R8;      \
	MOVQ d+24(FP), DI;      \
	MOVQ sums+32(FP), BX;   \
	MOVQ k+40(FP), R10;     \
	MOVQ blocks+48(FP), CX; \
	MOVQ R10, R12;          \
	SHRQ $perScale, R12;    \
	MOVQ R10, R13;          \
	SHRQ $3, R13;           \
	LEAQ (R10)(R10*2), R9;  \
	ADDQ R8, R9;            \
	LEAQ (R12)(R12*2), R11; \
	ADDQ DI, R11;           \
	LEAQ (R13)(R13*2), DX;  \
	ADDQ BX, DX;            \
	VXORPS X14, X14, X14;   \
	VXORPS X15, X15, X15

// UNSIGNED adds 32 products of the weights in Y8, up to 127, times the scales in
// Y9.
#define UNSIGNED(x, s) \
	VPMADDUBSW x, Y8, Y10;   \
	VPMADDWD Y9, Y10, Y10;   \
	VPADDD Y10, s, s

// SIGNED is the same for signed weights, the magnitudes of which are in Y11.
#define SIGNED(x, s) \
	VMOVDQU x, Y10;          \
	VPSIGNB Y8, Y10, Y10;    \
	VPMADDUBSW Y10, Y11, Y10; \
	VPMADDWD Y9, Y10, Y10;   \
	VPADDD Y10, s, s

#define WEIGHTS(o) \
	VMOVDQU o(SI), Y8;       \
	VMOVDQU 256+o(SI), Y9

#define UNSIGNED1(o) \
	WEIGHTS(o);              \
	UNSIGNED(o(R8), Y0)

#define UNSIGNED4(o) \
	UNSIGNED1(o);                \
	UNSIGNED(o(R8)(R10*1), Y1);  \
	UNSIGNED(o(R8)(R10*2), Y2);  \
	UNSIGNED(o(R9), Y3)

#define SIGNED1(o) \
	WEIGHTS(o);              \
	VPABSB Y8, Y11;          \
	SIGNED(o(R8), Y0)

#define SIGNED4(o) \
	SIGNED1(o);                  \
	SIGNED(o(R8)(R10*1), Y1);    \
	SIGNED(o(R8)(R10*2), Y2);    \
	SIGNED(o(R9), Y3)

#define EIGHT(PART) \
	PART(0);   \
	PART(32);  \
	PART(64);  \
	PART(96);  \
	PART(128); \
	PART(160); \
	PART(192); \
	PART(224)

// SCALES4 loads the scales of four tokens.
#define SCALES4(x) \
	VMOVSS (DI), x;                       \
	VINSERTPS $0x10, (DI)(R12*1), x, x;   \
	VINSERTPS $0x20, (DI)(R12*2), x, x;   \
	VINSERTPS $0x30, (R11), x, x

#define NEXT \
	ADDQ $608, SI; \
	ADDQ $256, R8; \
	ADDQ $256, R9; \
	ADDQ $4, DI;   \
	ADDQ $4, R11;  \
	ADDQ $32, BX;  \
	ADDQ $32, DX;  \
	DECQ CX

#define SUPER4(PART) \
	ARGUMENTS(6);            \
block:                           \
	VPXOR Y0, Y0, Y0;        \
	VPXOR Y1, Y1, Y1;        \
	VPXOR Y2, Y2, Y2;        \
	VPXOR Y3, Y3, Y3;        \
	EIGHT(PART);             \
	VMOVDQU 512(SI), Y8;     \
	VPMADDWD (BX), Y8, Y4;   \
	VPMADDWD (BX)(R13*1), Y8, Y5; \
	VPMADDWD (BX)(R13*2), Y8, Y6; \
	VPMADDWD (DX), Y8, Y7;   \
	FOLD4(Y0, Y1, Y2, Y3, X0, X1); \
	FOLD4(Y4, Y5, Y6, Y7, X4, X5); \
	SCALES4(X8);             \
	CMPQ affine+56(FP), $0;  \
	JNE  minima;             \
	VPSUBD X4, X0, X0;       \
	JMP  products;           \
minima:                          \
	VBROADCASTSS 548(SI), X9; \
	VMULPS X8, X9, X9;       \
	VCVTDQ2PS X4, X4;        \
	VFMADD231PS X4, X9, X15; \
products:                        \
	VBROADCASTSS 544(SI), X9; \
	VMULPS X8, X9, X9;       \
	VCVTDQ2PS X0, X0;        \
	VFMADD231PS X0, X9, X14; \
	NEXT;                    \
	JNZ  block;              \
	VSUBPS X15, X14, X14;    \
	MOVQ dst+0(FP), AX;      \
	VMOVUPS X14, (AX);       \
	VZEROUPPER;              \
	RET

#define SUPER1(PART) \
	ARGUMENTS(6);            \
block:                           \
	VPXOR Y0, Y0, Y0;        \
	EIGHT(PART);             \
	VMOVDQU 512(SI), Y8;     \
	VPMADDWD (BX), Y8, Y4;   \
	VPHADDD Y4, Y0, Y0;      \
	VEXTRACTI128 $1, Y0, X1; \
	VPADDD X1, X0, X0;       \
	VPHADDD X0, X0, X0;      \
	VPSHUFD $0x55, X0, X4;   \
	VMOVSS (DI), X8;         \
	CMPQ affine+56(FP), $0;  \
	JNE  minima;             \
	VPSUBD X4, X0, X0;       \
	JMP  products;           \
minima:                          \
	VMULSS 548(SI), X8, X9;  \
	VCVTDQ2PS X4, X4;        \
	VFMADD231SS X4, X9, X15; \
products:                        \
	VMULSS 544(SI), X8, X9;  \
	VCVTDQ2PS X0, X0;        \
	VFMADD231SS X0, X9, X14; \
	NEXT;                    \
	JNZ  block;              \
	VSUBSS X15, X14, X14;    \
	MOVQ dst+0(FP), AX;      \
	VMOVSS X14, (AX);        \
	VZEROUPPER;              \
	RET

// func dotSuper4AVX2(dst *float32, flat *byte, q *int8, d *float32, sums *int16, k, blocks, affine int)
TEXT ·dotSuper4AVX2(SB), NOSPLIT, $0-64
	SUPER4(UNSIGNED4)

// func dotSuper1AVX2(dst *float32, flat *byte, q *int8, d *float32, sums *int16, k, blocks, affine int)
TEXT ·dotSuper1AVX2(SB), NOSPLIT, $0-64
	SUPER1(UNSIGNED1)

// func dotSigned4AVX2(dst *float32, flat *byte, q *int8, d *float32, sums *int16, k, blocks, affine int)
TEXT ·dotSigned4AVX2(SB), NOSPLIT, $0-64
	SUPER4(SIGNED4)

// func dotSigned1AVX2(dst *float32, flat *byte, q *int8, d *float32, sums *int16, k, blocks, affine int)
TEXT ·dotSigned1AVX2(SB), NOSPLIT, $0-64
	SUPER1(SIGNED1)

// ones is 1 in each of two words.
DATA ones256<>+0(SB)/4, $0x00010001
GLOBL ones256<>(SB), RODATA|NOPTR, $4

// PLAIN sets s to the sums of 32 products.
#define PLAIN(x, s) \
	VMOVDQU x, Y10;           \
	VPSIGNB Y8, Y10, Y10;     \
	VPMADDUBSW Y10, Y11, Y10; \
	VPMADDWD Y9, Y10, s

#define PLAINWEIGHTS \
	VMOVDQU 2(SI), Y8;        \
	VPABSB Y8, Y11

#define PLAINNEXT \
	ADDQ $34, SI;  \
	ADDQ $32, R8;  \
	ADDQ $32, R9;  \
	ADDQ $4, DI;   \
	ADDQ $4, R11;  \
	DECQ CX

// func dotPlain4AVX2(dst *float32, flat *byte, q *int8, d *float32, sums *int16, k, blocks int)
TEXT ·dotPlain4AVX2(SB), NOSPLIT, $0-56
	ARGUMENTS(3)
	VPBROADCASTD ones256<>(SB), Y9

block:
	PLAINWEIGHTS
	PLAIN((R8), Y0)
	PLAIN((R8)(R10*1), Y1)
	PLAIN((R8)(R10*2), Y2)
	PLAIN((R9), Y3)
	FOLD4(Y0, Y1, Y2, Y3, X0, X1)
	SCALES4(X8)
	VPBROADCASTW (SI), X7
	VCVTPH2PS X7, X7
	VMULPS X8, X7, X7
	VCVTDQ2PS X0, X0
	VFMADD231PS X0, X7, X14
	PLAINNEXT
	JNZ block
	MOVQ dst+0(FP), AX
	VMOVUPS X14, (AX)
	VZEROUPPER
	RET

// func dotPlain1AVX2(dst *float32, flat *byte, q *int8, d *float32, sums *int16, k, blocks int)
TEXT ·dotPlain1AVX2(SB), NOSPLIT, $0-56
	ARGUMENTS(3)
	VPBROADCASTD ones256<>(SB), Y9

block:
	PREFETCHT0 4096(SI)
	PLAINWEIGHTS
	PLAIN((R8), Y0)
	VEXTRACTI128 $1, Y0, X1
	VPADDD X1, X0, X0
	VPSHUFD $0x4e, X0, X1
	VPADDD X1, X0, X0
	VPSHUFD $0xb1, X0, X1
	VPADDD X1, X0, X0
	VPBROADCASTW (SI), X7
	VCVTPH2PS X7, X7
	VMULSS (DI), X7, X7
	VCVTDQ2PS X0, X0
	VFMADD231SS X0, X7, X14
	PLAINNEXT
	JNZ block
	MOVQ dst+0(FP), AX
	VMOVSS X14, (AX)
	VZEROUPPER
	RET

// func dotAffineAVX2(dst *float32, flat *byte, q *int8, d *float32, sums *int32, blocks int, scales *float32, perGroup, flip int)
//
// Y12 makes the bytes signed. R14 has the scales, and AX counts the blocks of a
// group.
TEXT ·dotAffineAVX2(SB), NOSPLIT, $0-72
	MOVQ dst+0(FP), R15
	MOVQ flat+8(FP), SI
	MOVQ q+16(FP), R8
	MOVQ d+24(FP), DI
	MOVQ sums+32(FP), BX
	MOVQ blocks+40(FP), CX
	MOVQ scales+48(FP), R14
	MOVQ perGroup+56(FP), AX
	MOVQ flip+64(FP), R9
	VMOVD R9, X12
	VPBROADCASTB X12, Y12
	VPBROADCASTD ones256<>(SB), Y9
	VMOVSS (R15), X14

block:
	PREFETCHT0 4096(SI)
	VPXOR (SI), Y12, Y8
	VPABSB Y8, Y11
	PLAIN((R8), Y0)
	VEXTRACTI128 $1, Y0, X1
	VMOVD (BX), X4
	VPADDD X1, X0, X0
	VPSHUFD $0x4e, X0, X1
	VPADDD X1, X0, X0
	VPSHUFD $0xb1, X0, X1
	VPADDD X1, X0, X0
	VPADDD X4, X0, X0
	VMOVSS (R14), X7
	VMULSS (DI), X7, X7
	VCVTDQ2PS X0, X0
	VFMADD231SS X0, X7, X14
	ADDQ $32, SI
	ADDQ $32, R8
	ADDQ $4, DI
	ADDQ $4, BX
	DECQ AX
	JNZ  same
	ADDQ $4, R14
	MOVQ perGroup+56(FP), AX

same:
	DECQ CX
	JNZ  block
	VMOVSS X14, (R15)
	VZEROUPPER
	RET

// func flattenAffine4AVX2(flat, w *byte, blocks int)
TEXT ·flattenAffine4AVX2(SB), NOSPLIT, $0-24
	MOVQ flat+0(FP), DI
	MOVQ w+8(FP), SI
	MOVQ blocks+16(FP), CX
	MOVL $0x0f0f0f0f, AX
	VMOVD AX, X2
	VPBROADCASTD X2, Y2

block:
	PREFETCHT0 4096(SI)
	VPMOVZXBW (SI), Y0
	VPSLLW $4, Y0, Y1
	VPOR Y1, Y0, Y0
	VPAND Y2, Y0, Y0
	VMOVDQU Y0, (DI)
	ADDQ $16, SI
	ADDQ $32, DI
	DECQ CX
	JNZ  block
	VZEROUPPER
	RET
