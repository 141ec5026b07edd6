// Loops of AVX2 that multiply four rows of blocks of 256, as they are stored, with one token.
//
//	SI, R8, R12 the first row, the bytes of a row, and three times that
//	DI, DX, BX  activations, their scale, their sums
//	R10         what of the next rows is asked for
//	CX          blocks left
//	Y0 to Y3    the rows' sums of a block, Y4 to Y7 those of their minima
//	X14, X15    results, and the same of minima

#include "fold_amd64.h"

#define ARGUMENTS \
	MOVQ w+8(FP), SI;         \
	MOVQ rowBytes+16(FP), R8; \
	MOVQ q+24(FP), DI;        \
	MOVQ d+32(FP), DX;        \
	MOVQ sums+40(FP), BX;     \
	MOVQ blocks+48(FP), CX;   \
	MOVQ ahead+56(FP), R10;   \
	ADDQ SI, R10;             \
	LEAQ (R8)(R8*2), R12;     \
	VXORPS X14, X14, X14;     \
	VXORPS X15, X15, X15

// NEXT goes on by a block of so many bytes a row.
#define NEXT(bytes, sums) \
	ADDQ $bytes, SI;     \
	ADDQ $(4*bytes), R10; \
	ADDQ $256, DI;       \
	ADDQ $4, DX;         \
	ADDQ $sums, BX;      \
	DECQ CX

#define RESULT \
	VSUBPS X15, X14, X14; \
	MOVQ dst+0(FP), AX;   \
	VMOVUPS X14, (AX);    \
	VZEROUPPER;           \
	RET

// SCALES sets X10 to the halves at o of the rows, as floats.
#define SCALES(o) \
	VPXOR X10, X10, X10;                  \
	VPINSRW $0, o(SI), X10, X10;          \
	VPINSRW $1, o(SI)(R8*1), X10, X10;    \
	VPINSRW $2, o(SI)(R8*2), X10, X10;    \
	VPINSRW $3, o(SI)(R12*1), X10, X10;   \
	VCVTPH2PS X10, X10

// BOTH sets X10 and X11 to those at o and behind them.
#define BOTH(o) \
	VMOVD o(SI), X10;                     \
	VPINSRD $1, o(SI)(R8*1), X10, X10;    \
	VPINSRD $2, o(SI)(R8*2), X10, X10;    \
	VPINSRD $3, o(SI)(R12*1), X10, X10;   \
	VCVTPH2PS X10, Y10;                   \
	VEXTRACTF128 $1, Y10, X12;            \
	VSHUFPS $0xdd, X12, X10, X11;         \
	VSHUFPS $0x88, X12, X10, X10

// CENTRED ends a block.
#define CENTRED(o) \
	FOLD4(Y0, Y1, Y2, Y3, X0, X8); \
	SCALES(o);                     \
	VBROADCASTSS (DX), X8;         \
	VMULPS X8, X10, X10;           \
	VCVTDQ2PS X0, X0;              \
	VFMADD231PS X0, X10, X14

// AFFINE ends one with minima.
#define AFFINE(o) \
	FOLD4(Y4, Y5, Y6, Y7, X4, X9); \
	FOLD4(Y0, Y1, Y2, Y3, X0, X8); \
	BOTH(o);                       \
	VBROADCASTSS (DX), X8;         \
	VMULPS X8, X10, X10;           \
	VMULPS X8, X11, X11;           \
	VCVTDQ2PS X0, X0;              \
	VCVTDQ2PS X4, X4;              \
	VFMADD231PS X0, X10, X14;      \
	VFMADD231PS X4, X11, X15

#define ROWS(ROW) \
	ROW((SI), Y0, Y4, X4);       \
	ROW((SI)(R8*1), Y1, Y5, X5); \
	ROW((SI)(R8*2), Y2, Y6, X6); \
	ROW((SI)(R12*1), Y3, Y7, X7)

// LINES3 asks for three lines.
#define LINES3(o) \
	PREFETCHT1 o(R10);     \
	PREFETCHT1 o+64(R10);  \
	PREFETCHT1 o+128(R10)

