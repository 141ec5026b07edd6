//go:build !purego

#include "textflag.h"

// BROADCAST sets all dwords of z to v.
#define BROADCAST(v, z) \
	MOVL $v, AX;        \
	VPBROADCASTD AX, z

// A page's rows are rounded sixteen at a time: first the magnitudes of all, then
// their factors at once, in the frame, then the integers.
//
//	SI, R9    rows of x, and bytes from one to the next
//	DI, R8    rows of dst, likewise
//	DX        units
//	R10       rows left
//	R11, R12  values of a row, by 32, and what is left of them
//	R13       rows of these sixteen
//	BX, R14   a row of x and one of dst

#define ARGUMENTS \
	MOVQ dst+0(FP), DI;        \
	MOVQ unit+8(FP), DX;       \
	MOVQ x+16(FP), SI;         \
	MOVQ dstStride+24(FP), R8; \
	MOVQ xStride+32(FP), R9;   \
	MOVQ n+40(FP), R10;        \
	MOVQ cols+48(FP), R11;     \
	ADDQ R8, R8;               \
	MOVQ R11, R12;             \
	ANDQ $31, R12;             \
	SHRQ $5, R11;              \
	MOVL $1, AX;               \
	MOVL R12, CX;              \
	SHLL CX, AX;               \
	DECL AX;                   \
	KMOVD AX, K1;              \
	VPXORD Z30, Z30, Z30;      \
	BROADCAST(0x457ff000, Z29); /* KeyLimit */ \
	BROADCAST(0x7f7fffff, Z28); /* math.MaxFloat32 */ \
	BROADCAST(0x7fc00000, Z27)

// SIXTEEN sets R13, and K4 to that many lanes.
#define SIXTEEN \
	MOVL $16, R13;      \
	CMPQ R10, R13;      \
	CMOVQLT R10, R13;   \
	MOVL $1, AX;        \
	MOVL R13, CX;       \
	SHLL CX, AX;        \
	DECL AX;            \
	KMOVW AX, K4;       \
	XORL R15, R15;      \
	MOVQ SI, BX

// FACTORS makes of the greatest magnitudes the units and, in the frame, the factors.
#define FACTORS \
	VMOVUPS 0(SP), Z0;           \
	VDIVPS Z0, Z29, Z1;          \
	VDIVPS Z29, Z0, Z2;          \
	VCMPPS $2, Z28, Z0, K2;      \
	VCMPPS $2, Z28, Z1, K2, K3;  \
	VMOVAPS.Z Z1, K3, Z1;        \
	VMOVAPS.Z Z2, K3, Z2;        \
	KNOTW K2, K2;                \
	VMOVAPS Z27, K2, Z2;         \
	VMOVUPS Z1, 0(SP);           \
	VMOVUPS Z2, K4, (DX);        \
	XORL R15, R15;               \
	MOVQ SI, BX;                 \
	MOVQ DI, R14

// NEXT goes on to the next sixteen rows.
#define NEXT \
	MOVQ BX, SI;  \
	MOVQ R14, DI; \
	ADDQ $64, DX; \
	SUBQ R13, R10

// ROUND rounds the 32 bfloat16 in Z0.
#define ROUND \
	VPUNPCKHWD Z0, Z30, Z1; \
	VPUNPCKLWD Z0, Z30, Z0; \
	VMULPS Z26, Z1, Z1;     \
	VMULPS Z26, Z0, Z0;     \
	VCVTPS2DQ Z1, Z1;       \
	VCVTPS2DQ Z0, Z0;       \
	VPACKSSDW Z1, Z0, Z0

// func roundKeysBF16AVX512(dst *int16, unit *float32, x *uint16, dstStride, xStride, n, cols int)
TEXT ·roundKeysBF16AVX512(SB), NOSPLIT, $64-56
	ARGUMENTS
	ADDQ R9, R9
	BROADCAST(0x7fff7fff, Z31)
	VPCMPEQD X15, X15, X15

sixteen:
	SIXTEEN

size:
	VPXORD X0, X0, X0
	XORL AX, AX
	MOVQ R11, CX
	JMP  moreSizes

sizes:
	VPANDD (BX)(AX*1), Z31, Z1
	VPMAXUW Z1, Z0, Z0
	ADDQ $64, AX

moreSizes:
	DECQ CX
	JGE  sizes
	TESTQ R12, R12
	JZ   sized
	VMOVDQU16.Z (BX)(AX*1), K1, Z1
	VPANDD Z31, Z1, Z1
	VPMAXUW Z1, Z0, Z0

