//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// The 16 lanes of a sum are those of four vectors. A tail shorter than 16 is
// added to the lanes one by one, in memory.

// MULADD4 adds the products of V16…V19 and four vectors from x0 on to the four
// from s0 on.
#define MULADD4(x0, x1, x2, x3, s0, s1, s2, s3) \
	VFMUL(x0, 16, x0); \
	VFMUL(x1, 17, x1); \
	VFMUL(x2, 18, x2); \
	VFMUL(x3, 19, x3); \
	VFADD(x0, s0, s0); \
	VFADD(x1, s1, s1); \
	VFADD(x2, s2, s2); \
	VFADD(x3, s3, s3)

// WIDEN widens the 16 bfloat16 of V28 and V29 into V16…V19. V31 is zero.
#define WIDEN \
	VZIP1 V28.H8, V31.H8, V16.H8; \
	VZIP2 V28.H8, V31.H8, V17.H8; \
	VZIP1 V29.H8, V31.H8, V18.H8; \
	VZIP2 V29.H8, V31.H8, V19.H8

// TAILADD adds the product of F16 and the float at x to the one at s.
#define TAILADD(x, s) \
	FMOVS.P 4(x), F17;   \
	FMOVS s, F18;        \
	FMULS F16, F17, F17; \
	FADDS F17, F18, F18; \
	FMOVS F18, s

// FOLD folds the 16 lanes of the four vectors from a on into the 4 of a.
#define FOLD(a, b, c, d) \
	VFADD(c, a, a); \
	VFADD(d, b, b); \
	VFADD(b, a, a)

// TREE4 adds the lanes of four sums, V0…V3 to V12…V15, into the lanes of V0.
#define TREE4 \
	FOLD(0, 1, 2, 3);             \
	FOLD(4, 5, 6, 7);             \
	FOLD(8, 9, 10, 11);           \
	FOLD(12, 13, 14, 15);         \
	VZIP1 V4.S4, V0.S4, V1.S4;    \
	VZIP2 V4.S4, V0.S4, V2.S4;    \
	VZIP1 V12.S4, V8.S4, V5.S4;   \
	VZIP2 V12.S4, V8.S4, V6.S4;   \
	VFADD(2, 1, 1);               \
	VFADD(6, 5, 5);               \
	VZIP1 V5.D2, V1.D2, V0.D2;    \
	VZIP2 V5.D2, V1.D2, V2.D2;    \
	VFADD(2, 0, 0)

#define ZERO16 \
	ZERO4(0);   \
	ZERO4(4);   \
	ZERO4(8); \
	ZERO4(12)

// ROWS sets R2…R5 to the beginnings of the rows of four tokens, the first being
// R2 and R5 the stride.
#define ROWS \
	ADD R5<<2, R2, R3; \
	ADD R5<<2, R3, R4; \
	ADD R5<<2, R4, R5

// STEP4 adds the products of V16…V19 and 16 floats of four tokens.
#define STEP4 \
	VLD1.P 64(R2), [V20.S4, V21.S4, V22.S4, V23.S4]; \
	VLD1.P 64(R3), [V24.S4, V25.S4, V26.S4, V27.S4]; \
	MULADD4(20, 21, 22, 23, 0, 1, 2, 3);             \
	MULADD4(24, 25, 26, 27, 4, 5, 6, 7);             \
	VLD1.P 64(R4), [V20.S4, V21.S4, V22.S4, V23.S4]; \
	VLD1.P 64(R5), [V24.S4, V25.S4, V26.S4, V27.S4]; \
	MULADD4(20, 21, 22, 23, 8, 9, 10, 11);           \
	MULADD4(24, 25, 26, 27, 12, 13, 14, 15)

// SPILL4 and FILL4 move the lanes of four sums to the 256 bytes at R7 and back.
#define SPILL4 \
	MOVD R7, R8;                                   \
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R8);   \
	VST1.P [V4.S4, V5.S4, V6.S4, V7.S4], 64(R8);   \
	VST1.P [V8.S4, V9.S4, V10.S4, V11.S4], 64(R8); \
	VST1 [V12.S4, V13.S4, V14.S4, V15.S4], (R8)

#define FILL4 \
	VLD1.P 64(R7), [V0.S4, V1.S4, V2.S4, V3.S4];   \
	VLD1.P 64(R7), [V4.S4, V5.S4, V6.S4, V7.S4];   \
	VLD1.P 64(R7), [V8.S4, V9.S4, V10.S4, V11.S4]; \
	VLD1 (R7), [V12.S4, V13.S4, V14.S4, V15.S4]

