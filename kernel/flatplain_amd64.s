//go:build !purego

#include "textflag.h"

// The unpackers of a row of blocks of 32 for the AVX2 loops, to blocks as those of
// Q8_0 (flat.go); tensor/decode_quant.go draws the blocks. Y15 has low nibbles.

#define ARGUMENTS \
	MOVQ flat+0(FP), DI;      \
	MOVQ w+8(FP), SI;         \
	MOVQ blocks+16(FP), CX;   \
	MOVL $0x0f0f0f0f, AX;     \
	VMOVD AX, X15;            \
	VPBROADCASTD X15, Y15

#define BYTES(v, x, y) \
	MOVL $(v*0x01010101), AX; \
	VMOVD AX, x;              \
	VPBROADCASTD x, y

// NIBBLES sets Y0 to the nibbles of the 16 bytes at o, the low ones first.
#define NIBBLES(o) \
	VMOVDQU o(SI), X0;           \
	VPSRLW $4, X0, X1;           \
	VINSERTI128 $1, X1, Y0, Y0;  \
	VPAND Y15, Y0, Y0

// STORE stores d and Y0, and goes on by bytes.
#define STORE(bytes) \
	MOVW (SI), AX;           \
	MOVW AX, (DI);           \
	VMOVDQU Y0, 2(DI);       \
	PREFETCHT0 4096(SI);     \
	ADDQ $bytes, SI;         \
	ADDQ $34, DI;            \
	DECQ CX

// func flattenQ4_0AVX2(flat, w *byte, blocks int)
TEXT ·flattenQ4_0AVX2(SB), NOSPLIT, $0-24
	ARGUMENTS
	BYTES(8, X14, Y14)

block:
	NIBBLES(2)
	VPSUBB Y14, Y0, Y0
	STORE(18)
	JNZ block
	VZEROUPPER
	RET

// func flattenQ4_1AVX2(flat, w *byte, blocks int)
TEXT ·flattenQ4_1AVX2(SB), NOSPLIT, $0-24
	ARGUMENTS

block:
	NIBBLES(4)
	STORE(20)
	JNZ block
	VZEROUPPER
	RET

// nonlinear are the 16 levels of IQ4_NL.
DATA nonlinear<>+0(SB)/8, $0xf6eaddcfbfad9881
DATA nonlinear<>+8(SB)/8, $0x7159453526190d01
GLOBL nonlinear<>(SB), RODATA|NOPTR, $16

// func flattenIQ4NLAVX2(flat, w *byte, blocks int)
TEXT ·flattenIQ4NLAVX2(SB), NOSPLIT, $0-24
	ARGUMENTS
	VBROADCASTI128 nonlinear<>(SB), Y14

block:
	NIBBLES(2)
	VPSHUFB Y0, Y14, Y0
	STORE(18)
	JNZ block
	VZEROUPPER
	RET

// eachByte chooses each of four bytes eight times.
DATA eachByte<>+0(SB)/8, $0x0000000000000000
DATA eachByte<>+8(SB)/8, $0x0101010101010101
DATA eachByte<>+16(SB)/8, $0x0202020202020202
DATA eachByte<>+24(SB)/8, $0x0303030303030303
GLOBL eachByte<>(SB), RODATA|NOPTR, $32

// eachBit names a bit after the other.
DATA eachBit<>+0(SB)/8, $0x8040201008040201
GLOBL eachBit<>(SB), RODATA|NOPTR, $8

#define FIFTHS \
	VMOVDQU eachByte<>(SB), Y13;       \
	VPBROADCASTQ eachBit<>(SB), Y12;   \
	BYTES(0x10, X14, Y14)

// CLEAR sets the bytes of Y1 to 16 where a bit of the dword at o is not set.
#define CLEAR(o) \
	VPBROADCASTD o(SI), Y1;  \
	VPSHUFB Y13, Y1, Y1;     \
	VPANDN Y12, Y1, Y1;      \
	VPCMPEQB Y12, Y1, Y1;    \
	VPAND Y14, Y1, Y1

// func flattenQ5_0AVX2(flat, w *byte, blocks int)
TEXT ·flattenQ5_0AVX2(SB), NOSPLIT, $0-24
	ARGUMENTS
	FIFTHS

block:
	NIBBLES(6)
	CLEAR(2)
	VPSUBB Y1, Y0, Y0
	STORE(22)
	JNZ block
	VZEROUPPER
	RET

// func flattenQ5_1AVX2(flat, w *byte, blocks int)
TEXT ·flattenQ5_1AVX2(SB), NOSPLIT, $0-24
	ARGUMENTS
	FIFTHS

block:
	NIBBLES(8)
	CLEAR(4)
	VPSUBB Y1, Y14, Y1
	VPADDB Y1, Y0, Y0
	STORE(24)
	JNZ block
	VZEROUPPER
	RET

// func minimaAVX2(row *byte, bytes int, d *float32, sums *int16, blocks int) float32
TEXT ·minimaAVX2(SB), NOSPLIT, $0-44
	MOVQ row+0(FP), SI
	MOVQ bytes+8(FP), R8
	MOVQ d+16(FP), DI
	MOVQ sums+24(FP), BX
	MOVQ blocks+32(FP), CX
	VXORPS X0, X0, X0
	VXORPS X3, X3, X3

	// The half after d is minus the minimum, and so is its product with d of x.
block:
	VPBROADCASTW 2(SI), X1
	VCVTPH2PS X1, X1
	VMULSS (DI), X1, X1
	MOVWLSX (BX), AX
	MOVWLSX 2(BX), DX
	ADDL DX, AX
	VCVTSI2SSL AX, X3, X2
	VFNMADD231SS X2, X1, X0
	ADDQ R8, SI
	ADDQ $4, DI
	ADDQ $4, BX
	DECQ CX
	JNZ block
	VMOVSS X0, ret+40(FP)
	RET
