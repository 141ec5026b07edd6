//go:build !purego

#include "textflag.h"

// BROADCAST sets all dwords of z to v.
#define BROADCAST(v, z) \
	MOVL $v, AX;        \
	VPBROADCASTD AX, z

// TAIL sets K1 to the first CX lanes, of up to 31.
#define TAIL \
	MOVL $1, DX;  \
	SHLL CX, DX;  \
	DECL DX;      \
	KMOVD DX, K1

// KEY multiplies the dword at key with the panel's 32 columns in Z16 and Z17.
#define KEY(key, b, s0, s1) \
	VPBROADCASTD key, b;    \
	VPDPWSSD b, Z16, s0;    \
	VPDPWSSD b, Z17, s1

#define EIGHT \
	KEY((R12), Z18, Z0, Z1);             \
	KEY((R12)(R8*1), Z19, Z2, Z3);       \
	KEY((R12)(R8*2), Z20, Z4, Z5);       \
	KEY((R12)(R9*1), Z21, Z6, Z7);       \
	KEY((R13), Z22, Z8, Z9);             \
	KEY((R13)(R8*1), Z23, Z10, Z11);     \
	KEY((R13)(R8*2), Z24, Z12, Z13);     \
	KEY((R13)(R9*1), Z25, Z14, Z15)

#define CLEAR8 \
	VPXORD X0, X0, X0;    \
	VPXORD X1, X1, X1;    \
	VPXORD X2, X2, X2;    \
	VPXORD X3, X3, X3;    \
	VPXORD X4, X4, X4;    \
	VPXORD X5, X5, X5;    \
	VPXORD X6, X6, X6;    \
	VPXORD X7, X7, X7;    \
	VPXORD X8, X8, X8;    \
	VPXORD X9, X9, X9;    \
	VPXORD X10, X10, X10; \
	VPXORD X11, X11, X11; \
	VPXORD X12, X12, X12; \
	VPXORD X13, X13, X13; \
	VPXORD X14, X14, X14; \
	VPXORD X15, X15, X15

// SCALED is a key's scores, from its unit at u and the columns' in Z30 and Z31.
#define SCALED(u, s0, s1) \
	VCVTDQ2PS s0, s0;          \
	VCVTDQ2PS s1, s1;          \
	VMULPS.BCST u(DX), s0, s0; \
	VMULPS.BCST u(DX), s1, s1; \
	VMULPS Z30, s0, s0;        \
	VMULPS Z31, s1, s1

#define STORE(s0, s1) \
	VMOVUPS s0, (DI);   \
	VMOVUPS s1, 64(DI); \
	ADDQ R11, DI

#define ADDED(s0, s1) \
	VADDPS (DI), s0, s0;   \
	VADDPS 64(DI), s1, s1; \
	STORE(s0, s1)

#define EACH(MOVE) \
	MOVE(Z0, Z1);   \
	MOVE(Z2, Z3);   \
	MOVE(Z4, Z5);   \
	MOVE(Z6, Z7);   \
	MOVE(Z8, Z9);   \
	MOVE(Z10, Z11); \
	MOVE(Z12, Z13); \
	MOVE(Z14, Z15)

// func scoresVNNI(dst *float32, stride int, panel *int16, scale *float32, keys *int16, unit *float32, keyStride, pairs, eights, add int)
TEXT ·scoresVNNI(SB), NOSPLIT, $0-80
	MOVQ dst+0(FP), DI
	MOVQ stride+8(FP), R11
	MOVQ scale+24(FP), AX
	MOVQ keys+32(FP), SI
	MOVQ unit+40(FP), DX
	MOVQ keyStride+48(FP), R8
	MOVQ eights+64(FP), R14
	MOVQ add+72(FP), R10
	SHLQ $2, R11
	ADDQ R8, R8
	LEAQ (R8)(R8*2), R9
	VMOVUPS (AX), Z30
	VMOVUPS 64(AX), Z31

keys:
	MOVQ panel+16(FP), BX
	MOVQ pairs+56(FP), CX
	MOVQ SI, R12
	LEAQ (SI)(R8*4), R13
	CLEAR8

pair:
	VMOVDQU64 (BX), Z16
	VMOVDQU64 64(BX), Z17
	EIGHT
	ADDQ $128, BX
	ADDQ $4, R12
	ADDQ $4, R13
	DECQ CX
	JNZ  pair

	SCALED(0, Z0, Z1)
	SCALED(4, Z2, Z3)
	SCALED(8, Z4, Z5)
	SCALED(12, Z6, Z7)
	SCALED(16, Z8, Z9)
	SCALED(20, Z10, Z11)
	SCALED(24, Z12, Z13)
	SCALED(28, Z14, Z15)
	TESTQ R10, R10
	JNZ  add
	EACH(STORE)
	JMP  next

