//go:build !purego

#include "textflag.h"
#include "tilesixteen_amd64.h"

// The tiles of blocks of 256.
//
// How many products a word holds before it is weighed is what the name says, so
// that the greatest weights of an encoding and activations of 127 stay below 2¹⁵.

// WEIGH adds a token's words, times the scales at o, to its sums.
#define WEIGH(o, t, s0, s1) \
	VPMADDWD o(R14), s0, s0;      \
	VPMADDWD o+32(R14), s1, s1;   \
	VPADDD t(R15), s0, s0;        \
	VPADDD t+32(R15), s1, s1;     \
	VMOVDQU s0, t(R15);           \
	VMOVDQU s1, t+32(R15)

#define WEIGH3(o) \
	WEIGH(o, 0, Y0, Y1);  \
	WEIGH(o, 64, Y2, Y3); \
	WEIGH(o, 128, Y4, Y5)
#define WEIGH4(o) WEIGH3(o); WEIGH(o, 192, Y6, Y7)

// Of one token or two the sums stay in registers.
#define WEIGHHERE(o, s0, s1, d0, d1) \
	VPMADDWD o(R14), s0, s0;      \
	VPMADDWD o+32(R14), s1, s1;   \
	VPADDD s0, d0, d0;            \
	VPADDD s1, d1, d1

#define WEIGHHERE1(o) WEIGHHERE(o, Y0, Y1, Y4, Y5)
#define WEIGHHERE2(o) WEIGHHERE1(o); WEIGHHERE(o, Y2, Y3, Y6, Y7)

// ADD32 and ADD16 multiply 32 weights that have one scale, or two.
#define ADD32(STEP, WEIGHS) \
	STEP(FIRST, 0, 0);    \
	STEP(ADDED, 64, 4);   \
	STEP(ADDED, 128, 8);  \
	STEP(ADDED, 192, 12); \
	STEP(ADDED, 256, 16); \
	STEP(ADDED, 320, 20); \
	STEP(ADDED, 384, 24); \
	STEP(ADDED, 448, 28); \
	WEIGHS(0)

#define ADD16(STEP, WEIGHS) \
	STEP(FIRST, 0, 0);    \
	STEP(ADDED, 64, 4);   \
	STEP(ADDED, 128, 8);  \
	STEP(ADDED, 192, 12); \
	WEIGHS(0);            \
	STEP(FIRST, 256, 16); \
	STEP(ADDED, 320, 20); \
	STEP(ADDED, 384, 24); \
	STEP(ADDED, 448, 28); \
	WEIGHS(64)

// EIGHT adds eight products of the activations at x, with the weights in Y8 to Y11, a
// row's first four in Y8 and Y9.
#define EIGHT(x, x4, o, s0, s1) \
	VPBROADCASTD x, Y12;         \
	VPBROADCASTD x4, Y13;        \
	VPMADDUBSW Y12, Y8, Y14;     \
	VPMADDUBSW Y13, Y10, Y15;    \
	VPMADDUBSW Y12, Y9, Y12;     \
	VPMADDUBSW Y13, Y11, Y13;    \
	VPADDW Y15, Y14, Y14;        \
	VPADDW Y13, Y12, Y12;        \
	VPMADDWD o(R14), Y14, Y14;   \
	VPMADDWD o+32(R14), Y12, Y12; \
	VPADDD Y14, s0, s0;          \
	VPADDD Y12, s1, s1

#define STEP8ROWS(p) \
	VMOVDQU p(SI), Y8;      \
	VMOVDQU p+32(SI), Y9;   \
	VMOVDQU p+64(SI), Y10;  \
	VMOVDQU p+96(SI), Y11

#define EIGHTS1(p, x, o) STEP8ROWS(p); EIGHT(x(R8), x+4(R8), o, Y0, Y1)
#define EIGHTS2(p, x, o) EIGHTS1(p, x, o); EIGHT(x(R8)(R10*1), x+4(R8)(R10*1), o, Y2, Y3)
#define EIGHTS3(p, x, o) EIGHTS2(p, x, o); EIGHT(x(R8)(R10*2), x+4(R8)(R10*2), o, Y4, Y5)
#define EIGHTS4(p, x, o) EIGHTS3(p, x, o); EIGHT(x(R9), x+4(R9), o, Y6, Y7)

