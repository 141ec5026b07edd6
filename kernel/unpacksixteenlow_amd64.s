//go:build !purego

#include "textflag.h"
#include "unpacksixteen_amd64.h"

// QUARTERS stores the four fields of two bits of y, of the weights from p on.
#define QUARTERS(y, p) \
	VPSRLW $2, y, Y4;           \
	VPSRLW $4, y, Y5;           \
	VPSRLW $6, y, Y6;           \
	VPAND Y15, y, y;            \
	VPAND Y15, Y4, Y4;          \
	VPAND Y15, Y5, Y5;          \
	VPAND Y15, Y6, Y6;          \
	VMOVDQU y, p(DI);           \
	VMOVDQU Y4, p+512(DI);      \
	VMOVDQU Y5, p+1024(DI);     \
	VMOVDQU Y6, p+1536(DI)

#define QUARTERS4(o, p) \
	ASK;                 \
	COLUMNS(o);          \
	QUARTERS(Y0, p);     \
	QUARTERS(Y1, p+64);  \
	QUARTERS(Y2, p+128); \
	QUARTERS(Y3, p+192)

// SCALES2 stores the four scales of y, and the minima, which are the high nibbles.
#define SCALES2(y, p, m) \
	VPSRLW $4, y, Y9;      \
	VPAND Y14, y, y;       \
	VPAND Y14, Y9, Y9;     \
	TWOS(y, p, 64);        \
	WORDS(64, Y9, m);      \
	WORDS(80, Y9, m+64)

// func unpackQ2KSixteenAVX2(panel, w *byte, rowBytes, blocks, ahead int)
TEXT ·unpackQ2KSixteenAVX2(SB), NOSPLIT, $0-40
	ARGUMENTS
	AHEAD
	BYTES(0x03, X15, Y15)
	BYTES(0x0f, X14, Y14)

block:
	COLUMNS(0)
	SCALES2(Y0, 4096, 5120)
	SCALES2(Y1, 4352, 5248)
	SCALES2(Y2, 4608, 5376)
	SCALES2(Y3, 4864, 5504)

	// The last of these bytes are d and dmin.
	COLUMNS(68)
	VPSLLD $16, Y3, Y0
	VPSRLD $16, Y3, Y3
	VPSRLD $16, Y0, Y0
	HALVES(X3, Y3)
	HALVES(X0, Y0)
	VMOVUPS Y0, 5632(DI)
	VMOVUPS Y3, 5696(DI)
	QUARTERS4(16, 0)
	QUARTERS4(32, 256)
	QUARTERS4(48, 2048)
	QUARTERS4(64, 2304)
	NEXT(84)
	JNZ block
	VZEROUPPER
	RET

// SCALES3 stores four scales, of which y has the low bits, Y5 the high ones from n on, and
// the shifts, which are four times the scales. Y7 has 32 in all bytes.
#define SCALES3(y, n, p, m) \
	VPSRLD $n, Y5, Y9;             \
	VPAND Y15, Y9, Y9;             \
	VPSLLD $4, Y9, Y9;             \
	VPOR Y9, y, Y9;                \
	VPSUBB Y7, Y9, Y9;             \
	SIGNEDWORDS(96, Y9, 8, p);     \
	SIGNEDWORDS(112, Y9, 8, p+64); \
	SIGNEDWORDS(128, Y9, 8, p+128); \
	SIGNEDWORDS(144, Y9, 8, p+192); \
	SIGNEDWORDS(160, Y9, 6, m);    \
	SIGNEDWORDS(176, Y9, 6, m+64)

// BIT3 adds a bit of z, shifted, to y, which is stored at p.
#define BIT3(SHIFT, n, z, y, p) \
	SHIFT $n, z, Y9;       \
	VPAND Y14, Y9, Y9;     \
	VPOR Y9, y, y;         \
	VMOVDQU y, p(DI)

#define THIRDS(y, z, S0, n0, S1, n1, S2, n2, S3, n3, p) \
	VPSRLW $2, y, Y4;           \
	VPSRLW $4, y, Y5;           \
	VPSRLW $6, y, Y6;           \
	VPAND Y15, y, y;            \
	VPAND Y15, Y4, Y4;          \
	VPAND Y15, Y5, Y5;          \
	VPAND Y15, Y6, Y6;          \
	BIT3(S0, n0, z, y, p);      \
	BIT3(S1, n1, z, Y4, p+512); \
	BIT3(S2, n2, z, Y5, p+1024); \
	BIT3(S3, n3, z, Y6, p+1536)

#define THIRDS4(o, S0, n0, S1, n1, S2, n2, S3, n3, p) \
	ASK;                                                     \
	COLUMNS(o);                                              \
	THIRDS(Y0, Y10, S0, n0, S1, n1, S2, n2, S3, n3, p);      \
	THIRDS(Y1, Y11, S0, n0, S1, n1, S2, n2, S3, n3, p+64);   \
	THIRDS(Y2, Y12, S0, n0, S1, n1, S2, n2, S3, n3, p+128);  \
	THIRDS(Y3, Y13, S0, n0, S1, n1, S2, n2, S3, n3, p+192)

// func unpackQ3KSixteenAVX2(panel, w *byte, rowBytes, blocks, ahead int)
TEXT ·unpackQ3KSixteenAVX2(SB), NOSPLIT, $0-40
	ARGUMENTS
	AHEAD
	BYTES(0x03, X15, Y15)