add:
	EACH(ADDED)

next:
	LEAQ (SI)(R8*8), SI
	ADDQ $32, DX
	DECQ R14
	JNZ  keys
	VZEROUPPER
	RET

// SUM adds a column's sum to what it has been, times what that counts for.
#define SUM(s0, s1) \
	VCVTDQ2PS s0, s0;        \
	VCVTDQ2PS s1, s1;        \
	VMULPS (DI), Z28, Z18;   \
	VMULPS 64(DI), Z29, Z19; \
	VFMADD231PS Z30, s0, Z18; \
	VFMADD231PS Z31, s1, Z19; \
	VMOVUPS Z18, (DI);       \
	VMOVUPS Z19, 64(DI);     \
	ADDQ $128, DI

// func mixVNNI(acc *float32, before, scale *float32, p, values *int16, pairs, blocks int)
TEXT ·mixVNNI(SB), NOSPLIT, $0-56
	MOVQ acc+0(FP), DI
	MOVQ before+8(FP), AX
	MOVQ scale+16(FP), DX
	MOVQ values+32(FP), SI
	MOVQ blocks+48(FP), R14
	VMOVUPS (AX), Z28
	VMOVUPS 64(AX), Z29
	VMOVUPS (DX), Z30
	VMOVUPS 64(DX), Z31

block:
	MOVQ p+24(FP), BX
	MOVQ pairs+40(FP), CX
	CLEAR8

pair:
	VMOVDQU64 (BX), Z16
	VMOVDQU64 64(BX), Z17
	KEY((SI), Z18, Z0, Z1)
	KEY(4(SI), Z19, Z2, Z3)
	KEY(8(SI), Z20, Z4, Z5)
	KEY(12(SI), Z21, Z6, Z7)
	KEY(16(SI), Z22, Z8, Z9)
	KEY(20(SI), Z23, Z10, Z11)
	KEY(24(SI), Z24, Z12, Z13)
	KEY(28(SI), Z25, Z14, Z15)
	ADDQ $128, BX
	ADDQ $32, SI
	DECQ CX
	JNZ  pair

	EACH(SUM)
	DECQ R14
	JNZ  block
	VZEROUPPER
	RET

#define EXPCONSTANTS \
	BROADCAST(0x3fb8aa3b, Z16); \
	BROADCAST(0x3f318000, Z17); \
	BROADCAST(0xb95e8083, Z18); \
	BROADCAST(0x39506967, Z19); \
	BROADCAST(0x3ab743ce, Z20); \
	BROADCAST(0x3c088908, Z21); \
	BROADCAST(0x3d2aa9c1, Z22); \
	BROADCAST(0x3e2aaaaa, Z23); \
	BROADCAST(0x3f000000, Z24); \
	BROADCAST(0x3f800000, Z25); \
	BROADCAST(0xc2800000, Z26) 

// EXP sets p to e^x; it works in n and t.
#define EXP(x, p, n, t) \
	VMULPS Z16, x, n;      \
	VCVTPS2DQ n, n;        \
	VCVTDQ2PS n, t;        \
	VMULPS Z17, t, p;      \
	VCMPPS $5, Z26, x, K1; \
	VSUBPS p, x, x;        \
	VMULPS Z18, t, t;      \
	VSUBPS t, x, x;        \
	VMULPS Z19, x, p;      \
	VADDPS Z20, p, p;      \
	VMULPS x, p, p;        \
	VADDPS Z21, p, p;      \
	VMULPS x, p, p;        \
	VADDPS Z22, p, p;      \
	VMULPS x, p, p;        \
	VADDPS Z23, p, p;      \
	VMULPS x, p, p;        \
	VADDPS Z24, p, p;      \
	VMULPS x, x, t;        \
	VMULPS t, p, p;        \
	VADDPS x, p, p;        \
	VADDPS Z25, p, p;      \
	VPSLLD $23, n, n;      \
	VPADDD.Z n, p, K1, p

// func onlineStepVNNI(o *Online, s *float32, n int)
TEXT ·onlineStepVNNI(SB), NOSPLIT, $0-24
	MOVQ o+0(FP), DI
	MOVQ s+8(FP), SI
	MOVQ n+16(FP), CX
	EXPCONSTANTS
	VMOVUPS (DI), Z0
	VMOVUPS 64(DI), Z1
	VMOVAPS Z0, Z2
	VMOVAPS Z1, Z3
	MOVQ SI, BX
	MOVQ CX, DX

