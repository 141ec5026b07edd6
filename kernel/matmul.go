package kernel

import "fmt"

// An Encoding is one of the block encodings of ggml, of which MatMulQ8 knows the
// layout of a block. All of them come to the same form: a block is integers q,
// with a small integer scale for every 16 of them, and
//
//	centred  w = d·scale·(q - zero)
//	affine   w = d·scale·q - dmin·minimum
type Encoding uint8

// The encodings.
const (
	Q4_0 Encoding = iota
	Q4_1
	Q5_0
	Q5_1
	Q8_0
	IQ4_NL
	Q2_K
	Q3_K
	Q4_K
	Q5_K
	Q6_K
	IQ4_XS
	IQ3_XXS
	IQ3_S
	IQ2_XXS
	IQ2_XS
	IQ2_S
	IQ1_S
	IQ1_M
	numEncodings
)

// encodings holds the values and the bytes of a block, and what is 0
// in a centred encoding.
var encodings = [numEncodings]struct {
	values, bytes int
	affine        bool
	zero          int
}{
	Q4_0:    {32, 18, false, 8},
	Q4_1:    {32, 20, true, 0},
	Q5_0:    {32, 22, false, 16},
	Q5_1:    {32, 24, true, 0},
	Q8_0:    {32, 34, false, 128},
	IQ4_NL:  {32, 18, false, 128},
	Q2_K:    {256, 84, true, 0},
	Q3_K:    {256, 110, false, 4},
	Q4_K:    {256, 144, true, 0},
	Q5_K:    {256, 176, true, 0},
	Q6_K:    {256, 210, false, 32},
	IQ4_XS:  {256, 136, false, 128},
	IQ3_XXS: {256, 98, false, gridZero},
	IQ3_S:   {256, 110, false, gridZero},
	IQ2_XXS: {256, 66, false, gridZero},
	IQ2_XS:  {256, 74, false, gridZero},
	IQ2_S:   {256, 82, false, gridZero},
	IQ1_S:   {256, 50, false, gridZero},
	IQ1_M:   {256, 56, false, gridZero},
}

// Block returns how many values one block holds, 32 or 256, and the bytes it
// takes.
func (e Encoding) Block() (values, bytes int) { return encodings[e].values, encodings[e].bytes }

// rowBytes returns the bytes of a row of k values.
func (e Encoding) rowBytes(k int) int { return k / encodings[e].values * encodings[e].bytes }

// MatMulQ8 multiplies rows of weights with the activations of a.N tokens:
// dst[t·stride+r] is row r of w times token t. Row r is the k values, encoded as
// e, that begin at w[r·bytes of a row]; a.K is k, and a.Block that of e.
//
// A block's integers are summed exactly in int32, weighed by their integer
// scales, and the sum is rounded to float32. Then, block after block,
//
//	acc = fma(d·dx, Σ scale·Σ (q-zero)·x, acc)      centred
//	acc = fma(d·dx, Σ scale·Σ q·x, acc)             affine
//	m   = fma(dmin·dx, Σ minimum·Σ x, m)            affine
//
// from acc = m = 0 on, where the products d·dx are rounded, and fma is rounded
// once. The result is acc - m, the same for every tier and for any number of
// tokens and rows.
func MatMulQ8(dst []float32, stride int, w []byte, e Encoding, rows, k int, a *Q8Rows, s *Scratch) {
	checkMatMulQ8(dst, stride, w, e, rows, k, a)
	if rows > 0 && a.N > 0 {
		matMulQ8(dst, stride, w, e, rows, a, s)
	}
}

func checkMatMulQ8(dst []float32, stride int, w []byte, e Encoding, rows, k int, a *Q8Rows) {
	if e >= numEncodings {
		panic(fmt.Sprintf("kernel: MatMulQ8: encoding %d", e))
	}
	values, _ := e.Block()
	if rows < 0 || a.N < 0 || k <= 0 || k%values != 0 || a.K != k || a.Block != values {
		panic(fmt.Sprintf("kernel: MatMulQ8: %d rows of %d weights in blocks of %d, %d tokens of %d in blocks of %d",
			rows, k, values, a.N, a.K, a.Block))
	}
	sameLength("MatMulQ8: weights", len(w), rows*e.rowBytes(k))
	a.check("MatMulQ8")
	checkResults("MatMulQ8", len(dst), stride, rows, a.N)
}
