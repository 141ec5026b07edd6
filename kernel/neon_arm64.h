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

// FMLA multiplies four float32 by one, rounding once: Vd.4S += Vn.4S · Vm.S[lane],
// where m is below 16.
#define FMLA(m, lane, n, d) WORD $(0x4F801000 | ((lane)&1)<<21 | ((lane)>>1)<<11 | (m)<<16 | (n)<<5 | (d))

// FCVTL widens the lower four float16: Vd.4S = Vn.4H.
#define FCVTL(n, d) WORD $(0x0E217800 | (n)<<5 | (d))

// XTN takes the low halves of four words: Vd.4H = Vn.4S; SHRN16 takes the high ones.
#define XTN(n, d) WORD $(0x0E612800 | (n)<<5 | (d))
#define SHRN16(n, d) WORD $(0x0F108400 | (n)<<5 | (d))
