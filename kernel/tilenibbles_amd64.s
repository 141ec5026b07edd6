//go:build !purego

#include "textflag.h"

#define BROADCAST VPBROADCASTQ

#include "tile_amd64.h"

// OCTETS are the four steps of a sub-block of 16 rows, the 512 bytes at p.
#define OCTETS(STEP, p) \
	STEP(p, 0);      \
	STEP(p+128, 8);  \
	STEP(p+256, 16); \
	STEP(p+384, 24)

// FIRST and SECOND pack the two sums of each row, in s0 and s1, and add them, times the
// scales in Z24, to the sums over a block of the first 16 rows or of the second.
#define FIRST(s0, s1, t0, t1) \
	VPACKSSDW s1, s0, s0; \
	VPDPWSSD Z24, s0, t0

#define SECOND(s0, s1, t0, t1) \
	VPACKSSDW s1, s0, s0; \
	VPDPWSSD Z24, s0, t1

// NIBBLES32 is SUPER32 for weights below 16, which keeps two sums of 16 products of a
// row below 2¹⁵ each. The rows are as octets_amd64.h has them, 16 after 16.
#define NIBBLES32(STEP, SUB, BOTH, ZEROSUB, ZEROSUM, ACCS, MINIMA) \
	ARGUMENTS(6, 4);            \
	BEGINAHEAD;                 \
block:                              \
	ZEROSUM;                    \
	MOVL $8, R14;               \
sub:                                \
	ZEROSUB;                    \
	AHEAD;                      \
	OCTETS(STEP, 0);            \
	VMOVDQU64 1024(SI), Z24;    \
	BOTH(FIRST);                \
	ZEROSUB;                    \
	OCTETS(STEP, 512);          \
	VMOVDQU64 1088(SI), Z24;    \
	BOTH(SECOND);               \
	ADDQ $1152, SI;             \
	ADDQ $32, R8;               \
	ADDQ $32, R9;               \
	DECL R14;                   \
	JNZ  sub;                   \
	ROWS32(0);                  \
	SUB(PRODUCT, 0);            \
	ROWS32(128);                \
	SUB(SHIFT, 4);              \
	ROWS32(256);                \
	SUB(SHIFT, 8);              \
	ROWS32(384);                \
	SUB(SHIFT, 12);             \
	ACCS(512);                  \
	MINIMA(640);                \
	NEXT(512, 256);             \
	DECQ CX;                    \
	JNZ  block;                 \
	VZEROUPPER;                 \
	RET

// func tile6Nibbles32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, ahead *byte, step int)
TEXT ·tile6Nibbles32VNNI(SB), NOSPLIT, $0-72
	NIBBLES32(STEP6, SUB6, BOTH6, ZEROSUB6, ZEROSUM6, ACC6, MINIMA6)

// func tile5Nibbles32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, ahead *byte, step int)
TEXT ·tile5Nibbles32VNNI(SB), NOSPLIT, $0-72
	NIBBLES32(STEP5, SUB5, BOTH5, ZEROSUB5, ZEROSUM5, ACC5, MINIMA5)

// func tile4Nibbles32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, ahead *byte, step int)
TEXT ·tile4Nibbles32VNNI(SB), NOSPLIT, $0-72
	NIBBLES32(STEP4, SUB4, BOTH4, ZEROSUB4, ZEROSUM4, ACC4, MINIMA4)

// func tile3Nibbles32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, ahead *byte, step int)
TEXT ·tile3Nibbles32VNNI(SB), NOSPLIT, $0-72
	NIBBLES32(STEP3, SUB3, BOTH3, ZEROSUB3, ZEROSUM3, ACC3, MINIMA3)

// func tile2Nibbles32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, ahead *byte, step int)
TEXT ·tile2Nibbles32VNNI(SB), NOSPLIT, $0-72
	NIBBLES32(STEP2, SUB2, BOTH2, ZEROSUB2, ZEROSUM2, ACC2, MINIMA2)

// func tile1Nibbles32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, ahead *byte, step int)
TEXT ·tile1Nibbles32VNNI(SB), NOSPLIT, $0-72
	NIBBLES32(STEP1, SUB1, BOTH1, ZEROSUB1, ZEROSUM1, ACC1, MINIMA1)
