//go:build !purego

#include "textflag.h"
#include "columns_amd64.h"
#include "eight_amd64.h"

// The loops over stored floats take 16 rows, row i in lane i (columns_amd64.h),
// and eight columns at a time.

// PUT stores a column in a panel of 32 rows.
#define PUT(i, z) VMOVUPS z, (128*i)(DI)

#define SPREAD(EIGHT, bytes) \
	MOVQ panel+0(FP), DI;     \
	MOVQ w+8(FP), SI;         \
	MOVQ rowBytes+16(FP), R8; \
	MOVQ eights+24(FP), CX;   \
	ROWS;                     \
	HIGHHALF;                 \
eight:                            \
	EIGHT(PUT, 0);            \
	ALONG(bytes);             \
	ADDQ $1024, DI;           \
	DECQ CX;                  \
	JNZ  eight;               \
	VZEROUPPER;               \
	RET

// func spreadBF16AVX512(panel *float32, w *byte, rowBytes, eights int)
TEXT ·spreadBF16AVX512(SB), NOSPLIT, $0-32
	SPREAD(EIGHTBF16, 16)

// func spreadF16AVX512(panel *float32, w *byte, rowBytes, eights int)
TEXT ·spreadF16AVX512(SB), NOSPLIT, $0-32
	SPREAD(EIGHTF16, 16)

// func spreadF32AVX512(panel *float32, w *byte, rowBytes, eights int)
TEXT ·spreadF32AVX512(SB), NOSPLIT, $0-32
	SPREAD(EIGHTF32, 32)
