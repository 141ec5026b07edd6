//go:build !purego

#include "textflag.h"
#include "tile_amd64.h"

// SUPER32 is the loop over blocks of 256 with scales and minima every 32. A
// sub-block has 1024 bytes of weights and its scales in the panel; then follow
// the minima, d and dmin.
#define SUPER32(STEP, SUB, BOTH, ZEROSUB, ZEROSUM, ACCS, MINIMA) \
	ARGUMENTS(6, 4);       \
	BEGINAHEAD;            \
block:                         \
	ZEROSUM;               \
	MOVL $8, R14;          \
sub:                           \
	ZEROSUB;               \
	AHEAD;                 \
	STEPS32(STEP);         \
	ROWS32(1024);          \
	BOTH(WEIGH);           \
	ADDQ $1152, SI;        \
	ADDQ $32, R8;          \
	ADDQ $32, R9;          \
	DECL R14;              \
	JNZ  sub;              \
	ROWS32(0);             \
	SUB(PRODUCT, 0);       \
	ROWS32(128);           \
	SUB(SHIFT, 4);          \
	ROWS32(256);           \
	SUB(SHIFT, 8);          \
	ROWS32(384);           \
	SUB(SHIFT, 12);         \
	ACCS(512);             \
	MINIMA(640);           \
	NEXT(512, 256);            \
	DECQ CX;               \
	JNZ  block;            \
	VZEROUPPER;            \
	RET

// SUPER16 is the same with scales and minima every 16.
#define SUPER16(STEP, SUB, BOTH, ZEROSUB, ZEROSUM, ACCS, MINIMA) \
	ARGUMENTS(6, 3);       \
block:                         \
	ZEROSUM;               \
	MOVL $16, R14;         \
sub:                           \
	ZEROSUB;               \
	STEPS16(STEP);         \
	ROWS32(512);           \
	BOTH(WEIGH);           \
	ADDQ $640, SI;         \
	ADDQ $16, R8;          \
	ADDQ $16, R9;          \
	DECL R14;              \
	JNZ  sub;              \
	ROWS32(0);             \
	SUB(PRODUCT, 0);       \
	ROWS32(128);           \
	SUB(SHIFT, 4);          \
	ROWS32(256);           \
	SUB(SHIFT, 8);          \
	ROWS32(384);           \
	SUB(SHIFT, 12);         \
	ROWS32(512);           \
	SUB(SHIFT, 16);         \
	ROWS32(640);           \
	SUB(SHIFT, 20);         \
	ROWS32(768);           \
	SUB(SHIFT, 24);         \
	ROWS32(896);           \
	SUB(SHIFT, 28);         \
	ACCS(1024);            \
	MINIMA(1152);          \
	NEXT(1024, 256);            \
	DECQ CX;               \
	JNZ  block;            \
	VZEROUPPER;            \
	RET

// func tile6Super32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, ahead *byte, step int)
TEXT ·tile6Super32VNNI(SB), NOSPLIT, $0-72
	SUPER32(STEP6, SUB6, BOTH6, ZEROSUB6, ZEROSUM6, ACC6, MINIMA6)

// func tile5Super32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, ahead *byte, step int)
TEXT ·tile5Super32VNNI(SB), NOSPLIT, $0-72
	SUPER32(STEP5, SUB5, BOTH5, ZEROSUB5, ZEROSUM5, ACC5, MINIMA5)

// func tile4Super32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, ahead *byte, step int)
TEXT ·tile4Super32VNNI(SB), NOSPLIT, $0-72
	SUPER32(STEP4, SUB4, BOTH4, ZEROSUB4, ZEROSUM4, ACC4, MINIMA4)

// func tile3Super32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, ahead *byte, step int)
TEXT ·tile3Super32VNNI(SB), NOSPLIT, $0-72
	SUPER32(STEP3, SUB3, BOTH3, ZEROSUB3, ZEROSUM3, ACC3, MINIMA3)

// func tile2Super32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, ahead *byte, step int)
TEXT ·tile2Super32VNNI(SB), NOSPLIT, $0-72
	SUPER32(STEP2, SUB2, BOTH2, ZEROSUB2, ZEROSUM2, ACC2, MINIMA2)

// func tile1Super32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, ahead *byte, step int)
TEXT ·tile1Super32VNNI(SB), NOSPLIT, $0-72
	SUPER32(STEP1, SUB1, BOTH1, ZEROSUB1, ZEROSUM1, ACC1, MINIMA1)

// func tile6Super16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int)
TEXT ·tile6Super16VNNI(SB), NOSPLIT, $0-56
	SUPER16(STEP6, SUB6, BOTH6, ZEROSUB6, ZEROSUM6, ACC6, MINIMA6)

// func tile5Super16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int)
TEXT ·tile5Super16VNNI(SB), NOSPLIT, $0-56
	SUPER16(STEP5, SUB5, BOTH5, ZEROSUB5, ZEROSUM5, ACC5, MINIMA5)

// func tile4Super16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int)
TEXT ·tile4Super16VNNI(SB), NOSPLIT, $0-56
	SUPER16(STEP4, SUB4, BOTH4, ZEROSUB4, ZEROSUM4, ACC4, MINIMA4)

