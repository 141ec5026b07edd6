package kernel

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
)

func eachTierBench(b *testing.B, f func(b *testing.B)) {
	for _, tier := range Tiers() {
		b.Run(tier, func(b *testing.B) {
			useTier(b, tier)
			f(b)
		})
	}
}

// rowsBytes is the size of a matrix that no cache holds.
const rowsBytes = 256 << 20

// BenchmarkRead is the roof of DotBF16: the bytes of the same matrix, only read.
func BenchmarkRead(b *testing.B) {
	w := make([]byte, rowsBytes)
	touch(w)
	b.SetBytes(rowsBytes)
	var sum [4]uint64
	for b.Loop() {
		for row := w; len(row) >= 64; row = row[64:] {
			sum[0] += binary.LittleEndian.Uint64(row)
			sum[1] += binary.LittleEndian.Uint64(row[16:])
			sum[2] += binary.LittleEndian.Uint64(row[32:])
			sum[3] += binary.LittleEndian.Uint64(row[48:])
		}
	}
	if sum[0] == 1 {
		b.Log(sum)
	}
}

// touch writes every page of w, so that it is memory and not the zero page.
func touch(w []byte) {
	for i := range w {
		w[i] = byte(i*7) & 0x3f
	}
}

// BenchmarkRowsBF16 is a matrix of bfloat16 times one token, from memory.
func BenchmarkRowsBF16(b *testing.B) {
	w := make([]byte, rowsBytes)
	touch(w)
	for _, k := range []int{512, 2048, 7168} {
		b.Run(fmt.Sprint(k), func(b *testing.B) {
			eachTierBench(b, func(b *testing.B) {
				x := normal(rand.New(rand.NewPCG(1, 1)), k)
				rows := len(w) / (2 * k)
				b.SetBytes(int64(rows * 2 * k))
				for b.Loop() {
					for r := range rows {
						DotBF16(w[r*2*k:(r+1)*2*k], x)
					}
				}
			})
		})
	}
}

// BenchmarkDot and the following run in cache; bytes are those of the weights.
func BenchmarkDot(b *testing.B) {
	for _, k := range []int{64, 512, 576, 7168} {
		b.Run(fmt.Sprint(k), func(b *testing.B) {
			eachTierBench(b, func(b *testing.B) {
				r := rand.New(rand.NewPCG(1, 2))
				x, w := normal(r, k), normal(r, k)
				b.SetBytes(int64(4 * k))
				for b.Loop() {
					Dot(w, x)
				}
			})
		})
	}
}

// BenchmarkDots reports multiplications and additions.
func BenchmarkDots(b *testing.B) {
	for _, tokens := range []int{1, 4, 8, 64} {
		for _, k := range []int{576, 7168} {
			r := rand.New(rand.NewPCG(1, 3))
			x, dst := normal(r, k*tokens), make([]float32, tokens)
			bits, values := normalBF16(r, k)
			run := func(name string, f func()) {
				b.Run(fmt.Sprintf("%s/%d×%d", name, tokens, k), func(b *testing.B) {
					eachTierBench(b, func(b *testing.B) {
						for b.Loop() {
							f()
						}
						b.ReportMetric(2*float64(k*tokens*b.N)/1e9/b.Elapsed().Seconds(), "Gflop/s")
					})
				})
			}
			run("f32", func() { Dots(dst, values, x, k) })
			run("bf16", func() { DotsBF16(dst, bits, x, k, k) })
		}
	}
}

func BenchmarkAddScaled(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 4))
	dst, x := normal(r, 512), normal(r, 512)
	eachTierBench(b, func(b *testing.B) {
		b.SetBytes(4 * 512)
		for b.Loop() {
			AddScaled(dst, 1e-3, x)
		}
	})
}

// BenchmarkRow has the loops without assembly, over one row of 7168.
func BenchmarkRow(b *testing.B) {
	const n = 7168
	r := rand.New(rand.NewPCG(1, 5))
	x, y, dst := normal(r, n), normal(r, n), make([]float32, n)
	for _, c := range []struct {
		name string
		f    func()
	}{
		{"Add", func() { Add(dst, x) }},
		{"RMSNorm", func() { RMSNorm(dst, x, y, 1e-6) }},
		{"SwiGLU", func() { SwiGLU(dst, x, y) }},
		{"Rope", func() { Rope(dst, x[:n/2], y[:n/2]) }},
		{"Max", func() { Max(x) }},
		{"ExpSum", func() { ExpSum(dst, x, 3) }},
		{"Finite", func() { Finite(x) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(4 * n)
			for b.Loop() {
				c.f()
			}
		})
	}
}
