// Four rows as they are stored times one token. R0 are the activations, R5 and R6
// their scales and sums, R7 the blocks left.
//
// V0 to V7 are 128 of the activations, V8 to V11 the weighed sums of four rows, which
// become one register of four at the end of a block; V12 is acc and V13 m, V14 the
// product of the scales.

#define ARGUMENTS \
	MOVD w+8(FP), R1;         \
	MOVD rowBytes+16(FP), R2; \
	MOVD q+24(FP), R0;        \
	MOVD d+32(FP), R5;        \
	MOVD sums+40(FP), R6;     \
	MOVD blocks+48(FP), R7;   \
	ADD R2<<1, R1, R3;        \
	ADD R2, R3, R4;           \
	ADD R2, R1, R2

#define ADVANCE(bytes) \
	ADD $bytes, R1; \
	ADD $bytes, R2; \
	ADD $bytes, R3; \
	ADD $bytes, R4; \
	SUBS $1, R7, R7

#define ACTIVATIONS \
	VLD1.P 64(R0), [V0.B16, V1.B16, V2.B16, V3.B16]; \
	VLD1.P 64(R0), [V4.B16, V5.B16, V6.B16, V7.B16]

// JOIN adds the lanes of four registers from a on, to the lanes of the first.
#define JOIN(a) \
	ADDP(a+1, a, a);     \
	ADDP(a+3, a+2, a+1); \
	ADDP(a+1, a, a)

// END adds a block of four rows to acc.
#define END \
	JOIN(8);     \
	SCVTF(8, 8); \
	FMLA(14, 8, 12)

#define STORE \
	MOVD dst+0(FP), R0; \
	VST1 [V12.S4], (R0)

// SPLIT splits 16 sums of activations, V0 and V1: 64·high + low, in V16 and V17. The register
// sixtythree has that in every byte.
#define SPLIT(sixtythree) \
	XTN(0, 17);               \
	XTN2(1, 17);              \
	ANDB(sixtythree, 17, 17); \
	SSHRH(6, 0, 0);           \
	SSHRH(6, 1, 1);           \
	XTN(0, 16);               \
	XTN2(1, 16)
