//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// VFMINNM takes the less of four float32, and a number rather than a NaN.
#define VFMINNM(m, n, d) WORD $(0x4EA0C400 | (m)<<16 | (n)<<5 | (d))

// FRINTN rounds four float32 to whole numbers, ties to even.
#define FRINTN(n, d) WORD $(0x4E218800 | (n)<<5 | (d))

// LEVEL turns the values in t to what the offset makes of them, and writes their
// levels to q: with the parameters from p on, which are two registers apart.
#define LEVEL(p, t, q) \
	VFADD(p+4, t, t);  \
	VFMUL(p+2, t, q);  \
	VFMAXNM(6, q, q);   \
	VFMINNM(7, q, q);   \
	FRINTN(q, q)

// SUMS adds the values in t, which become r, of levels q and weights w, to the five
// sums from s on, which are two registers apart.
#define SUMS(p, t, q, w, s, a) \
	VFMUL(q, p, a);         \
	VFSUB(a, t, t);         \
	VFMUL(t, w, a);         \
	VFMUL(q, w, w);         \
	VFADD(a, s+2, s+2);     \
	VFMUL(t, a, a);         \
	VFADD(w, s+6, s+6);     \
	VFADD(a, s, s);         \
	VFMUL(t, w, a);         \
	VFMUL(q, w, w);         \
	VFADD(a, s+4, s+4);     \
	VFADD(w, s+8, s+8)

// func fitUniformNEON(f *Fit, x, w *float32, n int, lo, hi float32)
//
// Eight lanes, and then the others. A level of -0 is no other than 0: nothing here
// depends on its sign.
TEXT ·fitUniformNEON(SB), NOSPLIT, $0-40
	MOVD f+0(FP), R0
	MOVD x+8(FP), R1
	MOVD w+16(FP), R2
	MOVD n+24(FP), R3
	FMOVS lo+32(FP), F6
	FMOVS hi+36(FP), F7
	VDUP V6.S[0], V6.S4
	VDUP V7.S[0], V7.S4
	MOVD $2, R4

half:
	MOVD R0, R5
	VLD1 (R5), [V0.S4, V1.S4] // Scale
	ADD $64, R5
	VLD1 (R5), [V2.S4, V3.S4] // Inverse
	ADD $64, R5
	VLD1 (R5), [V4.S4, V5.S4] // Offset
	ADD $64, R5
	ZERO4(16)
	ZERO4(20)
	ZERO(24)
	ZERO(25)
	MOVD R1, R6
	MOVD R2, R7
	MOVD R3, R8

value:
	VLD1 (R6), [V8.S4, V9.S4]
	VLD1 (R7), [V10.S4, V11.S4]
	LEVEL(0, 8, 12)
	LEVEL(1, 9, 13)
	SUMS(0, 8, 12, 10, 16, 14)
	SUMS(1, 9, 13, 11, 17, 15)
	ADD $64, R6
	ADD $64, R7
	SUBS $1, R8, R8
	BNE value
	VST1 [V16.S4, V17.S4], (R5) // Error
	ADD $64, R5
	VST1 [V18.S4, V19.S4], (R5) // R
	ADD $64, R5
	VST1 [V20.S4, V21.S4], (R5) // QR
	ADD $64, R5
	VST1 [V22.S4, V23.S4], (R5) // Q
	ADD $64, R5
	VST1 [V24.S4, V25.S4], (R5) // QQ
	ADD $32, R0
	ADD $32, R1
	ADD $32, R2
	SUBS $1, R4, R4
	BNE half
	RET