block:

	// The last 14 of these 16 bytes are the scales and d: of the scales, the low nibbles
	// of eight bytes are the first, and two bits of four bytes come on top.
	COLUMNS(94)
	VPSRLD $16, Y3, Y4
	HALVES(X4, Y4)
	VMOVUPS Y4, 5632(DI)
	VPSRLD $16, Y0, Y0
	VPSLLD $16, Y1, Y4
	VPOR Y4, Y0, Y0
	VPSRLD $16, Y1, Y1
	VPSLLD $16, Y2, Y4
	VPOR Y4, Y1, Y1
	VPSRLD $16, Y2, Y5
	VPSLLD $16, Y3, Y4
	VPOR Y4, Y5, Y5
	BYTES(0x0f, X14, Y14)
	BYTES(0x20, X7, Y7)
	VPSRLW $4, Y0, Y2
	VPSRLW $4, Y1, Y3
	VPAND Y14, Y0, Y0
	VPAND Y14, Y1, Y1
	VPAND Y14, Y2, Y2
	VPAND Y14, Y3, Y3
	SCALES3(Y0, 0, 4096, 5120)
	SCALES3(Y1, 2, 4352, 5248)
	SCALES3(Y2, 4, 4608, 5376)
	SCALES3(Y3, 6, 4864, 5504)
	BYTES(0x04, X14, Y14)
	COLUMNS(0)
	KEEP
	THIRDS4(32, VPSLLW, 2, VPSLLW, 1, VPSRLW, 0, VPSRLW, 1, 0)
	THIRDS4(64, VPSRLW, 2, VPSRLW, 3, VPSRLW, 4, VPSRLW, 5, 2048)
	COLUMNS(16)
	KEEP
	THIRDS4(48, VPSLLW, 2, VPSLLW, 1, VPSRLW, 0, VPSRLW, 1, 256)
	THIRDS4(80, VPSRLW, 2, VPSRLW, 3, VPSRLW, 4, VPSRLW, 5, 2304)
	NEXT(110)
	JNZ block
	VZEROUPPER
	RET

// nonlinear are the 16 levels of IQ4_XS.
DATA nonlinear<>+0(SB)/8, $0xf6eaddcfbfad9881
DATA nonlinear<>+8(SB)/8, $0x7159453526190d01
GLOBL nonlinear<>(SB), RODATA|NOPTR, $16

// LEVELS stores the levels, in Y14, that the nibbles of y stand for.
#define LEVELS(y, p) \
	SPLIT(y);                 \
	VPSHUFB Y8, Y14, Y8;      \
	VPSHUFB Y9, Y14, Y9;      \
	VMOVDQU Y8, p(DI);        \
	VMOVDQU Y9, p+256(DI)

#define LEVELS4(o, p) \
	ASK;               \
	COLUMNS(o);        \
	LEVELS(Y0, p);     \
	LEVELS(Y1, p+64);  \
	LEVELS(Y2, p+128); \
	LEVELS(Y3, p+192)

// SCALE4XS stores scale j, of which Y1 has the low bits, the high ones Y0, twice; Y7 is 32 in
// all dwords, Y6 15, Y5 3.
#define SCALE4XS(j) \
	VPSRLD $(4*j), Y1, Y8;      \
	VPSRLD $(2*j), Y0, Y9;      \
	VPAND Y6, Y8, Y8;           \
	VPAND Y5, Y9, Y9;           \
	VPSLLD $4, Y9, Y9;          \
	VPOR Y9, Y8, Y8;            \
	VPSUBD Y7, Y8, Y8;          \
	VPSLLD $16, Y8, Y9;         \
	VPBLENDW $0xaa, Y9, Y8, Y8; \
	VMOVDQU Y8, 4096+128*j(DI); \
	VMOVDQU Y8, 4160+128*j(DI)

#define DWORDS(v, x, y) \
	MOVL $v, AX;        \
	VMOVD AX, x;        \
	VPBROADCASTD x, y

// func unpackIQ4XSSixteenAVX2(panel, w *byte, rowBytes, blocks, ahead int)
TEXT ·unpackIQ4XSSixteenAVX2(SB), NOSPLIT, $0-40
	ARGUMENTS
	AHEAD
	BYTES(0x0f, X15, Y15)
	VBROADCASTI128 nonlinear<>(SB), Y14
	VPXOR X13, X13, X13

block:
	COLUMNS(0)
	DWORDS(3, X5, Y5)
	DWORDS(15, X6, Y6)
	DWORDS(32, X7, Y7)
	VPSLLD $16, Y0, Y4
	VPSRLD $16, Y4, Y4
	HALVES(X4, Y4)
	VMOVUPS Y4, 5632(DI)
	VPSRLD $16, Y0, Y0
	SCALE4XS(0)
	SCALE4XS(1)
	SCALE4XS(2)
	SCALE4XS(3)
	SCALE4XS(4)
	SCALE4XS(5)
	SCALE4XS(6)
	SCALE4XS(7)
	VMOVDQU Y13, 5120(DI)
	VMOVDQU Y13, 5184(DI)
	VMOVDQU Y13, 5248(DI)
	VMOVDQU Y13, 5312(DI)
	VMOVDQU Y13, 5376(DI)
	VMOVDQU Y13, 5440(DI)
	VMOVDQU Y13, 5504(DI)
	VMOVDQU Y13, 5568(DI)
	LEVELS4(8, 0)
	LEVELS4(24, 512)
	LEVELS4(40, 1024)
	LEVELS4(56, 1536)
	LEVELS4(72, 2048)
	LEVELS4(88, 2560)
	LEVELS4(104, 3072)
	LEVELS4(120, 3584)
	NEXT(136)
	JNZ block
	VZEROUPPER
	RET
