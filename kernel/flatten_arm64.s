//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// The unpackers of a row; the layout is in flat.go. V31 has 15 in every byte, V30
// the bits that are added to those. R0 is the row, R1 what is stored.

// NIBBLES takes apart the 32 bytes of a and b, into V0, V1 and V2, V3.
#define NIBBLES(a, b) \
	VAND V31.B16, a.B16, V0.B16; \
	VAND V31.B16, b.B16, V1.B16; \
	VUSHR $4, a.B16, V2.B16;     \
	VUSHR $4, b.B16, V3.B16

#define STORE VST1.P [V0.B16, V1.B16, V2.B16, V3.B16], 64(R4)

// SPREAD writes a word 16 times.
#define SPREAD(w) \
	VDUP w, V4.H8; \
	VDUP w, V5.H8; \
	VST1.P [V4.H8, V5.H8], 32(R4)

// HALF stores a half as a float32.
#define HALF(from, at) \
	VLD1 (from), V6.H[0]; \
	FCVTHS F6, F6;        \
	FMOVS F6, at(R0)

// HEAD does d, dmin, scales and minima of a block of Q4_K or Q5_K: see
// scalesMinima. R7 and R8 are 0x3f3f3f3f and 0x30303030, R9 is 0x0f0f0f0f.
#define HEAD \
	HALF(R1, 544);         \
	ADD $2, R1, R3;        \
	HALF(R3, 548);         \
	MOVWU 4(R1), R10;      \
	MOVWU 8(R1), R11;      \
	MOVWU 12(R1), R12;     \
	AND R7, R10, R13;      \
	AND R7, R11, R14;      \
	AND R10>>2, R8, R10;   \
	AND R11>>2, R8, R11;   \
	AND R12>>4, R9, R15;   \
	AND R9, R12, R12;      \
	ORR R10, R12, R12;     \
	ORR R11, R15, R15;     \
	ORR R12<<32, R13, R13; \
	ORR R15<<32, R14, R14; \
	VMOV R13, V16.D[0];    \
	VMOV R14, V16.D[1];    \
	VUXTL V16.B8, V17.H8;  \
	VUXTL2 V16.B16, V18.H8; \
	SPREAD(V17.H[0]);      \
	SPREAD(V17.H[1]);      \
	SPREAD(V17.H[2]);      \
	SPREAD(V17.H[3]);      \
	SPREAD(V17.H[4]);      \
	SPREAD(V17.H[5]);      \
	SPREAD(V17.H[6]);      \
	SPREAD(V17.H[7]);      \
	VZIP1 V18.H8, V18.H8, V4.H8; \
	VZIP2 V18.H8, V18.H8, V5.H8; \
	VST1 [V4.H8, V5.H8], (R4)

#define ARGUMENTS \
	MOVD flat+0(FP), R0;    \
	MOVD w+8(FP), R1;       \
	MOVD blocks+16(FP), R2; \
	VMOVI $15, V31.B16;     \
	MOVD $0x3f3f3f3f, R7;   \
	MOVD $0x30303030, R8;   \
	MOVD $0x0f0f0f0f, R9

#define ADVANCE(bytes) \
	ADD $bytes, R1, R1; \
	ADD $608, R0, R0;   \
	SUBS $1, R2, R2

// func flattenQ4KNEON(flat, w *byte, blocks int)
TEXT ·flattenQ4KNEON(SB), NOSPLIT, $0-24
	ARGUMENTS

block:
	MOVD R0, R4
	ADD $16, R1, R3
	VLD1.P 64(R3), [V20.B16, V21.B16, V22.B16, V23.B16]
	VLD1.P 64(R3), [V24.B16, V25.B16, V26.B16, V27.B16]
	NIBBLES(V20, V21)
	STORE
	NIBBLES(V22, V23)
	STORE
	NIBBLES(V24, V25)
	STORE
	NIBBLES(V26, V27)
	STORE
	HEAD
	ADVANCE(144)
	BNE block
	RET

