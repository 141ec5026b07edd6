package kernel

import "fmt"

// Scores multiplies n keys with the Queries columns of a panel (RoundQuery):
//
//	dst[t·stride+l] = (Σ panel[l]·key[t])·unit[t] · scale[l]
//
// with the sum exact in int32, rounded to float32, and then each product; where add
// is set, that is added to what dst holds, and rounded. Key t is the k
// integers from keys[t·keyStride] on; k is even, n a multiple of 8.
func Scores(dst []float32, stride int, panel []int16, scale *[Queries]float32, keys []int16, unit []float32, keyStride, k int, add bool) {
	n := len(unit)
	if n%8 != 0 || k%2 != 0 || k <= 0 || keyStride < k || stride < Queries ||
		n > 0 && (len(keys) < (n-1)*keyStride+k || len(dst) < (n-1)*stride+Queries) {
		panic(fmt.Sprintf("kernel: Scores: %d keys of %d integers, %d apart, in %d, to %d values, %d apart", n, k, keyStride, len(keys), len(dst), stride))
	}
	sameLength("Scores: panel", len(panel), k*Queries)
	if n > 0 {
		scores(dst, stride, panel, scale, keys, unit, keyStride, k, add)
	}
}

// An Online is the state of the softmax of Queries queries over the keys so far:
// the largest score, and the sum of the exponentials relative to it; and of the
// weighted sums of values, relative to it too, what they were multiplied with by the
// last step.
type Online struct {
	Max, Sum, Before [Queries]float32
}

// Reset begins anew: no keys so far.
func (o *Online) Reset() {
	for l := range o.Max {
		o.Max[l], o.Sum[l], o.Before[l] = lowest, 0, 0
	}
}

// lowest stands for no score: less than any but -Inf, which weighs nothing.
const lowest = -0x1p127 * (1 + (1 - 0x1p-23))

// Step takes in the scores of len(s)/Queries keys, [key][query], -Inf where a query
// does not see a key, and turns them into exponentials relative to the new
// maximum:
//
//	m = max(Max, s…)    Before = e^(Max-m)    s = e^(s-m)    Sum = Sum·Before + Σ s
//
// with the sum over ascending keys from 0 on, and every operation rounded. e^x is
// that of expSmall.
func (o *Online) Step(s []float32) {
	if len(s)%Queries != 0 {
		panic(fmt.Sprintf("kernel: Online.Step: %d scores of %d queries", len(s), Queries))
	}
	if len(s) > 0 {
		onlineStep(o, s)
	}
}

// RoundWeights rounds the weights w[t][l]·unit[t] of len(unit) values, up to 64,
// to 16-bit integers p that add up to at most QueryLimit in each column l, two by two as
// Mix wants them: [(n+1)/2][Queries][2]. scale[l] becomes what a column counts in.
// Weights and units are not negative.
//
// With s the sum of a column, values ascending, and m the largest, the factor
// is the least of (QueryLimit-99)/s, which leaves room for rounding, and 32767/m; 0 where
// that is no float32.
func RoundWeights(p []int16, scale *[Queries]float32, w, unit []float32) {
	n := len(unit)
	if n > 64 {
		panic(fmt.Sprintf("kernel: RoundWeights: %d values", n))
	}
	sameLength("RoundWeights: weights", len(w), n*Queries)
	sameLength("RoundWeights", len(p), (n+1)/2*2*Queries)
	if n > 0 {
		roundWeights(p, scale, w, unit)
	}
}

// Mix adds to acc, [cols][Queries], the sum of values weighted with p:
//
//	acc[c][l] = fma(Σ p[l]·value[c], scale[l], acc[c][l]·before[l])
//
// with the sum exact in int32 and rounded to float32. p is RoundWeights', and values
// PairValues' of as many rows; pairs is half their number, cols a multiple of 8.
func Mix(acc []float32, before, scale *[Queries]float32, p, values []int16, pairs, cols int) {
	if cols%8 != 0 || cols < 0 || pairs < 0 {
		panic(fmt.Sprintf("kernel: Mix: %d pairs of %d values", pairs, cols))
	}
	sameLength("Mix: sums", len(acc), cols*Queries)
	sameLength("Mix: weights", len(p), pairs*2*Queries)
	sameLength("Mix: values", len(values), pairs*2*cols)
	if pairs > 0 && cols > 0 {
		mix(acc, before, scale, p, values, pairs, cols)
	}
}

// Blend sets acc, [cols][Queries], to acc·a[l] + x·b[l], each operation rounded.
func Blend(acc, x []float32, a, b *[Queries]float32) {
	sameLength("Blend", len(x), len(acc))
	if len(acc)%Queries != 0 {
		panic(fmt.Sprintf("kernel: Blend: %d values of %d queries", len(acc), Queries))
	}
	if len(acc) > 0 {
		blend(acc, x, a, b)
	}
}

// Widen sets dst to 32 times x: keys in 8 bits, up to 127, in 16.
func Widen(dst []int16, x []int8) {
	sameLength("Widen", len(dst), len(x))
	if len(x) > 0 {
		widen(dst, x)
	}
}
