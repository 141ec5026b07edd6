// What the loops that take rows apart for a panel have in common.

// LOW and HIGH write 16 values of four rows, pairs of rows of 8 values, from V4 to V7 or
// from V0 to V3 to unit u.
#define LOW(u) \
	FSTPQ (F4, F5), ((u)*128-1024)(R0); \
	FSTPQ (F6, F7), ((u)*128-992)(R0)

#define HIGH(u) \
	FSTPQ (F0, F1), ((u)*128-1024)(R0); \
	FSTPQ (F2, F3), ((u)*128-992)(R0)

// R0 is in the middle of the values of the panel's first block, R1 to R4 are the rows;
// R5 is 512 behind the scales d of the group's rows.
#define ARGUMENTS(middle, d) \
	MOVD panel+0(FP), R0;     \
	MOVD w+8(FP), R1;         \
	MOVD rowBytes+16(FP), R2; \
	MOVD blocks+24(FP), R7;   \
	MOVD group+32(FP), R8;    \
	ADD R2<<1, R1, R3;        \
	ADD R2, R3, R4;           \
	ADD R2, R1, R2;           \
	ADD R8<<5, R0, R5;        \
	ADD $(d+512), R5;         \
	ADD R8<<6, R0, R0;        \
	ADD $middle, R0

// NEXT goes on to the next block, of a size in the panel and of another in the rows.
#define NEXT(size, bytes) \
	ADD $size, R0;  \
	ADD $size, R5;  \
	ADD $bytes, R1; \
	ADD $bytes, R2; \
	ADD $bytes, R3; \
	ADD $bytes, R4; \
	SUBS $1, R7, R7
