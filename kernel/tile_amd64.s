//go:build !purego

#include "textflag.h"

// A tile is 32 rows of a panel times 1 to 6 tokens. Of token t the sums over a
// sub-block are in Z(2t) and Z(2t+1), a row in each lane, and those over a block
// in Z(2t+12) and Z(2t+13).
//
//	SI              panel
//	R8, R9, R10     activations of token 0, of token 3, bytes of a token
//	DI, R11, R12    their scales, likewise
//	BX, DX, R13     their sums, likewise
//	AX              accumulators, 256 bytes a token: acc, then m
//	R15             what of the next panel's rows is to be asked for
//	CX              blocks left

#define ARGUMENTS(perScale, perSum) \
	MOVQ acc+0(FP), AX;     \
	MOVQ panel+8(FP), SI;   \
	MOVQ q+16(FP), R8;      \
	MOVQ d+24(FP), DI;      \
	MOVQ sums+32(FP), BX;   \
	MOVQ k+40(FP), R10;     \
	MOVQ blocks+48(FP), CX; \
	MOVQ ahead+56(FP), R15; \
	MOVQ R10, R12;          \
	SHRQ $perScale, R12;    \
	MOVQ R10, R13;          \
	SHRQ $perSum, R13;      \
	LEAQ (R10)(R10*2), R9;  \
	ADDQ R8, R9;            \
	LEAQ (R12)(R12*2), R11; \
	ADDQ DI, R11;           \
	LEAQ (R13)(R13*2), DX;  \
	ADDQ BX, DX

// AHEAD asks for two lines, and goes on by a step, once a sub-block.
#define AHEAD \
	PREFETCHT1 (R15);        \
	PREFETCHT1 64(R15);      \
	ADDQ step+64(FP), R15

#define ROWS32(p) \
	VMOVDQU64 p(SI), Z24; \
	VMOVDQU64 p+64(SI), Z25

// DOT adds the products of the four activations at x and of the weights in Z24
// and Z25.
#define DOT(x, t, s0, s1) \
	VPBROADCASTD x, t;     \
	VPDPBUSD t, Z24, s0; \
	VPDPBUSD t, Z25, s1

#define STEP1(p, o) \
	ROWS32(p); \
	DOT(o(R8), Z26, Z0, Z1)

#define STEP2(p, o) \
	STEP1(p, o); \
	DOT(o(R8)(R10*1), Z27, Z2, Z3)

#define STEP3(p, o) \
	STEP2(p, o); \
	DOT(o(R8)(R10*2), Z28, Z4, Z5)

#define STEP4(p, o) \
	STEP3(p, o); \
	DOT(o(R9), Z29, Z6, Z7)

#define STEP5(p, o) \
	STEP4(p, o); \
	DOT(o(R9)(R10*1), Z30, Z8, Z9)

#define STEP6(p, o) \
	STEP5(p, o); \
	DOT(o(R9)(R10*2), Z31, Z10, Z11)

#define STEPS16(STEP) \
	STEP(0, 0);   \
	STEP(128, 4); \
	STEP(256, 8); \
	STEP(384, 12)

#define STEPS32(STEP) \
	STEPS16(STEP); \
	STEP(512, 16); \
	STEP(640, 20); \
	STEP(768, 24); \
	STEP(896, 28)

// SHIFT adds the products of two sums of activations at x and of two shifts of
// each row.
#define SHIFT(x, t, s0, s1) \
	VPBROADCASTD x, t;     \
	VPDPWSSD t, Z24, s0; \
	VPDPWSSD t, Z25, s1

// PRODUCT is SHIFT for the first of them.
#define PRODUCT(x, t, s0, s1) \
	VPBROADCASTD x, t;     \
	VPMADDWD t, Z24, s0; \
	VPMADDWD t, Z25, s1

// SUBn does something with the sums of n tokens, at o, and what is of a sub-block;
// SUMn with what is of a block.
#define SUB1(DO, o) \
	DO(o(BX), Z26, Z0, Z1)

