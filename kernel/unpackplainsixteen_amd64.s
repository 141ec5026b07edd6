//go:build !purego

#include "textflag.h"
#include "unpacksixteen_amd64.h"

// The unpackers of blocks of 32: 32 signed bytes and a float32 of each row.

// TWO sets Y0 and Y1 to the first eight bytes of all rows, as COLUMNS does.
#define TWO \
	FOUR(0, R13*1, X4, Y4);  \
	FOUR(0, R8*1, X5, Y5);   \
	FOUR(0, R8*2, X6, Y6);   \
	FOUR(0, R12*1, X7, Y7);  \
	VPUNPCKLDQ Y5, Y4, Y1;   \
	VPUNPCKLDQ Y7, Y6, Y4;   \
	VPUNPCKLQDQ Y4, Y1, Y0;  \
	VPUNPCKHQDQ Y4, Y1, Y1

// SCALE stores the halves that the dwords of Y0 begin with.
#define SCALE \
	VPSLLD $16, Y0, Y4;   \
	VPSRLD $16, Y4, Y4;   \
	HALVES(X4, Y4);       \
	VMOVUPS Y4, 512(DI)

#define PLAINNEXT(bytes) \
	ADDQ $bytes, SI; \
	ADDQ $bytes, R9; \
	ADDQ $576, DI;   \
	DECQ CX

// func unpackPlainSixteenAVX2(panel, w *byte, rowBytes, blocks, ahead int)
TEXT ·unpackPlainSixteenAVX2(SB), NOSPLIT, $0-40
	ARGUMENTS
	AHEAD

block:
	ASK
	TWO
	SCALE
	COLUMNS(2)
	STORE4(0)
	COLUMNS(18)
	STORE4(256)
	PLAINNEXT(34)
	JNZ block
	VZEROUPPER
	RET

// BYTES4 stores what DO makes of the nibbles of 16 bytes at o of each row, Y8 and Y9.
#define BYTES4(o, DO) \
	COLUMNS(o);      \
	DO(Y0, 0);       \
	DO(Y1, 64);      \
	DO(Y2, 128);     \
	DO(Y3, 192)

#define STORE2(p) \
	VMOVDQU Y8, p(DI);     \
	VMOVDQU Y9, p+256(DI)

// CENTRE takes 8, in Y14, off.
#define CENTRE(y, p) \
	SPLIT(y);              \
	VPSUBB Y14, Y8, Y8;    \
	VPSUBB Y14, Y9, Y9;    \
	STORE2(p)

// func unpackQ4_0SixteenAVX2(panel, w *byte, rowBytes, blocks, ahead int)
TEXT ·unpackQ4_0SixteenAVX2(SB), NOSPLIT, $0-40
	ARGUMENTS
	AHEAD
	BYTES(15, X15, Y15)
	BYTES(8, X14, Y14)

block:
	ASK
	TWO
	SCALE
	BYTES4(2, CENTRE)
	PLAINNEXT(18)
	JNZ block
	VZEROUPPER
	RET

// nonlinear are the 16 levels of IQ4_NL.
DATA nonlinear<>+0(SB)/8, $0xf6eaddcfbfad9881
DATA nonlinear<>+8(SB)/8, $0x7159453526190d01
GLOBL nonlinear<>(SB), RODATA|NOPTR, $16

// LEVEL has the levels in Y14.
#define LEVEL(y, p) \
	SPLIT(y);              \
	VPSHUFB Y8, Y14, Y8;   \
	VPSHUFB Y9, Y14, Y9;   \
	STORE2(p)

// func unpackIQ4NLSixteenAVX2(panel, w *byte, rowBytes, blocks, ahead int)
TEXT ·unpackIQ4NLSixteenAVX2(SB), NOSPLIT, $0-40
	ARGUMENTS
	AHEAD
	BYTES(15, X15, Y15)
	VBROADCASTI128 nonlinear<>(SB), Y14

block:
	ASK
	TWO
	SCALE
	BYTES4(2, LEVEL)
	PLAINNEXT(18)
	JNZ block
	VZEROUPPER
	RET

// fifths choose byte i of each dword four times, for i of 0 to 3.
DATA fifths<>+0(SB)/8, $0x0404040400000000
DATA fifths<>+8(SB)/8, $0x0c0c0c0c08080808
DATA fifths<>+16(SB)/8, $0x0505050501010101
DATA fifths<>+24(SB)/8, $0x0d0d0d0d09090909
DATA fifths<>+32(SB)/8, $0x0606060602020202
DATA fifths<>+40(SB)/8, $0x0e0e0e0e0a0a0a0a
DATA fifths<>+48(SB)/8, $0x0707070703030303
DATA fifths<>+56(SB)/8, $0x0f0f0f0f0b0b0b0b
GLOBL fifths<>(SB), RODATA|NOPTR, $64

// fifthBits name the lower four bits of a byte one after the other, and the upper.
DATA fifthBits<>+0(SB)/4, $0x08040201
DATA fifthBits<>+4(SB)/4, $0x80402010
GLOBL fifthBits<>(SB), RODATA|NOPTR, $8

// WITHOUT takes 16, in Y14, off where the bit that z names of byte i of Y10 is not set.
#define WITHOUT(i, z, y) \
	VBROADCASTI128 fifths<>+16*i(SB), Y4; \
	VPSHUFB Y4, Y10, Y4;                  \
	VPANDN z, Y4, Y4;                     \
	VPCMPEQB z, Y4, Y4;                   \
	VPAND Y14, Y4, Y4;                    \
	VPSUBB Y4, y, y

// FIFTH has the bits of 32 weights in Y10.
#define FIFTH(y, p, lo, hi, z) \
	SPLIT(y);              \
	WITHOUT(lo, z, Y8);    \
	WITHOUT(hi, z, Y9);    \
	STORE2(p)

// func unpackQ5_0SixteenAVX2(panel, w *byte, rowBytes, blocks, ahead int)
TEXT ·unpackQ5_0SixteenAVX2(SB), NOSPLIT, $0-40
	ARGUMENTS
	AHEAD
	BYTES(15, X15, Y15)
	BYTES(16, X14, Y14)
	VPBROADCASTD fifthBits<>+0(SB), Y11
	VPBROADCASTD fifthBits<>+4(SB), Y12

block:
	ASK
	TWO
	SCALE
	VPSRLD $16, Y0, Y10
	VPSLLD $16, Y1, Y1
	VPOR Y1, Y10, Y10
	COLUMNS(6)
	FIFTH(Y0, 0, 0, 2, Y11)
	FIFTH(Y1, 64, 0, 2, Y12)
	FIFTH(Y2, 128, 1, 3, Y11)
	FIFTH(Y3, 192, 1, 3, Y12)
	PLAINNEXT(22)
	JNZ block
	VZEROUPPER
	RET
