package kernel

import (
	"fmt"
	"math"
)

// Attention in fast math multiplies 16-bit integers, two products an instruction
// and lane, and sums them exactly in int32. Keys and values have magnitudes up to
// KeyLimit, and those of a query, or of the weights of a page of values, add up to
// at most QueryLimit; so no sum leaves int32 (Hölder), whatever its length, and
// every tier has the same one.
const (
	KeyLimit   = 4095
	QueryLimit = 524287 // KeyLimit·QueryLimit < 2³¹
)

// Queries is how many queries are multiplied with a key at once: one in each of
// 32 columns.
const Queries = 32

// RoundQuery rounds x to integers whose magnitudes add up to at most QueryLimit,
// and writes them, two by two, as a column of a panel: dst[i/2·2·Queries+i%2] is
// that of x[i], and 0 that behind an odd last one. A panel is [len(x)/2][Queries][2]
// and dst begins at the column, 2·column into it. It returns what the integers count
// in: 0 where all of x are taken for zeros, and NaN where x has a NaN or an infinity.
//
// With s the sum of magnitudes, in the order of all sums, and amax the greatest, the
// factor is the least of (QueryLimit-1-len(x))/s, which leaves room for rounding,
// and 32767/amax.
func RoundQuery(dst []int16, x []float32, work []int16) float32 {
	sameLength("RoundQuery", len(work), len(x))
	if len(x) == 0 {
		return 0
	}
	if need := (len(x)-1)/2*2*Queries + 2; len(dst) < need {
		panic(fmt.Sprintf("kernel: RoundQuery: a panel of %d integers from the column on, want %d", len(dst), need))
	}
	amax, sum := sizes(x)
	var f, unit float32
	switch room := float32(QueryLimit - 1 - len(x)); {
	case !(sum <= math.MaxFloat32):
		unit = float32(math.NaN())
	case amax > 0:
		f = min(room/sum, 32767/amax)
		if f > math.MaxFloat32 {
			f = 0
		} else {
			unit = 1 / f
		}
	}
	roundTo16(work, x, f)
	toColumn(dst, work)
	return unit
}

// toColumn writes the integers, two by two, as a column of a panel.
func toColumn(dst, x []int16) {
	for i := 0; i+1 < len(x); i += 2 {
		d := dst[i*Queries : i*Queries+2 : i*Queries+2]
		d[0], d[1] = x[i], x[i+1]
	}
	if n := len(x); n%2 == 1 {
		dst[(n-1)*Queries], dst[(n-1)*Queries+1] = x[n-1], 0
	}
}

// PairValues rearranges rows of values for Mix: dst is [cols/8][n/2][8][2], the
// last being those of two consecutive rows. Row t of the n, an even number, begins at
// x[t·stride]; cols is a multiple of 8.
func PairValues(dst, x []int16, stride, n, cols int) {
	if n%2 != 0 || cols%8 != 0 || n < 0 || cols < 0 || stride < cols || n > 0 && len(x) < (n-1)*stride+cols {
		panic(fmt.Sprintf("kernel: PairValues: %d rows of %d values, %d apart, in %d", n, cols, stride, len(x)))
	}
	sameLength("PairValues", len(dst), n*cols)
	if len(dst) > 0 {
		pairValues(dst, x, stride, n, cols)
	}
}
