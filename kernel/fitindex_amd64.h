// steps are the thresholds of a search by halves among the 16 levels: one, two,
// four and eight of them, a table for each question, and the number 1.
DATA steps<>+0(SB)/4, $-4.5
DATA steps<>+4(SB)/4, $-57.0
DATA steps<>+8(SB)/4, $45.5
DATA steps<>+12(SB)/4, $0.0
DATA steps<>+16(SB)/4, $-93.5
DATA steps<>+20(SB)/4, $-28.5
DATA steps<>+24(SB)/4, $19.0
DATA steps<>+28(SB)/4, $79.0
DATA steps<>+32(SB)/4, $-115.5
DATA steps<>+36(SB)/4, $-74.0
DATA steps<>+40(SB)/4, $-42.0
DATA steps<>+44(SB)/4, $-16.0
DATA steps<>+48(SB)/4, $7.0
DATA steps<>+52(SB)/4, $31.5
DATA steps<>+56(SB)/4, $61.0
DATA steps<>+60(SB)/4, $101.0
DATA steps<>+64(SB)/4, $1
GLOBL steps<>(SB), RODATA|NOPTR, $68

// STEPS512 loads the thresholds for INDEX512, which turns the values in Z11 into
// indices in Z12.
#define STEPS512 \
	VPBROADCASTD steps<>+64(SB), Z16; \
	VBROADCASTSS steps<>+0(SB), Z17;  \
	VMOVUPS steps<>+4(SB), X18;       \
	VMOVUPS steps<>+16(SB), X19;      \
	VMOVUPS steps<>+32(SB), Y20

// ASK512 doubles the index in Z12 and adds one where the value in Z11 is above the
// threshold.
#define ASK512(threshold) \
	VCMPPS $30, threshold, Z11, K1; \
	VPADDD Z12, Z12, Z12;           \
	VPADDD Z16, Z12, K1, Z12

#define INDEX512 \
	VPXORD Z12, Z12, Z12;   \
	ASK512(Z17);            \
	VPERMPS Z18, Z12, Z13;  \
	ASK512(Z13);            \
	VPERMPS Z19, Z12, Z13;  \
	ASK512(Z13);            \
	VPERMPS Z20, Z12, Z13;  \
	ASK512(Z13)

// STEPS loads the thresholds for INDEX, which turns the values in Y11 into indices
// in Y12.
#define STEPS \
	VBROADCASTSS steps<>+0(SB), Y3;   \
	VMOVUPS steps<>+4(SB), X4;        \
	VMOVUPS steps<>+16(SB), X5

// ASK doubles the index in Y12 and adds one where the value in Y11 is above the
// threshold.
#define ASK(threshold) \
	VCMPPS $30, threshold, Y11, Y13; \
	VPADDD Y12, Y12, Y12;            \
	VPSUBD Y13, Y12, Y12

#define INDEX \
	VPXOR Y12, Y12, Y12;                \
	ASK(Y3);                            \
	VPERMPS Y4, Y12, Y14;               \
	ASK(Y14);                           \
	VPERMPS Y5, Y12, Y14;               \
	ASK(Y14);                           \
	VPERMPS steps<>+32(SB), Y12, Y14;   \
	ASK(Y14)
