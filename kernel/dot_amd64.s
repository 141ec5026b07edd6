//go:build !purego

#include "textflag.h"

// Lane l of a sum is lane l of Z0 (AVX-512), or of Y0 and Y1 (AVX2). A tail
// shorter than 16 is filled up with zeros: their products add +0, which changes
// no lane, for a lane that began at +0 is never -0.

// AHEAD is how far ahead weights are asked for, in bytes: a page, because the
// processor's own prefetching stops at the end of each. One row set of 7168
// columns then streams at 20 GB/s instead of 15 (Zen 5, a read alone: 28). Behind
// the last row it asks for what may not exist, which is no fault.
#define AHEAD 4096

// TREE adds the lanes of Y0, already folded from 16 to 8, into X0.
#define TREE \
	VEXTRACTF128 $1, Y0, X1; \
	VADDPS X1, X0, X0;       \
	VMOVHLPS X0, X0, X1;     \
	VADDPS X1, X0, X0;       \
	VMOVSHDUP X0, X1;        \
	VADDSS X1, X0, X0

// TREE4 adds the lanes of Y0, Y1, Y2 and Y3, already folded from 16 to 8, into
// the four lanes of X0.
#define TREE4 \
	VEXTRACTF128 $1, Y0, X4;  \
	VEXTRACTF128 $1, Y1, X5;  \
	VEXTRACTF128 $1, Y2, X6;  \
	VEXTRACTF128 $1, Y3, X7;  \
	VADDPS X4, X0, X0;        \
	VADDPS X5, X1, X1;        \
	VADDPS X6, X2, X2;        \
	VADDPS X7, X3, X3;        \
	VUNPCKLPS X1, X0, X4;     \
	VUNPCKHPS X1, X0, X5;     \
	VUNPCKLPS X3, X2, X6;     \
	VUNPCKHPS X3, X2, X7;     \
	VADDPS X5, X4, X4;        \
	VADDPS X7, X6, X6;        \
	VMOVLHPS X6, X4, X0;      \
	VMOVHLPS X4, X6, X1;      \
	VADDPS X1, X0, X0

// FOLD512 folds the 16 lanes of a Z register into the 8 of its Y.
#define FOLD512(z, y, t) \
	VEXTRACTF64X4 $1, z, t; \
	VADDPS t, y, y

// TAILMASK sets K1 to the low CX bits, for CX below 16.
#define TAILMASK \
	MOVL $1, DX;   \
	SHLL CX, DX;   \
	DECL DX;       \
	KMOVW DX, K1

// STEP512 adds the products of Z8 and the 16 floats at x to the lanes of z.
#define STEP512(x, z, t) \
	VMULPS x, Z8, t; \
	VADDPS t, z, z

// TAIL512 does the same for the floats that K1 names.
#define TAIL512(x, z, t) \
	VMOVUPS.Z x, K1, t; \
	VMULPS t, Z8, t;    \
	VADDPS t, z, z

// ROWS sets R8, R9, R10 and R11 to the beginnings of the rows of four tokens, the
// first being R8 and R11 the stride, and AX to 0: the offset into them, in bytes.
#define ROWS \
	LEAQ (R8)(R11*4), R9;   \
	LEAQ (R9)(R11*4), R10;  \
	LEAQ (R10)(R11*4), R11; \
	XORL AX, AX

#define ZERO4_512 \
	VXORPS X0, X0, X0; \
	VXORPS X1, X1, X1; \
	VXORPS X2, X2, X2; \
	VXORPS X3, X3, X3

// ones and then zeros: 16 words from word 16-n on are the mask of n lanes.
DATA mask<>+0(SB)/8, $-1
DATA mask<>+8(SB)/8, $-1
DATA mask<>+16(SB)/8, $-1
DATA mask<>+24(SB)/8, $-1
DATA mask<>+32(SB)/8, $-1
DATA mask<>+40(SB)/8, $-1
DATA mask<>+48(SB)/8, $-1
DATA mask<>+56(SB)/8, $-1
DATA mask<>+64(SB)/8, $0
DATA mask<>+72(SB)/8, $0
DATA mask<>+80(SB)/8, $0
DATA mask<>+88(SB)/8, $0
DATA mask<>+96(SB)/8, $0
DATA mask<>+104(SB)/8, $0
DATA mask<>+112(SB)/8, $0
DATA mask<>+120(SB)/8, $0
GLOBL mask<>(SB), RODATA|NOPTR, $128

