//go:build !purego

#include "textflag.h"
#include "unpack_amd64.h"

// The unpackers of the encodings with grids to super16 panels, or super32 ones if
// they have a scale every 32 weights (panel_amd64.go);
// tensor/decode_grid.go draws the blocks. An index of each of the 16 rows is looked
// up at once, in a grid of dwords.

#define CONSTANT(name, v) \
	DATA name<>+0(SB)/4, $v; \
	GLOBL name<>(SB), RODATA|NOPTR, $4

CONSTANT(one, 1)
CONSTANT(byte, 0xff)
CONSTANT(nine, 0x1ff)
CONSTANT(odd, 0x1e)
CONSTANT(odd3, 0x0e)
CONSTANT(bit8, 0x100)
CONSTANT(bits8, 0x300)
CONSTANT(bits8to10, 0x700)
CONSTANT(bit11, 0x800)
CONSTANT(bit15, 0x8000)
CONSTANT(bit31, 0x80000000)
CONSTANT(nibble0, 0x000f)
CONSTANT(nibble1, 0x00f0)
CONSTANT(nibble2, 0x0f00)
CONSTANT(nibble3, 0xf000)
CONSTANT(seven0, 0x7f)
CONSTANT(seven1, 0x7f00)
CONSTANT(seven2, 0x7f0000)
CONSTANT(seven3, 0x7f000000)
CONSTANT(low4, 0x0f0f0f0f)
CONSTANT(eighth, 0x3e000000)
CONSTANT(quarter, 0x3e800000)
CONSTANT(zeros2, 0x80808080)
CONSTANT(signs0, 0x08040201)
CONSTANT(signs4, 0x80402010)

// parity is 0x80 where an odd number of four bits are set.
DATA parity<>+0(SB)/8, $0x8000008000808000
DATA parity<>+8(SB)/8, $0x0080800080000080
GLOBL parity<>(SB), RODATA|NOPTR, $16

// magnitudes are those of the three levels of IQ2, and 64 more.
DATA magnitudes<>+0(SB)/8, $0x00000000006b5948
DATA magnitudes<>+8(SB)/8, $0
GLOBL magnitudes<>(SB), RODATA|NOPTR, $16

// first chooses the first byte of each dword, four times.
DATA first<>+0(SB)/8, $0x0404040400000000
DATA first<>+8(SB)/8, $0x0c0c0c0c08080808
GLOBL first<>(SB), RODATA|NOPTR, $16

#define GRID \
	MOVQ grid+40(FP), BX

// SIGNS sets what the signs need: Z31 to Z28 choose a byte of each dword, Z27 and
// Z26 name the bits of its four, Z25 is twice zero, Z24 the parities, and Z23 low nibbles.
#define SIGNS \
	VBROADCASTI32X4 first<>(SB), Z31;    \
	BYTES(1, Z8);                        \
	VPADDB Z8, Z31, Z30;                 \
	VPADDB Z8, Z30, Z29;                 \
	VPADDB Z8, Z29, Z28;                 \
	VPBROADCASTD signs0<>(SB), Z27;      \
	VPBROADCASTD signs4<>(SB), Z26;      \
	VPBROADCASTD zeros2<>(SB), Z25;      \
	VBROADCASTI32X4 parity<>(SB), Z24;   \
	VPBROADCASTD low4<>(SB), Z23

// LOOKUP sets Z14 to the entries that Z13 names.
#define LOOKUP \
	KXNORW K3, K3, K3;               \
	VPXORD Z14, Z14, Z14;            \
	VPGATHERDD (BX)(Z13*4), K3, Z14

// MINUS stores the bytes of z, which are 64 and a magnitude, or 64 less it where the
// bits that mask names, of the byte that signs has four times, are set.
#define MINUS(z, signs, mask, p) \
	VPTESTMB mask, signs, K1;    \
	VPSUBB z, Z25, K1, z;        \
	VMOVDQU64 z, p(DI)

// EIGHT stores the eight elements of the entries of IQ2 in Z14, the signs of which
// are the byte of signs that chosen chooses. VPSHUFB does not see the bits of the
// nibble above.
#define EIGHT(signs, chosen, p) \
	VPSHUFB chosen, signs, Z9;   \
	VPSRLW $4, Z14, Z11;         \
	VPSHUFB Z14, Z22, Z10;       \
	VPSHUFB Z11, Z22, Z11;       \
	MINUS(Z10, Z9, Z27, p);      \
	MINUS(Z11, Z9, Z26, p+128)

