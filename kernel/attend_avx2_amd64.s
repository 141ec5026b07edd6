//go:build !purego

#include "textflag.h"

// COLUMNS multiplies the dword at key with the panel's 16 columns in Y8 and Y9.
#define COLUMNS(key, b, s0, s1) \
	VPBROADCASTD key, b;    \
	VPMADDWD b, Y8, Y10;    \
	VPMADDWD b, Y9, Y11;    \
	VPADDD Y10, s0, s0;     \
	VPADDD Y11, s1, s1

// KEYS takes in dword i of four keys and row i of the panel.
#define KEYS(i) \
	VMOVDQU 128*i(BX), Y8;                   \
	VMOVDQU 128*i+32(BX), Y9;                \
	COLUMNS(4*i(R12), Y12, Y0, Y1);          \
	COLUMNS(4*i(R12)(R8*1), Y13, Y2, Y3);    \
	COLUMNS(4*i(R12)(R8*2), Y14, Y4, Y5);    \
	COLUMNS(4*i(R12)(R9*1), Y15, Y6, Y7)

// VALUES takes in rows i of four columns of values and of the weights.
#define VALUES(i) \
	VMOVDQU 128*i(BX), Y8;            \
	VMOVDQU 128*i+32(BX), Y9;         \
	COLUMNS(32*i(R12), Y12, Y0, Y1);   \
	COLUMNS(32*i+4(R12), Y13, Y2, Y3); \
	COLUMNS(32*i+8(R12), Y14, Y4, Y5); \
	COLUMNS(32*i+12(R12), Y15, Y6, Y7)

// PAIRS does ROW for CX rows, two at a time; a row is size bytes behind R12.
#define PAIRS(ROW, size) \
	VPXOR X0, X0, X0;  \
	VPXOR X1, X1, X1;  \
	VPXOR X2, X2, X2;  \
	VPXOR X3, X3, X3;  \
	VPXOR X4, X4, X4;  \
	VPXOR X5, X5, X5;  \
	VPXOR X6, X6, X6;  \
	VPXOR X7, X7, X7;  \
	SUBQ $2, CX;       \
	JL   last;         \
two:                       \
	ROW(0);            \
	ROW(1);            \
	ADDQ $256, BX;     \
	ADDQ $(2*size), R12; \
	SUBQ $2, CX;       \
	JGE  two;          \
last:                      \
	INCQ CX;           \
	JNZ  even;         \
	ROW(0);            \
even:

#define EACH(MOVE) \
	MOVE(0, Y0, Y1);  \
	MOVE(4, Y2, Y3);  \
	MOVE(8, Y4, Y5);  \
	MOVE(12, Y6, Y7)

// SCALED is a key's scores, from its unit at u and the columns' scales in Y8 and
// Y9.
#define SCALED(u, s0, s1) \
	VBROADCASTSS u(DX), Y10; \
	VCVTDQ2PS s0, s0;        \
	VCVTDQ2PS s1, s1;        \
	VMULPS Y10, s0, s0;      \
	VMULPS Y10, s1, s1;      \
	VMULPS Y8, s0, s0;       \
	VMULPS Y9, s1, s1

#define STORE(u, s0, s1) \
	VMOVUPS s0, (R13);   \
	VMOVUPS s1, 32(R13); \
	ADDQ R11, R13

#define ADDED(u, s0, s1) \
	VADDPS (R13), s0, s0;   \
	VADDPS 32(R13), s1, s1; \
	STORE(u, s0, s1)

// Half of the columns are multiplied with all keys, then the other half: a half of
// the panel stays in the first cache.
//
// func scoresAVX2(dst *float32, stride int, panel *int16, scale *float32, keys *int16, unit *float32, keyStride, pairs, fours, add int)
TEXT ·scoresAVX2(SB), NOSPLIT, $0-80
	MOVQ stride+8(FP), R11
	MOVQ keyStride+48(FP), R8
	MOVQ add+72(FP), R10
	SHLQ $2, R11
	ADDQ R8, R8
	LEAQ (R8)(R8*2), R9
	XORL DI, DI

