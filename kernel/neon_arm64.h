// Instructions that Go's assembler does not know, or that macros take the numbers
// of registers for. The destination comes last, as in Go's own mnemonics; lanes are
// of 32 bits if a comment says nothing else.

// VFADD adds vectors of four float32: Vd.4S = Vn.4S + Vm.4S.
#define VFADD(m, n, d) WORD $(0x4E20D400 | (m)<<16 | (n)<<5 | (d))

// VFSUB subtracts: Vd.4S = Vn.4S - Vm.4S.
#define VFSUB(m, n, d) WORD $(0x4EA0D400 | (m)<<16 | (n)<<5 | (d))

// VFMUL multiplies vectors of four float32: Vd.4S = Vn.4S · Vm.4S.
#define VFMUL(m, n, d) WORD $(0x6E20DC00 | (m)<<16 | (n)<<5 | (d))

// VFMULE multiplies with lane i of Vm.
#define VFMULE(i, m, n, d) WORD $(0x4F809000 | ((i)&1)<<21 | ((i)>>1)<<11 | (m)<<16 | (n)<<5 | (d))

// FMLA multiplies and adds four float32, rounded once: Vd.4S += Vn.4S · Vm.4S. FMLAE
// multiplies with lane i of Vm.
#define FMLA(m, n, d) WORD $(0x4E20CC00 | (m)<<16 | (n)<<5 | (d))
#define FMLAE(i, m, n, d) WORD $(0x4F801000 | ((i)&1)<<21 | ((i)>>1)<<11 | (m)<<16 | (n)<<5 | (d))

// VFABS takes the signs off four float32, VFNEG turns them.
#define VFNEG(n, d) WORD $(0x6EA0F800 | (n)<<5 | (d))
#define VFABS(n, d) WORD $(0x4EA0F800 | (n)<<5 | (d))

// FADDP adds the two low float32 of a vector: Sd = Vn.S[0] + Vn.S[1].
#define FADDP(n, d) WORD $(0x7E30D800 | (n)<<5 | (d))

// SCVTF rounds four int32 to float32, FCVTL widens the lower four halves to it.
#define SCVTF(n, d) WORD $(0x4E21D800 | (n)<<5 | (d))
#define FCVTL(n, d) WORD $(0x0E217800 | (n)<<5 | (d))

// FCVTNS rounds four float32 to int32, ties to even.
#define FCVTNS(n, d) WORD $(0x4E21A800 | (n)<<5 | (d))

// SDOT adds the products of four int8 each: Vd.4S += Vn.16B · Vm.16B. SDOTE takes
// the same four of Vm for all lanes, those of lane i.
#define SDOT(m, n, d) WORD $(0x4E809400 | (m)<<16 | (n)<<5 | (d))
#define SDOTE(i, m, n, d) WORD $(0x4F80E000 | ((i)&1)<<21 | ((i)>>1)<<11 | (m)<<16 | (n)<<5 | (d))

// SMMLA multiplies matrices of int8, of two rows of eight each: lane 2i+j of Vd.4S
// += row i of Vn.16B · row j of Vm.16B.
#define SMMLA(m, n, d) WORD $(0x4E80A400 | (m)<<16 | (n)<<5 | (d))

// MLA multiplies and adds four int32: Vd.4S += Vn.4S · Vm.4S. MLAE multiplies with
// lane i of Vm.
#define MLA(m, n, d) WORD $(0x4EA09400 | (m)<<16 | (n)<<5 | (d))
#define MLAE(i, m, n, d) WORD $(0x6F800000 | ((i)&1)<<21 | ((i)>>1)<<11 | (m)<<16 | (n)<<5 | (d))

// ADDP adds neighbours: those of Vn come to the lower half of Vd, those of Vm to
// the upper. ADDPH does so with int16.
#define ADDP(m, n, d) WORD $(0x4EA0BC00 | (m)<<16 | (n)<<5 | (d))
#define ADDPH(m, n, d) WORD $(0x4E60BC00 | (m)<<16 | (n)<<5 | (d))

// UMAXS takes the greater uint32 of each lane, UMAXV the greatest of a register.
#define UMAXS(m, n, d) WORD $(0x6EA06400 | (m)<<16 | (n)<<5 | (d))
#define UMAXV(n, d) WORD $(0x6EB0A800 | (n)<<5 | (d))

// ZERO sets all bits to 0, and costs nothing but its place.
#define ZERO(d) WORD $(0x6F00E400 | (d))

// ZERO4 does so with four registers from d on.
#define ZERO4(d) ZERO(d); ZERO(d+1); ZERO(d+2); ZERO(d+3)

