//go:build !purego

#include "textflag.h"

DATA magnitude16<>+0(SB)/4, $0x7fffffff
DATA magnitude16<>+4(SB)/4, $0x46fffe00 // 32767
DATA magnitude16<>+8(SB)/4, $0x48123100 // aim16
DATA magnitude16<>+12(SB)/4, $0x7fc00000 // NaN
GLOBL magnitude16<>(SB), RODATA|NOPTR, $16

// SUM adds the magnitudes of 16 values to the lanes of Y0 and Y1, and keeps the
// greatest in Y2 and Y3.
#define SUM(o) \
	VANDPS o(SI), Y15, Y4;     \
	VANDPS o+32(SI), Y15, Y5;  \
	VADDPS Y4, Y0, Y0;         \
	VADDPS Y5, Y1, Y1;         \
	VPMAXUD Y4, Y2, Y2;        \
	VPMAXUD Y5, Y3, Y3

// ROUND rounds 16 values times Y9.
#define ROUND(o) \
	VMULPS o(SI), Y9, Y4;      \
	VMULPS o+32(SI), Y9, Y5;   \
	VCVTPS2DQ Y4, Y4;          \
	VCVTPS2DQ Y5, Y5;          \
	VPACKSSDW Y5, Y4, Y4;      \
	VPERMQ $0xd8, Y4, Y4;      \
	VMOVDQU Y4, o/2(DI)

#define EIGHT(STEP) \
	STEP(0);   \
	STEP(64);  \
	STEP(128); \
	STEP(192); \
	STEP(256); \
	STEP(320); \
	STEP(384); \
	STEP(448)

#define ZERO(o) \
	VMOVDQU Y4, o/2(DI)

// func quantizeQ16AVX2(q *int16, d, x *float32, blocks int)
TEXT ·quantizeQ16AVX2(SB), NOSPLIT, $0-32
	MOVQ q+0(FP), DI
	MOVQ d+8(FP), DX
	MOVQ x+16(FP), SI
	MOVQ blocks+24(FP), CX
	VBROADCASTSS magnitude16<>+0(SB), Y15
	VMOVSS magnitude16<>+4(SB), X14
	VMOVSS magnitude16<>+8(SB), X13

block:
	VXORPS X0, X0, X0
	VXORPS X1, X1, X1
	VXORPS X2, X2, X2
	VXORPS X3, X3, X3
	EIGHT(SUM)

	// The sum in X0, in the order of package kernel; the greatest in X2.
	VADDPS Y1, Y0, Y0
	VPMAXUD Y3, Y2, Y2
	VEXTRACTF128 $1, Y0, X1
	VEXTRACTI128 $1, Y2, X3
	VADDPS X1, X0, X0
	VPMAXUD X3, X2, X2
	VMOVHLPS X0, X0, X1
	VPSHUFD $0x4e, X2, X3
	VADDPS X1, X0, X0
	VPMAXUD X3, X2, X2
	VMOVSHDUP X0, X1
	VPSHUFD $0xb1, X2, X3
	VADDSS X1, X0, X0
	VPMAXUD X3, X2, X2

	// d in X7, the factor in Y9.
	VMOVD X0, AX
	VDIVSS X14, X2, X6
	VDIVSS X13, X0, X7
	VDIVSS X2, X14, X8
	VDIVSS X0, X13, X9
	ANDL $0x7fffffff, AX
	CMPL AX, $0x7f800000
	JGE  infinite
	VMINSS X8, X9, X9
	VMAXSS X6, X7, X7
	VMOVD X9, AX
	CMPL AX, $0x7f800000
	JEQ  nothing
	VMOVSS X7, (DX)
	VBROADCASTSS X9, Y9
	EIGHT(ROUND)

next:
	ADDQ $512, SI
	ADDQ $256, DI
	ADDQ $4, DX
	DECQ CX
	JNZ  block
	VZEROUPPER
	RET

infinite:
	VMOVSS magnitude16<>+12(SB), X7
	JMP  zeros

nothing:
	VXORPS X7, X7, X7

zeros:
	VMOVSS X7, (DX)
	VPXOR Y4, Y4, Y4
	EIGHT(ZERO)
	JMP  next