max:
	VMOVUPS (BX), Z4
	VMOVUPS 64(BX), Z5
	VMAXPS Z2, Z4, Z2
	VMAXPS Z3, Z5, Z3
	ADDQ $128, BX
	DECQ DX
	JNZ  max

	VSUBPS Z2, Z0, Z0
	VSUBPS Z3, Z1, Z1
	EXP(Z0, Z4, Z8, Z9)
	EXP(Z1, Z5, Z10, Z11)
	VMOVUPS Z2, (DI)
	VMOVUPS Z3, 64(DI)
	VMOVUPS Z4, 256(DI)
	VMOVUPS Z5, 320(DI)
	VMULPS 128(DI), Z4, Z14
	VMULPS 192(DI), Z5, Z15
	VXORPS X12, X12, X12
	VXORPS X13, X13, X13

exp:
	VMOVUPS (SI), Z0
	VMOVUPS 64(SI), Z1
	VSUBPS Z2, Z0, Z0
	VSUBPS Z3, Z1, Z1
	EXP(Z0, Z4, Z8, Z9)
	EXP(Z1, Z5, Z10, Z11)
	VADDPS Z4, Z12, Z12
	VADDPS Z5, Z13, Z13
	VMOVUPS Z4, (SI)
	VMOVUPS Z5, 64(SI)
	ADDQ $128, SI
	DECQ CX
	JNZ  exp

	VADDPS Z12, Z14, Z14
	VADDPS Z13, Z15, Z15
	VMOVUPS Z14, 128(DI)
	VMOVUPS Z15, 192(DI)
	VZEROUPPER
	RET

// FACTOR sets f to the lesser of Z16/sum and Z17/most, and what that counts in to
// s, both 0 where it is no float32.
#define FACTOR(sum, most, f, s) \
	VDIVPS sum, Z16, f;      \
	VDIVPS most, Z17, s;     \
	VMINPS f, s, f;          \
	VCMPPS $2, Z18, f, K1;   \
	VDIVPS f, Z19, s;        \
	VMOVAPS.Z f, K1, f;      \
	VMOVAPS.Z s, K1, s

// func roundWeightsVNNI(p *int16, scale *float32, w, unit *float32, n int)
TEXT ·roundWeightsVNNI(SB), NOSPLIT, $0-40
	MOVQ p+0(FP), DI
	MOVQ scale+8(FP), R8
	MOVQ w+16(FP), SI
	MOVQ unit+24(FP), BX
	MOVQ n+32(FP), CX
	BROADCAST(0x48fff380, Z16)  // QueryLimit-99
	BROADCAST(0x46fffe00, Z17)  // 32767
	BROADCAST(0x7f7fffff, Z18)
	BROADCAST(0x3f800000, Z19)
	VXORPS X0, X0, X0
	VXORPS X1, X1, X1
	VXORPS X2, X2, X2
	VXORPS X3, X3, X3
	MOVQ SI, R9
	MOVQ BX, R10
	MOVQ CX, DX

size:
	VBROADCASTSS (R10), Z6
	VMULPS (R9), Z6, Z4
	VMULPS 64(R9), Z6, Z5
	VMAXPS Z0, Z4, Z0
	VMAXPS Z1, Z5, Z1
	VADDPS Z4, Z2, Z2
	VADDPS Z5, Z3, Z3
	ADDQ $128, R9
	ADDQ $4, R10
	DECQ DX
	JNZ  size

	FACTOR(Z2, Z0, Z10, Z12)
	FACTOR(Z3, Z1, Z11, Z13)
	VMOVUPS Z12, (R8)
	VMOVUPS Z13, 64(R8)

pair:
	VBROADCASTSS (BX), Z6
	VMULPS (SI), Z6, Z0
	VMULPS 64(SI), Z6, Z1
	VMULPS Z10, Z0, Z0
	VMULPS Z11, Z1, Z1
	VCVTPS2DQ Z0, Z0
	VCVTPS2DQ Z1, Z1
	CMPQ CX, $1
	JEQ  store
	VBROADCASTSS 4(BX), Z6
	VMULPS 128(SI), Z6, Z2
	VMULPS 192(SI), Z6, Z3
	VMULPS Z10, Z2, Z2
	VMULPS Z11, Z3, Z3
	VCVTPS2DQ Z2, Z2
	VCVTPS2DQ Z3, Z3
	VPSLLD $16, Z2, Z2
	VPSLLD $16, Z3, Z3
	VPORD Z2, Z0, Z0
	VPORD Z3, Z1, Z1