half:
	MOVQ dst+0(FP), R13
	MOVQ keys+32(FP), SI
	MOVQ unit+40(FP), DX
	MOVQ fours+64(FP), R15
	ADDQ DI, R13

keys:
	MOVQ panel+16(FP), BX
	MOVQ pairs+56(FP), CX
	MOVQ SI, R12
	ADDQ DI, BX
	PAIRS(KEYS, 4)
	MOVQ scale+24(FP), AX
	VMOVUPS (AX)(DI*1), Y8
	VMOVUPS 32(AX)(DI*1), Y9
	EACH(SCALED)
	TESTQ R10, R10
	JNZ  add
	EACH(STORE)
	JMP  next

add:
	EACH(ADDED)

next:
	LEAQ (SI)(R8*4), SI
	ADDQ $16, DX
	DECQ R15
	JNZ  keys
	XORL $64, DI
	JNZ  half
	VZEROUPPER
	RET

// SUM adds a column's sum to what it has been, times what that counts for.
#define SUM(c, s0, s1) \
	VMULPS 32*c(R13), Y8, Y12;    \
	VMULPS 32*c+32(R13), Y9, Y13; \
	VCVTDQ2PS s0, s0;             \
	VCVTDQ2PS s1, s1;             \
	VFMADD231PS Y10, s0, Y12;     \
	VFMADD231PS Y11, s1, Y13;     \
	VMOVUPS Y12, 32*c(R13);       \
	VMOVUPS Y13, 32*c+32(R13)

// Four columns of values are multiplied with half of the queries, then with the
// other half.
//
// func mixAVX2(acc *float32, before, scale *float32, p, values *int16, pairs, fours int)
TEXT ·mixAVX2(SB), NOSPLIT, $0-56
	MOVQ acc+0(FP), DI
	MOVQ before+8(FP), AX
	MOVQ scale+16(FP), DX
	MOVQ values+32(FP), SI
	MOVQ pairs+40(FP), R8
	MOVQ fours+48(FP), R15
	// Behind four columns there are the next four of the block, 16 bytes on, or
	// else those of the next block.
	MOVQ $16, R9
	MOVQ R8, R11
	SHLQ $5, R11
	SUBQ R9, R11
	XORL R10, R10

half:
	MOVQ p+24(FP), BX
	MOVQ R8, CX
	MOVQ SI, R12
	LEAQ (DI)(R10*1), R13
	ADDQ R10, BX
	PAIRS(VALUES, 32)
	VMOVUPS (AX)(R10*1), Y8
	VMOVUPS 32(AX)(R10*1), Y9
	VMOVUPS (DX)(R10*1), Y10
	VMOVUPS 32(DX)(R10*1), Y11
	EACH(SUM)
	XORL $64, R10
	JNZ  half
	ADDQ $512, DI
	ADDQ R9, SI
	XCHGQ R9, R11
	DECQ R15
	JNZ  half
	VZEROUPPER
	RET

DATA exponential<>+0(SB)/4, $0x3fb8aa3b  // expInverse
DATA exponential<>+4(SB)/4, $0x3f318000  // expHigh
DATA exponential<>+8(SB)/4, $0xb95e8083  // expLow
DATA exponential<>+12(SB)/4, $0x39506967 // expP0 to expP5
DATA exponential<>+16(SB)/4, $0x3ab743ce
DATA exponential<>+20(SB)/4, $0x3c088908
DATA exponential<>+24(SB)/4, $0x3d2aa9c1
DATA exponential<>+28(SB)/4, $0x3e2aaaaa
DATA exponential<>+32(SB)/4, $0x3f000000
DATA exponential<>+36(SB)/4, $0x3f800000 // 1
GLOBL exponential<>(SB), RODATA|NOPTR, $40

