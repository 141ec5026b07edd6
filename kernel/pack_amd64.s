//go:build !purego

#include "textflag.h"

// The packers copy a token's activations to where the strips want them, a block
// and step bytes on the next, and make a head of each block's sums and scale.

#define ARGUMENTS \
	MOVQ dst+0(FP), DI;     \
	MOVQ head+8(FP), R9;    \
	MOVQ step+16(FP), R8;   \
	MOVQ q+24(FP), SI;      \
	MOVQ sums+32(FP), BX;   \
	MOVQ d+40(FP), DX;      \
	MOVQ blocks+48(FP), CX

#define COPY \
	VMOVDQU64 (SI), Z0;     \
	VMOVDQU64 64(SI), Z1;   \
	VMOVDQU64 128(SI), Z2;  \
	VMOVDQU64 192(SI), Z3;  \
	VMOVDQU64 Z0, (DI);     \
	VMOVDQU64 Z1, 64(DI);   \
	VMOVDQU64 Z2, 128(DI);  \
	VMOVDQU64 Z3, 192(DI)

// NEXT stores the scale at o of the head.
#define NEXT(o) \
	MOVL (DX), AX;    \
	MOVL AX, o(R9);   \
	ADDQ $256, SI;    \
	ADDQ $32, BX;     \
	ADDQ $4, DX;      \
	ADDQ R8, DI;      \
	ADDQ R8, R9;      \
	DECQ CX

// ONES sets the words of y to 1.
#define ONES(y) \
	MOVL $0x00010001, AX; \
	VPBROADCASTD AX, y

// func pack4KVNNI(dst, head *byte, step int, q *int8, sums *int16, d *float32, blocks int)
TEXT ·pack4KVNNI(SB), NOSPLIT, $0-56
	ARGUMENTS
	ONES(Y5)

block:
	COPY
	VPMADDWD (BX), Y5, Y4
	VPMOVDW Y4, (R9)
	NEXT(16)
	JNZ block
	VZEROUPPER
	RET

// func pack5KVNNI(dst, head *byte, step int, q *int8, sums *int16, d *float32, blocks int)
TEXT ·pack5KVNNI(SB), NOSPLIT, $0-56
	ARGUMENTS
	ONES(Y5)
	VPXORD Z6, Z6, Z6

block:
	COPY
	VPMADDWD (BX), Y5, Y4
	VPMOVDW Y4, (R9)
	VPSLLD $3, Y4, Y4
	VPMOVDW Y4, 16(R9)
	VPMOVSXWD (BX), Z4
	VPSLLD $4, Z4, Z4
	VPSUBD Z4, Z6, Z4
	VMOVDQU64 Z4, 32(R9)
	NEXT(96)
	JNZ block
	VZEROUPPER
	RET

// SIZES is the greater of z and, in each qword, the sums of the magnitudes of 16
// activations.
#define SIZES(q, z) \
	VPABSB q, q;           \
	VPSADBW Z6, q, q;      \
	VPSHUFD $0x4e, q, Z4;  \
	VPADDD Z4, q, q;       \
	VPMAXSD q, z, z

// func pack6KVNNI(dst, head *byte, step int, q *int8, sums *int16, d *float32, blocks int) (largest int)
//
// It returns the largest sum of the magnitudes of 16 activations.
TEXT ·pack6KVNNI(SB), NOSPLIT, $0-64
	ARGUMENTS
	VPXORD Z6, Z6, Z6
	VPXORD Z7, Z7, Z7

block:
	COPY
	SIZES(Z0, Z7)
	SIZES(Z1, Z7)
	SIZES(Z2, Z7)
	SIZES(Z3, Z7)
	VPMOVSXWD (BX), Z4
	VPSLLD $5, Z4, Z4
	VPSUBD Z4, Z6, Z4
	VMOVDQU64 Z4, (R9)
	NEXT(64)
	JNZ block
	VEXTRACTI64X4 $1, Z7, Y6
	VPMAXSD Y6, Y7, Y7
	VEXTRACTI128 $1, Y7, X6
	VPMAXSD X6, X7, X7
	VMOVD X7, AX
	MOVQ AX, largest+56(FP)
	VZEROUPPER
	RET

// func pack8VNNI(dst, head *byte, step int, q *int8, sums *int16, d *float32, blocks int)
TEXT ·pack8VNNI(SB), NOSPLIT, $0-56
	ARGUMENTS

block:
	VMOVDQU (SI), Y0
	VMOVDQU Y0, (DI)
	MOVWLSX (BX), AX
	MOVWLSX 2(BX), R10
	ADDL R10, AX
	SHLL $7, AX
	NEGL AX
	MOVL AX, (R9)
	MOVL (DX), AX
	MOVL AX, 4(R9)
	ADDQ $32, SI
	ADDQ $4, BX
	ADDQ $4, DX
	ADDQ R8, DI
	ADDQ R8, R9
	DECQ CX
	JNZ block
	VZEROUPPER
	RET