// DOT adds the products of the weights in w and the activations at o, times those of the
// scales that p chooses.
#define DOT(o, w, p, scales, t, u, s, z) \
	VPSHUFB p, scales, t;       \
	VPMADDUBSW o(DI), w, w;     \
	VPMADDWD t, w, w;           \
	VPADDD w, s, s

// each chooses one of eight words for everywhere, two one of four pairs of words, the first
// in the lower half.
DATA each<>+0(SB)/8, $0x0100010001000100
DATA each<>+8(SB)/8, $0x0100010001000100
DATA each<>+16(SB)/8, $0x0100010001000100
DATA each<>+24(SB)/8, $0x0100010001000100
DATA each<>+32(SB)/8, $0x0302030203020302
DATA each<>+40(SB)/8, $0x0302030203020302
DATA each<>+48(SB)/8, $0x0302030203020302
DATA each<>+56(SB)/8, $0x0302030203020302
DATA each<>+64(SB)/8, $0x0504050405040504
DATA each<>+72(SB)/8, $0x0504050405040504
DATA each<>+80(SB)/8, $0x0504050405040504
DATA each<>+88(SB)/8, $0x0504050405040504
DATA each<>+96(SB)/8, $0x0706070607060706
DATA each<>+104(SB)/8, $0x0706070607060706
DATA each<>+112(SB)/8, $0x0706070607060706
DATA each<>+120(SB)/8, $0x0706070607060706
DATA each<>+128(SB)/8, $0x0908090809080908
DATA each<>+136(SB)/8, $0x0908090809080908
DATA each<>+144(SB)/8, $0x0908090809080908
DATA each<>+152(SB)/8, $0x0908090809080908
DATA each<>+160(SB)/8, $0x0b0a0b0a0b0a0b0a
DATA each<>+168(SB)/8, $0x0b0a0b0a0b0a0b0a
DATA each<>+176(SB)/8, $0x0b0a0b0a0b0a0b0a
DATA each<>+184(SB)/8, $0x0b0a0b0a0b0a0b0a
DATA each<>+192(SB)/8, $0x0d0c0d0c0d0c0d0c
DATA each<>+200(SB)/8, $0x0d0c0d0c0d0c0d0c
DATA each<>+208(SB)/8, $0x0d0c0d0c0d0c0d0c
DATA each<>+216(SB)/8, $0x0d0c0d0c0d0c0d0c
DATA each<>+224(SB)/8, $0x0f0e0f0e0f0e0f0e
DATA each<>+232(SB)/8, $0x0f0e0f0e0f0e0f0e
DATA each<>+240(SB)/8, $0x0f0e0f0e0f0e0f0e
DATA each<>+248(SB)/8, $0x0f0e0f0e0f0e0f0e
GLOBL each<>(SB), RODATA|NOPTR, $256
DATA two<>+0(SB)/8, $0x0100010001000100
DATA two<>+8(SB)/8, $0x0100010001000100
DATA two<>+16(SB)/8, $0x0302030203020302
DATA two<>+24(SB)/8, $0x0302030203020302
DATA two<>+32(SB)/8, $0x0504050405040504
DATA two<>+40(SB)/8, $0x0504050405040504
DATA two<>+48(SB)/8, $0x0706070607060706
DATA two<>+56(SB)/8, $0x0706070607060706
DATA two<>+64(SB)/8, $0x0908090809080908
DATA two<>+72(SB)/8, $0x0908090809080908
DATA two<>+80(SB)/8, $0x0b0a0b0a0b0a0b0a
DATA two<>+88(SB)/8, $0x0b0a0b0a0b0a0b0a
DATA two<>+96(SB)/8, $0x0d0c0d0c0d0c0d0c
DATA two<>+104(SB)/8, $0x0d0c0d0c0d0c0d0c
DATA two<>+112(SB)/8, $0x0f0e0f0e0f0e0f0e
DATA two<>+120(SB)/8, $0x0f0e0f0e0f0e0f0e
GLOBL two<>(SB), RODATA|NOPTR, $128

// Bytes, each 32 times.
DATA nibble<>+0(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA nibble<>+8(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA nibble<>+16(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA nibble<>+24(SB)/8, $0x0f0f0f0f0f0f0f0f
GLOBL nibble<>(SB), RODATA|NOPTR, $32