store:
	VMOVDQU64 Z0, (DI)
	VMOVDQU64 Z1, 64(DI)
	ADDQ $128, DI
	ADDQ $256, SI
	ADDQ $8, BX
	SUBQ $2, CX
	JG   pair
	VZEROUPPER
	RET

// func pairValuesAVX(dst, x *int16, stride, pairs, blocks int)
TEXT ·pairValuesAVX(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ stride+16(FP), R8
	MOVQ blocks+32(FP), R14
	ADDQ R8, R8

block:
	MOVQ pairs+24(FP), CX
	MOVQ SI, BX

pair:
	VMOVDQU (BX), X0
	VMOVDQU (BX)(R8*1), X1
	VPUNPCKLWD X1, X0, X2
	VPUNPCKHWD X1, X0, X3
	VMOVDQU X2, (DI)
	VMOVDQU X3, 16(DI)
	LEAQ (BX)(R8*2), BX
	ADDQ $32, DI
	DECQ CX
	JNZ  pair
	ADDQ $16, SI
	DECQ R14
	JNZ  block
	RET

DATA halves<>+0(SB)/8, $0
DATA halves<>+8(SB)/8, $1
DATA halves<>+16(SB)/8, $8
DATA halves<>+24(SB)/8, $9
DATA halves<>+32(SB)/8, $2
DATA halves<>+40(SB)/8, $3
DATA halves<>+48(SB)/8, $10
DATA halves<>+56(SB)/8, $11
GLOBL halves<>(SB), RODATA|NOPTR, $64

// func pairValuesAVX512(dst, x *int16, stride, pairs, blocks int)
//
// Four blocks of 8 columns at a time, pairs·32 bytes apart in dst.
TEXT ·pairValuesAVX512(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ stride+16(FP), R8
	MOVQ pairs+24(FP), R9
	MOVQ blocks+32(FP), R14
	ADDQ R8, R8
	SHLQ $5, R9
	LEAQ (R9)(R9*2), R10
	VMOVDQU64 halves<>(SB), Z6
	MOVL $4, AX
	VPBROADCASTQ AX, Z7
	VPADDQ Z6, Z7, Z7

block:
	MOVQ pairs+24(FP), CX
	MOVQ SI, BX

pair:
	VMOVDQU64 (BX), Z0
	VMOVDQU64 (BX)(R8*1), Z1
	VPUNPCKLWD Z1, Z0, Z2
	VPUNPCKHWD Z1, Z0, Z3
	VMOVDQA64 Z2, Z4
	VPERMT2Q Z3, Z6, Z2
	VPERMT2Q Z3, Z7, Z4
	VMOVDQU Y2, (DI)
	VEXTRACTI64X4 $1, Z2, (DI)(R9*1)
	VMOVDQU Y4, (DI)(R9*2)
	VEXTRACTI64X4 $1, Z4, (DI)(R10*1)
	LEAQ (BX)(R8*2), BX
	ADDQ $32, DI
	DECQ CX
	JNZ  pair
	ADDQ R10, DI
	ADDQ $64, SI
	SUBQ $4, R14
	JNZ  block
	VZEROUPPER
	RET

// func sizesVNNI(x *float32, n int) (amax uint32, sum float32)
TEXT ·sizesVNNI(SB), NOSPLIT, $0-24
	MOVQ x+0(FP), SI
	MOVQ n+8(FP), CX
	BROADCAST(0x7fffffff, Z31)
	VPXORD X0, X0, X0
	VXORPS X1, X1, X1

loop:
	CMPQ CX, $16
	JLT  tail
	VPANDD (SI), Z31, Z2
	VPMAXUD Z2, Z0, Z0
	VADDPS Z2, Z1, Z1
	ADDQ $64, SI
	SUBQ $16, CX
	JMP  loop

tail:
	TAIL
	VMOVDQU32.Z (SI), K1, Z2
	VPANDD Z31, Z2, Z2
	VPMAXUD Z2, Z0, Z0
	VADDPS Z2, Z1, Z1
	VEXTRACTI64X4 $1, Z0, Y2
	VEXTRACTF64X4 $1, Z1, Y3
	VPMAXUD Y2, Y0, Y0
	VADDPS Y3, Y1, Y1
	VEXTRACTI128 $1, Y0, X2
	VEXTRACTF128 $1, Y1, X3
	VPMAXUD X2, X0, X0
	VADDPS X3, X1, X1
	VPSHUFD $0x4e, X0, X2
	VPSHUFD $0x4e, X1, X3
	VPMAXUD X2, X0, X0
	VADDPS X3, X1, X1
	VPSHUFD $0xb1, X0, X2
	VPSHUFD $0xb1, X1, X3
	VPMAXUD X2, X0, X0
	VADDPS X3, X1, X1
	VMOVD X0, AX
	MOVL AX, amax+16(FP)
	VMOVSS X1, sum+20(FP)
	VZEROUPPER
	RET

// func roundTo16VNNI(dst *int16, x *float32, f float32, n int)
TEXT ·roundTo16VNNI(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	VBROADCASTSS f+16(FP), Z31
	MOVQ n+24(FP), CX

loop:
	CMPQ CX, $16
	JLT  tail
	VMULPS (SI), Z31, Z0
	VCVTPS2DQ Z0, Z0
	VPMOVDW Z0, (DI)
	ADDQ $64, SI
	ADDQ $32, DI
	SUBQ $16, CX
	JMP  loop

tail:
	TAIL
	VMOVUPS.Z (SI), K1, Z0
	VMULPS Z31, Z0, Z0
	VCVTPS2DQ Z0, Z0
	VPMOVDW Z0, K1, (DI)
	VZEROUPPER
	RET

// func blendVNNI(acc, x, a, b *float32, cols int)
TEXT ·blendVNNI(SB), NOSPLIT, $0-40
	MOVQ acc+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ a+16(FP), R8
	MOVQ b+24(FP), R9
	MOVQ cols+32(FP), CX
	VMOVUPS (R8), Z28
	VMOVUPS 64(R8), Z29
	VMOVUPS (R9), Z30
	VMOVUPS 64(R9), Z31

loop:
	VMULPS (DI), Z28, Z0
	VMULPS 64(DI), Z29, Z1
	VMULPS (SI), Z30, Z2
	VMULPS 64(SI), Z31, Z3
	VADDPS Z2, Z0, Z0
	VADDPS Z3, Z1, Z1
	VMOVUPS Z0, (DI)
	VMOVUPS Z1, 64(DI)
	ADDQ $128, SI
	ADDQ $128, DI
	DECQ CX
	JNZ  loop
	VZEROUPPER
	RET

// func widenVNNI(dst *int16, x *int8, n int)
TEXT ·widenVNNI(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ n+16(FP), CX

loop:
	CMPQ CX, $32
	JLT  tail
	VPMOVSXBW (SI), Z0
	VPSLLW $5, Z0, Z0
	VMOVDQU64 Z0, (DI)
	ADDQ $32, SI
	ADDQ $64, DI
	SUBQ $32, CX
	JMP  loop

tail:
	TAIL
	VMOVDQU8.Z (SI), K1, Z0
	VPMOVSXBW Y0, Z0
	VPSLLW $5, Z0, Z0
	VMOVDQU16 Z0, K1, (DI)
	VZEROUPPER
	RET

// SWIGLU sets Z4 to the product of silu of Z2 and Z3.
#define SWIGLU \
	VPORD Z31, Z2, Z0;        \
	EXP(Z0, Z4, Z8, Z9);      \
	VPMOVD2M Z2, K2;          \
	VADDPS Z25, Z4, Z0;       \
	VDIVPS Z0, Z25, Z0;       \
	VMULPS Z4, Z0, K2, Z0;    \
	VMULPS Z0, Z2, Z4;        \
	VMULPS Z3, Z4, Z4

// func swiGLUVNNI(dst, gate, up *float32, n int)
TEXT ·swiGLUVNNI(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ gate+8(FP), SI
	MOVQ up+16(FP), BX
	MOVQ n+24(FP), CX
	EXPCONSTANTS
	BROADCAST(0x80000000, Z31)

loop:
	CMPQ CX, $16
	JLT  tail
	VMOVUPS (SI), Z2
	VMOVUPS (BX), Z3
	SWIGLU
	VMOVUPS Z4, (DI)
	ADDQ $64, SI
	ADDQ $64, BX
	ADDQ $64, DI
	SUBQ $16, CX
	JMP  loop

tail:
	TAIL
	KMOVW K1, K3
	VMOVUPS.Z (SI), K3, Z2
	VMOVUPS.Z (BX), K3, Z3
	SWIGLU
	VMOVUPS Z4, K3, (DI)
	VZEROUPPER
	RET