// HIGH adds the bits of V28 and V29 that V30 names, after SHIFT, to a and b.
#define HIGH(SHIFT, n, a, b) \
	SHIFT $n, V28.B16, V6.B16;    \
	SHIFT $n, V29.B16, V7.B16;    \
	VAND V30.B16, V6.B16, V6.B16; \
	VAND V30.B16, V7.B16, V7.B16; \
	VORR V6.B16, a.B16, a.B16;    \
	VORR V7.B16, b.B16, b.B16

// STAY is HIGH without a shift.
#define STAY(a, b) \
	VAND V30.B16, V28.B16, V6.B16; \
	VAND V30.B16, V29.B16, V7.B16; \
	VORR V6.B16, a.B16, a.B16;     \
	VORR V7.B16, b.B16, b.B16

// func flattenQ5KNEON(flat, w *byte, blocks int)
TEXT ·flattenQ5KNEON(SB), NOSPLIT, $0-24
	ARGUMENTS
	VMOVI $16, V30.B16

block:
	MOVD R0, R4
	ADD $16, R1, R3
	VLD1.P 32(R3), [V28.B16, V29.B16]
	VLD1.P 64(R3), [V20.B16, V21.B16, V22.B16, V23.B16]
	VLD1.P 64(R3), [V24.B16, V25.B16, V26.B16, V27.B16]
	NIBBLES(V20, V21)
	HIGH(VSHL, 4, V0, V1)
	HIGH(VSHL, 3, V2, V3)
	STORE
	NIBBLES(V22, V23)
	HIGH(VSHL, 2, V0, V1)
	HIGH(VSHL, 1, V2, V3)
	STORE
	NIBBLES(V24, V25)
	STAY(V0, V1)
	HIGH(VUSHR, 1, V2, V3)
	STORE
	NIBBLES(V26, V27)
	HIGH(VUSHR, 2, V0, V1)
	HIGH(VUSHR, 3, V2, V3)
	STORE
	HEAD
	ADVANCE(176)
	BNE block
	RET

// HALF6K takes apart half a block, from the 64 bytes at R3 and the 32 at R5.
#define HALF6K \
	VLD1.P 64(R3), [V20.B16, V21.B16, V22.B16, V23.B16]; \
	VLD1.P 32(R5), [V28.B16, V29.B16];                   \
	NIBBLES(V20, V21);                                   \
	HIGH(VSHL, 4, V0, V1);                               \
	STAY(V2, V3);                                        \
	VMOV V2.B16, V24.B16;                                \
	VMOV V3.B16, V25.B16;                                \
	VST1.P [V0.B16, V1.B16], 32(R4);                     \
	NIBBLES(V22, V23);                                   \
	HIGH(VSHL, 2, V0, V1);                               \
	HIGH(VUSHR, 2, V2, V3);                              \
	VST1.P [V0.B16, V1.B16], 32(R4);                     \
	VST1.P [V24.B16, V25.B16], 32(R4);                   \
	VST1.P [V2.B16, V3.B16], 32(R4)

// EIGHT writes two words 8 times each.
#define EIGHT(a, b) \
	VDUP a, V4.H8; \
	VDUP b, V5.H8; \
	VST1.P [V4.H8, V5.H8], 32(R4)

#define EIGHTS(v) \
	EIGHT(v.H[0], v.H[1]); \
	EIGHT(v.H[2], v.H[3]); \
	EIGHT(v.H[4], v.H[5]); \
	EIGHT(v.H[6], v.H[7])

// func flattenQ6KNEON(flat, w *byte, blocks int)
TEXT ·flattenQ6KNEON(SB), NOSPLIT, $0-24
	ARGUMENTS
	VMOVI $48, V30.B16

block:
	MOVD R0, R4
	MOVD R1, R3
	ADD $128, R1, R5
	HALF6K
	HALF6K
	VLD1.P 16(R5), [V16.B16]
	SXTLB(16, 17)
	SXTLB2(16, 18)
	EIGHTS(V17)
	EIGHTS(V18)
	VSHL $5, V17.H8, V17.H8
	VSHL $5, V18.H8, V18.H8
	VST1 [V17.H8, V18.H8], (R4)
	HALF(R5, 544)
	ADVANCE(210)
	BNE block
	RET
