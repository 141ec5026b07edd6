//go:build !purego

#include "textflag.h"

// A tile is 32 rows of a panel times 1 to 12 tokens, whose sums are in Z0 to Z23,
// two a token.
//
//	SI                panel
//	R8, R9, R11, R12  tokens 0, 3, 6 and 9
//	R10               bytes from token to token
//	AX                totals, 128 bytes a token
//	CX                columns left

#define TIMES(x, t, s0, s1) \
	VBROADCASTSS x, t;       \
	VFMADD231PS t, Z24, s0;  \
	VFMADD231PS t, Z25, s1

#define COLUMN1(p, o) \
	VMOVUPS p(SI), Z24;     \
	VMOVUPS 64+p(SI), Z25;  \
	TIMES(o(R8), Z26, Z0, Z1)
#define COLUMN2(p, o) COLUMN1(p, o); TIMES(o(R8)(R10*1), Z27, Z2, Z3)
#define COLUMN3(p, o) COLUMN2(p, o); TIMES(o(R8)(R10*2), Z28, Z4, Z5)
#define COLUMN4(p, o) COLUMN3(p, o); TIMES(o(R9), Z29, Z6, Z7)
#define COLUMN5(p, o) COLUMN4(p, o); TIMES(o(R9)(R10*1), Z30, Z8, Z9)
#define COLUMN6(p, o) COLUMN5(p, o); TIMES(o(R9)(R10*2), Z31, Z10, Z11)
#define COLUMN7(p, o) COLUMN6(p, o); TIMES(o(R11), Z26, Z12, Z13)
#define COLUMN8(p, o) COLUMN7(p, o); TIMES(o(R11)(R10*1), Z27, Z14, Z15)
#define COLUMN9(p, o) COLUMN8(p, o); TIMES(o(R11)(R10*2), Z28, Z16, Z17)
#define COLUMN10(p, o) COLUMN9(p, o); TIMES(o(R12), Z29, Z18, Z19)
#define COLUMN11(p, o) COLUMN10(p, o); TIMES(o(R12)(R10*1), Z30, Z20, Z21)
#define COLUMN12(p, o) COLUMN11(p, o); TIMES(o(R12)(R10*2), Z31, Z22, Z23)

#define TOTAL(o, s0, s1) \
	VADDPS o(AX), s0, s0;    \
	VADDPS 64+o(AX), s1, s1; \
	VMOVUPS s0, o(AX);       \
	VMOVUPS s1, 64+o(AX)

#define TOTAL1 TOTAL(0, Z0, Z1)
#define TOTAL2 TOTAL1; TOTAL(128, Z2, Z3)
#define TOTAL3 TOTAL2; TOTAL(256, Z4, Z5)
#define TOTAL4 TOTAL3; TOTAL(384, Z6, Z7)
#define TOTAL5 TOTAL4; TOTAL(512, Z8, Z9)
#define TOTAL6 TOTAL5; TOTAL(640, Z10, Z11)
#define TOTAL7 TOTAL6; TOTAL(768, Z12, Z13)
#define TOTAL8 TOTAL7; TOTAL(896, Z14, Z15)
#define TOTAL9 TOTAL8; TOTAL(1024, Z16, Z17)
#define TOTAL10 TOTAL9; TOTAL(1152, Z18, Z19)
#define TOTAL11 TOTAL10; TOTAL(1280, Z20, Z21)
#define TOTAL12 TOTAL11; TOTAL(1408, Z22, Z23)

#define NONE(a, b) \
	VPXORD a, a, a; \
	VPXORD b, b, b