// PARITY adds the eighth bit of the signs to the bytes of z.
#define PARITY(z) \
	VPANDD Z23, z, Z9;           \
	VPSRLW $4, z, Z10;           \
	VPANDD Z23, Z10, Z10;        \
	VPSHUFB Z9, Z24, Z9;         \
	VPSHUFB Z10, Z24, Z10;       \
	VPTERNLOGD $0xf6, Z10, Z9, z

// SEVENS sets Z8 to the four bytes of signs that z has in four times seven bits.
#define SEVENS(z) \
	VPANDD.BCST seven0<>(SB), z, Z8;             \
	VPSLLD $1, z, Z9;                            \
	VPTERNLOGD.BCST $0xf8, seven1<>(SB), Z9, Z8; \
	VPSLLD $2, z, Z9;                            \
	VPTERNLOGD.BCST $0xf8, seven2<>(SB), Z9, Z8; \
	VPSLLD $3, z, Z9;                            \
	VPTERNLOGD.BCST $0xf8, seven3<>(SB), Z9, Z8; \
	PARITY(Z8)

// ODD sets Z8 to 2s+1, where s is what bits, from bit 1 on, leaves of z shifted.
#define ODD(SHIFT, n, z, bits) \
	SHIFT $n, z, Z8;                \
	VPANDD.BCST bits<>(SB), Z8, Z8; \
	VPORD.BCST one<>(SB), Z8, Z8

// SCALE stores the scale of 16 weights, SCALE32 that of 32.
#define SCALE(SHIFT, n, z, bits, p) \
	ODD(SHIFT, n, z, bits);  \
	VMOVDQU64 Z8, p+512(DI)

#define SCALE32(SHIFT, n, z, bits, p) \
	ODD(SHIFT, n, z, bits);  \
	VMOVDQU64 Z8, p+1024(DI)

// SCALES stores eight scales, the nibbles of z.
#define SCALES(z, p) \
	SCALE(VPSLLD, 1, z, odd, p);         \
	SCALE(VPSRLD, 3, z, odd, p+640);     \
	SCALE(VPSRLD, 7, z, odd, p+1280);    \
	SCALE(VPSRLD, 11, z, odd, p+1920);   \
	SCALE(VPSRLD, 15, z, odd, p+2560);   \
	SCALE(VPSRLD, 19, z, odd, p+3200);   \
	SCALE(VPSRLD, 23, z, odd, p+3840);   \
	SCALE(VPSRLD, 27, z, odd, p+4480)

// FACTOR stores d, the halves in the low words of z, times unit at p.
#define FACTOR(z, unit, p) \
	VPMOVDW z, Y8;                       \
	VCVTPH2PS Y8, Z8;                    \
	VMULPS.BCST unit<>(SB), Z8, Z8;      \
	VMOVUPS Z8, p(DI)

#define NEXT32(bytes) \
	ADVANCE(bytes, 9984);  \
	JNZ block;             \
	VZEROUPPER;            \
	RET

#define NEXT(bytes) \
	ADVANCE(bytes, 11520); \
	JNZ block;             \
	VZEROUPPER;            \
	RET

// KEEP moves Z0 to Z3 to Z16 to Z19.
#define KEEP \
	VMOVDQA64 Z0, Z16; \
	VMOVDQA64 Z1, Z17; \
	VMOVDQA64 Z2, Z18; \
	VMOVDQA64 Z3, Z19

#define INDEX0(z) VPANDD.BCST byte<>(SB), z, Z13

#define INDEX(n, z) \
	VPSRLD $n, z, Z13; \
	INDEX0(Z13)

#define INDEX3(z) VPSRLD $24, z, Z13

// SUB2XXS does 32 weights, their indices in z and their signs in s.
#define SUB2XXS(z, s, p) \
	SCALE32(VPSRLD, 27, s, odd, p);  \
	SEVENS(s);                       \
	INDEX0(z);                       \
	LOOKUP;                          \
	EIGHT(Z8, Z31, p);               \
	INDEX(8, z);                     \
	LOOKUP;                          \
	EIGHT(Z8, Z30, p+256);           \
	INDEX(16, z);                    \
	LOOKUP;                          \
	EIGHT(Z8, Z29, p+512);           \
	INDEX3(z);                       \
	LOOKUP;                          \
	EIGHT(Z8, Z28, p+768)