// least is expLeast, for which there is no register.
DATA least<>+0(SB)/8, $0xc2800000c2800000
DATA least<>+8(SB)/8, $0xc2800000c2800000
DATA least<>+16(SB)/8, $0xc2800000c2800000
DATA least<>+24(SB)/8, $0xc2800000c2800000
GLOBL least<>(SB), RODATA|NOPTR, $32

#define EXPCONSTANTS \
	VBROADCASTSS exponential<>+0(SB), Y6;   \
	VBROADCASTSS exponential<>+4(SB), Y7;   \
	VBROADCASTSS exponential<>+8(SB), Y8;   \
	VBROADCASTSS exponential<>+12(SB), Y9;  \
	VBROADCASTSS exponential<>+16(SB), Y10; \
	VBROADCASTSS exponential<>+20(SB), Y11; \
	VBROADCASTSS exponential<>+24(SB), Y12; \
	VBROADCASTSS exponential<>+28(SB), Y13; \
	VBROADCASTSS exponential<>+32(SB), Y14; \
	VBROADCASTSS exponential<>+36(SB), Y15

// EXP sets Y1 to e^Y0; it works in Y2, Y3 and Y4.
#define EXP \
	VMULPS Y6, Y0, Y2;              \
	VCVTPS2DQ Y2, Y2;               \
	VCVTDQ2PS Y2, Y3;               \
	VMULPS Y7, Y3, Y1;              \
	VMULPS Y8, Y3, Y4;              \
	VSUBPS Y1, Y0, Y3;              \
	VCMPPS $5, least<>(SB), Y0, Y0; \
	VSUBPS Y4, Y3, Y3;              \
	VMULPS Y9, Y3, Y1;              \
	VADDPS Y10, Y1, Y1;             \
	VMULPS Y3, Y1, Y1;              \
	VADDPS Y11, Y1, Y1;             \
	VMULPS Y3, Y1, Y1;              \
	VADDPS Y12, Y1, Y1;             \
	VMULPS Y3, Y1, Y1;              \
	VADDPS Y13, Y1, Y1;             \
	VMULPS Y3, Y1, Y1;              \
	VADDPS Y14, Y1, Y1;             \
	VMULPS Y3, Y3, Y4;              \
	VMULPS Y4, Y1, Y1;              \
	VADDPS Y3, Y1, Y1;              \
	VADDPS Y15, Y1, Y1;             \
	VPSLLD $23, Y2, Y2;             \
	VPADDD Y2, Y1, Y1;              \
	VANDPS Y0, Y1, Y1

// func onlineStepAVX2(o *Online, s *float32, n int)
TEXT ·onlineStepAVX2(SB), NOSPLIT, $0-24
	MOVQ o+0(FP), DI
	MOVQ s+8(FP), SI
	MOVQ n+16(FP), CX
	VMOVUPS (DI), Y0
	VMOVUPS 32(DI), Y1
	VMOVUPS 64(DI), Y2
	VMOVUPS 96(DI), Y3
	VMOVAPS Y0, Y4
	VMOVAPS Y1, Y5
	VMOVAPS Y2, Y6
	VMOVAPS Y3, Y7
	MOVQ SI, BX
	MOVQ CX, DX

max:
	VMOVUPS (BX), Y8
	VMOVUPS 32(BX), Y9
	VMOVUPS 64(BX), Y10
	VMOVUPS 96(BX), Y11
	VMAXPS Y4, Y8, Y4
	VMAXPS Y5, Y9, Y5
	VMAXPS Y6, Y10, Y6
	VMAXPS Y7, Y11, Y7
	ADDQ $128, BX
	DECQ DX
	JNZ  max

	VSUBPS Y4, Y0, Y0
	VSUBPS Y5, Y1, Y1
	VSUBPS Y6, Y2, Y2
	VSUBPS Y7, Y3, Y3
	VMOVUPS Y4, (DI)
	VMOVUPS Y5, 32(DI)
	VMOVUPS Y6, 64(DI)
	VMOVUPS Y7, 96(DI)
	VMOVUPS Y0, 256(DI)
	VMOVUPS Y1, 288(DI)
	VMOVUPS Y2, 320(DI)
	VMOVUPS Y3, 352(DI)
	EXPCONSTANTS
	MOVQ $4, R8

