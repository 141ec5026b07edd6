//go:build !purego

#include "textflag.h"
#include "tilesixteen_amd64.h"

// Blocks of 32 have signed weights, no minima, and no scales but one. ONES has 1 in all
// words of Y12 and Y13, where scales would be.
#define ONES \
	VPCMPEQW Y12, Y12, Y12;  \
	VPSRLW $15, Y12, Y12;    \
	VMOVDQA Y12, Y13

#define PLAIN8(PART) \
	CLEAR;                             \
	PART(SIGNED, MAGNITUDES, 0, 0);    \
	PART(SIGNED, MAGNITUDES, 64, 4);   \
	PART(SIGNED, MAGNITUDES, 128, 8);  \
	PART(SIGNED, MAGNITUDES, 192, 12); \
	PART(SIGNED, MAGNITUDES, 256, 16); \
	PART(SIGNED, MAGNITUDES, 320, 20); \
	PART(SIGNED, MAGNITUDES, 384, 24); \
	PART(SIGNED, MAGNITUDES, 448, 28)

// Of weights of up to 16 a word holds what 32 of them come to.
#define FIRSTSMALL(x, s0, s1) \
	VPBROADCASTD x, Y10;      \
	VPSIGNB Y8, Y10, Y11;     \
	VPSIGNB Y9, Y10, Y10;     \
	VPMADDUBSW Y11, Y14, s0;  \
	VPMADDUBSW Y10, Y15, s1

#define SMALL(x, s0, s1) \
	VPBROADCASTD x, Y10;      \
	VPSIGNB Y8, Y10, Y11;     \
	VPSIGNB Y9, Y10, Y10;     \
	VPMADDUBSW Y11, Y14, Y11; \
	VPMADDUBSW Y10, Y15, Y10; \
	VPADDW Y11, s0, s0;       \
	VPADDW Y10, s1, s1

#define PLAIN4(PART) \
	PART(FIRSTSMALL, MAGNITUDES, 0, 0); \
	PART(SMALL, MAGNITUDES, 64, 4);     \
	PART(SMALL, MAGNITUDES, 128, 8);    \
	PART(SMALL, MAGNITUDES, 192, 12);   \
	PART(SMALL, MAGNITUDES, 256, 16);   \
	PART(SMALL, MAGNITUDES, 320, 20);   \
	PART(SMALL, MAGNITUDES, 384, 24);   \
	PART(SMALL, MAGNITUDES, 448, 28);   \
	VPMADDWD Y12, Y0, Y0;               \
	VPMADDWD Y12, Y1, Y1;               \
	VPMADDWD Y12, Y2, Y2;               \
	VPMADDWD Y12, Y3, Y3;               \
	VPMADDWD Y12, Y4, Y4;               \
	VPMADDWD Y12, Y5, Y5;               \
	VPMADDWD Y12, Y6, Y6;               \
	VPMADDWD Y12, Y7, Y7

#define PLAINS(ADD, PART, ENDS) \
	TILE(3, 3);     \
block:                  \
	ASK;            \
	ONES;           \
	ADD(PART);      \
	ENDS(512);      \
	ADDQ $576, SI;  \
	ADDQ $32, R8;   \
	ADDQ $32, R9;   \
	ADDQ $4, DI;    \
	ADDQ $4, R11;   \
	DECQ blocks+48(FP); \
	JNZ  block;     \
	VZEROUPPER;     \
	RET

#define CLEAR \
	VPXOR Y0, Y0, Y0; \
	VPXOR Y1, Y1, Y1; \
	VPXOR Y2, Y2, Y2; \
	VPXOR Y3, Y3, Y3; \
	VPXOR Y4, Y4, Y4; \
	VPXOR Y5, Y5, Y5; \
	VPXOR Y6, Y6, Y6; \
	VPXOR Y7, Y7, Y7

// func tile1Plain8AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)
TEXT ·tile1Plain8AVX2(SB), NOSPLIT, $0-96
	PLAINS(PLAIN8, FOURS1, ENDS1)

// func tile2Plain8AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)
TEXT ·tile2Plain8AVX2(SB), NOSPLIT, $0-96
	PLAINS(PLAIN8, FOURS2, ENDS2)

// func tile3Plain8AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)
TEXT ·tile3Plain8AVX2(SB), NOSPLIT, $0-96
	PLAINS(PLAIN8, FOURS3, ENDS3)

// func tile4Plain8AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)
TEXT ·tile4Plain8AVX2(SB), NOSPLIT, $0-96
	PLAINS(PLAIN8, FOURS4, ENDS4)

// func tile1Plain4AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)
TEXT ·tile1Plain4AVX2(SB), NOSPLIT, $0-96
	PLAINS(PLAIN4, FOURS1, ENDS1)

// func tile2Plain4AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)
TEXT ·tile2Plain4AVX2(SB), NOSPLIT, $0-96
	PLAINS(PLAIN4, FOURS2, ENDS2)

// func tile3Plain4AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)
TEXT ·tile3Plain4AVX2(SB), NOSPLIT, $0-96
	PLAINS(PLAIN4, FOURS3, ENDS3)

// func tile4Plain4AVX2(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, work *int32, affine int, from *byte, at, step int)
TEXT ·tile4Plain4AVX2(SB), NOSPLIT, $0-96
	PLAINS(PLAIN4, FOURS4, ENDS4)