#define PAIR2XXS(o, p) \
	COLUMNS(o);                      \
	SUB2XXS(Z0, Z1, p);              \
	SUB2XXS(Z2, Z3, p+1152)

// func unpackIQ2XXSVNNI(panel, w *byte, rowBytes, blocks, ahead int, grid *uint32)
TEXT ·unpackIQ2XXSVNNI(SB), NOSPLIT, $0-48
	ARGUMENTS
	GRID
	SIGNS
	VBROADCASTI32X4 magnitudes<>(SB), Z22

block:
	COLUMNS(0)
	FACTOR(Z0, eighth, 9728)
	PAIR2XXS(2, 0)
	PAIR2XXS(18, 2304)
	PAIR2XXS(34, 4608)
	PAIR2XXS(50, 6912)
	NEXT32(66)

// SUB2XS does 16 weights, their indices and signs in the words of z.
#define SUB2XS(z, p) \
	VPSRLW $9, z, Z8;                  \
	PARITY(Z8);                        \
	VPANDD.BCST nine<>(SB), z, Z13;    \
	LOOKUP;                            \
	EIGHT(Z8, Z31, p);                 \
	VPSRLD $16, z, Z13;                \
	VPANDD.BCST nine<>(SB), Z13, Z13;  \
	LOOKUP;                            \
	EIGHT(Z8, Z29, p+256)

#define COLUMNS2XS(o, p) \
	COLUMNS(o);           \
	SUB2XS(Z0, p);        \
	SUB2XS(Z1, p+640);    \
	SUB2XS(Z2, p+1280);   \
	SUB2XS(Z3, p+1920)

// func unpackIQ2XSVNNI(panel, w *byte, rowBytes, blocks, ahead int, grid *uint32)
TEXT ·unpackIQ2XSVNNI(SB), NOSPLIT, $0-48
	ARGUMENTS
	GRID
	SIGNS
	VBROADCASTI32X4 magnitudes<>(SB), Z22

block:
	COLUMNS(0)
	FACTOR(Z0, eighth, 11264)
	COLUMNS2XS(2, 0)
	COLUMNS2XS(18, 2560)
	COLUMNS2XS(34, 5120)
	COLUMNS2XS(50, 7680)
	COLUMNS(58)
	SCALES(Z2, 0)
	SCALES(Z3, 5120)
	NEXT(74)

// MORE adds to the index the bits of high, shifted, that bits names.
#define MORE(SHIFT, n, high, bits) \
	SHIFT $n, high, Z9;                         \
	VPTERNLOGD.BCST $0xf8, bits<>(SB), Z9, Z13

// LAST2S does eight weights, of whose index there are eight bits.
#define LAST2S(SHIFT, n, s, chosen, p) \
	MORE(SHIFT, n, Z15, bits8);  \
	LOOKUP;                 \
	EIGHT(s, chosen, p)

// SUB2S does 32 weights, their signs in s, and two bits more of the indices in a
// byte of Z15.
#define SUB2S(z, s, p, SHIFT0, n0, SHIFT1, n1, SHIFT2, n2, SHIFT3, n3) \
	INDEX0(z);                              \
	LAST2S(SHIFT0, n0, s, Z31, p);          \
	INDEX(8, z);                            \
	LAST2S(SHIFT1, n1, s, Z30, p+256);      \
	INDEX(16, z);                           \
	LAST2S(SHIFT2, n2, s, Z29, p+640);      \
	INDEX3(z);                              \
	LAST2S(SHIFT3, n3, s, Z28, p+896)

#define HALF2S(o, p) \
	COLUMNS(o);                                                               \
	SUB2S(Z0, Z16, p, VPSLLD, 8, VPSLLD, 6, VPSLLD, 4, VPSLLD, 2);            \
	SUB2S(Z1, Z17, p+1280, VPSRLD, 0, VPSRLD, 2, VPSRLD, 4, VPSRLD, 6);       \
	SUB2S(Z2, Z18, p+2560, VPSRLD, 8, VPSRLD, 10, VPSRLD, 12, VPSRLD, 14);    \
	SUB2S(Z3, Z19, p+3840, VPSRLD, 16, VPSRLD, 18, VPSRLD, 20, VPSRLD, 22)

