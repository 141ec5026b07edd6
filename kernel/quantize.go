package kernel

import "fmt"

// Q8Rows holds the activations of N tokens in eight bits, K a token.
//
//	Q     [N, K]        the integers, -127 to 127
//	D     [N, K/Block]  what they count in: x ≈ D·Q
//	Sums  [N, K/16]     the sums of 16 consecutive Q
//
// K is a multiple of Block, which is 256 or 32: that of the weights they meet
// (Encoding.Block).
type Q8Rows struct {
	N, K, Block int
	Q           []int8
	D           []float32
	Sums        []int16
}

// Slice returns the tokens lo to hi, without copying.
func (a *Q8Rows) Slice(lo, hi int) Q8Rows {
	blocks, sums := a.K/a.Block, a.K/16
	return Q8Rows{
		N: hi - lo, K: a.K, Block: a.Block,
		Q: a.Q[lo*a.K : hi*a.K], D: a.D[lo*blocks : hi*blocks], Sums: a.Sums[lo*sums : hi*sums],
	}
}

// check panics unless the slices are as long as they have to be.
func (a *Q8Rows) check(kernel string) {
	sameLength(kernel, len(a.Q), a.N*a.K)
	sameLength(kernel, len(a.D), a.N*a.K/a.Block)
	sameLength(kernel, len(a.Sums), a.N*a.K/16)
}

// QuantizeQ8 rounds x to eight bits, a block of 256 or 32 at a time: with amax
// the greatest magnitude of the block, d = amax/127 and q = x·(127/amax), each
// operation rounded to float32, then q to the nearest integer, ties to even. It
// also sums every 16 of q. A block so small that 127/amax is no float32 is
// taken for zeros; one with a NaN or an infinity has NaN for d, so that what is
// computed from it is NaN.
//
// q is as long as x, which is a multiple of block; d has one value a block, and
// sums one every 16.
func QuantizeQ8(q []int8, d []float32, sums []int16, x []float32, block int) {
	if block != 32 && block != 256 || len(x)%block != 0 {
		panic(fmt.Sprintf("kernel: QuantizeQ8: %d values in blocks of %d", len(x), block))
	}
	sameLength("QuantizeQ8", len(q), len(x))
	sameLength("QuantizeQ8", len(d), len(x)/block)
	sameLength("QuantizeQ8", len(sums), len(x)/16)
	if len(x) > 0 {
		quantizeQ8(q, d, sums, x, block)
	}
}