// TAILMASK2 sets the lanes of Y12 and Y13 below CX, for CX below 16.
#define TAILMASK2 \
	LEAQ mask<>+64(SB), DX;    \
	SHLQ $2, CX;               \
	SUBQ CX, DX;               \
	VMOVDQU (DX), Y12;         \
	VMOVDQU 32(DX), Y13

// TAILBF16 widens the CX bfloat16 at SI, followed by zeros, into Y8 and Y9, for
// CX below 16. The frame of 32 bytes is its workspace.
#define TAILBF16 \
	VXORPS X8, X8, X8;         \
	VMOVUPS Y8, 0(SP);         \
	XORL DX, DX;               \
	MOVWLZX (SI)(DX*2), BX;    \
	MOVW BX, 0(SP)(DX*2);      \
	INCQ DX;                   \
	CMPQ DX, CX;               \
	JLT  -4(PC);               \
	VPMOVZXWD 0(SP), Y8;       \
	VPMOVZXWD 16(SP), Y9;      \
	VPSLLD $16, Y8, Y8;        \
	VPSLLD $16, Y9, Y9

// STEP256 adds the products of Y8, Y9 and the 16 floats from offset AX of x on
// to the lanes of lo and hi.
#define STEP256(x, lo, hi) \
	VMULPS (x)(AX*1), Y8, Y10;   \
	VMULPS 32(x)(AX*1), Y9, Y11; \
	VADDPS Y10, lo, lo;          \
	VADDPS Y11, hi, hi

// TAIL256 does the same for the floats that Y12 and Y13 name.
#define TAIL256(x, lo, hi) \
	VMASKMOVPS (x)(AX*1), Y12, Y10;   \
	VMASKMOVPS 32(x)(AX*1), Y13, Y11; \
	VMULPS Y10, Y8, Y10;              \
	VMULPS Y11, Y9, Y11;              \
	VADDPS Y10, lo, lo;               \
	VADDPS Y11, hi, hi

#define ZERO8_256 \
	ZERO4_512;         \
	VXORPS X4, X4, X4; \
	VXORPS X5, X5, X5; \
	VXORPS X6, X6, X6; \
	VXORPS X7, X7, X7

// FOLD4_256 folds the lanes of four sums, 0 to 7 in Y0…Y3 and 8 to 15 in Y4…Y7.
#define FOLD4_256 \
	VADDPS Y4, Y0, Y0; \
	VADDPS Y5, Y1, Y1; \
	VADDPS Y6, Y2, Y2; \
	VADDPS Y7, Y3, Y3

// func dotAVX512(a, b *float32, n int) float32
TEXT ·dotAVX512(SB), NOSPLIT, $0-28
	MOVQ a+0(FP), SI
	MOVQ b+8(FP), DI
	MOVQ n+16(FP), CX
	VXORPS X0, X0, X0
	SUBQ $64, CX
	JL   rest

loop64:
	VMOVUPS (SI), Z1
	VMOVUPS 64(SI), Z2
	VMOVUPS 128(SI), Z3
	VMOVUPS 192(SI), Z4
	VMULPS (DI), Z1, Z1
	VMULPS 64(DI), Z2, Z2
	VMULPS 128(DI), Z3, Z3
	VMULPS 192(DI), Z4, Z4
	VADDPS Z1, Z0, Z0
	VADDPS Z2, Z0, Z0
	VADDPS Z3, Z0, Z0
	VADDPS Z4, Z0, Z0
	ADDQ $256, SI
	ADDQ $256, DI
	SUBQ $64, CX
	JGE  loop64

rest:
	ADDQ $64, CX

loop16:
	CMPQ CX, $16
	JLT  tail
	VMOVUPS (SI), Z8
	STEP512((DI), Z0, Z1)
	ADDQ $64, SI
	ADDQ $64, DI
	SUBQ $16, CX
	JMP  loop16

