//go:build !purego

#include "textflag.h"
#include "tile_amd64.h"

// Centred weights begin their sums at minus zero times those of the activations.

// CENTRED16 is the loop over blocks of 256 of centred weights, with scales every
// 16. The shifts in the panel are not needed.
#define CENTRED16(STEP, STARTS, BOTH, ZEROSUM, ACCS) \
	ARGUMENTS(6, 2);       \
block:                         \
	ZEROSUM;               \
	MOVL $16, R14;         \
sub:                           \
	STARTS;                \
	STEPS16(STEP);         \
	ROWS32(512);           \
	BOTH(WEIGH);           \
	SUBBLOCK16;            \
	JNZ  sub;              \
	ACCS(1024);            \
	ADDQ $1280, SI;        \
	ADDQ $4, DI;           \
	ADDQ $4, R11;          \
	DECQ CX;               \
	JNZ  block;            \
	VZEROUPPER;            \
	RET

// CENTRED32 is the same with scales every 32.
#define CENTRED32(STEP, STARTS, BOTH, ZEROSUM, ACCS) \
	ARGUMENTS(6, 3);       \
block:                         \
	ZEROSUM;               \
	MOVL $8, R14;          \
sub:                           \
	STARTS;                \
	STEPS32(STEP);         \
	ROWS32(1024);          \
	BOTH(WEIGH);           \
	ADDQ $1152, SI;        \
	ADDQ $32, R8;          \
	ADDQ $32, R9;          \
	ADDQ $4, BX;           \
	ADDQ $4, DX;           \
	DECL R14;              \
	JNZ  sub;              \
	ACCS(512);             \
	ADDQ $768, SI;         \
	ADDQ $4, DI;           \
	ADDQ $4, R11;          \
	DECQ CX;               \
	JNZ  block;            \
	VZEROUPPER;            \
	RET

// NARROW16 is CENTRED16 for weights of 32 below zero and above: their sums stay
// below 2¹⁵ if the magnitudes of 16 activations are no more than 1023 together,
// as the list of the most in each block says. The scales are words, which are
// made dwords where they are not.
#define NARROW16(STEP, STARTS, BOTH, ZEROSUM, ACCS) \
	ARGUMENTS(6, 2);         \
	BEGINAHEAD;            \
block:                           \
	ZEROSUM;                 \
	MOVQ most+72(FP), R14;   \
	CMPL (R14), $1023;       \
	MOVL $16, R14;           \
	JGT  large;              \
sub:                             \
	STARTS;                  \
	AHEAD;                   \
	STEPS16(STEP);           \
	ROWS32(512);             \
	BOTH(NARROW);            \
	SUBBLOCK16;              \
	JNZ  sub;                \
done:                            \
	ACCS(1024);              \
	ADDQ $1280, SI;          \
	ADDQ $4, DI;             \
	ADDQ $4, R11;            \
	ADDQ $4, most+72(FP);    \
	DECQ CX;                 \
	JNZ  block;              \
	VZEROUPPER;              \
	RET;                     \
large:                           \
	STARTS;                  \
	AHEAD;                   \
	STEPS16(STEP);           \
	ROWS32(512);             \
	VPSLLD $16, Z24, Z24;    \
	VPSLLD $16, Z25, Z25;    \
	VPSRAD $16, Z24, Z24;    \
	VPSRAD $16, Z25, Z25;    \
	BOTH(WEIGH);             \
	SUBBLOCK16;              \
	JNZ  large;              \
	JMP  done

// func tile6Centred16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int)
TEXT ·tile6Centred16VNNI(SB), NOSPLIT, $0-56
	CENTRED16(STEP6, START6, BOTH6, ZEROSUM6, ACC6)

// func tile5Centred16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int)
TEXT ·tile5Centred16VNNI(SB), NOSPLIT, $0-56
	CENTRED16(STEP5, START5, BOTH5, ZEROSUM5, ACC5)

// func tile4Centred16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int)
TEXT ·tile4Centred16VNNI(SB), NOSPLIT, $0-56
	CENTRED16(STEP4, START4, BOTH4, ZEROSUM4, ACC4)

// func tile3Centred16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int)
TEXT ·tile3Centred16VNNI(SB), NOSPLIT, $0-56
	CENTRED16(STEP3, START3, BOTH3, ZEROSUM3, ACC3)

// func tile2Centred16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int)
TEXT ·tile2Centred16VNNI(SB), NOSPLIT, $0-56
	CENTRED16(STEP2, START2, BOTH2, ZEROSUM2, ACC2)

// func tile1Centred16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int)
TEXT ·tile1Centred16VNNI(SB), NOSPLIT, $0-56
	CENTRED16(STEP1, START1, BOTH1, ZEROSUM1, ACC1)

// func tile6Centred32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int)
TEXT ·tile6Centred32VNNI(SB), NOSPLIT, $0-56
	CENTRED32(STEP6, START6, BOTH6, ZEROSUM6, ACC6)

// func tile5Centred32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int)
TEXT ·tile5Centred32VNNI(SB), NOSPLIT, $0-56
	CENTRED32(STEP5, START5, BOTH5, ZEROSUM5, ACC5)

// func tile4Centred32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int)
TEXT ·tile4Centred32VNNI(SB), NOSPLIT, $0-56
	CENTRED32(STEP4, START4, BOTH4, ZEROSUM4, ACC4)

// func tile3Centred32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int)
TEXT ·tile3Centred32VNNI(SB), NOSPLIT, $0-56
	CENTRED32(STEP3, START3, BOTH3, ZEROSUM3, ACC3)

// func tile2Centred32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int)
TEXT ·tile2Centred32VNNI(SB), NOSPLIT, $0-56
	CENTRED32(STEP2, START2, BOTH2, ZEROSUM2, ACC2)

// func tile1Centred32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int)
TEXT ·tile1Centred32VNNI(SB), NOSPLIT, $0-56
	CENTRED32(STEP1, START1, BOTH1, ZEROSUM1, ACC1)

// func tile6Narrow16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int, ahead *byte, step int, most *int32)
TEXT ·tile6Narrow16VNNI(SB), NOSPLIT, $0-80
	NARROW16(STEP6, START6, BOTH6, ZEROSUM6, ACC6)

// func tile5Narrow16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int, ahead *byte, step int, most *int32)
TEXT ·tile5Narrow16VNNI(SB), NOSPLIT, $0-80
	NARROW16(STEP5, START5, BOTH5, ZEROSUM5, ACC5)

// func tile4Narrow16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int, ahead *byte, step int, most *int32)
TEXT ·tile4Narrow16VNNI(SB), NOSPLIT, $0-80
	NARROW16(STEP4, START4, BOTH4, ZEROSUM4, ACC4)

// func tile3Narrow16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int, ahead *byte, step int, most *int32)
TEXT ·tile3Narrow16VNNI(SB), NOSPLIT, $0-80
	NARROW16(STEP3, START3, BOTH3, ZEROSUM3, ACC3)

// func tile2Narrow16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int, ahead *byte, step int, most *int32)
TEXT ·tile2Narrow16VNNI(SB), NOSPLIT, $0-80
	NARROW16(STEP2, START2, BOTH2, ZEROSUM2, ACC2)

// func tile1Narrow16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int, ahead *byte, step int, most *int32)
TEXT ·tile1Narrow16VNNI(SB), NOSPLIT, $0-80
	NARROW16(STEP1, START1, BOTH1, ZEROSUM1, ACC1)