#define TILE(COLUMN, TOTALS) \
	MOVQ total+0(FP), AX;    \
	MOVQ panel+8(FP), SI;    \
	MOVQ x+16(FP), R8;       \
	MOVQ stride+24(FP), R10; \
	MOVQ columns+32(FP), CX; \
	SHLQ $2, R10;            \
	LEAQ (R10)(R10*2), R13;  \
	LEAQ (R8)(R13*1), R9;    \
	LEAQ (R8)(R13*2), R11;   \
	LEAQ (R9)(R13*2), R12;   \
	NONE(Z0, Z1);   NONE(Z2, Z3);   NONE(Z4, Z5);   NONE(Z6, Z7);   \
	NONE(Z8, Z9);   NONE(Z10, Z11); NONE(Z12, Z13); NONE(Z14, Z15); \
	NONE(Z16, Z17); NONE(Z18, Z19); NONE(Z20, Z21); NONE(Z22, Z23); \
four:                            \
	SUBQ $4, CX;             \
	JLT  rest;               \
	COLUMN(0, 0);            \
	COLUMN(128, 4);          \
	COLUMN(256, 8);          \
	COLUMN(384, 12);         \
	ADDQ $512, SI;           \
	ADDQ $16, R8;            \
	ADDQ $16, R9;            \
	ADDQ $16, R11;           \
	ADDQ $16, R12;           \
	JMP  four;               \
rest:                            \
	ADDQ $4, CX;             \
last:                            \
	SUBQ $1, CX;             \
	JLT  done;               \
	COLUMN(0, 0);            \
	ADDQ $128, SI;           \
	ADDQ $4, R8;             \
	ADDQ $4, R9;             \
	ADDQ $4, R11;            \
	ADDQ $4, R12;            \
	JMP  last;               \
done:                            \
	TOTALS;                  \
	VZEROUPPER;              \
	RET

// func floatTile1AVX512(total, panel, x *float32, stride, columns int)
TEXT ·floatTile1AVX512(SB), NOSPLIT, $0-40
	TILE(COLUMN1, TOTAL1)

// func floatTile2AVX512(total, panel, x *float32, stride, columns int)
TEXT ·floatTile2AVX512(SB), NOSPLIT, $0-40
	TILE(COLUMN2, TOTAL2)

// func floatTile3AVX512(total, panel, x *float32, stride, columns int)
TEXT ·floatTile3AVX512(SB), NOSPLIT, $0-40
	TILE(COLUMN3, TOTAL3)

// func floatTile4AVX512(total, panel, x *float32, stride, columns int)
TEXT ·floatTile4AVX512(SB), NOSPLIT, $0-40
	TILE(COLUMN4, TOTAL4)

// func floatTile5AVX512(total, panel, x *float32, stride, columns int)
TEXT ·floatTile5AVX512(SB), NOSPLIT, $0-40
	TILE(COLUMN5, TOTAL5)

// func floatTile6AVX512(total, panel, x *float32, stride, columns int)
TEXT ·floatTile6AVX512(SB), NOSPLIT, $0-40
	TILE(COLUMN6, TOTAL6)

// func floatTile7AVX512(total, panel, x *float32, stride, columns int)
TEXT ·floatTile7AVX512(SB), NOSPLIT, $0-40
	TILE(COLUMN7, TOTAL7)

// func floatTile8AVX512(total, panel, x *float32, stride, columns int)
TEXT ·floatTile8AVX512(SB), NOSPLIT, $0-40
	TILE(COLUMN8, TOTAL8)

// func floatTile9AVX512(total, panel, x *float32, stride, columns int)
TEXT ·floatTile9AVX512(SB), NOSPLIT, $0-40
	TILE(COLUMN9, TOTAL9)

// func floatTile10AVX512(total, panel, x *float32, stride, columns int)
TEXT ·floatTile10AVX512(SB), NOSPLIT, $0-40
	TILE(COLUMN10, TOTAL10)

// func floatTile11AVX512(total, panel, x *float32, stride, columns int)
TEXT ·floatTile11AVX512(SB), NOSPLIT, $0-40
	TILE(COLUMN11, TOTAL11)

// func floatTile12AVX512(total, panel, x *float32, stride, columns int)
TEXT ·floatTile12AVX512(SB), NOSPLIT, $0-40
	TILE(COLUMN12, TOTAL12)
