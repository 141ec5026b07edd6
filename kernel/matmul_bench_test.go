package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// BenchmarkRoof is what the following can reach at best.
func BenchmarkRoof(b *testing.B) {
	w := make([]byte, rowsBytes)
	touch(w)
	b.Run("read", func(b *testing.B) {
		b.SetBytes(rowsBytes)
		for b.Loop() {
			ReadLoop(w)
		}
	})
	b.Run("multiply", func(b *testing.B) {
		operations := 0
		for b.Loop() {
			operations += MultiplyLoop(1e5)
		}
		b.ReportMetric(float64(operations)/1e9/b.Elapsed().Seconds(), "Gop/s")
	})
}

var benchEncodings = []string{"Q4_K", "Q5_K", "Q6_K", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "IQ4_NL", "IQ4_XS", "Q2_K", "Q3_K",
	"IQ3_XXS", "IQ3_S", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ1_S", "IQ1_M"}

// manyRows is about what the network has multiplied in a call.
const manyRows = 256

// BenchmarkMatMulQ8 has shares of the roofs beside the figures, the roofs being
// measured by turns with the kernel. For up to 8 tokens the weights come from
// memory, and the roof is ReadLoop; for more they are in the cache, manyRows a call,
// and the roof is MultiplyLoop.
func BenchmarkMatMulQ8(b *testing.B) {
	memory := make([]byte, rowsBytes)
	for _, name := range benchEncodings {
		e := encodingNames[name]
		values, _ := e.Block()
		for _, k := range []int{7168, 2048} {
			r := rand.New(rand.NewPCG(1, 1))
			w := randomWeights(r, e, manyRows, k)
			for at := 0; at+len(w) <= len(memory); at += len(w) {
				copy(memory[at:], w)
			}
			for _, n := range []int{1, 2, 4, 8, 64, 512} {
				a := &Q8Rows{N: n, K: k, Block: values, Q: make([]int8, n*k), D: make([]float32, n*k/values), Sums: make([]int16, n*k/16)}
				QuantizeQ8(a.Q, a.D, a.Sums, normal(r, n*k), values)
				b.Run(fmt.Sprintf("%s/%d/%d", name, k, n), func(b *testing.B) {
					eachTierBench(b, func(b *testing.B) {
						if n <= 8 {
							benchFew(b, memory, e, k, a)
						} else {
							benchMany(b, w, e, k, a)
						}
					})
				})
			}
		}
	}
}

// BenchmarkMatMulF8 is the same for weights in e4m3, the roofs of which are
// BenchmarkRoof's read, and half of its multiply.
func BenchmarkMatMulF8(b *testing.B) {
	for _, k := range []int{7168, 2048} {
		for _, n := range []int{1, 2, 8, 64, 512} {
			rows := 128
			if n <= 8 {
				rows = rowsBytes / k / 128 * 128
			}
			r := rand.New(rand.NewPCG(1, 1))
			few := randomF8(b, r, 128, k, 0, 4)
			w := slices.Repeat(few.W, rows/128)
			a := quantized16(b, normal(r, n*k), n)
			dst, s := make([]float32, n*128), NewScratch()
			b.Run(fmt.Sprintf("%d/%d", k, n), func(b *testing.B) {
				eachTierBench(b, func(b *testing.B) {
					if n <= 8 {
						b.SetBytes(int64(len(w)))
					}
					step := *few
					for b.Loop() {
						for at := 0; at < len(w); at += 128 * k {
							step.W = w[at : at+128*k]
							MatMulF8(dst, 128, &step, a, s)
						}
					}
					b.ReportMetric(2*float64(rows*k*n*b.N)/1e9/b.Elapsed().Seconds(), "Gop/s")
				})
			})
		}
	}
}

func BenchmarkQuantizeQ16(b *testing.B) {
	const k = 7168
	x := normal(rand.New(rand.NewPCG(1, 1)), k)
	q, d := make([]int16, k), make([]float32, F8Blocks(k))
	eachTierBench(b, func(b *testing.B) {
		b.SetBytes(4 * k)
		for b.Loop() {
			QuantizeQ16(q, d, x)
		}
	})
}

// benchFew takes a part of memory that a cache might hold, and reads the next.
func benchFew(b *testing.B, memory []byte, e Encoding, k int, a *Q8Rows) {
	rows := (4<<20)/e.rowBytes(k)/manyRows*manyRows + manyRows
	bytes := rows * e.rowBytes(k)
	dst, s := make([]float32, a.N*rows), NewScratch()
	var roof time.Duration
	at := 0
	b.SetBytes(int64(bytes))
	for b.Loop() {
		if at+2*bytes > len(memory) {
			at = 0
		}
		MatMulQ8(dst, rows, memory[at:at+bytes], e, rows, k, a, s)
		b.StopTimer()
		start := time.Now()
		ReadLoop(memory[at+bytes : at+2*bytes])
		roof += time.Since(start)
		at += 2 * bytes
		b.StartTimer()
	}
	b.ReportMetric(100*roof.Seconds()/b.Elapsed().Seconds(), "%read")
}

func benchMany(b *testing.B, w []byte, e Encoding, k int, a *Q8Rows) {
	const rows = manyRows
	dst, s := make([]float32, a.N*rows), NewScratch()
	var roof time.Duration
	operations, each := 0, 2*float64(rows*k*a.N)
	for b.Loop() {
		MatMulQ8(dst, rows, w, e, rows, k, a, s)
		b.StopTimer()
		start := time.Now()
		operations += MultiplyLoop(1e4)
		roof += time.Since(start)
		b.StartTimer()
	}
	reached := each * float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(reached/1e9, "Gop/s")
	b.ReportMetric(100*reached/(float64(operations)/roof.Seconds()), "%multiply")
}

func BenchmarkQuantizeQ8(b *testing.B) {
	const k = 7168
	x := normal(rand.New(rand.NewPCG(1, 1)), k)
	q, d, sums := make([]int8, k), make([]float32, k/32), make([]int16, k/16)
	for _, block := range []int{32, 256} {
		b.Run(fmt.Sprint(block), func(b *testing.B) {
			eachTierBench(b, func(b *testing.B) {
				b.SetBytes(4 * k)
				for b.Loop() {
					QuantizeQ8(q, d[:k/block], sums, x, block)
				}
			})
		})
	}
}
