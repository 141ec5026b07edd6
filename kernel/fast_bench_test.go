package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// benchTokens are one token, few and many.
var benchTokens = []int{1, 2, 8, 64, 512}

// BenchmarkMatMulFloats has matrices that no cache holds for up to 8 tokens, and
// 128 rows for more. The multiplications of a vector register are a quarter of
// those of BenchmarkRoof.
func BenchmarkMatMulFloats(b *testing.B) {
	for _, name := range []string{"BF16", "F16", "F32"} {
		f := formatNames[name]
		for _, k := range []int{7168, 2048} {
			for _, n := range benchTokens {
				r := rand.New(rand.NewPCG(1, 1))
				few := randomFloats(r, f, 64*k)
				w, x := slices.Repeat(few, 2), normal(r, n*k)
				if n <= 8 {
					w = slices.Repeat(few, rowsBytes/len(few))
				}
				dst, s := make([]float32, n*64), NewScratch()
				b.Run(fmt.Sprintf("%s/%d/%d", name, k, n), func(b *testing.B) {
					eachTierBench(b, func(b *testing.B) {
						if n <= 8 {
							b.SetBytes(int64(len(w)))
						}
						for b.Loop() {
							for at := 0; at < len(w); at += len(few) {
								MatMulFloats(dst, 64, Floats{w[at:][:len(few)], f}, 64, k, x, k, n, s)
							}
						}
						b.ReportMetric(2*float64(len(w)/f.Bytes()*n*b.N)/1e9/b.Elapsed().Seconds(), "Gop/s")
					})
				})
			}
		}
	}
}

// BenchmarkMatMulAffine has them likewise; the scales and biases count as bytes.
func BenchmarkMatMulAffine(b *testing.B) {
	const group = 64
	for _, bits := range []int{4, 8} {
		for _, k := range []int{7168, 2048} {
			for _, n := range benchTokens {
				r := rand.New(rand.NewPCG(1, 1))
				times := 2
				if n <= 8 {
					times = rowsBytes / (64 * k * bits / 8)
				}
				repeated := func(f Format, size int) []byte { return slices.Repeat(randomFloats(r, f, size), times) }
				all := Affine{repeated(F32, 64*k*bits/32), bits, Floats{repeated(BF16, 64*k/group), BF16}, Floats{repeated(BF16, 64*k/group), BF16}, group}
				a := quantized(b, normal(r, n*k), n, AffineBlock)
				dst, s := make([]float32, n*64), NewScratch()
				b.Run(fmt.Sprintf("%d/%d/%d", bits, k, n), func(b *testing.B) {
					eachTierBench(b, func(b *testing.B) {
						if n <= 8 {
							b.SetBytes(int64(len(all.Q) + len(all.Scale.Data) + len(all.Bias.Data)))
						}
						for b.Loop() {
							for i := range times {
								MatMulAffine(dst, 64, all.rows(64*i, 64, k), 64, k, a, s)
							}
						}
						b.ReportMetric(2*float64(times*64*k*n*b.N)/1e9/b.Elapsed().Seconds(), "Gop/s")
					})
				})
			}
		}
	}
}
