//go:build !purego

#include "textflag.h"
#include "unpack_amd64.h"

// The unpackers of blocks of 32; tensor/decode_quant.go draws the blocks,
// panel_amd64.go the panel.

// NIBBLES stores the low nibbles of z at p and the high ones at 512+p.
#define NIBBLES(z, p) \
	VPANDD Z31, z, Z8;       \
	VMOVDQU64 Z8, p(DI);     \
	VPSRLW $4, z, z;         \
	VPANDD Z31, z, z;        \
	VMOVDQU64 z, 512+p(DI)

#define NIBBLES16 \
	NIBBLES(Z0, 0);   \
	NIBBLES(Z1, 128); \
	NIBBLES(Z2, 256); \
	NIBBLES(Z3, 384)

// MINIMUM stores minus the halves in the high words of z.
#define MINIMUM(z) \
	VPSRLD $16, z, z;    \
	VPXORD Z30, z, z;    \
	WIDEN(z, 1152)

// func unpackQ4_0VNNI(panel, w *byte, rowBytes, blocks, ahead int)
TEXT ·unpackQ4_0VNNI(SB), NOSPLIT, $0-40
	ARGUMENTS
	BYTES(0x0f, Z31)

block:
	COLUMNS(0)
	WIDEN(Z0, 1024)
	COLUMNS(2)
	NIBBLES16
	ADVANCE(18, 1280)
	JNZ block
	VZEROUPPER
	RET

// func unpackQ4_1VNNI(panel, w *byte, rowBytes, blocks, ahead int)
TEXT ·unpackQ4_1VNNI(SB), NOSPLIT, $0-40
	ARGUMENTS
	BYTES(0x0f, Z31)
	MOVL $0x8000, AX
	VPBROADCASTD AX, Z30

block:
	COLUMNS(0)
	WIDEN(Z0, 1024)
	MINIMUM(Z0)
	COLUMNS(4)
	NIBBLES16
	ADVANCE(20, 1280)
	JNZ block
	VZEROUPPER
	RET

// levels are the 16 levels of IQ4_NL and IQ4_XS, and 128 more.
DATA levels<>+0(SB)/8, $0x766a5d4f3f2d1801
DATA levels<>+8(SB)/8, $0xf1d9c5b5a6998d81
GLOBL levels<>(SB), RODATA|NOPTR, $16

// LEVELS stores what the low nibbles of z stand for at p, and that of the high
// ones at 512+p.
#define LEVELS(z, p) \
	VPANDD Z31, z, Z8;       \
	VPSHUFB Z8, Z30, Z8;     \
	VMOVDQU64 Z8, p(DI);     \
	VPSRLW $4, z, z;         \
	VPANDD Z31, z, z;        \
	VPSHUFB z, Z30, z;       \
	VMOVDQU64 z, 512+p(DI)

// func unpackIQ4NLVNNI(panel, w *byte, rowBytes, blocks, ahead int)
TEXT ·unpackIQ4NLVNNI(SB), NOSPLIT, $0-40
	ARGUMENTS
	BYTES(0x0f, Z31)
	VBROADCASTI32X4 levels<>(SB), Z30

block:
	COLUMNS(0)
	WIDEN(Z0, 1024)
	COLUMNS(2)
	LEVELS(Z0, 0)
	LEVELS(Z1, 128)
	LEVELS(Z2, 256)
	LEVELS(Z3, 384)
	ADVANCE(18, 1280)
	JNZ block
	VZEROUPPER
	RET

// FIFTH adds 16 to the bytes of z where the bits that mask names, of the byte that
// bits has four times, are set.
#define FIFTH(bits, mask, z) \
	VPTESTMB mask, bits, K1;     \
	VPADDB Z28, z, K1, z

// NIBBLES5 is NIBBLES with fifth bits: those of the low nibbles are in all four
// bytes of low, from bit 0 or 4 on, as mask names them, those of the high ones in
// high.
#define NIBBLES5(z, p, low, high, mask) \
	VPANDD Z31, z, Z8;       \
	FIFTH(low, mask, Z8);    \
	VMOVDQU64 Z8, p(DI);     \
	VPSRLW $4, z, z;         \
	VPANDD Z31, z, z;        \
	FIFTH(high, mask, z);    \
	VMOVDQU64 z, 512+p(DI)

// NIBBLES516 has the fifth bits of the rows in Z9.
#define NIBBLES516 \
	VPSHUFB Z24, Z9, Z10;                    \
	VPSHUFB Z25, Z9, Z11;                    \
	VPSHUFB Z26, Z9, Z12;                    \
	VPSHUFB Z27, Z9, Z13;                    \
	NIBBLES5(Z0, 0, Z10, Z12, Z29);          \
	NIBBLES5(Z1, 128, Z10, Z12, Z23);        \
	NIBBLES5(Z2, 256, Z11, Z13, Z29);        \
	NIBBLES5(Z3, 384, Z11, Z13, Z23)

// CONSTANTS5 sets what NIBBLES516 needs. Z24 to Z27 choose a byte of each dword,
// four times.
#define CONSTANTS5 \
	BYTES(0x0f, Z31);                    \
	BYTES(0x10, Z28);                    \
	MOVL $0x08040201, AX;                \
	VPBROADCASTD AX, Z29;                \
	VPSLLD $4, Z29, Z23;                 \
	VBROADCASTI32X4 first<>(SB), Z24;    \
	BYTES(1, Z8);                        \
	VPADDB Z8, Z24, Z25;                 \
	VPADDB Z8, Z25, Z26;                 \
	VPADDB Z8, Z26, Z27

// first chooses the first byte of each dword, four times.
DATA first<>+0(SB)/8, $0x0404040400000000
DATA first<>+8(SB)/8, $0x0c0c0c0c08080808
GLOBL first<>(SB), RODATA|NOPTR, $16

// func unpackQ5_0VNNI(panel, w *byte, rowBytes, blocks, ahead int)
TEXT ·unpackQ5_0VNNI(SB), NOSPLIT, $0-40
	ARGUMENTS
	CONSTANTS5

block:
	COLUMNS(0)
	WIDEN(Z0, 1024)
	VPSRLD $16, Z0, Z0
	VPSLLD $16, Z1, Z1
	VPORD Z1, Z0, Z9
	COLUMNS(6)
	NIBBLES516
	ADVANCE(22, 1280)
	JNZ block
	VZEROUPPER
	RET

// func unpackQ5_1VNNI(panel, w *byte, rowBytes, blocks, ahead int)
TEXT ·unpackQ5_1VNNI(SB), NOSPLIT, $0-40
	ARGUMENTS
	CONSTANTS5
	MOVL $0x8000, AX
	VPBROADCASTD AX, Z30

block:
	COLUMNS(0)
	WIDEN(Z0, 1024)
	MINIMUM(Z0)
	VMOVDQA64 Z1, Z9
	COLUMNS(8)
	NIBBLES516
	ADVANCE(24, 1280)
	JNZ block
	VZEROUPPER
	RET
