// Instructions that Go's assembler does not know, as macros over the numbers of
// their registers. The destination comes last, as in Go's own mnemonics.

// VFADD adds vectors of four float32: Vd.4S = Vn.4S + Vm.4S.
#define VFADD(m, n, d) WORD $(0x4E20D400 | (m)<<16 | (n)<<5 | (d))

// VFMUL multiplies vectors of four float32: Vd.4S = Vn.4S · Vm.4S.
#define VFMUL(m, n, d) WORD $(0x6E20DC00 | (m)<<16 | (n)<<5 | (d))

// FADDP adds the two low float32 of a vector: Sd = Vn.S[0] + Vn.S[1].
#define FADDP(n, d) WORD $(0x7E30D800 | (n)<<5 | (d))

// SDOT adds the products of four int8 each: Vd.4S += Vn.16B · Vm.16B.
#define SDOT(m, n, d) WORD $(0x4E809400 | (m)<<16 | (n)<<5 | (d))

// MLA multiplies and adds four int32: Vd.4S += Vn.4S · Vm.4S.
#define MLA(m, n, d) WORD $(0x4EA09400 | (m)<<16 | (n)<<5 | (d))

// SMLAL multiplies int16 and adds int32: Vd.4S += Vn.4H · Vm.4H, the lower four;
// SMLAL2 takes the upper four.
#define SMLAL(m, n, d) WORD $(0x0E608000 | (m)<<16 | (n)<<5 | (d))
#define SMLAL2(m, n, d) WORD $(0x4E608000 | (m)<<16 | (n)<<5 | (d))

// SXTL widens the lower four int16: Vd.4S = Vn.4H.
#define SXTL(n, d) WORD $(0x0F10A400 | (n)<<5 | (d))

// SXTLB widens the lower eight int8 to int16, SXTLB2 the upper eight.
#define SXTLB(n, d) WORD $(0x0F08A400 | (n)<<5 | (d))
#define SXTLB2(n, d) WORD $(0x4F08A400 | (n)<<5 | (d))

// SRSHL shifts int16 to the left, or to the right where the count is negative,
// rounding to the nearest, up in the middle: Vd.8H = Vn.8H << Vm.8H.
#define SRSHL(m, n, d) WORD $(0x4E605400 | (m)<<16 | (n)<<5 | (d))

// CMLTB sets the bytes below 0 to -1 and the others to 0.
#define CMLTB(n, d) WORD $(0x4E20A800 | (n)<<5 | (d))

// SCVTF converts four int32 to float32.
#define SCVTF(n, d) WORD $(0x4E21D800 | (n)<<5 | (d))

// VFABS is |Vn| of four float32, VFMAX the greater of Vn and Vm.
#define VFABS(n, d) WORD $(0x4EA0F800 | (n)<<5 | (d))
#define VFMAX(m, n, d) WORD $(0x4E20F400 | (m)<<16 | (n)<<5 | (d))

// FMAXV is the greatest of four float32.
#define FMAXV(n, d) WORD $(0x6E30F800 | (n)<<5 | (d))

// VFCVTNS rounds four float32 to int32, ties to even.
#define VFCVTNS(n, d) WORD $(0x4E21A800 | (n)<<5 | (d))

// SQXTN narrows int32 to int16 in the lower half, saturating, SQXTN2 in the upper.
#define SQXTN(n, d) WORD $(0x0E614800 | (n)<<5 | (d))
#define SQXTN2(n, d) WORD $(0x4E614800 | (n)<<5 | (d))
