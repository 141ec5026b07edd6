//go:build !purego

#include "textflag.h"
#include "f8_amd64.h"

// The unpacker of e4m3 takes apart 16 rows, row i in lane i. Row i begins at SI,
// R9, R10 or R11, for i/4 from 0 to 3, plus i%4 times R8; R12 is three of R8, R13
// is 0. AX, BX, DX and R14 are the same distances to the rows that are next,
// which are asked for.

// FOUR loads 32 bytes from o on of every fourth row: the first 16 of each into
// the lanes of z, the others into those of z2.
#define FOUR(o, i, z, z2) \
	VMOVDQU o(SI)(i), Y4;                   \
	VMOVDQU o(R10)(i), Y5;                  \
	VINSERTI64X4 $1, o(R9)(i), Z4, Z4;      \
	VINSERTI64X4 $1, o(R11)(i), Z5, Z5;     \
	VSHUFI32X4 $0x88, Z5, Z4, z;            \
	VSHUFI32X4 $0xdd, Z5, Z4, z2

// COLUMNS sets Z8, Z1, Z9 and Z3 to four bytes of each row, of the 16 that a, b, c
// and d have of every fourth.
#define COLUMNS(a, b, c, d) \
	VPUNPCKLDQ b, a, Z0;     \
	VPUNPCKHDQ b, a, Z2;     \
	VPUNPCKLDQ d, c, Z1;     \
	VPUNPCKHDQ d, c, Z3;     \
	VPUNPCKLQDQ Z1, Z0, Z8;  \
	VPUNPCKHQDQ Z1, Z0, Z1;  \
	VPUNPCKLQDQ Z3, Z2, Z9;  \
	VPUNPCKHQDQ Z3, Z2, Z3

// PANEL stores the four codes of each row in z as two pairs of integers.
#define PANEL(z, p) \
	WORDS(z, Z31);             \
	VMOVDQU64 Z13, p(DI);      \
	VMOVDQU64 Z14, p+128(DI)

#define SIXTEEN(p) \
	PANEL(Z8, p);     \
	PANEL(Z1, p+256); \
	PANEL(Z9, p+512); \
	PANEL(Z3, p+768)

#define THIRTYTWO(o, p) \
	FOUR(o, R13*1, Z16, Z17);     \
	FOUR(o, R8*1, Z18, Z19);      \
	FOUR(o, R8*2, Z20, Z21);      \
	FOUR(o, R12*1, Z22, Z23);     \
	COLUMNS(Z16, Z18, Z20, Z22);  \
	SIXTEEN(p);                   \
	COLUMNS(Z17, Z19, Z21, Z23);  \
	SIXTEEN(p+1024)

#define NEXT4(i) \
	PREFETCHT0 (SI)(i);  \
	PREFETCHT0 (R9)(i);  \
	PREFETCHT0 (R10)(i); \
	PREFETCHT0 (R11)(i)

// func unpackF8VNNI(panel *int16, w *byte, rowBytes, ahead, blocks int) (nan uint64)
TEXT ·unpackF8VNNI(SB), NOSPLIT, $0-48
	MOVQ panel+0(FP), DI
	MOVQ w+8(FP), SI
	MOVQ rowBytes+16(FP), R8
	MOVQ ahead+24(FP), AX
	MOVQ blocks+32(FP), CX
	LEAQ (SI)(R8*4), R9
	LEAQ (R9)(R8*4), R10
	LEAQ (R10)(R8*4), R11
	LEAQ (R8)(R8*2), R12
	XORL R13, R13
	LEAQ (AX)(R8*1), BX
	LEAQ (AX)(R8*2), DX
	LEAQ (AX)(R12*1), R14
	CONSTANTS
	VPXORD Z31, Z31, Z31
	ADDQ CX, CX

half:
	NEXT4(AX*1)
	NEXT4(BX*1)
	THIRTYTWO(0, 0)
	NEXT4(DX*1)
	NEXT4(R14*1)
	THIRTYTWO(32, 2048)
	ADDQ $64, SI
	ADDQ $64, R9
	ADDQ $64, R10
	ADDQ $64, R11
	ADDQ $4096, DI
	DECQ CX
	JNZ  half
	MOVL $0xfefefefe, R15
	VPBROADCASTD R15, Z0
	VPCMPEQB Z0, Z31, K1
	KMOVQ K1, nan+40(FP)
	VZEROUPPER
	RET
