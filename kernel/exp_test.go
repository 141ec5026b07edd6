package kernel

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

func TestExp(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, c := range []struct{ x, want float32 }{
		{0, 1},
		{float32(math.Copysign(0, -1)), 1},
		{1, math.E},
		{-inf, 0},
		{inf, inf},
		{float32(math.NaN()), float32(math.NaN())},
		{88.72283, 3.4027985e+38}, // the last that is finite
		{88.72284, inf},
		{-87.5, float32(math.Exp(-87.5))}, // subnormal
		{-103.9, math.SmallestNonzeroFloat32},
		{-104, 0},
		{1e-30, 1},
		{math.MaxFloat32, inf},
		{-math.MaxFloat32, 0},
	} {
		if got := Exp(c.x); !same(got, c.want) {
			t.Errorf("Exp(%v) = %v, want %v", c.x, got, c.want)
		}
	}
	r := rand.New(rand.NewPCG(1, 1))
	worst := 0.0
	for range 200000 {
		x := (r.Float64()*2 - 1) * 120
		want := math.Exp(x)
		worst = max(worst, math.Abs(exp(x)-want)/want)
	}
	if worst > 0x1p-44 {
		t.Errorf("exp is off by 2^%.1f", math.Log2(worst))
	}
}

// The table of exp2 is the 32nd roots of 2, nearest float64 each.
func TestExpTable(t *testing.T) {
	for i, got := range exp2 {
		// v^32 = 2^i·(1+δ) has δ within 32 half units of the last place.
		v := new(big.Float).SetPrec(2000).SetFloat64(got)
		for range 5 {
			v.Mul(v, v)
		}
		v.SetMantExp(v, -i)
		v.Sub(v, big.NewFloat(1))
		if off, _ := v.Float64(); math.Abs(off) > 32*0x1p-53 {
			t.Errorf("exp2[%d] is off by %g units", i, off/32/0x1p-52)
		}
	}
}

func TestSigmoid(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 100000 {
		x := float32(r.NormFloat64() * 20)
		want := 1 / (1 + math.Exp(-float64(x)))
		if got := float64(Sigmoid(x)); math.Abs(got-want) > 0x1p-24*want*1.001+math.SmallestNonzeroFloat32 {
			t.Fatalf("Sigmoid(%v) = %v, want %v", x, got, want)
		}
	}
	inf := float32(math.Inf(1))
	wantSame(t, "Sigmoid", []float32{Sigmoid(inf), Sigmoid(-inf), Sigmoid(0), Sigmoid(float32(math.NaN()))},
		[]float32{1, 0, 0.5, float32(math.NaN())})
}

func TestSwiGLU(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 3))
	gate, up := normal(r, 1000), normal(r, 1000)
	gate[0], gate[1], up[1] = -200, 200, 3
	dst := make([]float32, 1000)
	SwiGLU(dst, gate, up)
	for i, got := range dst {
		g := float64(gate[i])
		want := g / (1 + math.Exp(-g)) * float64(up[i])
		// Two roundings, of silu and of the product.
		if math.Abs(float64(got)-want) > 2.001*0x1p-24*math.Abs(want)+math.SmallestNonzeroFloat32 {
			t.Fatalf("silu(%v)·%v = %v, want %v", gate[i], up[i], got, want)
		}
	}
	SwiGLU(gate, gate, up)
	wantSame(t, "SwiGLU in place", gate, dst)
}
