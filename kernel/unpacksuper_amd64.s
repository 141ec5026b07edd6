//go:build !purego

#include "textflag.h"
#include "unpack_amd64.h"

// The unpackers of Q2_K and Q3_K to super16 panels, of IQ4_XS to super32 ones
// (panel_amd64.go);
// tensor/decode_kquant.go and decode_quant.go draw the blocks.

// TWOBITS stores the four fields of two bits of z, which are 32 elements apart,
// from p on.
#define TWOBITS(z, p) \
	VPANDD Z31, z, Z8;           \
	VMOVDQU64 Z8, p(DI);         \
	VPSRLW $2, z, Z8;            \
	VPANDD Z31, Z8, Z8;          \
	VMOVDQU64 Z8, p+1280(DI);    \
	VPSRLW $4, z, Z8;            \
	VPANDD Z31, Z8, Z8;          \
	VMOVDQU64 Z8, p+2560(DI);    \
	VPSRLW $6, z, Z8;            \
	VPANDD Z31, Z8, Z8;          \
	VMOVDQU64 Z8, p+3840(DI)

#define COLUMNS2K(o, p) \
	COLUMNS(o);         \
	TWOBITS(Z0, p);     \
	TWOBITS(Z1, p+128); \
	TWOBITS(Z2, p+256); \
	TWOBITS(Z3, p+384)

// SCALES stores four scales, the signed bytes of z, at p and every 640 bytes on.
#define SCALES(z, p) \
	VPSLLD $24, z, Z8;           \
	VPSRAD $24, Z8, Z8;          \
	VMOVDQU64 Z8, p(DI);         \
	VPSLLD $16, z, Z8;           \
	VPSRAD $24, Z8, Z8;          \
	VMOVDQU64 Z8, p+640(DI);     \
	VPSLLD $8, z, Z8;            \
	VPSRAD $24, Z8, Z8;          \
	VMOVDQU64 Z8, p+1280(DI);    \
	VPSRAD $24, z, Z8;           \
	VMOVDQU64 Z8, p+1920(DI)

// SCALES2K stores four scales at p, the low nibbles of z, and as many minima, the
// high ones, at m.
#define SCALES2K(z, p, m) \
	VPANDD Z30, z, Z9;           \
	SCALES(Z9, p);               \
	VPSRLW $4, z, Z9;            \
	VPANDD Z30, Z9, Z9;          \
	VPSHUFB Z29, Z9, Z8;         \
	VMOVDQU64 Z8, m(DI);         \
	VPSHUFB Z28, Z9, Z8;         \
	VMOVDQU64 Z8, m+128(DI)

// pairs makes words of the bytes 0 and 1, or 2 and 3, of each dword.
DATA pairs<>+0(SB)/8, $0x8005800480018000
DATA pairs<>+8(SB)/8, $0x800d800c80098008
DATA pairs<>+16(SB)/8, $0x8007800680038002
DATA pairs<>+24(SB)/8, $0x800f800e800b800a
GLOBL pairs<>(SB), RODATA|NOPTR, $32

// func unpackQ2KVNNI(panel, w *byte, rowBytes, blocks, ahead int)
TEXT ·unpackQ2KVNNI(SB), NOSPLIT, $0-40
	ARGUMENTS
	BYTES(0x03, Z31)
	BYTES(0x0f, Z30)
	VBROADCASTI32X4 pairs<>+0(SB), Z29
	VBROADCASTI32X4 pairs<>+16(SB), Z28

block:
	COLUMNS(0)
	SCALES2K(Z0, 512, 10240)
	SCALES2K(Z1, 3072, 10496)
	SCALES2K(Z2, 5632, 10752)
	SCALES2K(Z3, 8192, 11008)
	COLUMNS2K(16, 0)
	COLUMNS2K(32, 640)
	COLUMNS2K(48, 5120)
	COLUMNS2K(64, 5760)
	COLUMNS(68)
	WIDEN(Z3, 11264)
	VPSRLD $16, Z3, Z3
	WIDEN(Z3, 11392)
	ADVANCE(84, 11520)
	JNZ block
	VZEROUPPER
	RET

// THIRD stores a field of two bits of z with a third one, bit 2 of the result of
// the second shift.
#define THIRD(z, low, bits, SHIFT, high, p) \
	VPSRLW $low, z, Z8;            \
	VPANDD Z31, Z8, Z8;            \
	SHIFT $high, bits, Z9;         \
	VPTERNLOGD $0xf8, Z30, Z9, Z8; \
	VMOVDQU64 Z8, p(DI)

#define LOW3K(z, bits, p) \
	THIRD(z, 0, bits, VPSLLW, 2, p);      \
	THIRD(z, 2, bits, VPSLLW, 1, p+1280); \
	THIRD(z, 4, bits, VPSRLW, 0, p+2560); \
	THIRD(z, 6, bits, VPSRLW, 1, p+3840)

