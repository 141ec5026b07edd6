//go:build !purego

#include "textflag.h"
#include "f8_amd64.h"

// The loops for one and two tokens take four rows at a time, at SI, R9, R10 and
// R11, as they are stored. R12 is how far ahead the same rows of the next four
// begin, which are asked for.

// PAIRS sets e and o to the first and the second pair of every four of the 64
// activations at x.
#define PAIRS(x, o, first, second) \
	VMOVDQU64 o(x), first;                  \
	VMOVDQU64 o(x), second;                 \
	VPERMT2D o+64(x), Z25, first;           \
	VPERMT2D o+64(x), Z26, second

// ROW does 64 weights of a row with one token, ROW2 with two.
#define ROW1(row, o, top, s, s2) \
	PREFETCHT0 o(row)(R12*1);  \
	VMOVDQU64 o(row), Z8;      \
	WORDS(Z8, top);            \
	VPDPWSSD Z16, Z13, s;      \
	VPDPWSSD Z17, Z14, s

#define ROW2(row, o, top, s, s2) \
	ROW1(row, o, top, s, s2);  \
	VPDPWSSD Z18, Z13, s2;     \
	VPDPWSSD Z19, Z14, s2

#define HALF(ROW, o) \
	ROW(SI, o, Z20, Z0, Z4);   \
	ROW(R9, o, Z21, Z1, Z5);   \
	ROW(R10, o, Z22, Z2, Z6);  \
	ROW(R11, o, Z23, Z3, Z7)

// TREE adds the lanes of a, b, c and d into the four of x, which is a's.
#define TREE(a, b, c, d, y, x) \
	VPUNPCKLDQ b, a, Z8;        \
	VPUNPCKHDQ b, a, Z9;        \
	VPUNPCKLDQ d, c, Z10;       \
	VPUNPCKHDQ d, c, Z11;       \
	VPADDD Z9, Z8, Z8;          \
	VPADDD Z11, Z10, Z10;       \
	VPUNPCKLQDQ Z10, Z8, Z9;    \
	VPUNPCKHQDQ Z10, Z8, Z8;    \
	VPADDD Z9, Z8, a;           \
	VEXTRACTI64X4 $1, a, Y9;    \
	VPADDD Y9, y, y;            \
	VEXTRACTI128 $1, y, X9;     \
	VPADDD X9, x, x

// FLOAT does the multiply-add of a block.
#define FLOAT(d, x, acc) \
	VMOVSS (d), X9;             \
	VMULSS (BX), X9, X9;        \
	VBROADCASTSS X9, X9;        \
	VCVTDQ2PS x, x;             \
	VFMADD231PS x, X9, acc

#define ROWS4 \
	MOVQ acc+0(FP), AX;     \
	MOVQ w+16(FP), SI;      \
	MOVQ rowBytes+24(FP), R12; \
	MOVQ q+32(FP), DI;      \
	MOVQ d+40(FP), DX;      \
	MOVQ scales+48(FP), BX; \
	MOVQ k+56(FP), R13;     \
	MOVQ blocks+64(FP), CX; \
	LEAQ (SI)(R12*1), R9;   \
	LEAQ (SI)(R12*2), R10;  \
	LEAQ (R9)(R12*2), R11;  \
	SHLQ $2, R12;           \
	LEAQ (DI)(R13*2), R8;   \
	SHRQ $5, R13;           \
	ADDQ DX, R13;           \
	CONSTANTS;              \
	VMOVDQU64 pairs<>(SB), Z25;   \
	MOVL $1, R15;           \
	VPBROADCASTD R15, Z26;  \
	VPADDD Z25, Z26, Z26;   \
	VPXORD Z20, Z20, Z20;   \
	VMOVDQA64 Z20, Z21;     \
	VMOVDQA64 Z20, Z22;     \
	VMOVDQA64 Z20, Z23;     \
	VMOVUPS (AX), X15;      \
	VMOVUPS 16(AX), X24

#define ADVANCE \
	ADDQ $128, SI;  \
	ADDQ $128, R9;  \
	ADDQ $128, R10; \
	ADDQ $128, R11; \
	ADDQ $256, DI;  \
	ADDQ $256, R8;  \
	ADDQ $4, DX;    \
	ADDQ $4, R13;   \
	ADDQ $4, BX;    \
	DECQ CX

#define NAN(top, at) \
	VPCMPEQB Z0, top, K1; \
	KMOVQ K1, DX;         \
	ORQ DX, at(SI)

#define FINISH \
	VMOVUPS X15, (AX);        \
	VMOVUPS X24, 16(AX);      \
	MOVQ nan+8(FP), SI;       \
	MOVL $0xfefefefe, R15;    \
	VPBROADCASTD R15, Z0;     \
	NAN(Z20, 0);              \
	NAN(Z21, 8);              \
	NAN(Z22, 16);             \
	NAN(Z23, 24);             \
	VZEROUPPER;               \
	RET

// pairs are the even dwords of two registers.
DATA pairs<>+0(SB)/8, $0x0000000200000000
DATA pairs<>+8(SB)/8, $0x0000000600000004
DATA pairs<>+16(SB)/8, $0x0000000a00000008
DATA pairs<>+24(SB)/8, $0x0000000e0000000c
DATA pairs<>+32(SB)/8, $0x0000001200000010
DATA pairs<>+40(SB)/8, $0x0000001600000014
DATA pairs<>+48(SB)/8, $0x0000001a00000018
DATA pairs<>+56(SB)/8, $0x0000001e0000001c
GLOBL pairs<>(SB), RODATA|NOPTR, $64

#define ZERO4(a, b, c, d) \
	VPXOR a, a, a; \
	VPXOR b, b, b; \
	VPXOR c, c, c; \
	VPXOR d, d, d

// func rows4x1F8VNNI(acc *float32, nan *uint64, w *byte, rowBytes int, q *int16, d, scales *float32, k, blocks int)
TEXT ·rows4x1F8VNNI(SB), NOSPLIT, $0-72
	ROWS4

block:
	ZERO4(X0, X1, X2, X3)
	PAIRS(DI, 0, Z16, Z17)
	HALF(ROW1, 0)
	PAIRS(DI, 128, Z16, Z17)
	HALF(ROW1, 64)
	TREE(Z0, Z1, Z2, Z3, Y0, X0)
	FLOAT(DX, X0, X15)
	ADVANCE
	JNZ block
	FINISH

// func rows4x2F8VNNI(acc *float32, nan *uint64, w *byte, rowBytes int, q *int16, d, scales *float32, k, blocks int)
TEXT ·rows4x2F8VNNI(SB), NOSPLIT, $0-72
	ROWS4

block:
	ZERO4(X0, X1, X2, X3)
	ZERO4(X4, X5, X6, X7)
	PAIRS(DI, 0, Z16, Z17)
	PAIRS(R8, 0, Z18, Z19)
	HALF(ROW2, 0)
	PAIRS(DI, 128, Z16, Z17)
	PAIRS(R8, 128, Z18, Z19)
	HALF(ROW2, 64)
	TREE(Z0, Z1, Z2, Z3, Y0, X0)
	FLOAT(DX, X0, X15)
	TREE(Z4, Z5, Z6, Z7, Y4, X4)
	FLOAT(R13, X4, X24)
	ADVANCE
	JNZ block
	FINISH