columns:
	VMOVUPS 256(DI), Y0
	EXP
	VMOVUPS Y1, 256(DI)
	VMULPS 128(DI), Y1, Y1
	VMOVUPS Y1, 128(DI)
	VXORPS X5, X5, X5
	MOVQ SI, BX
	MOVQ CX, DX

exp:
	VMOVUPS (BX), Y0
	VSUBPS (DI), Y0, Y0
	EXP
	VADDPS Y1, Y5, Y5
	VMOVUPS Y1, (BX)
	ADDQ $128, BX
	DECQ DX
	JNZ  exp

	VADDPS 128(DI), Y5, Y5
	VMOVUPS Y5, 128(DI)
	ADDQ $32, SI
	ADDQ $32, DI
	DECQ R8
	JNZ  columns
	VZEROUPPER
	RET

DATA weights<>+0(SB)/4, $0x48fff380 // weightRoom
DATA weights<>+4(SB)/4, $0x46fffe00 // 32767
DATA weights<>+8(SB)/4, $0x7f7fffff // math.MaxFloat32
DATA weights<>+12(SB)/4, $0x3f800000
GLOBL weights<>(SB), RODATA|NOPTR, $16

// SIZE takes a column of weights into its sum and its largest.
#define SIZE(at, sum, most, t) \
	VMULPS at, Y8, t;      \
	VMAXPS most, t, most;  \
	VADDPS t, sum, sum

// FACTOR sets most to the lesser of Y8/sum and Y9/most, and at to what that counts
// in, both 0 where it is no float32.
#define FACTOR(sum, most, at) \
	VDIVPS sum, Y8, sum;         \
	VDIVPS most, Y9, most;       \
	VMINPS sum, most, most;      \
	VCMPPS $2, Y10, most, Y12;   \
	VDIVPS most, Y11, sum;       \
	VANDPS Y12, most, most;      \
	VANDPS Y12, sum, sum;        \
	VMOVUPS sum, at

// WEIGHED sets t to the integers of a column.
#define WEIGHED(at, unit, f, t) \
	VMULPS at, unit, t; \
	VMULPS f, t, t;     \
	VCVTPS2DQ t, t

// SECOND puts those of the second of a pair above those of the first.
#define SECOND(at, f, t) \
	WEIGHED(at, Y9, f, Y14); \
	VPSLLD $16, Y14, Y14;    \
	VPOR Y14, t, t

// func roundWeightsAVX2(p *int16, scale *float32, w, unit *float32, n int)
TEXT ·roundWeightsAVX2(SB), NOSPLIT, $0-40
	MOVQ p+0(FP), DI
	MOVQ scale+8(FP), R8
	MOVQ w+16(FP), SI
	MOVQ unit+24(FP), BX
	MOVQ n+32(FP), CX
	VXORPS X0, X0, X0
	VXORPS X1, X1, X1
	VXORPS X2, X2, X2
	VXORPS X3, X3, X3
	VXORPS X4, X4, X4
	VXORPS X5, X5, X5
	VXORPS X6, X6, X6
	VXORPS X7, X7, X7
	MOVQ SI, R9
	MOVQ BX, R10
	MOVQ CX, DX