#define HIGH3K(z, bits, p) \
	THIRD(z, 0, bits, VPSRLW, 2, p);      \
	THIRD(z, 2, bits, VPSRLW, 3, p+1280); \
	THIRD(z, 4, bits, VPSRLW, 4, p+2560); \
	THIRD(z, 6, bits, VPSRLW, 5, p+3840)

#define COLUMNS3K(HALF, o, b0, b1, b2, b3, p) \
	COLUMNS(o);          \
	HALF(Z0, b0, p);     \
	HALF(Z1, b1, p+128); \
	HALF(Z2, b2, p+256); \
	HALF(Z3, b3, p+384)

// SCALES3K stores four scales of six bits: z has the low four as nibbles, and the
// result of the shift the high two.
#define SCALES3K(z, SHIFT, high, p) \
	VPANDD Z29, z, Z9;              \
	SHIFT $high, Z2, Z10;           \
	VPTERNLOGD $0xf8, Z28, Z10, Z9; \
	VPSUBB Z27, Z9, Z9;             \
	SCALES(Z9, p)

// BETWEEN sets z to what lies two bytes on, where next follows it.
#define BETWEEN(z, next) \
	VPSRLD $16, z, z;    \
	VPSLLD $16, next, Z8; \
	VPORD Z8, z, z

// func unpackQ3KVNNI(panel, w *byte, rowBytes, blocks, ahead int)
TEXT ·unpackQ3KVNNI(SB), NOSPLIT, $0-40
	ARGUMENTS
	BYTES(0x03, Z31)
	BYTES(0x04, Z30)
	BYTES(0x0f, Z29)
	BYTES(0x30, Z28)
	BYTES(0x20, Z27)

block:
	COLUMNS(0)
	VMOVDQA64 Z0, Z16
	VMOVDQA64 Z1, Z17
	VMOVDQA64 Z2, Z18
	VMOVDQA64 Z3, Z19
	COLUMNS(16)
	VMOVDQA64 Z0, Z20
	VMOVDQA64 Z1, Z21
	VMOVDQA64 Z2, Z22
	VMOVDQA64 Z3, Z23
	COLUMNS3K(LOW3K, 32, Z16, Z17, Z18, Z19, 0)
	COLUMNS3K(LOW3K, 48, Z20, Z21, Z22, Z23, 640)
	COLUMNS3K(HIGH3K, 64, Z16, Z17, Z18, Z19, 5120)
	COLUMNS3K(HIGH3K, 80, Z20, Z21, Z22, Z23, 5760)

	// The scales begin at 96, d at 108.
	COLUMNS(94)
	BETWEEN(Z0, Z1)
	BETWEEN(Z1, Z2)
	BETWEEN(Z2, Z3)
	VPSRLD $16, Z3, Z3
	WIDEN(Z3, 11264)
	SCALES3K(Z0, VPSLLW, 4, 512)
	SCALES3K(Z1, VPSLLW, 2, 3072)
	VPSRLW $4, Z0, Z0
	VPSRLW $4, Z1, Z1
	SCALES3K(Z0, VPSRLW, 0, 5632)
	SCALES3K(Z1, VPSRLW, 2, 8192)
	ADVANCE(110, 11520)
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

// SUB4XS does a sub-block of 32: four bits of its scale are in Z17 from low on, and
// the bits 4 and 5 in Z16, high further on.
#define SUB4XS(o, low, high, p) \
	COLUMNS(o);                    \
	LEVELS(Z0, p);                 \
	LEVELS(Z1, p+128);             \
	LEVELS(Z2, p+256);             \
	LEVELS(Z3, p+384);             \
	VPSRLD $low, Z17, Z8;          \
	VPSRLD $high, Z16, Z9;         \
	VPANDD Z29, Z8, Z8;            \
	VPTERNLOGD $0xf8, Z28, Z9, Z8; \
	VPSUBD Z27, Z8, Z8;            \
	VMOVDQU64 Z8, p+1024(DI)

#define DWORDS(v, z) \
	MOVL $v, AX; \
	VPBROADCASTD AX, z

// func unpackIQ4XSVNNI(panel, w *byte, rowBytes, blocks, ahead int)
TEXT ·unpackIQ4XSVNNI(SB), NOSPLIT, $0-40
	ARGUMENTS
	BYTES(0x0f, Z31)
	VBROADCASTI32X4 levels<>(SB), Z30
	DWORDS(0x0f, Z29)
	DWORDS(0x30, Z28)
	DWORDS(0x20, Z27)

block:
	COLUMNS(0)
	WIDEN(Z0, 9728)
	VMOVDQA64 Z0, Z16
	VMOVDQA64 Z1, Z17
	SUB4XS(8, 0, 12, 0)
	SUB4XS(24, 4, 14, 1152)
	SUB4XS(40, 8, 16, 2304)
	SUB4XS(56, 12, 18, 3456)
	SUB4XS(72, 16, 20, 4608)
	SUB4XS(88, 20, 22, 5760)
	SUB4XS(104, 24, 24, 6912)
	SUB4XS(120, 28, 26, 8064)
	ADVANCE(136, 9984)
	JNZ block
	VZEROUPPER
	RET
