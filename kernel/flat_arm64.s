//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

#define ZERO4(a, b, c, d) \
	VEOR a.B16, a.B16, a.B16; \
	VEOR b.B16, b.B16, b.B16; \
	VEOR c.B16, c.B16, c.B16; \
	VEOR d.B16, d.B16, d.B16

// QUARTER adds 64 products, times their four scales, to V16 and V17.
#define QUARTER \
	VLD1.P 64(R1), [V0.B16, V1.B16, V2.B16, V3.B16];   \
	VLD1.P 64(R0), [V4.B16, V5.B16, V6.B16, V7.B16];   \
	VLD1.P 64(R6), [V20.H8, V21.H8, V22.H8, V23.H8];   \
	ZERO4(V24, V25, V26, V27);                         \
	SDOT(0, 4, 24);                                    \
	SDOT(1, 5, 25);                                    \
	SDOT(2, 6, 26);                                    \
	SDOT(3, 7, 27);                                    \
	SXTL(20, 20);                                      \
	SXTL(21, 21);                                      \
	SXTL(22, 22);                                      \
	SXTL(23, 23);                                      \
	MLA(20, 24, 16);                                   \
	MLA(21, 25, 17);                                   \
	MLA(22, 26, 16);                                   \
	MLA(23, 27, 17)

// func dotSuperNEON(dst *float32, flat *byte, q *int8, d *float32, sums *int16, blocks, affine int)
TEXT ·dotSuperNEON(SB), NOSPLIT, $0-56
	MOVD flat+8(FP), R0
	MOVD q+16(FP), R1
	MOVD d+24(FP), R2
	MOVD sums+32(FP), R3
	MOVD blocks+40(FP), R4
	MOVD affine+48(FP), R5
	FMOVS ZR, F28 // acc
	FMOVS ZR, F29 // m

block:
	ZERO4(V16, V17, V18, V19)
	ADD $256, R0, R6
	QUARTER
	QUARTER
	QUARTER
	QUARTER
	VLD1.P 32(R6), [V0.H8, V1.H8]
	VLD1.P 32(R3), [V2.H8, V3.H8]
	SMLAL(2, 0, 18)
	SMLAL2(2, 0, 18)
	SMLAL(3, 1, 18)
	SMLAL2(3, 1, 18)
	VADD V17.S4, V16.S4, V16.S4
	VADDV V16.S4, V16
	VADDV V18.S4, V18
	VMOV V16.S[0], R7
	VMOV V18.S[0], R8
	FMOVS.P 4(R2), F20
	FMOVS 0(R6), F21
	CBNZ R5, minima
	SUBW R8, R7, R7
	B products

minima:
	FMOVS 4(R6), F22
	FMULS F20, F22, F22
	SCVTFWS R8, F23
	FMADDS F23, F29, F22, F29

products:
	FMULS F20, F21, F21
	SCVTFWS R7, F23
	FMADDS F23, F28, F21, F28
	ADD $352, R0, R0
	SUBS $1, R4, R4
	BNE block
	FSUBS F29, F28, F28
	MOVD dst+0(FP), R0
	FMOVS F28, (R0)
	RET

// func dotPlainNEON(dst *float32, flat *byte, q *int8, d *float32, blocks int)
TEXT ·dotPlainNEON(SB), NOSPLIT, $0-40
	MOVD flat+8(FP), R0
	MOVD q+16(FP), R1
	MOVD d+24(FP), R2
	MOVD blocks+32(FP), R4
	FMOVS ZR, F28

block:
	VLD1 (R0), V20.H[0]
	ADD $2, R0, R0
	VLD1.P 32(R1), [V0.B16, V1.B16]
	VLD1.P 32(R0), [V4.B16, V5.B16]
	VEOR V16.B16, V16.B16, V16.B16
	SDOT(0, 4, 16)
	SDOT(1, 5, 16)
	VADDV V16.S4, V16
	VMOV V16.S[0], R7
	FCVTHS F20, F20
	FMOVS.P 4(R2), F21
	FMULS F21, F20, F20
	SCVTFWS R7, F23
	FMADDS F23, F28, F20, F28
	SUBS $1, R4, R4
	BNE block
	MOVD dst+0(FP), R0
	FMOVS F28, (R0)
	RET

// func dotAffineNEON(dst *float32, flat *byte, q *int8, d *float32, sums *int32, blocks int, scales *float32, perGroup, flip int)
TEXT ·dotAffineNEON(SB), NOSPLIT, $0-72
	MOVD dst+0(FP), R9
	MOVD flat+8(FP), R0
	MOVD q+16(FP), R1
	MOVD d+24(FP), R2
	MOVD sums+32(FP), R3
	MOVD blocks+40(FP), R4
	MOVD scales+48(FP), R5
	MOVD perGroup+56(FP), R6
	MOVD flip+64(FP), R7
	VDUP R7, V30.B16
	FMOVS (R9), F28
	MOVD R6, R10

block:
	VLD1.P 32(R1), [V0.B16, V1.B16]
	VLD1.P 32(R0), [V4.B16, V5.B16]
	VEOR V30.B16, V4.B16, V4.B16
	VEOR V30.B16, V5.B16, V5.B16
	VEOR V16.B16, V16.B16, V16.B16
	SDOT(0, 4, 16)
	SDOT(1, 5, 16)
	VADDV V16.S4, V16
	VMOV V16.S[0], R7
	MOVW.P 4(R3), R8
	ADDW R8, R7, R7
	FMOVS (R5), F20
	FMOVS.P 4(R2), F21
	FMULS F21, F20, F20
	SCVTFWS R7, F23
	FMADDS F23, F28, F20, F28
	SUBS $1, R10, R10
	BNE same
	ADD $4, R5, R5
	MOVD R6, R10

same:
	SUBS $1, R4, R4
	BNE block
	FMOVS F28, (R9)
	RET

// func flattenAffine4NEON(flat, w *byte, blocks int)
TEXT ·flattenAffine4NEON(SB), NOSPLIT, $0-24
	MOVD flat+0(FP), R0
	MOVD w+8(FP), R1
	MOVD blocks+16(FP), R2
	MOVD $15, R3
	VDUP R3, V7.B16

block:
	VLD1.P 16(R1), [V0.B16]
	VAND V7.B16, V0.B16, V1.B16
	VUSHR $4, V0.B16, V0.B16
	VZIP1 V0.B16, V1.B16, V2.B16
	VZIP2 V0.B16, V1.B16, V3.B16
	VST1.P [V2.B16, V3.B16], 32(R0)
	SUBS $1, R2, R2
	BNE block
	RET
