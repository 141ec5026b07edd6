//go:build !purego

#include "textflag.h"
#include "unpacksixteen_amd64.h"

#define FLAT64(o, p) \
	COLUMNS(o);    \
	STORE4(p);     \
	COLUMNS(o+16); \
	STORE4(p+256); \
	COLUMNS(o+32); \
	STORE4(p+512); \
	COLUMNS(o+48); \
	STORE4(p+768)

// FLATSCALE stores scale j, which is at o the same eight times.
#define FLATSCALE(j) \
	FOUR(256+16*j, R13*1, X4, Y4); \
	FOUR(256+16*j, R8*1, X5, Y5);  \
	FOUR(256+16*j, R8*2, X6, Y6);  \
	FOUR(256+16*j, R12*1, X7, Y7); \
	VPUNPCKLDQ Y5, Y4, Y1;         \
	VPUNPCKLDQ Y7, Y6, Y4;         \
	VPUNPCKLQDQ Y4, Y1, Y0;        \
	VMOVDQU Y0, 4096+64*j(DI)

// func unpackFlatSixteenAVX2(panel, w *byte, rowBytes, blocks int)
TEXT ·unpackFlatSixteenAVX2(SB), NOSPLIT, $0-32
	ARGUMENTS

block:
	FLAT64(0, 0)
	FLAT64(64, 1024)
	FLAT64(128, 2048)
	FLAT64(192, 3072)
	FLATSCALE(0)
	FLATSCALE(1)
	FLATSCALE(2)
	FLATSCALE(3)
	FLATSCALE(4)
	FLATSCALE(5)
	FLATSCALE(6)
	FLATSCALE(7)
	FLATSCALE(8)
	FLATSCALE(9)
	FLATSCALE(10)
	FLATSCALE(11)
	FLATSCALE(12)
	FLATSCALE(13)
	FLATSCALE(14)
	FLATSCALE(15)
	COLUMNS(512)
	STORE4(5120)
	COLUMNS(528)
	STORE4(5376)
	COLUMNS(544)
	VMOVDQU Y0, 5632(DI)
	VMOVDQU Y1, 5696(DI)
	NEXT(608)
	JNZ block
	VZEROUPPER
	RET

// HEAD makes d and dmin of Q4_K and Q5_K, and sets Y4 and Y5 to the scales, Y6 and Y7 to the
// minima, four bytes of each row. Y13 has 0x3f, Y12 0x30, Y15 0x0f in all bytes.
#define HEAD \
	COLUMNS(0);            \
	VPSLLD $16, Y0, Y4;    \
	VPSRLD $16, Y0, Y0;    \
	VPSRLD $16, Y4, Y4;    \
	HALVES(X0, Y0);        \
	HALVES(X4, Y4);        \
	VMOVUPS Y4, 5632(DI);  \
	VMOVUPS Y0, 5696(DI);  \
	VPAND Y13, Y1, Y4;     \
	VPAND Y13, Y2, Y6;     \
	VPSRLD $2, Y1, Y1;     \
	VPSRLD $2, Y2, Y2;     \
	VPSRLD $4, Y3, Y7;     \
	VPAND Y12, Y1, Y1;     \
	VPAND Y12, Y2, Y2;     \
	VPAND Y15, Y3, Y5;     \
	VPAND Y15, Y7, Y7;     \
	VPOR Y1, Y5, Y5;       \
	VPOR Y2, Y7, Y7

#define HEADBYTES \
	BYTES(0x0f, X15, Y15); \
	BYTES(0x3f, X13, Y13); \
	BYTES(0x30, X12, Y12)

// NIBBLES stores the nibbles of 32 bytes at o of each row, for the weights from
// 64·j on.
#define NIBBLES(o, j) \
	ASK;                        \
	COLUMNS(o);                 \
	FOUR8(Y0, 1024*j);          \
	FOUR8(Y1, 1024*j+64);       \
	FOUR8(Y2, 1024*j+128);      \
	FOUR8(Y3, 1024*j+192);      \
	ASK;                        \
	COLUMNS(o+16);              \
	FOUR8(Y0, 1024*j+256);      \
	FOUR8(Y1, 1024*j+320);      \
	FOUR8(Y2, 1024*j+384);      \
	FOUR8(Y3, 1024*j+448)

// func unpackQ4KSixteenAVX2(panel, w *byte, rowBytes, blocks, ahead int)
TEXT ·unpackQ4KSixteenAVX2(SB), NOSPLIT, $0-40
	ARGUMENTS
	AHEAD
	HEADBYTES

block:
	HEAD
	TWOS(Y4, 4096, 128)
	TWOS(Y5, 4608, 128)
	WORDS(64, Y6, 5120)
	WORDS(80, Y6, 5184)
	WORDS(64, Y7, 5248)
	WORDS(80, Y7, 5312)
	NIBBLES(16, 0)
	NIBBLES(48, 1)
	NIBBLES(80, 2)
	NIBBLES(112, 3)
	NEXT(144)
	JNZ block
	VZEROUPPER
	RET

