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

// BEGINAHEAD is for the loops that ask for the next panel's rows.
#define BEGINAHEAD \
	MOVQ ahead+56(FP), R15

// AHEAD asks for two lines, and goes on by a step, once a sub-block.
#define AHEAD \
	PREFETCHT1 (R15);        \
	PREFETCHT1 64(R15);      \
	ADDQ step+64(FP), R15

#define ROWS32(p) \
	VMOVDQU64 p(SI), Z24; \
	VMOVDQU64 p+64(SI), Z25

// DOT adds the products of the activations at x, four of them unless BROADCAST takes
// eight, and of the weights in Z24 and Z25.
#ifndef BROADCAST
#define BROADCAST VPBROADCASTD
#endif

#define DOT(x, t, s0, s1) \
	BROADCAST x, t;        \
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

// SUBn does something with the sums of n tokens, at o, and what is of a sub-block.
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
