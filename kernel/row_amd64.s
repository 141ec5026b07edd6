//go:build !purego

#include "textflag.h"

// The loops for one token take four rows at a time, at SI, R9, R10 and R11, and
// read them as they are stored. The blocks of a token are at DI, BX has sums of
// it and DX its scales; CX counts blocks. R12 is how far ahead the same rows of
// the next four begin, which are asked for: the processor would have to find out
// anew, at the beginning of each row, that it is read on.

#define ARGUMENTS \
	MOVQ w+8(FP), SI;         \
	MOVQ rowBytes+16(FP), R12; \
	MOVQ q+24(FP), DI;        \
	MOVQ d+32(FP), DX;        \
	MOVQ sums+40(FP), BX;     \
	MOVQ blocks+48(FP), CX;   \
	LEAQ (SI)(R12*1), R9;     \
	LEAQ (SI)(R12*2), R10;    \
	LEAQ (R9)(R12*2), R11;    \
	SHLQ $2, R12

#define AHEAD(o) \
	PREFETCHT0 o(SI)(R12*1);  \
	PREFETCHT0 o(R9)(R12*1);  \
	PREFETCHT0 o(R10)(R12*1); \
	PREFETCHT0 o(R11)(R12*1)

#define ADVANCE(bytes) \
	ADDQ $bytes, SI;  \
	ADDQ $bytes, R9;  \
	ADDQ $bytes, R10; \
	ADDQ $bytes, R11; \
	DECQ CX

// FOUR loads the 16 bytes from o on of each row into the lanes of z.
#define FOUR(o, x, z) \
	VMOVDQU o(SI), x;                 \
	VINSERTI32X4 $1, o(R9), z, z;     \
	VINSERTI32X4 $2, o(R10), z, z;    \
	VINSERTI32X4 $3, o(R11), z, z

// BYTES sets all bytes of z to v.
#define BYTES(v, z) \
	MOVL $(v*0x01010101), AX; \
	VPBROADCASTD AX, z

// TREE adds the lanes of Z0, Z1, Z2 and Z3 into the four of X0.
#define TREE \
	VPUNPCKLDQ Z1, Z0, Z4;      \
	VPUNPCKHDQ Z1, Z0, Z5;      \
	VPUNPCKLDQ Z3, Z2, Z6;      \
	VPUNPCKHDQ Z3, Z2, Z7;      \
	VPADDD Z5, Z4, Z4;          \
	VPADDD Z7, Z6, Z6;          \
	VPUNPCKLQDQ Z6, Z4, Z0;     \
	VPUNPCKHQDQ Z6, Z4, Z1;     \
	VPADDD Z1, Z0, Z0;          \
	VEXTRACTI64X4 $1, Z0, Y1;   \
	VPADDD Y1, Y0, Y0;          \
	VEXTRACTI128 $1, Y0, X1;    \
	VPADDD X1, X0, X0

// Of Q4_K and Q5_K, two sub-blocks are in one register: 0 and 2, 1 and 3, 4 and
// 6, 5 and 7. The tables say for each of the four registers, in words, where
// their scales are among the bytes of HEAD, and how far to rotate for the fifth
// bits of the first two, the others' being one further.
DATA scales<>+0(SB)/8, $0x8000800080008000
DATA scales<>+8(SB)/8, $0x8002800280028002
DATA scales<>+16(SB)/8, $0x8001800180018001
DATA scales<>+24(SB)/8, $0x8003800380038003
DATA scales<>+32(SB)/8, $0x8004800480048004
DATA scales<>+40(SB)/8, $0x8006800680068006
DATA scales<>+48(SB)/8, $0x8005800580058005
DATA scales<>+56(SB)/8, $0x8007800780078007
GLOBL scales<>(SB), RODATA|NOPTR, $64

DATA rotate<>+0(SB)/8, $0x0000000200000004
DATA rotate<>+8(SB)/8, $0x0000001e00000000
GLOBL rotate<>(SB), RODATA|NOPTR, $16

