//go:build !purego

#include "textflag.h"
#include "columns_amd64.h"
#include "octets_amd64.h"

// The unpackers take apart 16 rows, row i in lane i (columns_amd64.h).

#define ARGUMENTS \
	MOVQ panel+0(FP), DI;    \
	MOVQ w+8(FP), SI;        \
	MOVQ rowBytes+16(FP), R8; \
	MOVQ blocks+24(FP), CX;  \
	ROWS

#define ADVANCE(bytes, out) \
	ALONG(bytes);  \
	ADDQ $out, DI; \
	DECQ CX

// SCALES stores four scales, the bytes of z, at p and every 1152 bytes on.
#define SCALES(z, p) \
	VPANDD Z28, z, Z8;           \
	VMOVDQU64 Z8, p(DI);         \
	VPSRLD $8, z, Z8;            \
	VPANDD Z28, Z8, Z8;          \
	VMOVDQU64 Z8, p+1152(DI);    \
	VPSRLD $16, z, Z8;           \
	VPANDD Z28, Z8, Z8;          \
	VMOVDQU64 Z8, p+2304(DI);    \
	VPSRLD $24, z, Z8;           \
	VMOVDQU64 Z8, p+3456(DI)

// MINIMA stores four minima, the bytes of z, as words from p on.
#define MINIMA(z, p) \
	VPSHUFB Z26, z, Z8;      \
	VMOVDQU64 Z8, p(DI);     \
	VPSHUFB Z27, z, Z8;      \
	VMOVDQU64 Z8, p+128(DI)

// HEAD stores d, dmin, minima and, by SCALES, scales of a block of Q4_K or Q5_K.
#define HEAD(SCALES) \
	COLUMNS(0);              \
	WIDEN(Z0, 9728);         \
	VPSRLD $16, Z0, Z0;      \
	WIDEN(Z0, 9856);         \
	VPANDD Z30, Z1, Z4;      \
	SCALES(Z4, 1024);        \
	VPANDD Z30, Z2, Z4;      \
	MINIMA(Z4, 9216);        \
	VPSRLW $2, Z1, Z1;       \
	VPSRLW $2, Z2, Z2;       \
	VPANDD Z29, Z1, Z1;      \
	VPANDD Z29, Z2, Z2;      \
	VPANDD Z31, Z3, Z4;      \
	VPORD Z1, Z4, Z4;        \
	SCALES(Z4, 5632);        \
	VPSRLW $4, Z3, Z3;       \
	VPANDD Z31, Z3, Z3;      \
	VPORD Z2, Z3, Z3;        \
	MINIMA(Z3, 9472)

#define CONSTANTS \
	BYTES(0x0f, Z31);         \
	BYTES(0x3f, Z30);         \
	BYTES(0x30, Z29);         \
	MOVL $0xff, AX;           \
	VPBROADCASTD AX, Z28;     \
	VBROADCASTI32X4 words<>+0(SB), Z26;  \
	VBROADCASTI32X4 words<>+16(SB), Z27

// words makes words of the bytes 0 and 1, or 2 and 3, of each dword.
DATA words<>+0(SB)/8, $0x8005800480018000
DATA words<>+8(SB)/8, $0x800d800c80098008
DATA words<>+16(SB)/8, $0x8007800680038002
DATA words<>+24(SB)/8, $0x800f800e800b800a
GLOBL words<>(SB), RODATA|NOPTR, $32

#define TWICE4K(z, p) TWICE(z, p, 1152, DI)

// APART stores the low nibbles of z at p of the weights, and the high ones a sub-block
// on.
#define APART(z, p) \
	VPANDD Z31, z, Z8;          \
	VMOVDQU64 Z8, p(DX);        \
	VPSRLW $4, z, z;            \
	VPANDD Z31, z, z;           \
	VMOVDQU64 z, p+1152(DX)

#define PAIRED4K(o, p) \
	PAIRED(o);         \
	APART(Z4, p);      \
	APART(Z12, p+64);  \
	APART(Z5, p+128);  \
	APART(Z13, p+192); \
	APART(Z6, p+256);  \
	APART(Z14, p+320); \
	APART(Z7, p+384);  \
	APART(Z15, p+448)

// func unpackQ4KVNNI(panel, q, w *byte, rowBytes, blocks int)
TEXT ·unpackQ4KVNNI(SB), NOSPLIT, $0-40
	MOVQ panel+0(FP), DI
	MOVQ q+8(FP), DX
	MOVQ w+16(FP), SI
	MOVQ rowBytes+24(FP), R8
	MOVQ blocks+32(FP), CX
	ROWS
	CONSTANTS

block:
	HEAD(TWICE4K)
	PAIRED4K(16, 0)
	PAIRED4K(48, 2304)
	PAIRED4K(80, 4608)
	PAIRED4K(112, 6912)
	ADDQ $9984, DX
	ADVANCE(144, 9984)
	JNZ block
	VZEROUPPER
	RET

// NIBBLES5 stores the low nibbles of z at p and the high ones at h, with a fifth bit,
// bit 4 of the results of the shifts.
#define NIBBLES5(z, qh, p, h, SHIFTLOW, low, SHIFTHIGH, high) \
	SHIFTLOW $low, qh, Z9;        \
	SHIFTHIGH $high, qh, Z10;     \
	VPANDD Z31, z, Z8;            \
	VPTERNLOGD $0xf8, Z25, Z9, Z8; \
	VMOVDQU64 Z8, p(DI);          \
	VPSRLW $4, z, z;              \
	VPANDD Z31, z, z;             \
	VPTERNLOGD $0xf8, Z25, Z10, z; \
	VMOVDQU64 z, h(DI)

