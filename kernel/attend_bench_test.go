package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// BenchmarkAttend takes the loops of attention one by one, for a page of 64 latents of
// 512+64 values and 32 queries, beside the loop that only multiplies (Roof).
func BenchmarkAttend(b *testing.B) {
	const n, rank = 64, 512
	r := rand.New(rand.NewPCG(1, 8))
	x := normal(r, n*rank)
	bits := make([]uint16, n*rank)
	for i := range bits {
		bits[i] = uint16(math.Float32bits(x[i]) >> 16)
	}
	panel, scale := panelOf(normal(r, Queries*rank), rank)
	keys, unit := make([]int16, n*rank), make([]float32, n)
	for i := range unit {
		unit[i] = roundKey(keys[i*rank:(i+1)*rank], x[i*rank:(i+1)*rank])
	}
	s, w := make([]float32, n*Queries), make([]float32, n*Queries)
	p, values := make([]int16, n*Queries), make([]int16, n*rank)
	acc := make([]float32, rank*Queries)
	var o Online
	products := func(f func(b *testing.B)) func(b *testing.B) {
		return func(b *testing.B) {
			f(b)
			b.ReportMetric(float64(b.N)*2*n*rank*Queries/b.Elapsed().Seconds()/1e9, "GOP/s")
		}
	}
	b.Run("Scores", products(func(b *testing.B) {
		for b.Loop() {
			Scores(s, Queries, panel, &scale, keys, unit, rank, rank, false)
		}
	}))
	b.Run("Mix", products(func(b *testing.B) {
		for b.Loop() {
			Mix(acc, &o.Before, &scale, p, values, n/2, rank)
		}
	}))
	b.Run("Online", func(b *testing.B) {
		o.Reset()
		for b.Loop() {
			copy(w, s)
			o.Step(w)
		}
	})
	b.Run("RoundWeights", func(b *testing.B) {
		for b.Loop() {
			RoundWeights(p, &scale, w, unit)
		}
	})
	b.Run("RoundKeysBF16", func(b *testing.B) {
		for b.Loop() {
			RoundKeysBF16(keys, unit, bits, rank, rank, rank)
		}
	})
	b.Run("PairValues", func(b *testing.B) {
		for b.Loop() {
			PairValues(values, keys, rank, n, rank)
		}
	})
	b.Run("Columns", func(b *testing.B) {
		for b.Loop() {
			Columns(x, rank, acc, scale[:], rank)
		}
	})
	b.Run("RoundQuery", func(b *testing.B) {
		for b.Loop() {
			panelOf(x[:Queries*rank], rank)
		}
	})
}
