// What the unpackers of eight rows to half of a panel of AVX2 (sixteen_amd64.go) share. Rows
// are as sixteen_amd64.h says, DI is the panel.

#include "sixteen_amd64.h"

#define ARGUMENTS \
	MOVQ panel+0(FP), DI;     \
	MOVQ w+8(FP), SI;         \
	MOVQ rowBytes+16(FP), R8; \
	MOVQ blocks+24(FP), CX;   \
	LEAQ (SI)(R8*4), R9;      \
	LEAQ (R8)(R8*2), R12;     \
	XORL R13, R13

#define BYTES(v, x, y) \
	MOVL $v, AX;        \
	VMOVD AX, x;        \
	VPBROADCASTB x, y

// NEXT goes on by a block, of so many bytes a row.
#define NEXT(bytes) \
	ADDQ $bytes, SI; \
	ADDQ $bytes, R9; \
	ADDQ $5760, DI;  \
	DECQ CX

// AHEAD is for those that ask for the rows behind, from R10 on.
#define AHEAD \
	MOVQ ahead+32(FP), R10; \
	ADDQ SI, R10

// ASK asks for a line.
#define ASK \
	PREFETCHT1 (R10); \
	ADDQ $64, R10

#define STORE4(p) \
	VMOVDQU Y0, p(DI);     \
	VMOVDQU Y1, p+64(DI);  \
	VMOVDQU Y2, p+128(DI); \
	VMOVDQU Y3, p+192(DI)

// KEEP keeps columns of high bits while those of low ones are taken apart.
#define KEEP \
	VMOVDQA Y0, Y10;  \
	VMOVDQA Y1, Y11;  \
	VMOVDQA Y2, Y12;  \
	VMOVDQA Y3, Y13

// Shuffles of four bytes of a row: one of them into both words of a dword, or two
// into the two; and one of them into the high bytes, which shifts make words of.
DATA words<>+0(SB)/8, $0x8004800480008000
DATA words<>+8(SB)/8, $0x800c800c80088008
DATA words<>+16(SB)/8, $0x8005800580018001
DATA words<>+24(SB)/8, $0x800d800d80098009
DATA words<>+32(SB)/8, $0x8006800680028002
DATA words<>+40(SB)/8, $0x800e800e800a800a
DATA words<>+48(SB)/8, $0x8007800780038003
DATA words<>+56(SB)/8, $0x800f800f800b800b
DATA words<>+64(SB)/8, $0x8005800480018000
DATA words<>+72(SB)/8, $0x800d800c80098008
DATA words<>+80(SB)/8, $0x8007800680038002
DATA words<>+88(SB)/8, $0x800f800e800b800a
DATA words<>+96(SB)/8, $0x0480048000800080
DATA words<>+104(SB)/8, $0x0c800c8008800880
DATA words<>+112(SB)/8, $0x0580058001800180
DATA words<>+120(SB)/8, $0x0d800d8009800980
DATA words<>+128(SB)/8, $0x0680068002800280
DATA words<>+136(SB)/8, $0x0e800e800a800a80
DATA words<>+144(SB)/8, $0x0780078003800380
DATA words<>+152(SB)/8, $0x0f800f800b800b80
DATA words<>+160(SB)/8, $0x0580048001800080
DATA words<>+168(SB)/8, $0x0d800c8009800880
DATA words<>+176(SB)/8, $0x0780068003800280
DATA words<>+184(SB)/8, $0x0f800e800b800a80
GLOBL words<>(SB), RODATA|NOPTR, $192

// WORDS stores what shuffle o makes of y.
#define WORDS(o, y, p) \
	VBROADCASTI128 words<>+o(SB), Y8; \
	VPSHUFB Y8, y, Y8;                \
	VMOVDQU Y8, p(DI)

// TWOS stores four scales, each for 32 weights, at p and every step bytes on.
#define TWOS(y, p, step) \
	WORDS(0, y, p);         \
	WORDS(16, y, p+step);   \
	WORDS(32, y, p+2*step); \
	WORDS(48, y, p+3*step)

// HALVES makes float32 of eight halves in the low words of x's dwords.
#define HALVES(x, y) \
	VPACKUSDW y, y, y;  \
	VPERMQ $8, y, y;    \
	VCVTPH2PS x, y

// SIGNEDWORDS stores what shuffle o makes of y, times a power of 2.
#define SIGNEDWORDS(o, y, shift, p) \
	VBROADCASTI128 words<>+o(SB), Y8; \
	VPSHUFB Y8, y, Y8;                \
	VPSRAW $shift, Y8, Y8;            \
	VMOVDQU Y8, p(DI)