// head: what is left of three dwords of six-bit integers to make
// scales 0-3, scales 4-7, minima 0-3, minima 4-7.
DATA head<>+0(SB)/8, $0x0000000000000000 // shift
DATA head<>+8(SB)/8, $0x0000000400000000
DATA head<>+16(SB)/8, $0x0f0f0f0f3f3f3f3f // low bits
DATA head<>+24(SB)/8, $0x0f0f0f0f3f3f3f3f
DATA head<>+32(SB)/8, $0x3030303000000000 // high bits
DATA head<>+40(SB)/8, $0x3030303000000000
DATA head<>+48(SB)/8, $0x800b800a80098008 // minima as words
DATA head<>+56(SB)/8, $0x800f800e800d800c
GLOBL head<>(SB), RODATA|NOPTR, $64

// The first dwords of four lanes, and then sums and sums of minima in turn.
DATA order<>+0(SB)/8, $0x0000000400000000
DATA order<>+8(SB)/8, $0x0000000c00000008
DATA order<>+16(SB)/8, $0x0000000400000000
DATA order<>+24(SB)/8, $0x0000000500000001
DATA order<>+32(SB)/8, $0x0000000600000002
DATA order<>+40(SB)/8, $0x0000000700000003
DATA order<>+48(SB)/8, $0x0000000200000000 // rows 0 and 2
DATA order<>+56(SB)/8, $0x0000000300000001 // rows 1 and 3
GLOBL order<>(SB), RODATA|NOPTR, $64

// HALVES sets both halves of z to bytes, the lower one from table and the upper
// one from table+8.
#define HALVES(table, y, y2, z) \
	VPBROADCASTQ table(SB), y;      \
	VPBROADCASTQ table+8(SB), y2;   \
	VINSERTI64X4 $1, y2, z, z

#define ROTATES(table, y, y2, z) \
	VPBROADCASTD table(SB), y;      \
	VPBROADCASTD table+4(SB), y2;   \
	VINSERTI64X4 $1, y2, z, z

#define CONSTANTS4K \
	BYTES(0x0f, Z31);                       \
	HALVES(scales<>+0, Y20, Y0, Z20);       \
	HALVES(scales<>+16, Y21, Y0, Z21);      \
	HALVES(scales<>+32, Y22, Y0, Z22);      \
	HALVES(scales<>+48, Y23, Y0, Z23);      \
	VBROADCASTI32X4 head<>+0(SB), Z24;      \
	VBROADCASTI32X4 head<>+16(SB), Z25;     \
	VBROADCASTI32X4 head<>+32(SB), Z26;     \
	VBROADCASTI32X4 head<>+48(SB), Z27;     \
	VMOVDQU order<>+0(SB), X14;             \
	VMOVDQU order<>+16(SB), Y15;            \
	VXORPS Y13, Y13, Y13

// ACTIVATIONS loads the sub-blocks of a token as those of the weights lie.
#define ACTIVATIONS \
	VMOVDQU64 (DI), Y16;                      \
	VMOVDQU64 32(DI), Y17;                    \
	VMOVDQU64 128(DI), Y18;                   \
	VMOVDQU64 160(DI), Y19;                   \
	VINSERTI64X4 $1, 64(DI), Z16, Z16;      \
	VINSERTI64X4 $1, 96(DI), Z17, Z17;      \
	VINSERTI64X4 $1, 192(DI), Z18, Z18;     \
	VINSERTI64X4 $1, 224(DI), Z19, Z19

