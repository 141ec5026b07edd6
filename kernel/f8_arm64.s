//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// INTEGERS sets two registers, a and b, to the integers of the 16 codes in register
// n, z: ±(8+m) shifted by e-5. Of exponent 0 that is 0, as it should be.
#define INTEGERS(n, z, a, b) \
	VADD z.B16, z.B16, V4.B16;       \
	VUSHR $3, z.B16, V5.B16;         \
	VAND V29.B16, z.B16, V6.B16;     \
	CMLTB(n, 7);                     \
	VUMAX V4.B16, V31.B16, V31.B16;  \
	VAND V28.B16, V5.B16, V5.B16;    \
	VORR V30.B16, V6.B16, V6.B16;    \
	VSUB V27.B16, V5.B16, V5.B16;    \
	VEOR V7.B16, V6.B16, V6.B16;     \
	VSUB V7.B16, V6.B16, V6.B16;     \
	SXTLB(5, 4);                     \
	SXTLB2(5, 5);                    \
	SXTLB(6, a);                     \
	SXTLB2(6, b);                    \
	SRSHL(4, a, a);                  \
	SRSHL(5, b, b)

// func unpackF8NEON(v *int16, w *byte, n int) (nan uint32)
//
// V31 keeps the greatest code of every byte, without its sign, doubled.
TEXT ·unpackF8NEON(SB), NOSPLIT, $0-28
	MOVD v+0(FP), R0
	MOVD w+8(FP), R1
	MOVD n+16(FP), R2
	VMOVI $5, V27.B16
	VMOVI $15, V28.B16
	VMOVI $7, V29.B16
	VMOVI $8, V30.B16
	VEOR V31.B16, V31.B16, V31.B16

loop:
	VLD1.P 32(R1), [V0.B16, V1.B16]
	INTEGERS(0, V0, 16, 17)
	INTEGERS(1, V1, 18, 19)
	VST1.P [V16.H8, V17.H8, V18.H8, V19.H8], 64(R0)
	SUBS $32, R2, R2
	BNE loop
	VMOVI $0xfe, V0.B16
	VCMEQ V0.B16, V31.B16, V0.B16
	VMOV V0.D[0], R3
	VMOV V0.D[1], R4
	ORR R4, R3, R3
	CMP $0, R3
	CSET NE, R3
	MOVW R3, nan+24(FP)
	RET

#define ZERO2(a, b) \
	VEOR a.B16, a.B16, a.B16; \
	VEOR b.B16, b.B16, b.B16

// ROWS loads 16 integers of each of the two rows.
#define ROWS \
	VLD1.P 32(R1), [V0.H8, V1.H8]; \
	VLD1.P 32(R2), [V2.H8, V3.H8]

// DOT adds their products with a token's activations.
#define DOT(from, s0, s1) \
	VLD1.P 32(from), [V4.H8, V5.H8]; \
	SMLAL(4, 0, s0);                 \
	SMLAL(4, 2, s1);                 \
	SMLAL2(4, 0, s0);                \
	SMLAL2(4, 2, s1);                \
	SMLAL(5, 1, s0);                 \
	SMLAL(5, 3, s1);                 \
	SMLAL2(5, 1, s0);                \
	SMLAL2(5, 3, s1)

// func dots2x4F8NEON(out *float32, v, q *int16, d, scales *float32, k, blocks int)
TEXT ·dots2x4F8NEON(SB), NOSPLIT, $0-56
	MOVD out+0(FP), R0
	MOVD v+8(FP), R1
	MOVD q+16(FP), R3
	MOVD d+24(FP), R7
	MOVD scales+32(FP), R8
	MOVD k+40(FP), R9
	MOVD blocks+48(FP), R10
	ADD R9<<1, R1, R2
	ADD R9<<1, R3, R4
	ADD R9<<1, R4, R5
	ADD R9<<1, R5, R6
	ZERO2(V28, V29)

block:
	ZERO2(V16, V17)
	ZERO2(V18, V19)
	ZERO2(V20, V21)
	ZERO2(V22, V23)
	MOVD $8, R11

step:
	ROWS
	DOT(R3, 16, 20)
	DOT(R4, 17, 21)
	DOT(R5, 18, 22)
	DOT(R6, 19, 23)
	SUBS $1, R11, R11
	BNE step
	VADDP V17.S4, V16.S4, V16.S4
	VADDP V19.S4, V18.S4, V18.S4
	VADDP V21.S4, V20.S4, V20.S4
	VADDP V23.S4, V22.S4, V22.S4
	VADDP V18.S4, V16.S4, V16.S4
	VADDP V22.S4, V20.S4, V20.S4
	SCVTF(16, 16)
	SCVTF(20, 20)
	VLD1.P 16(R7), [V24.S4]
	VLD1R.P 4(R8), [V25.S4]
	VFMUL(25, 24, 24)
	VFMLA V16.S4, V24.S4, V28.S4
	VFMLA V20.S4, V24.S4, V29.S4
	SUBS $1, R10, R10
	BNE block
	VST1 [V28.S4, V29.S4], (R0)
	RET

// func dots2x1F8NEON(out *float32, v, q *int16, d, scales *float32, k, blocks int)
TEXT ·dots2x1F8NEON(SB), NOSPLIT, $0-56
	MOVD out+0(FP), R0
	MOVD v+8(FP), R1
	MOVD q+16(FP), R3
	MOVD d+24(FP), R7
	MOVD scales+32(FP), R8
	MOVD k+40(FP), R9
	MOVD blocks+48(FP), R10
	ADD R9<<1, R1, R2
	VEOR V28.B16, V28.B16, V28.B16

block:
	ZERO2(V16, V17)
	MOVD $8, R11

step:
	ROWS
	DOT(R3, 16, 17)
	SUBS $1, R11, R11
	BNE step
	VADDP V17.S4, V16.S4, V16.S4
	VADDP V16.S4, V16.S4, V16.S4
	SCVTF(16, 16)
	VLD1R.P 4(R7), [V24.S4]
	VLD1R.P 4(R8), [V25.S4]
	VFMUL(25, 24, 24)
	VFMLA V16.S4, V24.S4, V28.S4
	SUBS $1, R10, R10
	BNE block
	VST1 [V28.S2], (R0)
	RET