// TAIL4 adds the product of F16 and one float of four tokens to lanes at R8.
#define TAIL4 \
	TAILADD(R2, 0(R8));   \
	TAILADD(R3, 64(R8));  \
	TAILADD(R4, 128(R8)); \
	TAILADD(R5, 192(R8)); \
	ADD $4, R8

// func dotNEON(a, b *float32, n int) float32
TEXT ·dotNEON(SB), NOSPLIT, $64-28
	MOVD a+0(FP), R0
	MOVD b+8(FP), R1
	MOVD n+16(FP), R6
	ZERO4(0)

loop:
	SUBS   $16, R6
	BLT    rest
	VLD1.P 64(R0), [V16.S4, V17.S4, V18.S4, V19.S4]
	VLD1.P 64(R1), [V20.S4, V21.S4, V22.S4, V23.S4]
	MULADD4(20, 21, 22, 23, 0, 1, 2, 3)
	B loop

rest:
	ADDS $16, R6
	BEQ  done
	MOVD $sums-64(SP), R7
	MOVD R7, R8
	VST1 [V0.S4, V1.S4, V2.S4, V3.S4], (R7)

tail:
	FMOVS.P 4(R0), F16
	TAILADD(R1, 0(R8))
	ADD  $4, R8
	SUBS $1, R6
	BNE  tail
	VLD1 (R7), [V0.S4, V1.S4, V2.S4, V3.S4]

done:
	TREE
	FMOVS F0, ret+24(FP)
	RET

// func dotBF16NEON(w *byte, x *float32, n int) float32
TEXT ·dotBF16NEON(SB), NOSPLIT, $64-28
	MOVD w+0(FP), R0
	MOVD x+8(FP), R1
	MOVD n+16(FP), R6
	VEOR V31.B16, V31.B16, V31.B16
	ZERO4(0)

loop:
	SUBS   $16, R6
	BLT    rest
	VLD1.P 32(R0), [V28.H8, V29.H8]
	VLD1.P 64(R1), [V20.S4, V21.S4, V22.S4, V23.S4]
	WIDEN
	MULADD4(20, 21, 22, 23, 0, 1, 2, 3)
	B loop

rest:
	ADDS $16, R6
	BEQ  done
	MOVD $sums-64(SP), R7
	MOVD R7, R8
	VST1 [V0.S4, V1.S4, V2.S4, V3.S4], (R7)

tail:
	MOVHU.P 2(R0), R9
	LSL     $16, R9
	FMOVS   R9, F16
	TAILADD(R1, 0(R8))
	ADD  $4, R8
	SUBS $1, R6
	BNE  tail
	VLD1 (R7), [V0.S4, V1.S4, V2.S4, V3.S4]

done:
	TREE
	FMOVS F0, ret+24(FP)
	RET

// func dots4NEON(dst, w, x *float32, n, stride int)
TEXT ·dots4NEON(SB), NOSPLIT, $256-40
	MOVD w+8(FP), R1
	MOVD x+16(FP), R2
	MOVD n+24(FP), R6
	MOVD stride+32(FP), R5
	ROWS
	ZERO16

loop:
	SUBS   $16, R6
	BLT    rest
	VLD1.P 64(R1), [V16.S4, V17.S4, V18.S4, V19.S4]
	STEP4
	B loop

rest:
	ADDS $16, R6
	BEQ  done
	MOVD $sums-256(SP), R7
	SPILL4
	MOVD R7, R8

tail:
	FMOVS.P 4(R1), F16
	TAIL4
	SUBS $1, R6
	BNE  tail
	FILL4

done:
	TREE4
	MOVD dst+0(FP), R0
	VST1 [V0.S4], (R0)
	RET

// func dots4BF16NEON(dst *float32, w *byte, x *float32, n, stride int)
TEXT ·dots4BF16NEON(SB), NOSPLIT, $256-40
	MOVD w+8(FP), R1
	MOVD x+16(FP), R2
	MOVD n+24(FP), R6
	MOVD stride+32(FP), R5
	ROWS
	VEOR V31.B16, V31.B16, V31.B16
	ZERO16

loop:
	SUBS   $16, R6
	BLT    rest
	VLD1.P 32(R1), [V28.H8, V29.H8]
	WIDEN
	STEP4
	B loop

rest:
	ADDS $16, R6
	BEQ  done
	MOVD $sums-256(SP), R7
	SPILL4
	MOVD R7, R8

tail:
	MOVHU.P 2(R1), R9
	LSL     $16, R9
	FMOVS   R9, F16
	TAIL4
	SUBS $1, R6
	BNE  tail
	FILL4

done:
	TREE4
	MOVD dst+0(FP), R0
	VST1 [V0.S4], (R0)
	RET
