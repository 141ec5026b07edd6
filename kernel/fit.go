package kernel

import "fmt"

// FitLanes is the number of blocks that are fitted side by side.
const FitLanes = 16

// A Fit is a way to round 16 blocks of weights, and what it comes to. Value i of
// block l is x[16·i+l], and so is its weight in w. With
//
//	t = x + Offset      q = the level nearest to t·Inverse      r = t - Scale·q
//
// for the three parameters of block l, which stand in lane l, a step writes
//
//	Error  Σ w·r²      R  Σ w·r      QR  Σ w·q·r      Q  Σ w·q      QQ  Σ w·q²
//
// that is, how good the parameters are, and the coefficients of the linear
// equations for those that suit the same q best.
type Fit struct {
	Scale, Inverse, Offset [FitLanes]float32
	Error, R, QR, Q, QQ    [FitLanes]float32
	Whole, Minimum         [FitLanes]float32 // the multiples of FitUnits, if it is of those
}

// FitUniform makes a step with the whole numbers from lo to hi as levels: t·Inverse
// is limited to them, then rounded, ties to even. Every operation is rounded to
// float32, a lane's sums run over its values in ascending order, and the products
// are (w·r)·r, (w·q)·r and (w·q)·q.
//
// x and w have a multiple of 16 values, and some. The magnitudes of lo and hi are
// below 2^22.
func FitUniform(f *Fit, x, w []float32, lo, hi float32) {
	checkFit("FitUniform", x, w)
	fitUniform(f, x, w, lo, hi)
}

// FitNonlinear is FitUniform with the 16 levels of IQ4_NL and IQ4_XS, -127 to 113.
// Of two that are equally near, the lower is taken.
func FitNonlinear(f *Fit, x, w []float32) {
	checkFit("FitNonlinear", x, w)
	fitNonlinear(f, x, w)
}

// FitBetter copies the lanes of f that have less Error to best.
func FitBetter(best, f *Fit) { fitBetter(best, f) }

// A FitForm says which offsets there are.
type FitForm int

// The forms.
const (
	FitScale   FitForm = iota // none
	FitMinimum                // those from 0 up
	FitOffset                 // all
)

// FitRefit sets the parameters of next to those that suit the levels of f best:
// Scale + Δs and Offset + Δo with the least Σ w·(r - Δs·q + Δo)², where weight has
// the sums of w. Where the levels are so much the same that they tell only one of
// them, Δs is 0. Where all weights are 0, or there are offsets and Scale would not
// be positive, both stay. Inverse is 1/Scale, or 0 where that is not finite.
func FitRefit(next, f *Fit, weight *[FitLanes]float32, form FitForm) {
	fitRefit(next, f, weight, form)
}

// FitUnits are what parameters are whole multiples of: Scale of D, from Lo to Hi
// times, and Offset of Dmin, from 0 to Top times.
type FitUnits struct {
	D, Dmin                [FitLanes]float32
	InverseD, InverseDmin  [FitLanes]float32 // 0 where the unit is
	InverseWeight          [FitLanes]float32 // of the sum of a block's weights, 0 where that is
	Lo, Hi, Top            float32
	MoreScale, MoreMinimum float32 // added to the multiples that are nearest
}

// FitWhole sets the parameters of next to whole multiples: of D the one nearest to
// f's Scale, and MoreScale; of Dmin the one nearest to the offset that suits the
// levels of f best with that scale, and MoreMinimum.
func FitWhole(next, f *Fit, u *FitUnits) { fitWhole(next, f, u) }

// FitLoad puts 16 blocks that stand one after the other into lanes: of blocks of n
// values, value i of block l from src[n·l+i] to x[16·i+l]. lo and hi become the least
// and the greatest value of each.
func FitLoad(x []float32, lo, hi *[FitLanes]float32, src []float32) {
	checkFit("FitLoad", x, src)
	fitLoad(x, lo, hi, src)
}

// FitMultiply multiplies every value of x by its lane's factor.
func FitMultiply(x []float32, factor *[FitLanes]float32) {
	checkFit("FitMultiply", x, x)
	fitMultiply(x, factor)
}

// FitLevels writes the q that FitUniform gives to the values of src, block after
// block as they were for FitLoad, times their block's factor. Blocks have a multiple
// of 16 values, and lo and hi are within -128 to 127.
func FitLevels(q []int8, f *Fit, src []float32, factor *[FitLanes]float32, lo, hi float32) {
	checkLevels("FitLevels", q, src)
	fitLevels(q, f, src, factor, lo, hi)
}

// FitIndices is FitLevels for FitNonlinear: it writes which levels, 0 to 15.
func FitIndices(q []int8, f *Fit, src []float32, factor *[FitLanes]float32) {
	checkLevels("FitIndices", q, src)
	fitIndices(q, f, src, factor)
}

func checkLevels(kernel string, q []int8, src []float32) {
	if len(src)%(16*FitLanes) != 0 || len(src) == 0 {
		panic(fmt.Sprintf("kernel: %s: %d values in 16 blocks of a multiple of 16", kernel, len(src)))
	}
	sameLength(kernel, len(q), len(src))
}

func checkFit(kernel string, x, w []float32) {
	if len(x)%FitLanes != 0 || len(x) == 0 {
		panic(fmt.Sprintf("kernel: %s: %d values in 16 blocks", kernel, len(x)))
	}
	sameLength(kernel, len(w), len(x))
}