sized:
	VEXTRACTI64X4 $1, Z0, Y1
	VPMAXUW Y1, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPMAXUW X1, X0, X0
	VPXOR X15, X0, X0
	VPHMINPOSUW X0, X0 // the least complement
	VMOVD X0, AX
	NOTL AX
	SHLL $16, AX
	MOVL AX, 0(SP)(R15*4)
	ADDQ R9, BX
	INCQ R15
	CMPQ R15, R13
	JLT  size

	FACTORS

round:
	VBROADCASTSS 0(SP)(R15*4), Z26
	XORL AX, AX
	MOVQ R11, CX
	JMP  moreRounds

rounds:
	VMOVDQU64 (BX)(AX*1), Z0
	ROUND
	VMOVDQU64 Z0, (R14)(AX*1)
	ADDQ $64, AX

moreRounds:
	DECQ CX
	JGE  rounds
	TESTQ R12, R12
	JZ   rounded
	VMOVDQU16.Z (BX)(AX*1), K1, Z0
	ROUND
	VMOVDQU16 Z0, K1, (R14)(AX*1)

rounded:
	ADDQ R9, BX
	ADDQ R8, R14
	INCQ R15
	CMPQ R15, R13
	JLT  round

	NEXT
	JNZ  sixteen
	VZEROUPPER
	RET

// ordered is where the pairs of dwords are after packing two registers.
DATA ordered<>+0(SB)/8, $0
DATA ordered<>+8(SB)/8, $2
DATA ordered<>+16(SB)/8, $4
DATA ordered<>+24(SB)/8, $6
DATA ordered<>+32(SB)/8, $1
DATA ordered<>+40(SB)/8, $3
DATA ordered<>+48(SB)/8, $5
DATA ordered<>+56(SB)/8, $7
GLOBL ordered<>(SB), RODATA|NOPTR, $64

// ROUND32 rounds the float32 in Z0 and Z1.
#define ROUND32 \
	VCVTPS2DQ Z0, Z0;     \
	VCVTPS2DQ Z1, Z1;     \
	VPACKSSDW Z1, Z0, Z0; \
	VPERMQ Z0, Z25, Z0

// func roundKeysAVX512(dst *int16, unit, x *float32, dstStride, xStride, n, cols int)
TEXT ·roundKeysAVX512(SB), NOSPLIT, $64-56
	ARGUMENTS
	SHLQ $2, R9
	BROADCAST(0x7fffffff, Z31)
	VMOVDQU64 ordered<>(SB), Z25
	KSHIFTRD $16, K1, K5

sixteen:
	SIXTEEN

size:
	VPXORD X0, X0, X0
	XORL AX, AX
	MOVQ R11, CX
	JMP  moreSizes

sizes:
	VPANDD (BX)(AX*2), Z31, Z1
	VPANDD 64(BX)(AX*2), Z31, Z2
	VPMAXUD Z1, Z0, Z0
	VPMAXUD Z2, Z0, Z0
	ADDQ $64, AX

moreSizes:
	DECQ CX
	JGE  sizes
	TESTQ R12, R12
	JZ   sized
	VMOVDQU32.Z (BX)(AX*2), K1, Z1
	VMOVDQU32.Z 64(BX)(AX*2), K5, Z2
	VPANDD Z31, Z1, Z1
	VPANDD Z31, Z2, Z2
	VPMAXUD Z1, Z0, Z0
	VPMAXUD Z2, Z0, Z0

sized:
	VEXTRACTI64X4 $1, Z0, Y1
	VPMAXUD Y1, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPMAXUD X1, X0, X0
	VPSHUFD $0x4e, X0, X1
	VPMAXUD X1, X0, X0
	VPSHUFD $0xb1, X0, X1
	VPMAXUD X1, X0, X0
	VMOVD X0, 0(SP)(R15*4)
	ADDQ R9, BX
	INCQ R15
	CMPQ R15, R13
	JLT  size

	FACTORS

round:
	VBROADCASTSS 0(SP)(R15*4), Z26
	XORL AX, AX
	MOVQ R11, CX
	JMP  moreRounds

rounds:
	VMULPS (BX)(AX*2), Z26, Z0
	VMULPS 64(BX)(AX*2), Z26, Z1
	ROUND32
	VMOVDQU64 Z0, (R14)(AX*1)
	ADDQ $64, AX

moreRounds:
	DECQ CX
	JGE  rounds
	TESTQ R12, R12
	JZ   rounded
	VMOVUPS.Z (BX)(AX*2), K1, Z0
	VMOVUPS.Z 64(BX)(AX*2), K5, Z1
	VMULPS Z26, Z0, Z0
	VMULPS Z26, Z1, Z1
	ROUND32
	VMOVDQU16 Z0, K1, (R14)(AX*1)

rounded:
	ADDQ R9, BX
	ADDQ R8, R14
	INCQ R15
	CMPQ R15, R13
	JLT  round

	NEXT
	JNZ  sixteen
	VZEROUPPER
	RET
