// Instructions that Go's assembler does not know, as macros over the numbers of
// their registers. The destination comes last, as in Go's own mnemonics.

// VFADD adds vectors of four float32: Vd.4S = Vn.4S + Vm.4S.
#define VFADD(m, n, d) WORD $(0x4E20D400 | (m)<<16 | (n)<<5 | (d))

// VFSUB subtracts: Vd.4S = Vn.4S - Vm.4S.
#define VFSUB(m, n, d) WORD $(0x4EA0D400 | (m)<<16 | (n)<<5 | (d))

// VFMUL multiplies vectors of four float32: Vd.4S = Vn.4S · Vm.4S.
#define VFMUL(m, n, d) WORD $(0x6E20DC00 | (m)<<16 | (n)<<5 | (d))

// VFMULE multiplies four float32 with lane i of Vm.
#define VFMULE(i, m, n, d) WORD $(0x4F809000 | ((i)&1)<<21 | ((i)>>1)<<11 | (m)<<16 | (n)<<5 | (d))

// VFDIV divides: Vd.4S = Vn.4S / Vm.4S.
#define VFDIV(m, n, d) WORD $(0x6E20FC00 | (m)<<16 | (n)<<5 | (d))

// VFMAXNM takes the greater of four float32, and a number rather than a NaN.
#define VFMAXNM(m, n, d) WORD $(0x4E20C400 | (m)<<16 | (n)<<5 | (d))

// VFCMGT sets all bits of a lane where Vn.4S > Vm.4S, VFCMGE where Vn.4S ≥ Vm.4S; the others
// become 0.
#define VFCMGT(m, n, d) WORD $(0x6EA0E400 | (m)<<16 | (n)<<5 | (d))
#define VFCMGE(m, n, d) WORD $(0x6E20E400 | (m)<<16 | (n)<<5 | (d))

// FADDP adds the two low float32 of a vector: Sd = Vn.S[0] + Vn.S[1].
#define FADDP(n, d) WORD $(0x7E30D800 | (n)<<5 | (d))

// SCVTF rounds four int32 to float32.
#define SCVTF(n, d) WORD $(0x4E21D800 | (n)<<5 | (d))

// FCVTNS rounds four float32 to int32, ties to even.
#define FCVTNS(n, d) WORD $(0x4E21A800 | (n)<<5 | (d))

// SDOT adds the products of four int8 each: Vd.4S += Vn.16B · Vm.16B.
#define SDOT(m, n, d) WORD $(0x4E809400 | (m)<<16 | (n)<<5 | (d))

// MLA multiplies and adds four int32: Vd.4S += Vn.4S · Vm.4S.
#define MLA(m, n, d) WORD $(0x4EA09400 | (m)<<16 | (n)<<5 | (d))

// UMAXV takes the greatest uint32 of a register, UMAXVH the greatest uint16.
#define UMAXV(n, d) WORD $(0x6EB0A800 | (n)<<5 | (d))
#define UMAXVH(n, d) WORD $(0x6E70A800 | (n)<<5 | (d))

// ZERO sets all bits to 0, and costs nothing but its place.
#define ZERO(d) WORD $(0x6F00E400 | (d))

// ANDB is Vd = Vn & Vm; BIT takes the bits that Vm has from Vn, the others stay; BICB
// is Vd = Vn &^ Vm.
#define ANDB(m, n, d) WORD $(0x4E201C00 | (m)<<16 | (n)<<5 | (d))
#define BIT(m, n, d) WORD $(0x6EA01C00 | (m)<<16 | (n)<<5 | (d))
#define BICB(m, n, d) WORD $(0x4E601C00 | (m)<<16 | (n)<<5 | (d))

// SMLAL multiplies int16 and adds int32: Vd.4S += Vn.4H · Vm.4H, the lower four;
// SMLAL2 takes the upper four.
#define SMLAL(m, n, d) WORD $(0x0E608000 | (m)<<16 | (n)<<5 | (d))
#define SMLAL2(m, n, d) WORD $(0x4E608000 | (m)<<16 | (n)<<5 | (d))

// SMLALE multiplies the lower four int16 of Vn with lane i of eight of Vm, which is one of
// V0 to V15, and adds int32; SMLAL2E takes the upper four.
#define SMLALE(i, m, n, d) WORD $(0x0F402000 | ((i)&3)<<20 | ((i)>>2)<<11 | (m)<<16 | (n)<<5 | (d))
#define SMLAL2E(i, m, n, d) WORD $(0x4F402000 | ((i)&3)<<20 | ((i)>>2)<<11 | (m)<<16 | (n)<<5 | (d))

// SXTL widens the lower four int16: Vd.4S = Vn.4H.
#define SXTL(n, d) WORD $(0x0F10A400 | (n)<<5 | (d))

// SXTLB widens the lower eight int8 to int16, SXTLB2 the upper eight.
#define SXTLB(n, d) WORD $(0x0F08A400 | (n)<<5 | (d))
#define SXTLB2(n, d) WORD $(0x4F08A400 | (n)<<5 | (d))

// SSHLLB widens the lower eight int8 to int16, shifted to the left by s bits, SSHLLB2 the
// upper eight.
#define SSHLLB(s, n, d) WORD $(0x0F08A400 | (s)<<16 | (n)<<5 | (d))
#define SSHLLB2(s, n, d) WORD $(0x4F08A400 | (s)<<16 | (n)<<5 | (d))

// TREE adds the 16 lanes of V0…V3 into F0.
#define TREE \
	VFADD(2, 0, 0);                  \
	VFADD(3, 1, 1);                  \
	VFADD(1, 0, 0);                  \
	VEXT $8, V0.B16, V0.B16, V1.B16; \
	VFADD(1, 0, 0);                  \
	FADDP(0, 0)