#define SUB2(DO, o) \
	SUB1(DO, o); \
	DO(o(BX)(R13*1), Z27, Z2, Z3)

#define SUB3(DO, o) \
	SUB2(DO, o); \
	DO(o(BX)(R13*2), Z28, Z4, Z5)

#define SUB4(DO, o) \
	SUB3(DO, o); \
	DO(o(DX), Z29, Z6, Z7)

#define SUB5(DO, o) \
	SUB4(DO, o); \
	DO(o(DX)(R13*1), Z30, Z8, Z9)

#define SUB6(DO, o) \
	SUB5(DO, o); \
	DO(o(DX)(R13*2), Z31, Z10, Z11)

#define SUM1(DO, o) \
	DO(o(BX), Z26, Z12, Z13)

#define SUM2(DO, o) \
	SUM1(DO, o); \
	DO(o(BX)(R13*1), Z27, Z14, Z15)

#define SUM3(DO, o) \
	SUM2(DO, o); \
	DO(o(BX)(R13*2), Z28, Z16, Z17)

#define SUM4(DO, o) \
	SUM3(DO, o); \
	DO(o(DX), Z29, Z18, Z19)

#define SUM5(DO, o) \
	SUM4(DO, o); \
	DO(o(DX)(R13*1), Z30, Z20, Z21)

#define SUM6(DO, o) \
	SUM5(DO, o); \
	DO(o(DX)(R13*2), Z31, Z22, Z23)

// ZERO costs nothing where VPXOR will do.
#define ZERO(XOR, s0, s1) \
	XOR s0, s0, s0; \
	XOR s1, s1, s1

#define ZEROSUB1 \
	ZERO(VPXOR, X0, X1)

#define ZEROSUB2 \
	ZEROSUB1; \
	ZERO(VPXOR, X2, X3)

#define ZEROSUB3 \
	ZEROSUB2; \
	ZERO(VPXOR, X4, X5)

#define ZEROSUB4 \
	ZEROSUB3; \
	ZERO(VPXOR, X6, X7)

#define ZEROSUB5 \
	ZEROSUB4; \
	ZERO(VPXOR, X8, X9)

#define ZEROSUB6 \
	ZEROSUB5; \
	ZERO(VPXOR, X10, X11)

#define ZEROSUM1 \
	ZERO(VPXORD, Z12, Z13)

#define ZEROSUM2 \
	ZEROSUM1; \
	ZERO(VPXORD, Z14, Z15)

#define ZEROSUM3 \
	ZEROSUM2; \
	ZERO(VPXORD, Z16, Z17)

#define ZEROSUM4 \
	ZEROSUM3; \
	ZERO(VPXORD, Z18, Z19)

#define ZEROSUM5 \
	ZEROSUM4; \
	ZERO(VPXORD, Z20, Z21)

#define ZEROSUM6 \
	ZEROSUM5; \
	ZERO(VPXORD, Z22, Z23)

// WEIGH adds a token's sums over a sub-block, times the rows' scales in Z24 and
// Z25, to those over the block.
#define WEIGH(s0, s1, t0, t1) \
	VPMULLD Z24, s0, s0; \
	VPMULLD Z25, s1, s1; \
	VPADDD s0, t0, t0;   \
	VPADDD s1, t1, t1

// NARROW does so where sums stay below 2¹⁵ and scales are words.
#define NARROW(s0, s1, t0, t1) \
	VPDPWSSD Z24, s0, t0; \
	VPDPWSSD Z25, s1, t1

#define BOTH1(DO) \
	DO(Z0, Z1, Z12, Z13)

#define BOTH2(DO) \
	BOTH1(DO); \
	DO(Z2, Z3, Z14, Z15)

#define BOTH3(DO) \
	BOTH2(DO); \
	DO(Z4, Z5, Z16, Z17)