// ANDB is Vd = Vn & Vm; BIT takes the bits that Vm has from Vn, the others stay.
#define ANDB(m, n, d) WORD $(0x4E201C00 | (m)<<16 | (n)<<5 | (d))
#define BIT(m, n, d) WORD $(0x6EA01C00 | (m)<<16 | (n)<<5 | (d))

// CMTST sets all bits of the bytes in which Vn and Vm have a bit in common.
#define CMTST(m, n, d) WORD $(0x4E208C00 | (m)<<16 | (n)<<5 | (d))

// NOTB is Vd = ^Vn. TBL looks the bytes of Vm up in the 16 of Vn.
#define NOTB(n, d) WORD $(0x6E205800 | (n)<<5 | (d))
#define TBL(m, n, d) WORD $(0x4E000000 | (m)<<16 | (n)<<5 | (d))

// ADDB adds bytes, SUBB subtracts and MULB multiplies them: Vd.16B = Vn.16B - Vm.16B.
#define ADDB(m, n, d) WORD $(0x4E208400 | (m)<<16 | (n)<<5 | (d))
#define SUBB(m, n, d) WORD $(0x6E208400 | (m)<<16 | (n)<<5 | (d))
#define MULB(m, n, d) WORD $(0x4E209C00 | (m)<<16 | (n)<<5 | (d))

// NEGH negates eight int16, NEGS four int32.
#define NEGH(n, d) WORD $(0x6E60B800 | (n)<<5 | (d))
#define NEGS(n, d) WORD $(0x6EA0B800 | (n)<<5 | (d))

// Shifts by s bits, of bytes (B), int16 (H) and int32 (S). SLIB shifts to the left
// and leaves the lower s bits of Vd as they are.
#define USHRB(s, n, d) WORD $(0x6F000400 | (16-(s))<<16 | (n)<<5 | (d))
#define SSHRB(s, n, d) WORD $(0x4F000400 | (16-(s))<<16 | (n)<<5 | (d))
#define SHLB(s, n, d) WORD $(0x4F005400 | (8+(s))<<16 | (n)<<5 | (d))
#define SLIB(s, n, d) WORD $(0x6F005400 | (8+(s))<<16 | (n)<<5 | (d))
#define SSHRH(s, n, d) WORD $(0x4F000400 | (32-(s))<<16 | (n)<<5 | (d))
#define USHRS(s, n, d) WORD $(0x6F000400 | (64-(s))<<16 | (n)<<5 | (d))
#define SSHRS(s, n, d) WORD $(0x4F000400 | (64-(s))<<16 | (n)<<5 | (d))
#define SHLS(s, n, d) WORD $(0x4F005400 | (32+(s))<<16 | (n)<<5 | (d))

// XTN takes the lower bytes of eight int16 to the lower half of Vd, XTN2 to the
// upper.
#define XTN(n, d) WORD $(0x0E212800 | (n)<<5 | (d))
#define XTN2(n, d) WORD $(0x4E212800 | (n)<<5 | (d))

// XTNS takes the lower halves of four int32 to the lower half of Vd, SHRNS the upper
// halves.
#define XTNS(n, d) WORD $(0x0E612800 | (n)<<5 | (d))
#define SHRNS(n, d) WORD $(0x0F108400 | (n)<<5 | (d))

// UXTLB widens the lower eight uint8 to int16, UXTLB2 the upper eight; UXTLH and
// UXTLH2 widen four uint16 to int32. Those with an S are the signed ones.
#define UXTLB(n, d) WORD $(0x2F08A400 | (n)<<5 | (d))
#define UXTLB2(n, d) WORD $(0x6F08A400 | (n)<<5 | (d))
#define UXTLH(n, d) WORD $(0x2F10A400 | (n)<<5 | (d))
#define UXTLH2(n, d) WORD $(0x6F10A400 | (n)<<5 | (d))
#define SXTLB(n, d) WORD $(0x0F08A400 | (n)<<5 | (d))
#define SXTLB2(n, d) WORD $(0x4F08A400 | (n)<<5 | (d))
#define SXTLH(n, d) WORD $(0x0F10A400 | (n)<<5 | (d))
#define SXTLH2(n, d) WORD $(0x4F10A400 | (n)<<5 | (d))

