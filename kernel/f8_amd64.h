// What the unpackers of e4m3 have in common.

// powers are ±2^(e-1) of sign and exponent, the upper five bits of a code, and 0
// for exponent 0: such weights are below half a unit.
DATA powers<>+0(SB)/8, $0x0004000200010000
DATA powers<>+8(SB)/8, $0x0040002000100008
DATA powers<>+16(SB)/8, $0x0400020001000080
DATA powers<>+24(SB)/8, $0x4000200010000800
DATA powers<>+32(SB)/8, $0xfffcfffeffff0000
DATA powers<>+40(SB)/8, $0xffc0ffe0fff0fff8
DATA powers<>+48(SB)/8, $0xfc00fe00ff00ff80
DATA powers<>+56(SB)/8, $0xc000e000f000f800
GLOBL powers<>(SB), RODATA|NOPTR, $64

// inner swaps the inner two of every four bytes.
DATA inner<>+0(SB)/8, $0x0705060403010200
DATA inner<>+8(SB)/8, $0x0f0d0e0c0b090a08
GLOBL inner<>(SB), RODATA|NOPTR, $16

// WORDS sets Z13 and Z14 to the integers of the codes in z. With the inner codes
// of every four swapped, the first two are the lower bytes of two words, and the
// last two the upper ones. A weight is ±(8+m)·2^(e-5), m being the mantissa: the
// upper half of the product of (8+m)·2¹¹ and ±2^(e-1), doubled and rounded.
// top keeps the greatest code of every byte, without its sign, doubled.
#define WORDS(z, top) \
	VPSHUFB Z27, z, z;              \
	VPADDB z, z, Z10;               \
	VPSRLW $3, z, Z11;              \
	VPSRLW $11, z, Z12;             \
	VPSLLW $11, z, Z13;             \
	VPSLLW $3, z, Z14;              \
	VPMAXUB Z10, top, top;          \
	VPERMW Z30, Z11, Z11;           \
	VPERMW Z30, Z12, Z12;           \
	VPTERNLOGD $0xea, Z28, Z29, Z13; \
	VPTERNLOGD $0xea, Z28, Z29, Z14; \
	VPMULHRSW Z11, Z13, Z13;        \
	VPMULHRSW Z12, Z14, Z14

#define CONSTANTS \
	VBROADCASTI32X4 inner<>(SB), Z27; \
	VMOVDQU64 powers<>(SB), Z30;      \
	MOVL $0x38003800, R15;            \
	VPBROADCASTD R15, Z29;            \
	MOVL $0x40004000, R15;            \
	VPBROADCASTD R15, Z28