#define ADD8(PART, NONE) \
	PART(0, 0, 0);    \
	PART(128, 8, 0);  \
	PART(256, 16, 64); \
	PART(384, 24, 64)

// QUAD adds four products, of weights up to 127 in Y8 and Y9, the scales of which are
// in Y12 and Y13.
#define QUAD(x, s0, s1) \
	VPBROADCASTD x, Y10;      \
	VPMADDUBSW Y10, Y8, Y11;  \
	VPMADDUBSW Y10, Y9, Y10;  \
	VPMADDWD Y12, Y11, Y11;   \
	VPMADDWD Y13, Y10, Y10;   \
	VPADDD Y11, s0, s0;       \
	VPADDD Y10, s1, s1

#define SCALES(o) \
	VMOVDQU o(R14), Y12;   \
	VMOVDQU o+32(R14), Y13

#define ADDEACH(PART, DO, ALSO) \
	SCALES(0);                \
	PART(DO, ALSO, 0, 0);     \
	PART(DO, ALSO, 64, 4);    \
	PART(DO, ALSO, 128, 8);   \
	PART(DO, ALSO, 192, 12);  \
	SCALES(64);               \
	PART(DO, ALSO, 256, 16);  \
	PART(DO, ALSO, 320, 20);  \
	PART(DO, ALSO, 384, 24);  \
	PART(DO, ALSO, 448, 28)

#define ADD4(PART, NONE) ADDEACH(PART, QUAD, NOTHING)
#define ADDSIGNED(PART, NONE) ADDEACH(PART, SIGNED, MAGNITUDES)

// MINIMUM adds the products of two minima and the sums at x to Y2 and Y3.
#define MINIMUM(p, x) \
	VPBROADCASTD x, Y8;             \
	VPMADDWD 5120+p(SI), Y8, Y9;    \
	VPMADDWD 5152+p(SI), Y8, Y10;   \
	VPADDD Y9, Y2, Y2;              \
	VPADDD Y10, Y3, Y3

#define MINIMA4(x) \
	VPXOR Y2, Y2, Y2;  \
	VPXOR Y3, Y3, Y3;  \
	MINIMUM(0, 0 x);   \
	MINIMUM(64, 4 x);  \
	MINIMUM(128, 8 x); \
	MINIMUM(192, 12 x)

#define MINIMA8(x) \
	MINIMA4(x);         \
	MINIMUM(256, 16 x); \
	MINIMUM(320, 20 x); \
	MINIMUM(384, 24 x); \
	MINIMUM(448, 28 x)

// AFFINE begins a block of a token, whose scale is at d, with minima of their own, and
// CENTRED one whose minima are multiples of the scales.
#define AFFINE(MINIMA, t, x, d) \
	MINIMA(x);                    \
	VBROADCASTSS d, Y8;           \
	FMA2(5696, 2*t+64, Y2, Y3);   \
	VMOVDQU Y7, t(R15);           \
	VMOVDQU Y7, t+32(R15)

#define CENTRED(MINIMA, t, x, d) \
	MINIMA(x);                    \
	VPSUBD Y2, Y7, Y2;            \
	VPSUBD Y3, Y7, Y3;            \
	VMOVDQU Y2, t(R15);           \
	VMOVDQU Y3, t+32(R15)

#define BEGINS1(BEGIN, MINIMA) BEGIN(MINIMA, 0, (BX), (DI))
#define BEGINS2(BEGIN, MINIMA) BEGINS1(BEGIN, MINIMA); BEGIN(MINIMA, 64, (BX)(R13*1), (DI)(R12*1))
#define BEGINS3(BEGIN, MINIMA) BEGINS2(BEGIN, MINIMA); BEGIN(MINIMA, 128, (BX)(R13*2), (DI)(R12*2))
#define BEGINS4(BEGIN, MINIMA) BEGINS3(BEGIN, MINIMA); BEGIN(MINIMA, 192, (DX), (R11))

// LOAD4 has the sums in registers, of as many tokens as there may be.
#define LOAD(t, s0, s1) \
	VMOVDQU t(R15), s0;   \
	VMOVDQU t+32(R15), s1

