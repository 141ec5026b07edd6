//go:build !purego

#include "textflag.h"

// What the tiles want of a token's activations beside them: sums, and the largest
// of them.

// ones is 1 in each of two words.
DATA ones<>+0(SB)/4, $0x00010001
GLOBL ones<>(SB), RODATA|NOPTR, $4

// SUMS is a loop over pairs of sums, multiplied by the words of Z1 and added; the
// last of them are named by K1.
#define SUMS(STORE, bytes) \
loop:                       \
	CMPQ CX, $16;       \
	JLT  tail;          \
	VPMADDWD (SI), Z1, Z0; \
	STORE Z0, (DI);     \
	ADDQ $64, SI;       \
	ADDQ $bytes, DI;    \
	SUBQ $16, CX;       \
	JMP  loop;          \
tail:                       \
	MOVL $1, DX;        \
	SHLL CX, DX;        \
	DECL DX;            \
	KMOVW DX, K1;       \
	VMOVDQU32.Z (SI), K1, Z0; \
	VPMADDWD Z0, Z1, Z0; \
	STORE Z0, K1, (DI); \
	VZEROUPPER;         \
	RET

// func pairSumsVNNI(dst, sums *int16, n int)
TEXT ·pairSumsVNNI(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ sums+8(FP), SI
	MOVQ n+16(FP), CX
	VPBROADCASTD ones<>(SB), Z1
	SUMS(VPMOVDW, 32)

// func scaledSumsVNNI(dst *int32, sums *int16, factor, n int)
TEXT ·scaledSumsVNNI(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ sums+8(FP), SI
	MOVQ factor+16(FP), AX
	MOVQ n+24(FP), CX
	VPBROADCASTW AX, Z1
	SUMS(VMOVDQU32, 64)

// func wideSumsVNNI(dst *int32, sums *int16, factor, n int)
TEXT ·wideSumsVNNI(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ sums+8(FP), SI
	MOVQ factor+16(FP), AX
	MOVQ n+24(FP), CX
	VPBROADCASTD AX, Z1

loop:
	VPMOVSXWD (SI), Z0
	VPMULLD Z1, Z0, Z0
	VMOVDQU32 Z0, (DI)
	ADDQ $32, SI
	ADDQ $64, DI
	SUBQ $16, CX
	JG   loop
	VZEROUPPER
	RET

// func nibbleSumsVNNI(dst *int32, sums *int16, blocks int)
TEXT ·nibbleSumsVNNI(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ sums+8(FP), SI
	MOVQ blocks+16(FP), CX
	VPBROADCASTD ones<>(SB), Z1
	VPXORD Z2, Z2, Z2
	DECQ CX
	JZ   last

loop:
	VPMADDWD (SI), Z1, Z0
	VPMOVDW Z0, Y3
	VPSLLD $3, Z0, Z0
	VPSUBD Z0, Z2, Z0
	VMOVDQU Y0, (DI)
	VMOVDQU X3, 32(DI)
	VEXTRACTI64X4 $1, Z0, 48(DI)
	VEXTRACTI128 $1, Y3, 80(DI)
	ADDQ $64, SI
	ADDQ $96, DI
	SUBQ $2, CX
	JG   loop
	JNE  done

last:
	VPMADDWD (SI), Y1, Y0
	VPMOVDW Y0, 32(DI)
	VPSLLD $3, Y0, Y0
	VPSUBD Y0, Y2, Y0
	VMOVDQU Y0, (DI)

done:
	VZEROUPPER
	RET

// MAGNITUDES sets the first dword of each half of a lane of z to the sum of the
// magnitudes of the 16 activations at o.
#define MAGNITUDES(o, z) \
	VPABSB o(SI), z;        \
	VPSADBW Z6, z, z;       \
	VPSHUFD $0x4e, z, Z4;   \
	VPADDD Z4, z, z

// func mostVNNI(most *int32, q *int8, blocks int)
TEXT ·mostVNNI(SB), NOSPLIT, $0-24
	MOVQ most+0(FP), DI
	MOVQ q+8(FP), SI
	MOVQ blocks+16(FP), CX
	VPXORD Z6, Z6, Z6

loop:
	MAGNITUDES(0, Z0)
	MAGNITUDES(64, Z1)
	MAGNITUDES(128, Z2)
	MAGNITUDES(192, Z3)
	VPMAXSD Z1, Z0, Z0
	VPMAXSD Z3, Z2, Z2
	VPMAXSD Z2, Z0, Z0
	VEXTRACTI64X4 $1, Z0, Y1
	VPMAXSD Y1, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPMAXSD X1, X0, X0
	VMOVD (DI), X1
	VPMAXSD X1, X0, X0
	VMOVD X0, (DI)
	ADDQ $256, SI
	ADDQ $4, DI
	DECQ CX
	JNZ loop
	VZEROUPPER
	RET