#define BOTH4(DO) \
	BOTH3(DO); \
	DO(Z6, Z7, Z18, Z19)

#define BOTH5(DO) \
	BOTH4(DO); \
	DO(Z8, Z9, Z20, Z21)

#define BOTH6(DO) \
	BOTH5(DO); \
	DO(Z10, Z11, Z22, Z23)

// FLOAT does the multiply-add of a block for a token: the rows' scales, in Z24
// and Z25, times the token's, at x, times the integers in s0 and s1, are added to
// the accumulators at a.
#define FLOAT(x, a, s0, s1) \
	VBROADCASTSS x, Z28;         \
	VCVTDQ2PS s0, s0;            \
	VCVTDQ2PS s1, s1;            \
	VMULPS Z28, Z24, Z29;        \
	VMULPS Z28, Z25, Z28;        \
	VMOVUPS a(AX), Z30;          \
	VMOVUPS a+64(AX), Z31;       \
	VFMADD231PS s0, Z29, Z30;    \
	VFMADD231PS s1, Z28, Z31;    \
	VMOVUPS Z30, a(AX);          \
	VMOVUPS Z31, a+64(AX)

#define ACC1(p) \
	ROWS32(p); \
	FLOAT((DI), 0, Z12, Z13)

#define ACC2(p) \
	ACC1(p); \
	FLOAT((DI)(R12*1), 256, Z14, Z15)

#define ACC3(p) \
	ACC2(p); \
	FLOAT((DI)(R12*2), 512, Z16, Z17)

#define ACC4(p) \
	ACC3(p); \
	FLOAT((R11), 768, Z18, Z19)

#define ACC5(p) \
	ACC4(p); \
	FLOAT((R11)(R12*1), 1024, Z20, Z21)

#define ACC6(p) \
	ACC5(p); \
	FLOAT((R11)(R12*2), 1280, Z22, Z23)

#define MINIMA1(p) \
	ROWS32(p); \
	FLOAT((DI), 128, Z0, Z1)

#define MINIMA2(p) \
	MINIMA1(p); \
	FLOAT((DI)(R12*1), 384, Z2, Z3)

#define MINIMA3(p) \
	MINIMA2(p); \
	FLOAT((DI)(R12*2), 640, Z4, Z5)

#define MINIMA4(p) \
	MINIMA3(p); \
	FLOAT((R11), 896, Z6, Z7)

#define MINIMA5(p) \
	MINIMA4(p); \
	FLOAT((R11)(R12*1), 1152, Z8, Z9)

#define MINIMA6(p) \
	MINIMA5(p); \
	FLOAT((R11)(R12*2), 1408, Z10, Z11)

// NEXT goes on to the next block of 256.
#define NEXT(shifts, others) \
	ADDQ $(shifts+others), SI; \
	ADDQ $4, DI;            \
	ADDQ $4, R11;           \
	ADDQ $(shifts/32), BX;  \
	ADDQ $(shifts/32), DX

// SUPER32 is the loop over blocks of 256 with scales and minima every 32. A
// sub-block has 1024 bytes of weights and its scales in the panel; then follow
// the minima, d and dmin.
#define SUPER32(STEP, SUB, BOTH, ZEROSUB, ZEROSUM, ACCS, MINIMA) \
	ARGUMENTS(6, 4);       \
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
	NEXT(512, 768);            \
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
	AHEAD;                 \
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

// START begins a token's sums over a sub-block with what is at x: minus zero
// times the sum of the activations.
#define START(x, s0, s1) \
	VPBROADCASTD x, s0; \
	VPBROADCASTD x, s1

#define START1 \
	START((BX), Z0, Z1)

#define START2 \
	START1; \
	START((BX)(R13*1), Z2, Z3)

#define START3 \
	START2; \
	START((BX)(R13*2), Z4, Z5)

#define START4 \
	START3; \
	START((DX), Z6, Z7)