tail:
	TESTQ CX, CX
	JZ    done
	TAILMASK
	VMOVUPS.Z (SI), K1, Z8
	TAIL512((DI), Z0, Z1)

done:
	FOLD512(Z0, Y0, Y1)
	TREE
	VMOVSS X0, ret+24(FP)
	VZEROUPPER
	RET

// func dotBF16AVX512(w *byte, x *float32, n int) float32
TEXT ·dotBF16AVX512(SB), NOSPLIT, $0-28
	MOVQ w+0(FP), SI
	MOVQ x+8(FP), DI
	MOVQ n+16(FP), CX
	VXORPS X0, X0, X0
	SUBQ $64, CX
	JL   rest

loop64:
	PREFETCHT0 AHEAD(SI)
	PREFETCHT0 AHEAD+64(SI)
	VPMOVZXWD (SI), Z1
	VPMOVZXWD 32(SI), Z2
	VPMOVZXWD 64(SI), Z3
	VPMOVZXWD 96(SI), Z4
	VPSLLD $16, Z1, Z1
	VPSLLD $16, Z2, Z2
	VPSLLD $16, Z3, Z3
	VPSLLD $16, Z4, Z4
	VMULPS (DI), Z1, Z1
	VMULPS 64(DI), Z2, Z2
	VMULPS 128(DI), Z3, Z3
	VMULPS 192(DI), Z4, Z4
	VADDPS Z1, Z0, Z0
	VADDPS Z2, Z0, Z0
	VADDPS Z3, Z0, Z0
	VADDPS Z4, Z0, Z0
	ADDQ $128, SI
	ADDQ $256, DI
	SUBQ $64, CX
	JGE  loop64

rest:
	ADDQ $64, CX

loop16:
	CMPQ CX, $16
	JLT  tail
	VPMOVZXWD (SI), Z8
	VPSLLD $16, Z8, Z8
	STEP512((DI), Z0, Z1)
	ADDQ $32, SI
	ADDQ $64, DI
	SUBQ $16, CX
	JMP  loop16

tail:
	TESTQ CX, CX
	JZ    done
	TAILMASK
	VPMOVZXWD.Z (SI), K1, Z8
	VPSLLD $16, Z8, Z8
	TAIL512((DI), Z0, Z1)

done:
	FOLD512(Z0, Y0, Y1)
	TREE
	VMOVSS X0, ret+24(FP)
	VZEROUPPER
	RET

// func dots4AVX512(dst, w, x *float32, n, stride int)
TEXT ·dots4AVX512(SB), NOSPLIT, $0-40
	MOVQ w+8(FP), SI
	MOVQ x+16(FP), R8
	MOVQ n+24(FP), CX
	MOVQ stride+32(FP), R11
	ROWS
	ZERO4_512

loop:
	CMPQ CX, $16
	JLT  tail
	VMOVUPS (SI)(AX*1), Z8
	STEP512((R8)(AX*1), Z0, Z4)
	STEP512((R9)(AX*1), Z1, Z5)
	STEP512((R10)(AX*1), Z2, Z6)
	STEP512((R11)(AX*1), Z3, Z7)
	ADDQ $64, AX
	SUBQ $16, CX
	JMP  loop

tail:
	TESTQ CX, CX
	JZ    done
	TAILMASK
	VMOVUPS.Z (SI)(AX*1), K1, Z8
	TAIL512((R8)(AX*1), Z0, Z4)
	TAIL512((R9)(AX*1), Z1, Z5)
	TAIL512((R10)(AX*1), Z2, Z6)
	TAIL512((R11)(AX*1), Z3, Z7)

done:
	FOLD512(Z0, Y0, Y4)
	FOLD512(Z1, Y1, Y5)
	FOLD512(Z2, Y2, Y6)
	FOLD512(Z3, Y3, Y7)
	TREE4
	MOVQ dst+0(FP), DI
	VMOVUPS X0, (DI)
	VZEROUPPER
	RET