// func tile3Super16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int)
TEXT ·tile3Super16VNNI(SB), NOSPLIT, $0-56
	SUPER16(STEP3, SUB3, BOTH3, ZEROSUB3, ZEROSUM3, ACC3, MINIMA3)

// func tile2Super16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int)
TEXT ·tile2Super16VNNI(SB), NOSPLIT, $0-56
	SUPER16(STEP2, SUB2, BOTH2, ZEROSUB2, ZEROSUM2, ACC2, MINIMA2)

// func tile1Super16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int)
TEXT ·tile1Super16VNNI(SB), NOSPLIT, $0-56
	SUPER16(STEP1, SUB1, BOTH1, ZEROSUB1, ZEROSUM1, ACC1, MINIMA1)

// In blocks of 32 the accumulators are Z12 to Z23.

#define KEEP(x, s0, s1, t0, t1) \
	VBROADCASTSS x, Z28;      \
	VCVTDQ2PS s0, s0;         \
	VCVTDQ2PS s1, s1;         \
	VMULPS Z28, Z24, Z29;     \
	VMULPS Z28, Z25, Z28;     \
	VFMADD231PS s0, Z29, t0;  \
	VFMADD231PS s1, Z28, t1

#define KEEP1(p) \
	ROWS32(p); \
	KEEP((DI), Z0, Z1, Z12, Z13)

#define KEEP2(p) \
	KEEP1(p); \
	KEEP((DI)(R12*1), Z2, Z3, Z14, Z15)

#define KEEP3(p) \
	KEEP2(p); \
	KEEP((DI)(R12*2), Z4, Z5, Z16, Z17)

#define KEEP4(p) \
	KEEP3(p); \
	KEEP((R11), Z6, Z7, Z18, Z19)

#define KEEP5(p) \
	KEEP4(p); \
	KEEP((R11)(R12*1), Z8, Z9, Z20, Z21)

#define KEEP6(p) \
	KEEP5(p); \
	KEEP((R11)(R12*2), Z10, Z11, Z22, Z23)

#define ACCUMULATORS1(MOVE) \
	MOVE(Z12, 0); \
	MOVE(Z13, 64)

#define ACCUMULATORS2(MOVE) \
	ACCUMULATORS1(MOVE); \
	MOVE(Z14, 256); \
	MOVE(Z15, 320)

#define ACCUMULATORS3(MOVE) \
	ACCUMULATORS2(MOVE); \
	MOVE(Z16, 512); \
	MOVE(Z17, 576)

#define ACCUMULATORS4(MOVE) \
	ACCUMULATORS3(MOVE); \
	MOVE(Z18, 768); \
	MOVE(Z19, 832)

#define ACCUMULATORS5(MOVE) \
	ACCUMULATORS4(MOVE); \
	MOVE(Z20, 1024); \
	MOVE(Z21, 1088)

#define ACCUMULATORS6(MOVE) \
	ACCUMULATORS5(MOVE); \
	MOVE(Z22, 1280); \
	MOVE(Z23, 1344)

#define LOAD(z, a) VMOVUPS a(AX), z
#define STORE(z, a) VMOVUPS z, a(AX)

#define PLAIN32(STEP, STARTS, KEEPS, ACCUMULATORS) \
	ARGUMENTS(3, 3);       \
	BEGINAHEAD;            \
	ACCUMULATORS(LOAD);    \
block:                         \
	STARTS;                \
	AHEAD;                 \
	STEPS32(STEP);         \
	KEEPS(1024);           \
	ADDQ $1280, SI;        \
	ADDQ $32, R8;          \
	ADDQ $32, R9;          \
	ADDQ $4, DI;           \
	ADDQ $4, R11;          \
	ADDQ $4, BX;           \
	ADDQ $4, DX;           \
	DECQ CX;               \
	JNZ  block;            \
	ACCUMULATORS(STORE);   \
	VZEROUPPER;            \
	RET

// func tile6Plain32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int, ahead *byte, step int)
TEXT ·tile6Plain32VNNI(SB), NOSPLIT, $0-72
	PLAIN32(STEP6, START6, KEEP6, ACCUMULATORS6)

// func tile5Plain32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int, ahead *byte, step int)
TEXT ·tile5Plain32VNNI(SB), NOSPLIT, $0-72
	PLAIN32(STEP5, START5, KEEP5, ACCUMULATORS5)

// func tile4Plain32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int, ahead *byte, step int)
TEXT ·tile4Plain32VNNI(SB), NOSPLIT, $0-72
	PLAIN32(STEP4, START4, KEEP4, ACCUMULATORS4)

// func tile3Plain32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int, ahead *byte, step int)
TEXT ·tile3Plain32VNNI(SB), NOSPLIT, $0-72
	PLAIN32(STEP3, START3, KEEP3, ACCUMULATORS3)

// func tile2Plain32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int, ahead *byte, step int)
TEXT ·tile2Plain32VNNI(SB), NOSPLIT, $0-72
	PLAIN32(STEP2, START2, KEEP2, ACCUMULATORS2)

// func tile1Plain32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int, ahead *byte, step int)
TEXT ·tile1Plain32VNNI(SB), NOSPLIT, $0-72
	PLAIN32(STEP1, START1, KEEP1, ACCUMULATORS1)