#define START5 \
	START4; \
	START((DX)(R13*1), Z8, Z9)

#define START6 \
	START5; \
	START((DX)(R13*2), Z10, Z11)

// SUBBLOCK16 goes on to the next sub-block of 16.
#define SUBBLOCK16 \
	ADDQ $640, SI; \
	ADDQ $16, R8;  \
	ADDQ $16, R9;  \
	ADDQ $4, BX;   \
	ADDQ $4, DX;   \
	DECL R14

// CENTRED16 is the loop over blocks of 256 of centred weights, with scales every
// 16. The shifts in the panel are not needed.
#define CENTRED16(STEP, STARTS, BOTH, ZEROSUM, ACCS) \
	ARGUMENTS(6, 2);       \
block:                         \
	ZEROSUM;               \
	MOVL $16, R14;         \
sub:                           \
	STARTS;                \
	AHEAD;                 \
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

// NIBBLES32 is SUPER32 for weights below 16. Their sums begin at -8 times the sum
// of the activations, which keeps them below 2¹⁵, and those over a block at the
// scales times eight, which follow dmin, times the sums of the activations. Of a
// token's block there are eight int32 to begin at, and eight sums, in words.
#define NIBBLES32(STEP, SUB, SUM, BOTH, STARTS, ACCS, MINIMA) \
	ARGUMENTS(6, 4);         \
	LEAQ (R13)(R13*2), R13;  \
	LEAQ (R13)(R13*2), DX;   \
	ADDQ BX, DX;             \
block:                           \
	ROWS32(9984);            \
	SUM(PRODUCT, 32);        \
	ROWS32(10112);           \
	SUM(SHIFT, 36);          \
	ROWS32(10240);           \
	SUM(SHIFT, 40);          \
	ROWS32(10368);           \
	SUM(SHIFT, 44);          \
	MOVL $8, R14;            \
sub:                             \
	STARTS;                  \
	AHEAD;                   \
	STEPS32(STEP);           \
	ROWS32(1024);            \
	BOTH(NARROW);            \
	ADDQ $1152, SI;          \
	ADDQ $32, R8;            \
	ADDQ $32, R9;            \
	ADDQ $4, BX;             \
	ADDQ $4, DX;             \
	DECL R14;                \
	JNZ  sub;                \
	ROWS32(0);               \
	SUB(PRODUCT, 0);         \
	ROWS32(128);             \
	SUB(SHIFT, 4);           \
	ROWS32(256);             \
	SUB(SHIFT, 8);           \
	ROWS32(384);             \
	SUB(SHIFT, 12);          \
	ACCS(512);               \
	MINIMA(640);             \
	NEXT(512, 768);          \
	DECQ CX;                 \
	JNZ  block;              \
	VZEROUPPER;              \
	RET

// NARROW16 is CENTRED16 for weights of 32 below zero and above: their sums stay
// below 2¹⁵ if the magnitudes of 16 activations are no more than 1023 together,
// as the list of the most in each block says. The scales are words, which are
// made dwords where they are not.
#define NARROW16(STEP, STARTS, BOTH, ZEROSUM, ACCS) \
	ARGUMENTS(6, 2);         \
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

// func tile6Super16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, ahead *byte, step int)
TEXT ·tile6Super16VNNI(SB), NOSPLIT, $0-72
	SUPER16(STEP6, SUB6, BOTH6, ZEROSUB6, ZEROSUM6, ACC6, MINIMA6)

// func tile5Super16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, ahead *byte, step int)
TEXT ·tile5Super16VNNI(SB), NOSPLIT, $0-72
	SUPER16(STEP5, SUB5, BOTH5, ZEROSUB5, ZEROSUM5, ACC5, MINIMA5)

// func tile4Super16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, ahead *byte, step int)
TEXT ·tile4Super16VNNI(SB), NOSPLIT, $0-72
	SUPER16(STEP4, SUB4, BOTH4, ZEROSUB4, ZEROSUM4, ACC4, MINIMA4)

