//go:build !purego

#include "textflag.h"
#include "rowsavx2_amd64.h"

// Two rows of K-quants, as they are stored, with two tokens: each weight is taken apart once. R9,
// R11 and R13 are from the first token's activations, sums and scale to the second's. Y0
// to Y3 are the first row's sums, of the first token and of the second, and then the
// second row's; Y15 is free where there are no minima of their own.

#define PAIR \
	MOVQ w+16(FP), SI;        \
	MOVQ rowBytes+24(FP), R8; \
	MOVQ q+32(FP), DI;        \
	MOVQ d+40(FP), DX;        \
	MOVQ sums+48(FP), BX;     \
	MOVQ k+56(FP), R9;        \
	MOVQ perToken+64(FP), R11; \
	MOVQ blocks+72(FP), CX;   \
	MOVQ ahead+80(FP), R10;   \
	ADDQ SI, R10;             \
	MOVQ R9, R13;             \
	SHRQ $6, R13;             \
	VXORPS X14, X14, X14;     \
	VXORPS X15, X15, X15

#undef DOT
#define DOT(o, w, p, scales, t, u, s, z) \
	VPSHUFB p, scales, t;          \
	VPMADDUBSW o(DI), w, u;        \
	VPMADDUBSW o(DI)(R9*1), w, w;  \
	VPMADDWD t, u, u;              \
	VPMADDWD t, w, w;              \
	VPADDD u, s, s;                \
	VPADDD w, z, z

#define MINIMA(x, m, n) \
	VPMADDWD (BX), x, m;         \
	VPMADDWD (BX)(R11*1), x, n

#define CLEARS(s, z) \
	VPXOR s, s, s; \
	VPXOR z, z, z

#define SHIFTED(s, z, m, n, bits) \
	MINIMA(Y9, m, n);       \
	CLEARS(s, z);           \
	VPSLLD $bits, m, m;     \
	VPSLLD $bits, n, n;     \
	VPSUBD m, s, s;         \
	VPSUBD n, z, z

#include "rowskinds_amd64.h"

#define ROWS2(ROW) \
	ROW((SI), Y0, Y1, Y4, Y5, X4, X5);       \
	ROW((SI)(R8*1), Y2, Y3, Y6, Y7, X6, X7)

// TOKENS sets X8 to the scales of the tokens, twice.
#define TOKENS \
	VMOVSS (DX), X8;                         \
	VINSERTPS $0x10, (DX)(R13*1), X8, X8;    \
	VMOVDDUP X8, X8

#define CENTRED2(o) \
	FOLD4(Y0, Y1, Y2, Y3, X0, X8);        \
	VPXOR X10, X10, X10;                  \
	VPINSRW $0, o(SI), X10, X10;          \
	VPINSRW $2, o(SI)(R8*1), X10, X10;    \
	VPSHUFLW $0xa0, X10, X10;             \
	VCVTPH2PS X10, X10;                   \
	TOKENS;                               \
	VMULPS X8, X10, X10;                  \
	VCVTDQ2PS X0, X0;                     \
	VFMADD231PS X0, X10, X14

#define AFFINE2(o) \
	FOLD4(Y4, Y5, Y6, Y7, X4, X9);        \
	FOLD4(Y0, Y1, Y2, Y3, X0, X8);        \
	VMOVD o(SI), X10;                     \
	VPINSRD $1, o(SI)(R8*1), X10, X10;    \
	VCVTPH2PS X10, X10;                   \
	VPSHUFD $0xf5, X10, X11;              \
	VPSHUFD $0xa0, X10, X10;              \
	TOKENS;                               \
	VMULPS X8, X10, X10;                  \
	VMULPS X8, X11, X11;                  \
	VCVTDQ2PS X0, X0;                     \
	VCVTDQ2PS X4, X4;                     \
	VFMADD231PS X0, X10, X14;             \
	VFMADD231PS X4, X11, X15