#define LOAD1 LOAD(0, Y0, Y1)
#define LOAD2 LOAD1; LOAD(64, Y2, Y3)
#define LOAD3 LOAD2; LOAD(128, Y4, Y5)
#define LOAD4 LOAD3; LOAD(192, Y6, Y7)

#define LOADHERE1 LOAD(0, Y4, Y5)
#define LOADHERE2 LOADHERE1; LOAD(64, Y6, Y7)

#define ENDSHERE1(p) END(p, 0, (DI), Y4, Y5)
#define ENDSHERE2(p) ENDSHERE1(p); END(p, 128, (DI)(R12*1), Y6, Y7)

// TILES is a tile: what ADD does, eight times a block, between its begin and its end.
#define TILES(perSum, BEGINS, MINIMA, FIRST, ADD, PART, WEIGHS, LAST, ENDS) \
	TILE(6, perSum);               \
block:                                 \
	VPXOR Y7, Y7, Y7;              \
	CMPQ affine+64(FP), $0;        \
	JNE  affine;                   \
	BEGINS(CENTRED, MINIMA);       \
	JMP  sums;                     \
affine:                                \
	BEGINS(AFFINE, MINIMA);        \
sums:                                  \
	FIRST;                         \
	LEAQ 4096(SI), R14;            \
	MOVQ $8, left-8(SP);           \
part:                                  \
	ASK;                           \
	ADD(PART, WEIGHS);             \
	ADDQ $512, SI;                 \
	ADDQ $128, R14;                \
	ADDQ $32, R8;                  \
	ADDQ $32, R9;                  \
	DECQ left-8(SP);               \
	JNZ  part;                     \
	LAST;                          \
	ENDS(1536);                    \
	ADDQ $1664, SI;                \
	ADDQ $4, DI;                   \
	ADDQ $4, R11;                  \
	ADDQ $(256>>perSum), BX;       \
	ADDQ $(256>>perSum), DX;       \
	DECQ blocks+48(FP);            \
	JNZ  block;                    \
	VZEROUPPER;                    \
	RET

// func tile1Word32AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)
TEXT ·tile1Word32AVX2(SB), NOSPLIT, $8-96
	TILES(4, BEGINS1, MINIMA4, LOADHERE1, ADD32, STEP1, WEIGHHERE1, NOTHING, ENDSHERE1)

// func tile2Word32AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)
TEXT ·tile2Word32AVX2(SB), NOSPLIT, $8-96
	TILES(4, BEGINS2, MINIMA4, LOADHERE2, ADD32, STEP2, WEIGHHERE2, NOTHING, ENDSHERE2)

// func tile3Word32AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)
TEXT ·tile3Word32AVX2(SB), NOSPLIT, $8-96
	TILES(4, BEGINS3, MINIMA4, NOTHING, ADD32, STEP3, WEIGH3, LOAD3, ENDS3)

// func tile4Word32AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)
TEXT ·tile4Word32AVX2(SB), NOSPLIT, $8-96
	TILES(4, BEGINS4, MINIMA4, NOTHING, ADD32, STEP4, WEIGH4, LOAD4, ENDS4)

// func tile1Word16AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)
TEXT ·tile1Word16AVX2(SB), NOSPLIT, $8-96
	TILES(3, BEGINS1, MINIMA8, LOADHERE1, ADD16, STEP1, WEIGHHERE1, NOTHING, ENDSHERE1)

// func tile2Word16AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)
TEXT ·tile2Word16AVX2(SB), NOSPLIT, $8-96
	TILES(3, BEGINS2, MINIMA8, LOADHERE2, ADD16, STEP2, WEIGHHERE2, NOTHING, ENDSHERE2)

// func tile3Word16AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)
TEXT ·tile3Word16AVX2(SB), NOSPLIT, $8-96
	TILES(3, BEGINS3, MINIMA8, NOTHING, ADD16, STEP3, WEIGH3, LOAD3, ENDS3)

// func tile4Word16AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)
TEXT ·tile4Word16AVX2(SB), NOSPLIT, $8-96
	TILES(3, BEGINS4, MINIMA8, NOTHING, ADD16, STEP4, WEIGH4, LOAD4, ENDS4)