// func unpackIQ2SVNNI(panel, w *byte, rowBytes, blocks, ahead int, grid *uint32)
TEXT ·unpackIQ2SVNNI(SB), NOSPLIT, $0-48
	ARGUMENTS
	GRID
	SIGNS
	VBROADCASTI32X4 magnitudes<>(SB), Z22

block:
	COLUMNS(0)
	FACTOR(Z0, eighth, 11264)
	COLUMNS(66)
	VMOVDQA64 Z0, Z15
	VMOVDQA64 Z1, Z21
	SCALES(Z2, 0)
	SCALES(Z3, 5120)
	COLUMNS(34)
	KEEP
	HALF2S(2, 0)
	VMOVDQA64 Z21, Z15
	COLUMNS(50)
	KEEP
	HALF2S(18, 5120)
	NEXT(82)

// FIRST3 looks up the first four of eight weights, and keeps the byte of s with
// their signs for SECOND3.
#define FIRST3(s, chosen, p) \
	LOOKUP;                          \
	VPSHUFB chosen, s, Z20;          \
	MINUS(Z14, Z20, Z27, p)

#define SECOND3(p) \
	LOOKUP;                          \
	MINUS(Z14, Z20, Z26, p)

// SUB3XXS does 32 weights, their indices in z and y, and their signs in s.
#define SUB3XXS(z, y, s, p) \
	SCALE32(VPSRLD, 27, s, odd, p);  \
	SEVENS(s);                       \
	INDEX0(z);                       \
	FIRST3(Z8, Z31, p);              \
	INDEX(8, z);                     \
	SECOND3(p+128);                  \
	INDEX(16, z);                    \
	FIRST3(Z8, Z30, p+256);          \
	INDEX3(z);                       \
	SECOND3(p+384);                  \
	INDEX0(y);                       \
	FIRST3(Z8, Z29, p+512);          \
	INDEX(8, y);                     \
	SECOND3(p+640);                  \
	INDEX(16, y);                    \
	FIRST3(Z8, Z28, p+768);          \
	INDEX3(y);                       \
	SECOND3(p+896)

#define HALF3XXS(o, signs, p) \
	COLUMNS(signs);                  \
	KEEP;                            \
	COLUMNS(o);                      \
	SUB3XXS(Z0, Z1, Z16, p);         \
	SUB3XXS(Z2, Z3, Z17, p+1152);    \
	COLUMNS(o+16);                   \
	SUB3XXS(Z0, Z1, Z18, p+2304);    \
	SUB3XXS(Z2, Z3, Z19, p+3456)

// func unpackIQ3XXSVNNI(panel, w *byte, rowBytes, blocks, ahead int, grid *uint32)
TEXT ·unpackIQ3XXSVNNI(SB), NOSPLIT, $0-48
	ARGUMENTS
	GRID
	SIGNS

block:
	COLUMNS(0)
	FACTOR(Z0, quarter, 9728)
	HALF3XXS(2, 66, 0)
	HALF3XXS(34, 82, 4608)
	NEXT32(98)

// SUB3S does 32 weights, their indices in z and y, one bit more of them in a byte
// of Z15, and their signs in s.
#define SUB3S(z, y, s, p, S0, n0, S1, n1, S2, n2, S3, n3, S4, n4, S5, n5, S6, n6, S7, n7) \
	INDEX0(z);              \
	MORE(S0, n0, Z15, bit8);     \
	FIRST3(s, Z31, p);      \
	INDEX(8, z);            \
	MORE(S1, n1, Z15, bit8);     \
	SECOND3(p+128);         \
	INDEX(16, z);           \
	MORE(S2, n2, Z15, bit8);     \
	FIRST3(s, Z30, p+256);  \
	INDEX3(z);              \
	MORE(S3, n3, Z15, bit8);     \
	SECOND3(p+384);         \
	INDEX0(y);              \
	MORE(S4, n4, Z15, bit8);     \
	FIRST3(s, Z29, p+512);  \
	INDEX(8, y);            \
	MORE(S5, n5, Z15, bit8);     \
	SECOND3(p+640);         \
	INDEX(16, y);           \
	MORE(S6, n6, Z15, bit8);     \
	FIRST3(s, Z28, p+768);  \
	INDEX3(y);              \
	MORE(S7, n7, Z15, bit8);     \
	SECOND3(p+896)