// ZIP1 takes the lower halves of Vn and Vm in turns, ZIP2 the upper halves: by 64
// bits (D), 32 (S) or 8 (B). UZP1 takes what is in even places, of Vn and then of Vm, UZP2
// what is in odd ones: int32 (S), int16 (H) or bytes (B).
#define ZIP1D(m, n, d) WORD $(0x4EC03800 | (m)<<16 | (n)<<5 | (d))
#define ZIP2D(m, n, d) WORD $(0x4EC07800 | (m)<<16 | (n)<<5 | (d))
#define ZIP1S(m, n, d) WORD $(0x4E803800 | (m)<<16 | (n)<<5 | (d))
#define ZIP2S(m, n, d) WORD $(0x4E807800 | (m)<<16 | (n)<<5 | (d))
#define ZIP1B(m, n, d) WORD $(0x4E003800 | (m)<<16 | (n)<<5 | (d))
#define ZIP2B(m, n, d) WORD $(0x4E007800 | (m)<<16 | (n)<<5 | (d))
#define UZP1S(m, n, d) WORD $(0x4E801800 | (m)<<16 | (n)<<5 | (d))
#define UZP2S(m, n, d) WORD $(0x4E805800 | (m)<<16 | (n)<<5 | (d))
#define UZP1H(m, n, d) WORD $(0x4E401800 | (m)<<16 | (n)<<5 | (d))
#define UZP2H(m, n, d) WORD $(0x4E405800 | (m)<<16 | (n)<<5 | (d))
#define UZP1B(m, n, d) WORD $(0x4E001800 | (m)<<16 | (n)<<5 | (d))

// VFDIV divides: Vd.4S = Vn.4S / Vm.4S.
#define VFDIV(m, n, d) WORD $(0x6E20FC00 | (m)<<16 | (n)<<5 | (d))

// VFMAXNM takes the greater of four float32, and a number rather than a NaN.
#define VFMAXNM(m, n, d) WORD $(0x4E20C400 | (m)<<16 | (n)<<5 | (d))

// VFCMGT sets all bits of a lane where Vn.4S > Vm.4S, VFCMGE where Vn.4S ≥ Vm.4S; the others
// become 0.
#define VFCMGT(m, n, d) WORD $(0x6EA0E400 | (m)<<16 | (n)<<5 | (d))
#define VFCMGE(m, n, d) WORD $(0x6E20E400 | (m)<<16 | (n)<<5 | (d))

// UMAXVH takes the greatest uint16 of a register.
#define UMAXVH(n, d) WORD $(0x6E70A800 | (n)<<5 | (d))

// BICB is Vd = Vn &^ Vm.
#define BICB(m, n, d) WORD $(0x4E601C00 | (m)<<16 | (n)<<5 | (d))

// SMLALE multiplies the lower four int16 of Vn with lane i of eight of Vm, which is one of
// V0 to V15, and adds int32; SMLAL2E takes the upper four.
#define SMLALE(i, m, n, d) WORD $(0x0F402000 | ((i)&3)<<20 | ((i)>>2)<<11 | (m)<<16 | (n)<<5 | (d))
#define SMLAL2E(i, m, n, d) WORD $(0x4F402000 | ((i)&3)<<20 | ((i)>>2)<<11 | (m)<<16 | (n)<<5 | (d))

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

// SMLAL multiplies int16 and adds int32: Vd.4S += Vn.4H · Vm.4H, the lower four;
// SMLAL2 takes the upper four.
#define SMLAL(m, n, d) WORD $(0x0E608000 | (m)<<16 | (n)<<5 | (d))
#define SMLAL2(m, n, d) WORD $(0x4E608000 | (m)<<16 | (n)<<5 | (d))

// SRSHL shifts int16 to the left, or to the right where the count is negative,
// rounding to the nearest, up in the middle: Vd.8H = Vn.8H << Vm.8H.
#define SRSHL(m, n, d) WORD $(0x4E605400 | (m)<<16 | (n)<<5 | (d))

// CMLTB sets the bytes below 0 to -1 and the others to 0.
#define CMLTB(n, d) WORD $(0x4E20A800 | (n)<<5 | (d))

// VFMAX takes the greater of four float32, and a NaN rather than a number.
#define VFMAX(m, n, d) WORD $(0x4E20F400 | (m)<<16 | (n)<<5 | (d))

// FMAXV is the greatest of four float32.
#define FMAXV(n, d) WORD $(0x6E30F800 | (n)<<5 | (d))

// SQXTN narrows int32 to int16 in the lower half, saturating, SQXTN2 in the upper.
#define SQXTN(n, d) WORD $(0x0E614800 | (n)<<5 | (d))
#define SQXTN2(n, d) WORD $(0x4E614800 | (n)<<5 | (d))