#define NEXT2(bytes, sums) \
	ADDQ $bytes, SI;      \
	ADDQ $(2*bytes), R10; \
	ADDQ $256, DI;        \
	ADDQ $4, DX;          \
	ADDQ $sums, BX;       \
	DECQ CX

// RESULTS2 stores the first token's results, and those of the second behind stride.
#define RESULTS2 \
	MOVQ dst+0(FP), AX;        \
	MOVQ stride+8(FP), CX;     \
	VSHUFPS $0xd8, X14, X14, X14; \
	VMOVLPS X14, (AX);         \
	VMOVHPS X14, (AX)(CX*4);   \
	VZEROUPPER;                \
	RET

// func pairsQ4KAVX2(dst *float32, stride int, w *byte, rowBytes int, q *int8, d *float32, sums *int16, k, perToken, blocks, ahead int)
TEXT ·pairsQ4KAVX2(SB), NOSPLIT, $0-88
	PAIR

block:
	PREFETCHT1 0(R10)
	PREFETCHT1 64(R10)
	PREFETCHT1 128(R10)
	PREFETCHT1 192(R10)
	PREFETCHT1 256(R10)
	PREFETCHT1 320(R10)
	ROWS2(ROW4K)
	AFFINE2(0)
	NEXT2(144, 16)
	JNZ block
	VSUBPS X15, X14, X14
	RESULTS2

// func pairsQ5KAVX2(dst *float32, stride int, w *byte, rowBytes int, q *int8, d *float32, sums *int16, k, perToken, blocks, ahead int)
TEXT ·pairsQ5KAVX2(SB), NOSPLIT, $0-88
	PAIR

block:
	PREFETCHT1 0(R10)
	PREFETCHT1 64(R10)
	PREFETCHT1 128(R10)
	PREFETCHT1 192(R10)
	PREFETCHT1 256(R10)
	PREFETCHT1 320(R10)
	PREFETCHT1 384(R10)
	ROWS2(ROW5K)
	AFFINE2(0)
	NEXT2(176, 16)
	JNZ block
	VSUBPS X15, X14, X14
	RESULTS2

// func pairsQ6KAVX2(dst *float32, stride int, w *byte, rowBytes int, q *int8, d *float32, sums *int16, k, perToken, blocks, ahead int)
TEXT ·pairsQ6KAVX2(SB), NOSPLIT, $0-88
	PAIR

block:
	PREFETCHT1 0(R10)
	PREFETCHT1 64(R10)
	PREFETCHT1 128(R10)
	PREFETCHT1 192(R10)
	PREFETCHT1 256(R10)
	PREFETCHT1 320(R10)
	PREFETCHT1 384(R10)
	PREFETCHT1 448(R10)
	ROWS2(ROW6K)
	CENTRED2(208)
	NEXT2(210, 32)
	JNZ block
	RESULTS2

// func pairsQ2KAVX2(dst *float32, stride int, w *byte, rowBytes int, q *int8, d *float32, sums *int16, k, perToken, blocks, ahead int)
TEXT ·pairsQ2KAVX2(SB), NOSPLIT, $0-88
	PAIR

block:
	PREFETCHT1 0(R10)
	PREFETCHT1 64(R10)
	PREFETCHT1 128(R10)
	PREFETCHT1 192(R10)
	ROWS2(ROW2K)
	AFFINE2(80)
	NEXT2(84, 32)
	JNZ block
	VSUBPS X15, X14, X14
	RESULTS2

// func pairsQ3KAVX2(dst *float32, stride int, w *byte, rowBytes int, q *int8, d *float32, sums *int16, k, perToken, blocks, ahead int)
TEXT ·pairsQ3KAVX2(SB), NOSPLIT, $0-88
	PAIR

block:
	PREFETCHT1 0(R10)
	PREFETCHT1 64(R10)
	PREFETCHT1 128(R10)
	PREFETCHT1 192(R10)
	PREFETCHT1 256(R10)
	ROWS2(ROW3K)
	CENTRED2(108)
	NEXT2(110, 32)
	JNZ block
	RESULTS2
