//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"
#include "fourrows_arm64.h"
#include "fourpairs_arm64.h"
#include "panel_arm64.h"

// What the tiles multiply: rows of weights taken apart four at a time, and pairs of
// tokens. panel_arm64.go has the layouts.

// PLAIN does 16 of the 32 bytes that have 64 values, the first of which go to unit u.
#define PLAIN(at, u) \
	NIBBLES(at); \
	LOW(u);      \
	HIGH(u+2)

// func unpackQ4KNEON(panel, w *byte, rowBytes, blocks, group int)
TEXT ·unpackQ4KNEON(SB), NOSPLIT, $0-40
	ARGUMENTS(1024, 2048)
	VMOVI $15, V24.B16
	VMOVI $63, V27.B16

block:
	START
	PLAIN(16, 0)
	PLAIN(32, 1)
	PLAIN(48, 4)
	PLAIN(64, 5)
	PLAIN(80, 8)
	PLAIN(96, 9)
	PLAIN(112, 12)
	PLAIN(128, 13)
	NEXT(3328, 144)
	BNE block
	RET

// FIFTH is PLAIN with a fifth bit: for the low nibbles after shift OPA by a, for the
// high ones after OPB by b.
#define FIFTH(at, u, OPA, a, OPB, b) \
	NIBBLES(at);     \
	BITS(OPA, a, 4); \
	BITS(OPB, b, 0); \
	LOW(u);          \
	HIGH(u+2)

// func unpackQ5KNEON(panel, w *byte, rowBytes, blocks, group int)
TEXT ·unpackQ5KNEON(SB), NOSPLIT, $0-40
	ARGUMENTS(1024, 2048)
	VMOVI $15, V24.B16
	VMOVI $16, V25.B16
	VMOVI $63, V27.B16

block:
	START
	UPPER(16)
	FIFTH(48, 0, SHLB, 4, SHLB, 3)
	FIFTH(80, 4, SHLB, 2, SHLB, 1)
	FIFTH(112, 8, SHLB, 0, USHRB, 1)
	FIFTH(144, 12, USHRB, 2, USHRB, 3)
	UPPER(32)
	FIFTH(64, 1, SHLB, 4, SHLB, 3)
	FIFTH(96, 5, SHLB, 2, SHLB, 1)
	FIFTH(128, 9, SHLB, 0, USHRB, 1)
	FIFTH(160, 13, USHRB, 2, USHRB, 3)
	NEXT(3328, 176)
	BNE block
	RET

// CENTRE takes the 32 in every byte of V27 off four registers.
#define CENTRE(a) \
	SUBB(27, a, a);     \
	SUBB(27, a+1, a+1); \
	SUBB(27, a+2, a+2); \
	SUBB(27, a+3, a+3)

// SIX does 16 bytes with two more bits, after shift OPA by a for the low nibbles, which
// go to unit u, and after OPB by b for the high ones.
#define SIX(at, u, OPA, a, OPB, b) \
	NIBBLES(at);     \
	BITS(OPA, a, 4); \
	BITS(OPB, b, 0); \
	CENTRE(4);       \
	CENTRE(0);       \
	LOW(u);          \
	HIGH(u+4)

// func unpackQ6KNEON(panel, w *byte, rowBytes, blocks, group int)
TEXT ·unpackQ6KNEON(SB), NOSPLIT, $0-40
	ARGUMENTS(1024, 2048)
	VMOVI $15, V24.B16
	VMOVI $48, V25.B16
	VMOVI $32, V27.B16

block:
	SIXTEEN(192, F0, F1, F2, F3)
	SORT
	SPREAD(SSHRS, 0, 0, 1)
	SPREAD(SSHRS, 1, 4, 1)
	SPREAD(SSHRS, 2, 8, 1)
	SPREAD(SSHRS, 3, 12, 1)
	HALVES(208)
	TWICE(0, -512)
	UPPER(128)
	SIX(0, 0, SHLB, 4, SHLB, 0)
	SIX(32, 2, SHLB, 2, USHRB, 2)
	UPPER(144)
	SIX(16, 1, SHLB, 4, SHLB, 0)
	SIX(48, 3, SHLB, 2, USHRB, 2)
	UPPER(160)
	SIX(64, 8, SHLB, 4, SHLB, 0)
	SIX(96, 10, SHLB, 2, USHRB, 2)
	UPPER(176)
	SIX(80, 9, SHLB, 4, SHLB, 0)
	SIX(112, 11, SHLB, 2, USHRB, 2)
	NEXT(3328, 210)
	BNE block
	RET

// func unpackQ8NEON(panel, w *byte, rowBytes, blocks, group int)
TEXT ·unpackQ8NEON(SB), NOSPLIT, $0-40
	ARGUMENTS(1024, 256)
	ADD $2, R1
	ADD $2, R2
	ADD $2, R3
	ADD $2, R4

block:
	SIXTEEN(0, F8, F9, F10, F11)
	SIXTEEN(16, F12, F13, F14, F15)
	PAIR(8, 0)
	PAIR(12, 4)
	HIGH(0)
	LOW(1)
	HALVES(-2)
	TWICE(0, -512)
	NEXT(384, 34)
	BNE block
	RET