#define L VPSLLD
#define R VPSRLD

#define HALF3S(o, signs, p) \
	COLUMNS(signs);                                                                                  \
	KEEP;                                                                                            \
	COLUMNS(o);                                                                                      \
	SUB3S(Z0, Z1, Z16, p, L, 8, L, 7, L, 6, L, 5, L, 4, L, 3, L, 2, L, 1);                           \
	SUB3S(Z2, Z3, Z17, p+1152, R, 0, R, 1, R, 2, R, 3, R, 4, R, 5, R, 6, R, 7);                      \
	COLUMNS(o+16);                                                                                   \
	SUB3S(Z0, Z1, Z18, p+2304, R, 8, R, 9, R, 10, R, 11, R, 12, R, 13, R, 14, R, 15);                \
	SUB3S(Z2, Z3, Z19, p+3456, R, 16, R, 17, R, 18, R, 19, R, 20, R, 21, R, 22, R, 23)

// func unpackIQ3SVNNI(panel, w *byte, rowBytes, blocks, ahead int, grid *uint32)
TEXT ·unpackIQ3SVNNI(SB), NOSPLIT, $0-48
	ARGUMENTS
	GRID
	SIGNS

block:
	COLUMNS(0)
	WIDEN(Z0, 9728)
	COLUMNS(94)
	SCALE32(VPSLLD, 1, Z3, odd, 0)
	SCALE32(VPSRLD, 3, Z3, odd, 1152)
	SCALE32(VPSRLD, 7, Z3, odd, 2304)
	SCALE32(VPSRLD, 11, Z3, odd, 3456)
	SCALE32(VPSRLD, 15, Z3, odd, 4608)
	SCALE32(VPSRLD, 19, Z3, odd, 5760)
	SCALE32(VPSRLD, 23, Z3, odd, 6912)
	SCALE32(VPSRLD, 27, Z3, odd, 8064)
	COLUMNS(66)
	VMOVDQA64 Z0, Z15
	VMOVDQA64 Z1, Z21
	HALF3S(2, 74, 0)
	VMOVDQA64 Z21, Z15
	HALF3S(34, 90, 4608)
	NEXT32(110)

// levels1 are 64 and 8 times the three levels of IQ1, one more, then one less.
DATA levels1<>+0(SB)/8, $0x00473f3700494139
DATA levels1<>+8(SB)/8, $0
GLOBL levels1<>(SB), RODATA|NOPTR, $16

// EIGHT1 stores eight weights of IQ1. Z15 has bit 2 of each nibble where there is
// a minus.
#define EIGHT1(p) \
	LOOKUP;                          \
	VPORD Z15, Z14, Z14;             \
	VPSRLW $4, Z14, Z11;             \
	VPSHUFB Z14, Z31, Z10;           \
	VPSHUFB Z11, Z31, Z11;           \
	VMOVDQU64 Z10, p(DI);            \
	VMOVDQU64 Z11, p+128(DI)

// MINUS1 sets Z15 to Z30 where the bit of z is set, and else to 0.
#define MINUS1(bit, z) \
	VPTESTMD.BCST bit<>(SB), z, K2;  \
	VMOVDQA32.Z Z30, K2, Z15

#define LEVELS1 \
	VBROADCASTI32X4 levels1<>(SB), Z31; \
	BYTES(0x44, Z30)

// SUB1S does 32 weights, their indices in z, and all else in a word of w.
#define SUB1S(z, w, p, n, minus, SHIFT0, n0, SHIFT1, n1, SHIFT2, n2, n3) \
	SCALE32(VPSRLD, n, w, odd3, p);          \
	MINUS1(minus, w);                         \
	INDEX0(z);                               \
	MORE(SHIFT0, n0, w, bits8to10);          \
	EIGHT1(p);                               \
	INDEX(8, z);                             \
	MORE(SHIFT1, n1, w, bits8to10);          \
	EIGHT1(p+256);                           \
	INDEX(16, z);                            \
	MORE(SHIFT2, n2, w, bits8to10);          \
	EIGHT1(p+512);                           \
	INDEX3(z);                               \
	MORE(VPSRLD, n3, w, bits8to10);          \
	EIGHT1(p+768)

