//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// STEP adds the products of V4 and V16…V19 to the 16 floats at R0.
#define STEP \
	VLD1 (R0), [V20.S4, V21.S4, V22.S4, V23.S4];    \
	VFMUL(16, 4, 16);                               \
	VFMUL(17, 4, 17);                               \
	VFMUL(18, 4, 18);                               \
	VFMUL(19, 4, 19);                               \
	VFADD(16, 20, 20);                              \
	VFADD(17, 21, 21);                              \
	VFADD(18, 22, 22);                              \
	VFADD(19, 23, 23);                              \
	VST1.P [V20.S4, V21.S4, V22.S4, V23.S4], 64(R0)

// TAIL adds the product of F4 and F16 to the float at R0.
#define TAIL \
	FMOVS (R0), F20;     \
	FMULS F16, F4, F16;  \
	FADDS F16, F20, F20; \
	FMOVS.P F20, 4(R0)

// func addScaledNEON(dst, x *float32, a float32, n int)
TEXT ·addScaledNEON(SB), NOSPLIT, $0-32
	MOVD  dst+0(FP), R0
	MOVD  x+8(FP), R1
	FMOVS a+16(FP), F4
	MOVD  n+24(FP), R6
	VDUP  V4.S[0], V4.S4

loop:
	SUBS   $16, R6
	BLT    rest
	VLD1.P 64(R1), [V16.S4, V17.S4, V18.S4, V19.S4]
	STEP
	B loop

rest:
	ADDS $16, R6
	BEQ  done

tail:
	FMOVS.P 4(R1), F16
	TAIL
	SUBS $1, R6
	BNE  tail

done:
	RET