// func tile3Super16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, ahead *byte, step int)
TEXT ·tile3Super16VNNI(SB), NOSPLIT, $0-72
	SUPER16(STEP3, SUB3, BOTH3, ZEROSUB3, ZEROSUM3, ACC3, MINIMA3)

// func tile2Super16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, ahead *byte, step int)
TEXT ·tile2Super16VNNI(SB), NOSPLIT, $0-72
	SUPER16(STEP2, SUB2, BOTH2, ZEROSUB2, ZEROSUM2, ACC2, MINIMA2)

// func tile1Super16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, ahead *byte, step int)
TEXT ·tile1Super16VNNI(SB), NOSPLIT, $0-72
	SUPER16(STEP1, SUB1, BOTH1, ZEROSUB1, ZEROSUM1, ACC1, MINIMA1)

// func tile6Centred16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int, ahead *byte, step int)
TEXT ·tile6Centred16VNNI(SB), NOSPLIT, $0-72
	CENTRED16(STEP6, START6, BOTH6, ZEROSUM6, ACC6)

// func tile5Centred16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int, ahead *byte, step int)
TEXT ·tile5Centred16VNNI(SB), NOSPLIT, $0-72
	CENTRED16(STEP5, START5, BOTH5, ZEROSUM5, ACC5)

// func tile4Centred16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int, ahead *byte, step int)
TEXT ·tile4Centred16VNNI(SB), NOSPLIT, $0-72
	CENTRED16(STEP4, START4, BOTH4, ZEROSUM4, ACC4)

// func tile3Centred16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int, ahead *byte, step int)
TEXT ·tile3Centred16VNNI(SB), NOSPLIT, $0-72
	CENTRED16(STEP3, START3, BOTH3, ZEROSUM3, ACC3)

// func tile2Centred16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int, ahead *byte, step int)
TEXT ·tile2Centred16VNNI(SB), NOSPLIT, $0-72
	CENTRED16(STEP2, START2, BOTH2, ZEROSUM2, ACC2)

// func tile1Centred16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int, ahead *byte, step int)
TEXT ·tile1Centred16VNNI(SB), NOSPLIT, $0-72
	CENTRED16(STEP1, START1, BOTH1, ZEROSUM1, ACC1)

// func tile6Nibbles32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int, ahead *byte, step int)
TEXT ·tile6Nibbles32VNNI(SB), NOSPLIT, $0-72
	NIBBLES32(STEP6, SUB6, SUM6, BOTH6, START6, ACC6, MINIMA6)

// func tile5Nibbles32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int, ahead *byte, step int)
TEXT ·tile5Nibbles32VNNI(SB), NOSPLIT, $0-72
	NIBBLES32(STEP5, SUB5, SUM5, BOTH5, START5, ACC5, MINIMA5)

// func tile4Nibbles32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int, ahead *byte, step int)
TEXT ·tile4Nibbles32VNNI(SB), NOSPLIT, $0-72
	NIBBLES32(STEP4, SUB4, SUM4, BOTH4, START4, ACC4, MINIMA4)

// func tile3Nibbles32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int, ahead *byte, step int)
TEXT ·tile3Nibbles32VNNI(SB), NOSPLIT, $0-72
	NIBBLES32(STEP3, SUB3, SUM3, BOTH3, START3, ACC3, MINIMA3)

// func tile2Nibbles32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int, ahead *byte, step int)
TEXT ·tile2Nibbles32VNNI(SB), NOSPLIT, $0-72
	NIBBLES32(STEP2, SUB2, SUM2, BOTH2, START2, ACC2, MINIMA2)

// func tile1Nibbles32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int, ahead *byte, step int)
TEXT ·tile1Nibbles32VNNI(SB), NOSPLIT, $0-72
	NIBBLES32(STEP1, SUB1, SUM1, BOTH1, START1, ACC1, MINIMA1)

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
