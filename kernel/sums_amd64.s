//go:build !purego

#include "textflag.h"

// What the tiles want of a token's activations beside them, sums and the largest of
// them, and what they leave to do.

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

// MAGNITUDES sets the low words of the qwords of z to the sums of the magnitudes of
// the eight activations each at o.
#define MAGNITUDES(o, z) \
	VPABSB o(DX), z;     \
	VPSADBW Z6, z, z

// func mostVNNI(most *int32, q *int8, k, tokens, blocks int)
//
// For each block it is the largest sum of the magnitudes of 16 activations, of all
// tokens.
TEXT ·mostVNNI(SB), NOSPLIT, $0-40
	MOVQ most+0(FP), DI
	MOVQ q+8(FP), SI
	MOVQ k+16(FP), R8
	MOVQ tokens+24(FP), R9
	MOVQ blocks+32(FP), CX
	VPXORD Z6, Z6, Z6

block:
	VPXORD Z7, Z7, Z7
	MOVQ SI, DX
	MOVQ R9, BX

token:
	MAGNITUDES(0, Z0)
	MAGNITUDES(64, Z1)
	MAGNITUDES(128, Z2)
	MAGNITUDES(192, Z3)
	VPSLLQ $16, Z1, Z1
	VPSLLQ $32, Z2, Z2
	VPSLLQ $48, Z3, Z3
	VPORQ Z1, Z0, Z0
	VPTERNLOGQ $0xfe, Z3, Z2, Z0
	VPSHUFD $0x4e, Z0, Z1
	VPADDW Z1, Z0, Z0
	VPMAXSW Z0, Z7, Z7
	ADDQ R8, DX
	DECQ BX
	JNZ  token
	VEXTRACTI64X4 $1, Z7, Y0
	VPMAXSW Y0, Y7, Y7
	VEXTRACTI128 $1, Y7, X0
	VPMAXSW X0, X7, X7
	VPSRLQ $32, X7, X0
	VPMAXSW X0, X7, X7
	VPSRLD $16, X7, X0
	VPMAXSW X0, X7, X7
	VMOVD X7, AX
	MOVWLZX AX, AX
	MOVL AX, (DI)
	ADDQ $256, SI
	ADDQ $4, DI
	DECQ CX
	JNZ  block
	VZEROUPPER
	RET

// func minimaPlain32VNNI(m *float32, panel *byte, d *float32, sums *int32, blocks int)
TEXT ·minimaPlain32VNNI(SB), NOSPLIT, $0-40
	MOVQ m+0(FP), AX
	MOVQ panel+8(FP), SI
	MOVQ d+16(FP), DI
	MOVQ sums+24(FP), BX
	MOVQ blocks+32(FP), CX
	VMOVUPS (AX), Z0
	VMOVUPS 64(AX), Z1

block:
	VBROADCASTSS (DI), Z2
	VPBROADCASTD (BX), Z3
	VCVTDQ2PS Z3, Z3
	VMULPS 1152(SI), Z2, Z4
	VMULPS 1216(SI), Z2, Z5
	VFMADD231PS Z3, Z4, Z0
	VFMADD231PS Z3, Z5, Z1
	ADDQ $1280, SI
	ADDQ $4, DI
	ADDQ $4, BX
	DECQ CX
	JNZ  block
	VMOVUPS Z0, (AX)
	VMOVUPS Z1, 64(AX)
	VZEROUPPER
	RET

// func finishVNNI(dst, acc *float32, stride, tokens int)
TEXT ·finishVNNI(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ acc+8(FP), AX
	MOVQ stride+16(FP), R8
	MOVQ tokens+24(FP), CX
	SHLQ $2, R8

token:
	VMOVUPS (AX), Z0
	VMOVUPS 64(AX), Z1
	VSUBPS 128(AX), Z0, Z0
	VSUBPS 192(AX), Z1, Z1
	VMOVUPS Z0, (DI)
	VMOVUPS Z1, 64(DI)
	ADDQ R8, DI
	ADDQ $256, AX
	DECQ CX
	JNZ  token
	VZEROUPPER
	RET