#define PAIR1S(z, y, w, p) \
	SUB1S(z, w, p, 11, bit15, L, 8, L, 5, L, 2, 1);          \
	SUB1S(y, w, p+1152, 27, bit31, R, 8, R, 11, R, 14, 17)

// func unpackIQ1SVNNI(panel, w *byte, rowBytes, blocks, ahead int, grid *uint32)
TEXT ·unpackIQ1SVNNI(SB), NOSPLIT, $0-48
	ARGUMENTS
	GRID
	LEVELS1

block:
	COLUMNS(0)
	FACTOR(Z0, eighth, 9728)
	COLUMNS(34)
	KEEP
	COLUMNS(2)
	PAIR1S(Z0, Z1, Z16, 0)
	PAIR1S(Z2, Z3, Z17, 2304)
	COLUMNS(18)
	PAIR1S(Z0, Z1, Z18, 4608)
	PAIR1S(Z2, Z3, Z19, 6912)
	NEXT32(50)

// LAST1M does eight weights, of whose index there are eight bits. Three more are
// in a nibble of w, and then whether there is a minus.
#define LAST1M(SHIFT, n, w, p) \
	MORE(SHIFT, n, w, bits8to10);  \
	MINUS1(bit11, Z9);              \
	EIGHT1(p)

#define SUB1M(z, w, p, SHIFT0, n0, SHIFT1, n1, n2, n3) \
	INDEX0(z);                       \
	LAST1M(SHIFT0, n0, w, p);        \
	INDEX(8, z);                     \
	LAST1M(SHIFT1, n1, w, p+256);    \
	INDEX(16, z);                    \
	LAST1M(VPSRLD, n2, w, p+640);    \
	INDEX3(z);                       \
	LAST1M(VPSRLD, n3, w, p+896)

#define PAIR1M(z, y, w, p) \
	SUB1M(z, w, p, L, 8, L, 4, 0, 4);          \
	SUB1M(y, w, p+1280, R, 8, R, 12, 16, 20)

// SCALES1M stores the scales of 128 weights.
#define SCALES1M(z, p) \
	SCALE(VPSLLD, 1, z, odd3, p);         \
	SCALE(VPSRLD, 2, z, odd3, p+640);     \
	SCALE(VPSRLD, 5, z, odd3, p+1280);    \
	SCALE(VPSRLD, 8, z, odd3, p+1920);    \
	SCALE(VPSRLD, 15, z, odd3, p+2560);   \
	SCALE(VPSRLD, 18, z, odd3, p+3200);   \
	SCALE(VPSRLD, 21, z, odd3, p+3840);   \
	SCALE(VPSRLD, 24, z, odd3, p+4480)

// func unpackIQ1MVNNI(panel, w *byte, rowBytes, blocks, ahead int, grid *uint32)
TEXT ·unpackIQ1MVNNI(SB), NOSPLIT, $0-48
	ARGUMENTS
	GRID
	LEVELS1

block:
	COLUMNS(40)
	SCALES1M(Z2, 0)
	SCALES1M(Z3, 5120)

	// d is in the nibbles 3 and 7 of both.
	VPSRLD $12, Z2, Z8
	VPANDD.BCST nibble0<>(SB), Z8, Z8
	VPSRLD $24, Z2, Z9
	VPTERNLOGD.BCST $0xf8, nibble1<>(SB), Z9, Z8
	VPSRLD $4, Z3, Z9
	VPTERNLOGD.BCST $0xf8, nibble2<>(SB), Z9, Z8
	VPSRLD $16, Z3, Z9
	VPTERNLOGD.BCST $0xf8, nibble3<>(SB), Z9, Z8
	FACTOR(Z8, eighth, 11264)
	COLUMNS(32)
	KEEP
	COLUMNS(0)
	PAIR1M(Z0, Z1, Z16, 0)
	PAIR1M(Z2, Z3, Z17, 2560)
	COLUMNS(16)
	PAIR1M(Z0, Z1, Z18, 5120)
	PAIR1M(Z2, Z3, Z19, 7680)
	NEXT(56)
