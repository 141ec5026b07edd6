// Instructions that Go's assembler does not know, as macros over the numbers of
// their registers. The destination comes last, as in Go's own mnemonics.

// VFADD adds vectors of four float32: Vd.4S = Vn.4S + Vm.4S.
#define VFADD(m, n, d) WORD $(0x4E20D400 | (m)<<16 | (n)<<5 | (d))

// VFMUL multiplies vectors of four float32: Vd.4S = Vn.4S · Vm.4S.
#define VFMUL(m, n, d) WORD $(0x6E20DC00 | (m)<<16 | (n)<<5 | (d))

// FADDP adds the two low float32 of a vector: Sd = Vn.S[0] + Vn.S[1].
#define FADDP(n, d) WORD $(0x7E30D800 | (n)<<5 | (d))
