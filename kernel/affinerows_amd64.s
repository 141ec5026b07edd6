//go:build !purego

#include "textflag.h"

// One token, with four rows as they are stored, from SI on and R8 apart, a block
// of each at a time. DI is the token, DX its scales, X13 the results. BX are the
// rows' scales, and R9 counts the blocks of a group. R10 goes through the next
// four rows, which are asked for in the order in which they lie.

#define ARGUMENTS \
	MOVQ acc+0(FP), AX;         \
	MOVQ w+8(FP), SI;           \
	MOVQ rowBytes+16(FP), R8;   \
	MOVQ scales+24(FP), BX;     \
	MOVQ perGroup+32(FP), R9;   \
	MOVQ q+40(FP), DI;          \
	MOVQ d+48(FP), DX;          \
	MOVQ blocks+56(FP), CX;     \
	VMOVUPS (AX), X13;          \
	LEAQ (R8)(R8*2), R12;       \
	LEAQ (SI)(R8*4), R10;       \
	VPCMPEQW Y15, Y15, Y15;     \
	VPSRLW $15, Y15, Y15

// BYTES sets all bytes of y, the lower half of which is x, to v.
#define BYTES(v, x, y) \
	MOVL $v, R11;      \
	VMOVD R11, x;      \
	VPBROADCASTB x, y

// ROW4 sets y to the products of 32 integers of four bits with the activations in
// Y8.
#define ROW4(row, y) \
	VPMOVZXBW row, y;       \
	VPSLLW $4, y, Y9;       \
	VPOR Y9, y, y;          \
	VPAND Y14, y, y;        \
	VPMADDUBSW Y8, y, y;    \
	VPMADDWD Y15, y, y

// ROW8 is the same for integers of eight bits less 128.
#define ROW8(row, y) \
	VPXOR row, Y14, Y9;     \
	VPSIGNB Y9, Y8, Y10;    \
	VPABSB Y9, Y9;          \
	VPMADDUBSW Y10, Y9, y;  \
	VPMADDWD Y15, y, y

// FOLD sets X0 to the sums over the block of the four rows.
#define FOLD(ROW) \
	VMOVDQU (DI), Y8;        \
	ROW((SI), Y0);           \
	ROW((SI)(R8*1), Y1);     \
	ROW((SI)(R8*2), Y2);     \
	ROW((SI)(R12*1), Y3);    \
	VPHADDD Y1, Y0, Y0;      \
	VPHADDD Y3, Y2, Y2;      \
	VPHADDD Y2, Y0, Y0;      \
	VEXTRACTI128 $1, Y0, X1; \
	VPADDD X1, X0, X0

// FLOAT does the multiply-add of a block, and goes on to the next.
#define FLOAT(bytes) \
	VBROADCASTSS (DX), X4;   \
	VMULPS (BX), X4, X4;     \
	VCVTDQ2PS X0, X0;        \
	VFMADD231PS X0, X4, X13; \
	ADDQ $bytes, SI;         \
	ADDQ $(4*bytes), R10;    \
	ADDQ $32, DI;            \
	ADDQ $4, DX

// func rows4Affine4AVX2(acc *float32, w *byte, rowBytes int, scales *float32, perGroup int, q *int8, d *float32, blocks int)
TEXT ·rows4Affine4AVX2(SB), NOSPLIT, $0-64
	ARGUMENTS
	BYTES(0x0f, X14, Y14)

block:
	PREFETCHT1 (R10)
	FOLD(ROW4)
	FLOAT(16)
	DECQ R9
	JNZ  same
	ADDQ $128, BX
	MOVQ perGroup+32(FP), R9

same:
	DECQ CX
	JNZ  block
	VMOVUPS X13, (AX)
	VZEROUPPER
	RET

// func rows4Affine8AVX2(acc *float32, w *byte, rowBytes int, scales *float32, perGroup int, q *int8, d *float32, blocks int, sums *int32)
TEXT ·rows4Affine8AVX2(SB), NOSPLIT, $0-72
	ARGUMENTS
	BYTES(0x80, X14, Y14)
	MOVQ sums+64(FP), R13

block:
	PREFETCHT1 (R10)
	PREFETCHT1 64(R10)
	FOLD(ROW8)
	VPBROADCASTD (R13), X1
	VPADDD X1, X0, X0
	ADDQ $4, R13
	FLOAT(32)
	DECQ R9
	JNZ  same
	ADDQ $128, BX
	MOVQ perGroup+32(FP), R9

same:
	DECQ CX
	JNZ  block
	VMOVUPS X13, (AX)
	VZEROUPPER
	RET