// WITHHIGH stores the nibbles of y at p and, the high ones, at h, with the bits of z
// that Y14 names, shifted.
#define WITHHIGH(y, z, SHIFTLOW, low, SHIFTHIGH, high, p, h) \
	SPLIT(y);                \
	SHIFTLOW $low, z, Y4;    \
	SHIFTHIGH $high, z, Y5;  \
	VPAND Y14, Y4, Y4;       \
	VPAND Y14, Y5, Y5;       \
	VPOR Y4, Y8, Y8;         \
	VPOR Y5, Y9, Y9;         \
	VMOVDQU Y8, p(DI);       \
	VMOVDQU Y9, h(DI)

// HIGH4 does so with four columns of low bits, which begin at o.
#define HIGH4(o, SHIFTLOW, low, SHIFTHIGH, high, p, h) \
	ASK;                                                             \
	COLUMNS(o);                                                      \
	WITHHIGH(Y0, Y10, SHIFTLOW, low, SHIFTHIGH, high, p, h);         \
	WITHHIGH(Y1, Y11, SHIFTLOW, low, SHIFTHIGH, high, p+64, h+64);   \
	WITHHIGH(Y2, Y12, SHIFTLOW, low, SHIFTHIGH, high, p+128, h+128); \
	WITHHIGH(Y3, Y13, SHIFTLOW, low, SHIFTHIGH, high, p+192, h+192)

// func unpackQ5KSixteenAVX2(panel, w *byte, rowBytes, blocks, ahead int)
TEXT ·unpackQ5KSixteenAVX2(SB), NOSPLIT, $0-40
	ARGUMENTS
	AHEAD
	BYTES(0x10, X14, Y14)

block:
	HEADBYTES
	HEAD
	TWOS(Y4, 4096, 128)
	TWOS(Y4, 4160, 128)
	TWOS(Y5, 4608, 128)
	TWOS(Y5, 4672, 128)
	TWOS(Y6, 5120, 64)
	TWOS(Y7, 5376, 64)
	COLUMNS(16)
	KEEP
	HIGH4(48, VPSLLW, 4, VPSLLW, 3, 0, 512)
	HIGH4(80, VPSLLW, 2, VPSLLW, 1, 1024, 1536)
	HIGH4(112, VPSRLW, 0, VPSRLW, 1, 2048, 2560)
	HIGH4(144, VPSRLW, 2, VPSRLW, 3, 3072, 3584)
	COLUMNS(32)
	KEEP
	HIGH4(64, VPSLLW, 4, VPSLLW, 3, 256, 768)
	HIGH4(96, VPSLLW, 2, VPSLLW, 1, 1280, 1792)
	HIGH4(128, VPSRLW, 0, VPSRLW, 1, 2304, 2816)
	HIGH4(160, VPSRLW, 2, VPSRLW, 3, 3328, 3840)
	NEXT(176)
	JNZ block
	VZEROUPPER
	RET

// SCALES6 stores the four scales of y, and the shifts, which are 32 times that.
#define SCALES6(y, p, m) \
	SIGNEDWORDS(96, y, 8, p);      \
	SIGNEDWORDS(112, y, 8, p+64);  \
	SIGNEDWORDS(128, y, 8, p+128); \
	SIGNEDWORDS(144, y, 8, p+192); \
	SIGNEDWORDS(160, y, 3, m);     \
	SIGNEDWORDS(176, y, 3, m+64)

// SIXTHS does 128 weights: low bits at o, high ones at b.
#define SIXTHS(o, b, p) \
	COLUMNS(b);                                                \
	KEEP;                                                      \
	HIGH4(o, VPSLLW, 4, VPSRLW, 0, p, p+1024);                 \
	HIGH4(o+32, VPSLLW, 2, VPSRLW, 2, p+512, p+1536);          \
	COLUMNS(b+16);                                             \
	KEEP;                                                      \
	HIGH4(o+16, VPSLLW, 4, VPSRLW, 0, p+256, p+1280);          \
	HIGH4(o+48, VPSLLW, 2, VPSRLW, 2, p+768, p+1792)

// func unpackQ6KSixteenAVX2(panel, w *byte, rowBytes, blocks, ahead int)
TEXT ·unpackQ6KSixteenAVX2(SB), NOSPLIT, $0-40
	ARGUMENTS
	AHEAD
	BYTES(0x0f, X15, Y15)
	BYTES(0x30, X14, Y14)

block:
	COLUMNS(192)
	SCALES6(Y0, 4096, 5120)
	SCALES6(Y1, 4352, 5248)
	SCALES6(Y2, 4608, 5376)
	SCALES6(Y3, 4864, 5504)

	// The last of these bytes are d.
	COLUMNS(194)
	VPSRLD $16, Y3, Y3
	HALVES(X3, Y3)
	VMOVUPS Y3, 5632(DI)
	SIXTHS(0, 128, 0)
	SIXTHS(64, 160, 2048)
	NEXT(210)
	JNZ block
	VZEROUPPER
	RET