// HEAD sets the lanes of Z12 to the scales and minima of the rows, Z11 to their
// sums of minima in the first dword of each, and Y10 to d and dmin in turn.
#define HEAD \
	FOUR(0, X0, Z0);                        \
	VPERMD Z0, Z14, Z10;                    \
	VCVTPH2PS X10, Y10;                     \
	VPSHUFD $0xed, Z0, Z12;                 \
	VPSHUFD $0xa5, Z0, Z1;                  \
	VPSRLVD Z24, Z12, Z12;                  \
	VPSRLD $2, Z1, Z1;                      \
	VPANDD Z25, Z12, Z12;                   \
	VPTERNLOGD $0xf8, Z26, Z1, Z12;         \
	VPSHUFB Z27, Z12, Z11;                  \
	VBROADCASTI32X4 (BX), Z1;               \
	VPMADDWD Z1, Z11, Z11;                  \
	VPSHUFD $0x4e, Z11, Z1;                 \
	VPADDD Z1, Z11, Z11;                    \
	VPSHUFD $0xb1, Z11, Z1;                 \
	VPADDD Z1, Z11, Z11;                    \
	VPERMD Z11, Z14, Z11

// NIBBLES loads 128 bytes at o and takes them apart into Z4, Z5, Z6 and Z7.
#define NIBBLES(o, row) \
	VMOVDQU64 o(row), Z5;      \
	VMOVDQU64 o+64(row), Z7;   \
	VPANDD Z31, Z5, Z4;        \
	VPANDD Z31, Z7, Z6;        \
	VPSRLW $4, Z5, Z5;         \
	VPSRLW $4, Z7, Z7;         \
	VPANDD Z31, Z5, Z5;        \
	VPANDD Z31, Z7, Z7

// WEIGHED sets z to the products of Z4 to Z7 and the activations, times the
// scales in lane i of Z12.
#define WEIGHED(lanes, z) \
	VSHUFI32X4 $lanes, Z12, Z12, Z9; \
	VPMADDUBSW Z16, Z4, Z4;          \
	VPMADDUBSW Z17, Z5, Z5;          \
	VPMADDUBSW Z18, Z6, Z6;          \
	VPMADDUBSW Z19, Z7, Z7;          \
	VPSHUFB Z20, Z9, Z8;             \
	VPMADDWD Z8, Z4, z;              \
	VPSHUFB Z21, Z9, Z8;             \
	VPDPWSSD Z8, Z5, z;              \
	VPSHUFB Z22, Z9, Z8;             \
	VPDPWSSD Z8, Z6, z;              \
	VPSHUFB Z23, Z9, Z8;             \
	VPDPWSSD Z8, Z7, z

// FLOAT does the multiply-add of d and dmin.
#define FLOAT \
	VINSERTI128 $1, X11, Y0, Y0; \
	VPERMD Y0, Y15, Y0;          \
	VCVTDQ2PS Y0, Y0;            \
	VBROADCASTSS (DX), Y1;       \
	VMULPS Y1, Y10, Y1;          \
	VFMADD231PS Y0, Y1, Y13;     \
	ADDQ $256, DI;               \
	ADDQ $16, BX;                \
	ADDQ $4, DX

// DIFFERENCE stores acc - m of four rows, which are in turn in Y13.
#define DIFFERENCE \
	MOVQ dst+0(FP), AX;          \
	VEXTRACTF128 $1, Y13, X1;    \
	VSHUFPS $0x88, X1, X13, X0;  \
	VSHUFPS $0xdd, X1, X13, X2;  \
	VSUBPS X2, X0, X0;           \
	VMOVUPS X0, (AX);            \
	VZEROUPPER

// func rows4Q4KVNNI(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks int)
TEXT ·rows4Q4KVNNI(SB), NOSPLIT, $0-56
	ARGUMENTS
	CONSTANTS4K

block:
	AHEAD(0)
	AHEAD(64)
	AHEAD(128)
	ACTIVATIONS
	HEAD
	NIBBLES(16, SI)
	WEIGHED(0x00, Z0)
	NIBBLES(16, R9)
	WEIGHED(0x55, Z1)
	NIBBLES(16, R10)
	WEIGHED(0xaa, Z2)
	NIBBLES(16, R11)
	WEIGHED(0xff, Z3)
	TREE
	FLOAT
	ADVANCE(144)
	JNZ block
	DIFFERENCE
	RET

