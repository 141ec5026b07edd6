package kernel

import "fmt"

// F8Block is the side of the squares of e4m3 weights that have a scale, and so
// the length of a block of the activations they meet.
const F8Block = 128

// F8Blocks returns how many blocks k values take, the last one perhaps in part.
func F8Blocks(k int) int { return (k + F8Block - 1) / F8Block }

// Q16Rows holds the activations of N tokens in sixteen bits, K a token, in
// blocks of F8Block. The last block of a token is filled up with zeros.
//
//	Q  [N, F8Blocks(K)·F8Block]  the integers
//	D  [N, F8Blocks(K)]          what they count in: x ≈ D·Q
//
// The magnitudes of a block add up to most16 at most, so that its sum of products
// with weights has 32 bits (MatMulF8).
type Q16Rows struct {
	N, K int
	Q    []int16
	D    []float32
}

// Slice returns the tokens lo to hi, without copying.
func (a *Q16Rows) Slice(lo, hi int) Q16Rows {
	blocks := F8Blocks(a.K)
	return Q16Rows{N: hi - lo, K: a.K, Q: a.Q[lo*blocks*F8Block : hi*blocks*F8Block], D: a.D[lo*blocks : hi*blocks]}
}

// most16 is what the magnitudes of a block may add up to, ⌊(2³¹-1)/mostF8⌋, and
// aim16 what they are scaled to: rounding to integers adds 64 at most, and the
// roundings of the scale less than one.
const (
	most16 = (1<<31 - 1) / mostF8
	aim16  = most16 - 96
)

// QuantizeQ16 rounds the values of a token to integers, a block at a time. With
// amax the greatest magnitude of the block and sum the sum of all, in the order
// of package kernel,
//
//	d = max(amax/32767, sum/aim16)
//	q = x·min(32767/amax, aim16/sum)
//
// each operation rounded to float32, then q to the nearest integer, ties to even.
// A block so small that its factor is no float32 is taken for zeros; one whose
// sum is none, for a NaN or an infinity in it, has NaN for d, so that what is
// computed from it is NaN.
//
// d has one value for every block of x, and q F8Block.
func QuantizeQ16(q []int16, d, x []float32) {
	if len(d) != F8Blocks(len(x)) {
		panic(fmt.Sprintf("kernel: QuantizeQ16: %d scales of %d values", len(d), len(x)))
	}
	sameLength("QuantizeQ16", len(q), len(d)*F8Block)
	if len(x) > 0 {
		quantizeQ16(q, d, x)
	}
}