// MIX takes the scales of two tokens to V0 and stores them twice each.
#define MIX \
	VLD1R.P 4(R3), [V0.S4]; \
	VLD1R.P 4(R4), [V1.S4]; \
	ZIP1D(1, 0, 0);         \
	VST1.P [V0.S4], 16(R0)

// SPLIT splits 8 sums of each of two tokens, in a and b: sum = 64·high + low.
#define SPLIT(a, b, high, low) \
	XTN(a, low);        \
	XTN2(b, low);       \
	ANDB(31, low, low); \
	SSHRH(6, a, a);     \
	SSHRH(6, b, b);     \
	XTN(a, high);       \
	XTN2(b, high)

// func packSuperNEON(dst *byte, q0, q1 *int8, d0, d1 *float32, sums0, sums1 *int16, blocks, wide int)
TEXT ·packSuperNEON(SB), NOSPLIT, $0-72
	MOVD dst+0(FP), R0
	MOVD q0+8(FP), R1
	MOVD q1+16(FP), R2
	MOVD d0+24(FP), R3
	MOVD d1+32(FP), R4
	MOVD sums0+40(FP), R5
	MOVD sums1+48(FP), R6
	MOVD blocks+56(FP), R7
	MOVD wide+64(FP), R8
	VMOVI $63, V31.B16

block:
	MOVD $4, R9

values:
	VLD1.P 64(R1), [V0.B16, V1.B16, V2.B16, V3.B16]
	VLD1.P 64(R2), [V4.B16, V5.B16, V6.B16, V7.B16]
	ZIP1D(4, 0, 16)
	ZIP2D(4, 0, 17)
	ZIP1D(5, 1, 18)
	ZIP2D(5, 1, 19)
	ZIP1D(6, 2, 20)
	ZIP2D(6, 2, 21)
	ZIP1D(7, 3, 22)
	ZIP2D(7, 3, 23)
	VST1.P [V16.B16, V17.B16, V18.B16, V19.B16], 64(R0)
	VST1.P [V20.B16, V21.B16, V22.B16, V23.B16], 64(R0)
	SUBS $1, R9, R9
	BNE values

	VLD1.P 32(R5), [V0.H8, V1.H8]
	VLD1.P 32(R6), [V2.H8, V3.H8]
	CBNZ R8, wide
	ADDPH(1, 0, 0)
	ADDPH(3, 2, 2)
	SPLIT(0, 2, 16, 17)
	B store

wide:
	SPLIT(0, 2, 16, 18)
	SPLIT(1, 3, 17, 19)

store:
	VST1.P [V16.B16, V17.B16, V18.B16, V19.B16], 64(R0)
	MIX
	SUBS $1, R7, R7
	BNE block
	RET

// SUM is the sum of two int16 at R, as a float32 in every lane of v.
#define SUM(R, v) \
	MOVH.P 2(R), R9;  \
	MOVH.P 2(R), R10; \
	ADD R10, R9, R9;  \
	VDUP R9, v.S4

// func packPlainNEON(dst *byte, q0, q1 *int8, d0, d1 *float32, sums0, sums1 *int16, blocks int)
TEXT ·packPlainNEON(SB), NOSPLIT, $0-64
	MOVD dst+0(FP), R0
	MOVD q0+8(FP), R1
	MOVD q1+16(FP), R2
	MOVD d0+24(FP), R3
	MOVD d1+32(FP), R4
	MOVD sums0+40(FP), R5
	MOVD sums1+48(FP), R6
	MOVD blocks+56(FP), R7

block:
	VLD1.P 32(R1), [V0.B16, V1.B16]
	VLD1.P 32(R2), [V2.B16, V3.B16]
	ZIP1D(2, 0, 16)
	ZIP2D(2, 0, 17)
	ZIP1D(3, 1, 18)
	ZIP2D(3, 1, 19)
	VST1.P [V16.B16, V17.B16, V18.B16, V19.B16], 64(R0)
	MIX
	SUM(R5, V0)
	SUM(R6, V1)
	ZIP1D(1, 0, 0)
	SCVTF(0, 0)
	VST1.P [V0.S4], 16(R0)
	SUBS $1, R7, R7
	BNE block
	RET

// func minimaPlainNEON(acc *float32, panel, x *byte, blocks int)
TEXT ·minimaPlainNEON(SB), NOSPLIT, $0-32
	MOVD acc+0(FP), R6
	MOVD panel+8(FP), R0
	MOVD x+16(FP), R1
	MOVD blocks+24(FP), R8
	ADD $64, R6
	ADD $320, R0
	ADD $64, R1
	VLD1 (R6), [V0.S4, V1.S4, V2.S4, V3.S4]

block:
	VLD1 (R0), [V4.S4, V5.S4, V6.S4, V7.S4]
	VLD1 (R1), [V8.S4, V9.S4]
	VFMUL(8, 4, 4)
	VFMUL(8, 5, 5)
	VFMUL(8, 6, 6)
	VFMUL(8, 7, 7)
	FMLA(9, 4, 0)
	FMLA(9, 5, 1)
	FMLA(9, 6, 2)
	FMLA(9, 7, 3)
	ADD $384, R0
	ADD $96, R1
	SUBS $1, R8, R8
	BNE block
	VST1 [V0.S4, V1.S4, V2.S4, V3.S4], (R6)
	RET