// FIFTH adds the bits of 32 bytes at 16 to Z4, Z5, Z6 and Z7.
#define FIFTH(row) \
	VBROADCASTI64X4 16(row), Z8;     \
	VPROLVD Z28, Z8, Z9;             \
	VPTERNLOGD $0xf8, Z30, Z9, Z4;   \
	VPSRLD $1, Z9, Z9;               \
	VPTERNLOGD $0xf8, Z30, Z9, Z5;   \
	VPROLVD Z29, Z8, Z9;             \
	VPTERNLOGD $0xf8, Z30, Z9, Z6;   \
	VPSRLD $1, Z9, Z9;               \
	VPTERNLOGD $0xf8, Z30, Z9, Z7

// func rows4Q5KVNNI(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks int)
TEXT ·rows4Q5KVNNI(SB), NOSPLIT, $0-56
	ARGUMENTS
	CONSTANTS4K
	BYTES(0x10, Z30)
	ROTATES(rotate<>+0, Y28, Y0, Z28)
	ROTATES(rotate<>+8, Y29, Y0, Z29)

block:
	AHEAD(0)
	AHEAD(64)
	AHEAD(128)
	ACTIVATIONS
	HEAD
	NIBBLES(48, SI)
	FIFTH(SI)
	WEIGHED(0x00, Z0)
	NIBBLES(48, R9)
	FIFTH(R9)
	WEIGHED(0x55, Z1)
	NIBBLES(48, R10)
	FIFTH(R10)
	WEIGHED(0xaa, Z2)
	NIBBLES(48, R11)
	FIFTH(R11)
	WEIGHED(0xff, Z3)
	TREE
	FLOAT
	ADVANCE(176)
	JNZ block
	DIFFERENCE
	RET

// subs are the sub-blocks of 16 in the four lanes of a register.
DATA subs<>+0(SB)/8, $0x0000000000000000
DATA subs<>+8(SB)/8, $0x0101010101010101
DATA subs<>+16(SB)/8, $0x0202020202020202
DATA subs<>+24(SB)/8, $0x0303030303030303
GLOBL subs<>(SB), RODATA|NOPTR, $32

// HIGH adds two more bits, of 32 bytes at o, to a and b.
#define HIGH(o, row, a, b) \
	VBROADCASTI64X4 o(row), Z8;      \
	VPROLVD Z28, Z8, Z9;             \
	VPTERNLOGD $0xf8, Z30, Z9, a;    \
	VPROLVD Z29, Z8, Z9;             \
	VPTERNLOGD $0xf8, Z30, Z9, b

// ROW6K sets z to what adds up to the integers of a row.
#define ROW6K(row, z) \
	NIBBLES(0, row);                 \
	HIGH(128, row, Z4, Z5);          \
	HIGH(160, row, Z6, Z7);          \
	VPMOVSXBW 192(row), Y10;         \
	VPMADDWD Y24, Y10, Y11;          \
	VPSLLD $5, Y11, Y11;             \
	VPMADDUBSW Z16, Z4, Z4;          \
	VPMADDUBSW Z17, Z5, Z5;          \
	VPMADDUBSW Z18, Z6, Z6;          \
	VPMADDUBSW Z19, Z7, Z7;          \
	VPERMW Z10, Z20, Z8;             \
	VPMADDWD Z8, Z4, z;              \
	VPERMW Z10, Z21, Z8;             \
	VPDPWSSD Z8, Z5, z;              \
	VPERMW Z10, Z22, Z8;             \
	VPDPWSSD Z8, Z6, z;              \
	VPERMW Z10, Z23, Z8;             \
	VPDPWSSD Z8, Z7, z;              \
	VPSUBD Z11, z, z