#define COLUMNS5K(o, p, SHIFTLOW, low, SHIFTHIGH, high) \
	COLUMNS(o);                                                          \
	NIBBLES5(Z0, Z16, p, p+1152, SHIFTLOW, low, SHIFTHIGH, high);        \
	NIBBLES5(Z1, Z17, p+128, p+1280, SHIFTLOW, low, SHIFTHIGH, high);    \
	NIBBLES5(Z2, Z18, p+256, p+1408, SHIFTLOW, low, SHIFTHIGH, high);    \
	NIBBLES5(Z3, Z19, p+384, p+1536, SHIFTLOW, low, SHIFTHIGH, high)

// KEEP moves Z0 to Z3 to Z16 to Z19.
#define KEEP \
	VMOVDQA64 Z0, Z16; \
	VMOVDQA64 Z1, Z17; \
	VMOVDQA64 Z2, Z18; \
	VMOVDQA64 Z3, Z19

#define HALF5K(o, p) \
	COLUMNS(16+o);                                   \
	KEEP;                                            \
	COLUMNS5K(48+o, p, VPSLLW, 4, VPSLLW, 3);        \
	COLUMNS5K(80+o, p+2304, VPSLLW, 2, VPSLLW, 1);   \
	COLUMNS5K(112+o, p+4608, VPSRLW, 0, VPSRLW, 1);  \
	COLUMNS5K(144+o, p+6912, VPSRLW, 2, VPSRLW, 3)

// func unpackQ5KVNNI(panel, w *byte, rowBytes, blocks int)
TEXT ·unpackQ5KVNNI(SB), NOSPLIT, $0-32
	ARGUMENTS
	CONSTANTS
	BYTES(0x10, Z25)

block:
	HEAD(SCALES)
	HALF5K(0, 0)
	HALF5K(16, 512)
	ADVANCE(176, 9984)
	JNZ block
	VZEROUPPER
	RET

#define COLUMNS6K(o, p, SHIFTLOW, low, SHIFTHIGH, high) \
	COLUMNS(o);                                                          \
	NIBBLES5(Z0, Z16, p, p+2560, SHIFTLOW, low, SHIFTHIGH, high);        \
	NIBBLES5(Z1, Z17, p+128, p+2688, SHIFTLOW, low, SHIFTHIGH, high);    \
	NIBBLES5(Z2, Z18, p+256, p+2816, SHIFTLOW, low, SHIFTHIGH, high);    \
	NIBBLES5(Z3, Z19, p+384, p+2944, SHIFTLOW, low, SHIFTHIGH, high)

// QUARTER6K does the elements of a half whose two high bits are in the 16 bytes
// at qh.
#define QUARTER6K(qh, ql, p) \
	COLUMNS(qh);                                     \
	KEEP;                                            \
	COLUMNS6K(ql, p, VPSLLW, 4, VPSRLW, 0);          \
	COLUMNS6K(ql+32, p+1280, VPSLLW, 2, VPSRLW, 2)

// SIGNED stores four scales, the signed bytes of z, as words at p and every 640
// bytes on, with 0 beside them.
#define SIGNED(z, p) \
	VPSLLW $8, z, Z8;            \
	VPSRAW $8, Z8, Z8;           \
	VPSRAW $8, z, Z9;            \
	VPANDD Z28, Z8, Z10;         \
	VMOVDQU64 Z10, p(DI);        \
	VPANDD Z28, Z9, Z10;         \
	VMOVDQU64 Z10, p+640(DI);    \
	VPSRLD $16, Z8, Z8;          \
	VMOVDQU64 Z8, p+1280(DI);    \
	VPSRLD $16, Z9, Z9;          \
	VMOVDQU64 Z9, p+1920(DI)

// func unpackQ6KVNNI(panel, w *byte, rowBytes, blocks int)
TEXT ·unpackQ6KVNNI(SB), NOSPLIT, $0-32
	ARGUMENTS
	BYTES(0x0f, Z31)
	BYTES(0x30, Z25)
	MOVL $0xffff, AX
	VPBROADCASTD AX, Z28

block:
	QUARTER6K(128, 0, 0)
	QUARTER6K(144, 16, 640)
	QUARTER6K(160, 64, 5120)
	QUARTER6K(176, 80, 5760)
	COLUMNS(192)
	SIGNED(Z0, 512)
	SIGNED(Z1, 3072)
	SIGNED(Z2, 5632)
	SIGNED(Z3, 8192)
	COLUMNS(194)
	VPSRLD $16, Z3, Z3
	WIDEN(Z3, 11264)
	ADVANCE(210, 11520)
	JNZ block
	VZEROUPPER
	RET

#define COLUMNS8(o, p) \
	COLUMNS(o);                  \
	VPXORD Z31, Z0, Z0;          \
	VPXORD Z31, Z1, Z1;          \
	VPXORD Z31, Z2, Z2;          \
	VPXORD Z31, Z3, Z3;          \
	VMOVDQU64 Z0, p(DI);         \
	VMOVDQU64 Z1, p+128(DI);     \
	VMOVDQU64 Z2, p+256(DI);     \
	VMOVDQU64 Z3, p+384(DI)

// func unpackQ8VNNI(panel, w *byte, rowBytes, blocks int)
TEXT ·unpackQ8VNNI(SB), NOSPLIT, $0-32
	ARGUMENTS
	BYTES(0x80, Z31)

block:
	COLUMNS(0)
	WIDEN(Z0, 1024)
	COLUMNS8(2, 0)
	COLUMNS8(18, 512)
	ADVANCE(34, 1280)
	JNZ block
	VZEROUPPER
	RET