// func tile1Word8AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)
TEXT ·tile1Word8AVX2(SB), NOSPLIT, $8-96
	TILES(3, BEGINS1, MINIMA8, LOAD1, ADD8, EIGHTS1, NOTHING, NOTHING, ENDS1)

// func tile2Word8AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)
TEXT ·tile2Word8AVX2(SB), NOSPLIT, $8-96
	TILES(3, BEGINS2, MINIMA8, LOAD2, ADD8, EIGHTS2, NOTHING, NOTHING, ENDS2)

// func tile3Word8AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)
TEXT ·tile3Word8AVX2(SB), NOSPLIT, $8-96
	TILES(3, BEGINS3, MINIMA8, LOAD3, ADD8, EIGHTS3, NOTHING, NOTHING, ENDS3)

// func tile4Word8AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)
TEXT ·tile4Word8AVX2(SB), NOSPLIT, $8-96
	TILES(3, BEGINS4, MINIMA8, LOAD4, ADD8, EIGHTS4, NOTHING, NOTHING, ENDS4)

// func tile1Word4AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)
TEXT ·tile1Word4AVX2(SB), NOSPLIT, $8-96
	TILES(3, BEGINS1, MINIMA8, LOAD1, ADD4, FOURS1, NOTHING, NOTHING, ENDS1)

// func tile2Word4AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)
TEXT ·tile2Word4AVX2(SB), NOSPLIT, $8-96
	TILES(3, BEGINS2, MINIMA8, LOAD2, ADD4, FOURS2, NOTHING, NOTHING, ENDS2)

// func tile3Word4AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)
TEXT ·tile3Word4AVX2(SB), NOSPLIT, $8-96
	TILES(3, BEGINS3, MINIMA8, LOAD3, ADD4, FOURS3, NOTHING, NOTHING, ENDS3)

// func tile4Word4AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)
TEXT ·tile4Word4AVX2(SB), NOSPLIT, $8-96
	TILES(3, BEGINS4, MINIMA8, LOAD4, ADD4, FOURS4, NOTHING, NOTHING, ENDS4)

// func tile1SignedAVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)
TEXT ·tile1SignedAVX2(SB), NOSPLIT, $8-96
	TILES(3, BEGINS1, MINIMA8, LOAD1, ADDSIGNED, FOURS1, NOTHING, NOTHING, ENDS1)

// func tile2SignedAVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)
TEXT ·tile2SignedAVX2(SB), NOSPLIT, $8-96
	TILES(3, BEGINS2, MINIMA8, LOAD2, ADDSIGNED, FOURS2, NOTHING, NOTHING, ENDS2)

// func tile3SignedAVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)
TEXT ·tile3SignedAVX2(SB), NOSPLIT, $8-96
	TILES(3, BEGINS3, MINIMA8, LOAD3, ADDSIGNED, FOURS3, NOTHING, NOTHING, ENDS3)

// func tile4SignedAVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)
TEXT ·tile4SignedAVX2(SB), NOSPLIT, $8-96
	TILES(3, BEGINS4, MINIMA8, LOAD4, ADDSIGNED, FOURS4, NOTHING, NOTHING, ENDS4)

// func finishSixteenAVX2(dst, acc *float32, stride, tokens int)
TEXT ·finishSixteenAVX2(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ acc+8(FP), SI
	MOVQ stride+16(FP), R8
	MOVQ tokens+24(FP), CX
	SHLQ $2, R8

token:
	VMOVUPS (SI), Y0
	VMOVUPS 32(SI), Y1
	VSUBPS 64(SI), Y0, Y0
	VSUBPS 96(SI), Y1, Y1
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	ADDQ $128, SI
	ADDQ R8, DI
	DECQ CX
	JNZ  token
	VZEROUPPER
	RET

// func pairSumsAVX2(dst, sums *int16, blocks int)
TEXT ·pairSumsAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ sums+8(FP), SI
	MOVQ blocks+16(FP), CX
	VPCMPEQW Y15, Y15, Y15
	VPSRLW $15, Y15, Y15

block:
	VPMADDWD (SI), Y15, Y0
	VEXTRACTI128 $1, Y0, X1
	VPACKSSDW X1, X0, X0
	VMOVDQU X0, (DI)
	ADDQ $32, SI
	ADDQ $16, DI
	DECQ CX
	JNZ  block
	VZEROUPPER
	RET
