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

// SIZES sets the first dword of each half of a lane of z to the sum of the
// magnitudes of 16 activations.
#define SIZES(z, t) \
	VPABSB z, z;           \
	VPSADBW Z6, z, z;      \
	VPSHUFD $0x4e, z, t;   \
	VPADDD t, z, z

// func pack6KVNNI(dst, head *byte, step int, q *int8, sums *int16, d *float32, blocks int)
TEXT ·pack6KVNNI(SB), NOSPLIT, $0-56
	ARGUMENTS
	VPXORD Z6, Z6, Z6

block:
	COPY
	SIZES(Z0, Z4)
	SIZES(Z1, Z5)
	SIZES(Z2, Z4)
	SIZES(Z3, Z5)
	VPMAXSD Z1, Z0, Z0
	VPMAXSD Z3, Z2, Z2
	VPMAXSD Z2, Z0, Z0
	VEXTRACTI64X4 $1, Z0, Y1
	VPMAXSD Y1, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPMAXSD X1, X0, X0
	VMOVD X0, 64(R9)
	VPMOVSXWD (BX), Z4
	VPSLLD $5, Z4, Z4
	VPSUBD Z4, Z6, Z4
	VMOVDQU64 Z4, (R9)
	NEXT(68)
	JNZ block
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