// func dots4BF16AVX512(dst *float32, w *byte, x *float32, n, stride int)
TEXT ·dots4BF16AVX512(SB), NOSPLIT, $0-40
	MOVQ w+8(FP), SI
	MOVQ x+16(FP), R8
	MOVQ n+24(FP), CX
	MOVQ stride+32(FP), R11
	ROWS
	ZERO4_512

loop:
	CMPQ CX, $16
	JLT  tail
	VPMOVZXWD (SI), Z8
	VPSLLD $16, Z8, Z8
	STEP512((R8)(AX*1), Z0, Z4)
	STEP512((R9)(AX*1), Z1, Z5)
	STEP512((R10)(AX*1), Z2, Z6)
	STEP512((R11)(AX*1), Z3, Z7)
	ADDQ $32, SI
	ADDQ $64, AX
	SUBQ $16, CX
	JMP  loop

tail:
	TESTQ CX, CX
	JZ    done
	TAILMASK
	VPMOVZXWD.Z (SI), K1, Z8
	VPSLLD $16, Z8, Z8
	TAIL512((R8)(AX*1), Z0, Z4)
	TAIL512((R9)(AX*1), Z1, Z5)
	TAIL512((R10)(AX*1), Z2, Z6)
	TAIL512((R11)(AX*1), Z3, Z7)

done:
	FOLD512(Z0, Y0, Y4)
	FOLD512(Z1, Y1, Y5)
	FOLD512(Z2, Y2, Y6)
	FOLD512(Z3, Y3, Y7)
	TREE4
	MOVQ dst+0(FP), DI
	VMOVUPS X0, (DI)
	VZEROUPPER
	RET

// func dotAVX2(a, b *float32, n int) float32
TEXT ·dotAVX2(SB), NOSPLIT, $0-28
	MOVQ a+0(FP), SI
	MOVQ b+8(FP), R8
	MOVQ n+16(FP), CX
	XORL AX, AX
	VXORPS X0, X0, X0
	VXORPS X1, X1, X1
	SUBQ $32, CX
	JL   rest

loop32:
	VMOVUPS (SI)(AX*1), Y2
	VMOVUPS 32(SI)(AX*1), Y3
	VMOVUPS 64(SI)(AX*1), Y4
	VMOVUPS 96(SI)(AX*1), Y5
	VMULPS (R8)(AX*1), Y2, Y2
	VMULPS 32(R8)(AX*1), Y3, Y3
	VMULPS 64(R8)(AX*1), Y4, Y4
	VMULPS 96(R8)(AX*1), Y5, Y5
	VADDPS Y2, Y0, Y0
	VADDPS Y3, Y1, Y1
	VADDPS Y4, Y0, Y0
	VADDPS Y5, Y1, Y1
	ADDQ $128, AX
	SUBQ $32, CX
	JGE  loop32

rest:
	ADDQ $32, CX
	CMPQ CX, $16
	JLT  tail
	VMOVUPS (SI)(AX*1), Y8
	VMOVUPS 32(SI)(AX*1), Y9
	STEP256(R8, Y0, Y1)
	ADDQ $64, AX
	SUBQ $16, CX

tail:
	TESTQ CX, CX
	JZ    done
	TAILMASK2
	VMASKMOVPS (SI)(AX*1), Y12, Y8
	VMASKMOVPS 32(SI)(AX*1), Y13, Y9
	TAIL256(R8, Y0, Y1)

done:
	VADDPS Y1, Y0, Y0
	TREE
	VMOVSS X0, ret+24(FP)
	VZEROUPPER
	RET

// func dotBF16AVX2(w *byte, x *float32, n int) float32
TEXT ·dotBF16AVX2(SB), NOSPLIT, $32-28
	MOVQ w+0(FP), SI
	MOVQ x+8(FP), R8
	MOVQ n+16(FP), CX
	XORL AX, AX
	VXORPS X0, X0, X0
	VXORPS X1, X1, X1
	SUBQ $32, CX
	JL   rest

