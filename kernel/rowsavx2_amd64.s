//go:build !purego

#include "textflag.h"
#include "rowsavx2_amd64.h"

#define MINIMA(x, m, n) VPMADDWD (BX), x, m

#define CLEARS(s, z) VPXOR s, s, s

#define SHIFTED(s, z, m, n, bits) \
	VPMADDWD (BX), Y9, m;   \
	VPXOR s, s, s;          \
	VPSLLD $bits, m, m;     \
	VPSUBD m, s, s

#include "rowskinds_amd64.h"

#define KROWS(ROW) \
	ROW((SI), Y0, Y0, Y4, Y4, X4, X4);       \
	ROW((SI)(R8*1), Y1, Y1, Y5, Y5, X5, X5); \
	ROW((SI)(R8*2), Y2, Y2, Y6, Y6, X6, X6); \
	ROW((SI)(R12*1), Y3, Y3, Y7, Y7, X7, X7)

// func rows4Q4KAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)
TEXT ·rows4Q4KAVX2(SB), NOSPLIT, $0-64
	ARGUMENTS

block:
	LINES3(0)
	LINES3(192)
	LINES3(384)
	KROWS(ROW4K)
	AFFINE(0)
	NEXT(144, 16)
	JNZ block
	RESULT

// func rows4Q5KAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)
TEXT ·rows4Q5KAVX2(SB), NOSPLIT, $0-64
	ARGUMENTS

block:
	LINES3(0)
	LINES3(192)
	LINES3(384)
	LINES3(576)
	KROWS(ROW5K)
	AFFINE(0)
	NEXT(176, 16)
	JNZ block
	RESULT

// func rows4Q6KAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)
TEXT ·rows4Q6KAVX2(SB), NOSPLIT, $0-64
	ARGUMENTS

block:
	LINES3(0)
	LINES3(192)
	LINES3(384)
	LINES3(576)
	PREFETCHT1 768(R10)
	KROWS(ROW6K)
	CENTRED(208)
	NEXT(210, 32)
	JNZ block
	RESULT

// func rows4Q2KAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)
TEXT ·rows4Q2KAVX2(SB), NOSPLIT, $0-64
	ARGUMENTS

block:
	LINES3(0)
	LINES3(192)
	KROWS(ROW2K)
	AFFINE(80)
	NEXT(84, 32)
	JNZ block
	RESULT

// func rows4Q3KAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)
TEXT ·rows4Q3KAVX2(SB), NOSPLIT, $0-64
	ARGUMENTS

block:
	LINES3(0)
	LINES3(192)
	PREFETCHT1 384(R10)
	KROWS(ROW3K)
	CENTRED(108)
	NEXT(110, 32)
	JNZ block
	RESULT

// nonlinear are the 16 levels of IQ4_XS.
DATA nonlinear<>+0(SB)/8, $0xf6eaddcfbfad9881
DATA nonlinear<>+8(SB)/8, $0x7159453526190d01
GLOBL nonlinear<>(SB), RODATA|NOPTR, $16

// scales4XS are the shifts to the low and the high bits of eight scales, and dwords
// 15, 3 and 32.
DATA scales4XS<>+0(SB)/8, $0x0000000400000000
DATA scales4XS<>+8(SB)/8, $0x0000000c00000008
DATA scales4XS<>+16(SB)/8, $0x0000001400000010
DATA scales4XS<>+24(SB)/8, $0x0000001c00000018
DATA scales4XS<>+32(SB)/8, $0x0000000200000000
DATA scales4XS<>+40(SB)/8, $0x0000000600000004
DATA scales4XS<>+48(SB)/8, $0x0000000a00000008
DATA scales4XS<>+56(SB)/8, $0x0000000e0000000c
DATA scales4XS<>+64(SB)/8, $0x0000000f0000000f
DATA scales4XS<>+72(SB)/8, $0x0000000f0000000f
DATA scales4XS<>+80(SB)/8, $0x0000000f0000000f
DATA scales4XS<>+88(SB)/8, $0x0000000f0000000f
DATA scales4XS<>+96(SB)/8, $0x0000000300000003
DATA scales4XS<>+104(SB)/8, $0x0000000300000003
DATA scales4XS<>+112(SB)/8, $0x0000000300000003
DATA scales4XS<>+120(SB)/8, $0x0000000300000003
DATA scales4XS<>+128(SB)/8, $0x0000002000000020
DATA scales4XS<>+136(SB)/8, $0x0000002000000020
DATA scales4XS<>+144(SB)/8, $0x0000002000000020
DATA scales4XS<>+152(SB)/8, $0x0000002000000020
GLOBL scales4XS<>(SB), RODATA|NOPTR, $160

// LEVELS does 32 weights, of which the low nibbles of 16 bytes are the first; Y15 has the
// levels.
#define LEVELS(A, j, s) \
	VMOVDQU 8+16*j A, X10;           \
	VPSRLW $4, X10, X11;             \
	VINSERTI128 $1, X11, Y10, Y10;   \
	VPAND nibble<>(SB), Y10, Y10;    \
	VPSHUFB Y10, Y15, Y10;           \
	VMOVDQU 32*j(DI), Y11;           \
	VPSHUFB each<>+32*j(SB), Y9, Y12; \
	VPSIGNB Y10, Y11, Y11;           \
	VPABSB Y10, Y10;                 \
	VPMADDUBSW Y11, Y10, Y10;        \
	VPMADDWD Y12, Y10, Y10;          \
	VPADDD Y10, s, s

#define ROW4XS(A, s, m, xm) \
	VPBROADCASTD 4 A, Y9;               \
	VPBROADCASTW 2 A, Y10;              \
	VPXOR s, s, s;                      \
	VPSRLVD scales4XS<>+0(SB), Y9, Y9;  \
	VPSRLVD scales4XS<>+32(SB), Y10, Y10; \
	VPAND scales4XS<>+64(SB), Y9, Y9;   \
	VPAND scales4XS<>+96(SB), Y10, Y10; \
	VPSLLD $4, Y10, Y10;                \
	VPOR Y10, Y9, Y9;                   \
	VPSUBD scales4XS<>+128(SB), Y9, Y9; \
	VEXTRACTI128 $1, Y9, X10;           \
	VPACKSSDW X10, X9, X9;              \
	VPERMQ $0x44, Y9, Y9;               \
	LEVELS(A, 0, s);                    \
	LEVELS(A, 1, s);                    \
	LEVELS(A, 2, s);                    \
	LEVELS(A, 3, s);                    \
	LEVELS(A, 4, s);                    \
	LEVELS(A, 5, s);                    \
	LEVELS(A, 6, s);                    \
	LEVELS(A, 7, s)

// func rows4IQ4XSAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)
TEXT ·rows4IQ4XSAVX2(SB), NOSPLIT, $0-64
	ARGUMENTS
	VBROADCASTI128 nonlinear<>(SB), Y15

block:
	LINES3(0)
	LINES3(192)
	LINES3(384)
	ROWS(ROW4XS)
	CENTRED(0)
	NEXT(136, 32)
	JNZ block
	MOVQ dst+0(FP), AX
	VMOVUPS X14, (AX)
	VZEROUPPER
	RET