size:
	VBROADCASTSS (R10), Y8
	SIZE((R9), Y4, Y0, Y9)
	SIZE(32(R9), Y5, Y1, Y10)
	SIZE(64(R9), Y6, Y2, Y11)
	SIZE(96(R9), Y7, Y3, Y12)
	ADDQ $128, R9
	ADDQ $4, R10
	DECQ DX
	JNZ  size

	VBROADCASTSS weights<>+0(SB), Y8
	VBROADCASTSS weights<>+4(SB), Y9
	VBROADCASTSS weights<>+8(SB), Y10
	VBROADCASTSS weights<>+12(SB), Y11
	FACTOR(Y4, Y0, (R8))
	FACTOR(Y5, Y1, 32(R8))
	FACTOR(Y6, Y2, 64(R8))
	FACTOR(Y7, Y3, 96(R8))

pair:
	VBROADCASTSS (BX), Y8
	WEIGHED((SI), Y8, Y0, Y10)
	WEIGHED(32(SI), Y8, Y1, Y11)
	WEIGHED(64(SI), Y8, Y2, Y12)
	WEIGHED(96(SI), Y8, Y3, Y13)
	CMPQ CX, $1
	JEQ  store
	VBROADCASTSS 4(BX), Y9
	SECOND(128(SI), Y0, Y10)
	SECOND(160(SI), Y1, Y11)
	SECOND(192(SI), Y2, Y12)
	SECOND(224(SI), Y3, Y13)

store:
	VMOVDQU Y10, (DI)
	VMOVDQU Y11, 32(DI)
	VMOVDQU Y12, 64(DI)
	VMOVDQU Y13, 96(DI)
	ADDQ $128, DI
	ADDQ $256, SI
	ADDQ $8, BX
	SUBQ $2, CX
	JG   pair
	VZEROUPPER
	RET

#define BLENDED(o, a, b, t, u) \
	VMULPS o(DI), a, t; \
	VMULPS o(SI), b, u; \
	VADDPS u, t, t;     \
	VMOVUPS t, o(DI)

// func blendAVX2(acc, x, a, b *float32, cols int)
TEXT ·blendAVX2(SB), NOSPLIT, $0-40
	MOVQ acc+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ a+16(FP), R8
	MOVQ b+24(FP), R9
	MOVQ cols+32(FP), CX
	VMOVUPS (R8), Y0
	VMOVUPS 32(R8), Y1
	VMOVUPS 64(R8), Y2
	VMOVUPS 96(R8), Y3
	VMOVUPS (R9), Y4
	VMOVUPS 32(R9), Y5
	VMOVUPS 64(R9), Y6
	VMOVUPS 96(R9), Y7

loop:
	BLENDED(0, Y0, Y4, Y8, Y9)
	BLENDED(32, Y1, Y5, Y10, Y11)
	BLENDED(64, Y2, Y6, Y12, Y13)
	BLENDED(96, Y3, Y7, Y14, Y15)
	ADDQ $128, SI
	ADDQ $128, DI
	DECQ CX
	JNZ  loop
	VZEROUPPER
	RET

DATA signs<>+0(SB)/8, $0x8000000080000000
DATA signs<>+8(SB)/8, $0x8000000080000000
DATA signs<>+16(SB)/8, $0x8000000080000000
DATA signs<>+24(SB)/8, $0x8000000080000000
GLOBL signs<>(SB), RODATA|NOPTR, $32

// func swiGLUAVX2(dst, gate, up *float32, n int)
TEXT ·swiGLUAVX2(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ gate+8(FP), SI
	MOVQ up+16(FP), BX
	MOVQ n+24(FP), CX
	EXPCONSTANTS

loop:
	VMOVUPS (SI), Y5
	VORPS signs<>(SB), Y5, Y0
	EXP
	VADDPS Y15, Y1, Y2
	VDIVPS Y2, Y15, Y2
	VMULPS Y1, Y2, Y3
	VBLENDVPS Y5, Y3, Y2, Y2
	VMULPS Y2, Y5, Y5
	VMULPS (BX), Y5, Y5
	VMOVUPS Y5, (DI)
	ADDQ $32, SI
	ADDQ $32, BX
	ADDQ $32, DI
	SUBQ $8, CX
	JNZ  loop
	VZEROUPPER
	RET
