package kernel

import "fmt"

// Affine weights are integers of 4 or 8 bits in rows, with a scale and a bias for
// each Group of a row's integers: w = scale·q + bias. It is what MLX stores.
//
//	Q            rows of k·Bits/8 bytes; of 4 bits, byte i holds q[2i] (low) and q[2i+1]
//	Scale, Bias  rows of k/Group values
//
// Group is 32, 64 or 128, and k a multiple of it.
type Affine struct {
	Q           []byte
	Bits        int
	Scale, Bias Floats
	Group       int
}

// AffineBlock is the block in which activations are quantized that meet Affine
// weights.
const AffineBlock = 32

// MatMulAffine multiplies rows of weights with the activations of a.N tokens:
// dst[t·stride+r] is row r of w times token t. a.K is k, and a.Block AffineBlock.
//
// In blocks of 32, of which a group has one, two or four, the sums
//
//	p = dx·Σ x                    the product is rounded
//	X = p, p₀+p₁ or (p₀+p₁)+(p₂+p₃)
//
// of a token are made. Then acc begins as Σ bias·X, which is MatMulFloats over
// the groups, and block after block
//
//	acc = fma(scale·dx, Σ q·x, acc)
//
// where Σ q·x is exact, scale·dx is rounded, and fma is rounded once. The result
// is the same for every tier and for any number of tokens and rows.
func MatMulAffine(dst []float32, stride int, w Affine, rows, k int, a *Q8Rows, s *Scratch) {
	checkMatMulAffine(dst, stride, &w, rows, k, a)
	if rows > 0 && a.N > 0 {
		matMulAffine(dst, stride, &w, rows, a, s)
	}
}

func checkMatMulAffine(dst []float32, stride int, w *Affine, rows, k int, a *Q8Rows) {
	switch {
	case w.Bits != 4 && w.Bits != 8, w.Group != 32 && w.Group != 64 && w.Group != 128,
		w.Scale.Format >= numFormats, w.Bias.Format >= numFormats:
		panic(fmt.Sprintf("kernel: MatMulAffine: %d bits in groups of %d, formats %d and %d", w.Bits, w.Group, w.Scale.Format, w.Bias.Format))
	case rows < 0, a.N < 0, k <= 0, k%w.Group != 0, a.K != k, a.Block != AffineBlock:
		panic(fmt.Sprintf("kernel: MatMulAffine: %d rows of %d weights in groups of %d, %d tokens of %d in blocks of %d",
			rows, k, w.Group, a.N, a.K, a.Block))
	}
	sameLength("MatMulAffine: weights", len(w.Q), rows*w.rowBytes(k))
	sameLength("MatMulAffine: scales", len(w.Scale.Data), rows*k/w.Group*w.Scale.Format.Bytes())
	sameLength("MatMulAffine: biases", len(w.Bias.Data), rows*k/w.Group*w.Bias.Format.Bytes())
	a.check("MatMulAffine")
	checkResults("MatMulAffine", len(dst), stride, rows, a.N)
}

// rowBytes returns the bytes of the integers of a row of k.
func (w *Affine) rowBytes(k int) int { return k * w.Bits / 8 }

// rows returns n rows from lo on, of k values.
func (w *Affine) rows(lo, n, k int) Affine {
	part := *w
	groups, bytes := k/w.Group, w.rowBytes(k)
	part.Q = w.Q[lo*bytes:][:n*bytes]
	part.Scale = w.Scale.rows(lo, n, groups)
	part.Bias = w.Bias.rows(lo, n, groups)
	return part
}

// rows returns n rows from lo on, of k values.
func (w Floats) rows(lo, n, k int) Floats {
	bytes := k * w.Format.Bytes()
	return Floats{w.Data[lo*bytes:][:n*bytes], w.Format}
}

// groupSums sets x to the X of groups (see MatMulAffine) whose blocks have the
// scales d, and sums every 16.
func groupSums(x, d []float32, sums []int16, group int) {
	n := group / AffineBlock
	for g := range x {
		var p [4]float32
		for i := range n {
			b := g*n + i
			p[i] = float32(d[b] * float32(int32(sums[2*b])+int32(sums[2*b+1])))
		}
		switch n {
		case 1:
			x[g] = p[0]
		case 2:
			x[g] = p[0] + p[1]
		case 4:
			x[g] = (p[0] + p[1]) + (p[2] + p[3])
		}
	}
}