loop32:
	PREFETCHT0 AHEAD(SI)
	VPMOVZXWD (SI), Y2
	VPMOVZXWD 16(SI), Y3
	VPMOVZXWD 32(SI), Y4
	VPMOVZXWD 48(SI), Y5
	VPSLLD $16, Y2, Y2
	VPSLLD $16, Y3, Y3
	VPSLLD $16, Y4, Y4
	VPSLLD $16, Y5, Y5
	VMULPS (R8)(AX*1), Y2, Y2
	VMULPS 32(R8)(AX*1), Y3, Y3
	VMULPS 64(R8)(AX*1), Y4, Y4
	VMULPS 96(R8)(AX*1), Y5, Y5
	VADDPS Y2, Y0, Y0
	VADDPS Y3, Y1, Y1
	VADDPS Y4, Y0, Y0
	VADDPS Y5, Y1, Y1
	ADDQ $64, SI
	ADDQ $128, AX
	SUBQ $32, CX
	JGE  loop32

rest:
	ADDQ $32, CX
	CMPQ CX, $16
	JLT  tail
	VPMOVZXWD (SI), Y8
	VPMOVZXWD 16(SI), Y9
	VPSLLD $16, Y8, Y8
	VPSLLD $16, Y9, Y9
	STEP256(R8, Y0, Y1)
	ADDQ $32, SI
	ADDQ $64, AX
	SUBQ $16, CX

tail:
	TESTQ CX, CX
	JZ    done
	TAILBF16
	TAILMASK2
	TAIL256(R8, Y0, Y1)

done:
	VADDPS Y1, Y0, Y0
	TREE
	VMOVSS X0, ret+24(FP)
	VZEROUPPER
	RET

// func dots4AVX2(dst, w, x *float32, n, stride int)
TEXT ·dots4AVX2(SB), NOSPLIT, $0-40
	MOVQ w+8(FP), SI
	MOVQ x+16(FP), R8
	MOVQ n+24(FP), CX
	MOVQ stride+32(FP), R11
	ROWS
	ZERO8_256

loop:
	CMPQ CX, $16
	JLT  tail
	VMOVUPS (SI)(AX*1), Y8
	VMOVUPS 32(SI)(AX*1), Y9
	STEP256(R8, Y0, Y4)
	STEP256(R9, Y1, Y5)
	STEP256(R10, Y2, Y6)
	STEP256(R11, Y3, Y7)
	ADDQ $64, AX
	SUBQ $16, CX
	JMP  loop

tail:
	TESTQ CX, CX
	JZ    done
	TAILMASK2
	VMASKMOVPS (SI)(AX*1), Y12, Y8
	VMASKMOVPS 32(SI)(AX*1), Y13, Y9
	TAIL256(R8, Y0, Y4)
	TAIL256(R9, Y1, Y5)
	TAIL256(R10, Y2, Y6)
	TAIL256(R11, Y3, Y7)

done:
	FOLD4_256
	TREE4
	MOVQ dst+0(FP), DI
	VMOVUPS X0, (DI)
	VZEROUPPER
	RET

// func dots4BF16AVX2(dst *float32, w *byte, x *float32, n, stride int)
TEXT ·dots4BF16AVX2(SB), NOSPLIT, $32-40
	MOVQ w+8(FP), SI
	MOVQ x+16(FP), R8
	MOVQ n+24(FP), CX
	MOVQ stride+32(FP), R11
	ROWS
	ZERO8_256

loop:
	CMPQ CX, $16
	JLT  tail
	VPMOVZXWD (SI), Y8
	VPMOVZXWD 16(SI), Y9
	VPSLLD $16, Y8, Y8
	VPSLLD $16, Y9, Y9
	STEP256(R8, Y0, Y4)
	STEP256(R9, Y1, Y5)
	STEP256(R10, Y2, Y6)
	STEP256(R11, Y3, Y7)
	ADDQ $32, SI
	ADDQ $64, AX
	SUBQ $16, CX
	JMP  loop

tail:
	TESTQ CX, CX
	JZ    done
	TAILBF16
	TAILMASK2
	TAIL256(R8, Y0, Y4)
	TAIL256(R9, Y1, Y5)
	TAIL256(R10, Y2, Y6)
	TAIL256(R11, Y3, Y7)

done:
	FOLD4_256
	TREE4
	MOVQ dst+0(FP), DI
	VMOVUPS X0, (DI)
	VZEROUPPER
	RET