// SCALES loads the halves at o of the rows as float32.
#define SCALES(o, x) \
	VPXOR x, x, x;                   \
	VPINSRW $0, o(SI), x, x;         \
	VPINSRW $1, o(R9), x, x;         \
	VPINSRW $2, o(R10), x, x;        \
	VPINSRW $3, o(R11), x, x;        \
	VCVTPH2PS x, x

// func rows4Q6KVNNI(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks int)
TEXT ·rows4Q6KVNNI(SB), NOSPLIT, $0-56
	ARGUMENTS
	BYTES(0x0f, Z31)
	BYTES(0x30, Z30)
	ROTATES(rotate<>+0, Y28, Y0, Z28)
	ROTATES(rotate<>+8, Y29, Y0, Z29)
	MOVL $0x00040004, AX
	VPBROADCASTD AX, Z0
	VPMOVZXBW subs<>(SB), Z20
	VPADDW Z0, Z20, Z21
	VPADDW Z0, Z21, Z22
	VPADDW Z0, Z22, Z23
	VXORPS X13, X13, X13

block:
	AHEAD(0)
	AHEAD(64)
	AHEAD(128)
	AHEAD(192)
	VMOVDQU64 (DI), Z16
	VMOVDQU64 64(DI), Z17
	VMOVDQU64 128(DI), Z18
	VMOVDQU64 192(DI), Z19
	VMOVDQU64 (BX), Y24
	ROW6K(SI, Z0)
	ROW6K(R9, Z1)
	ROW6K(R10, Z2)
	ROW6K(R11, Z3)
	TREE
	SCALES(208, X4)
	VBROADCASTSS (DX), X1
	VCVTDQ2PS X0, X0
	VMULPS X1, X4, X1
	VFMADD231PS X0, X1, X13
	ADDQ $256, DI
	ADDQ $32, BX
	ADDQ $4, DX
	ADVANCE(210)
	JNZ block
	MOVQ dst+0(FP), AX
	VMOVUPS X13, (AX)
	VZEROUPPER
	RET

// func rows4Q8VNNI(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int32, blocks int)
//
// Two rows are in one register, eight sums of each, which begin at what is in
// sums: -128 times the sum of the activations, divided by eight.
TEXT ·rows4Q8VNNI(SB), NOSPLIT, $0-56
	ARGUMENTS
	BYTES(0x80, Z31)
	HALVES(order<>+48, Y15, Y0, Z15)
	VXORPS X13, X13, X13

block:
	AHEAD(0)
	VBROADCASTI64X4 (DI), Z16
	VMOVDQU 2(SI), Y4
	VMOVDQU 2(R10), Y5
	VINSERTI64X4 $1, 2(R9), Z4, Z4
	VINSERTI64X4 $1, 2(R11), Z5, Z5
	VPXORD Z31, Z4, Z4
	VPXORD Z31, Z5, Z5
	VPBROADCASTD (BX), Z0
	VMOVDQA64 Z0, Z1
	VPDPBUSD Z16, Z4, Z0
	VPDPBUSD Z16, Z5, Z1
	VPUNPCKLDQ Z1, Z0, Z4
	VPUNPCKHDQ Z1, Z0, Z5
	VPADDD Z5, Z4, Z4
	VPSHUFD $0x4e, Z4, Z5
	VPADDD Z5, Z4, Z4
	VSHUFI32X4 $0xb1, Z4, Z4, Z5
	VPADDD Z5, Z4, Z4
	SCALES(0, X6)
	VPERMD Z6, Z15, Z6
	VBROADCASTSS (DX), Z7
	VMULPS Z7, Z6, Z6
	VCVTDQ2PS Z4, Z4
	VFMADD231PS Z4, Z6, Z13
	ADDQ $32, DI
	ADDQ $4, BX
	ADDQ $4, DX
	ADVANCE(34)
	JNZ block
	MOVQ dst+0(FP), AX
	VEXTRACTF32X4 $2, Z13, X1
	VUNPCKLPS X1, X13, X0
	VMOVUPS X0, (AX)
	VZEROUPPER
	RET
