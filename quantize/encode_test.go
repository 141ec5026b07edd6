package quantize

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/deskseek/deskseek/kernel"
	"github.com/deskseek/deskseek/tensor"
)

// encoded returns what Encode makes of a row.
func encoded(d tensor.DType, src, importance []float32) []byte {
	data := make([]byte, d.RowBytes(len(src)))
	for i := range data {
		data[i] = 0xa5 // no bit may be left as it is
	}
	Encode(data, d, src, importance)
	return data
}

func decoded(d tensor.DType, data []byte, n int) []float32 {
	x := make([]float32, n)
	tensor.Decode(x, &tensor.Tensor{Name: "t", DType: d, Shape: []int{1, n}, Rows: 1, Cols: n, Data: data}, 0)
	return x
}

// squares returns the sum of w·(x - y)²; w may be nil for ones, y for zeros.
func squares(x, y, w []float32) (sum float64) {
	for i := range x {
		e := float64(x[i])
		if y != nil {
			e -= float64(y[i])
		}
		e *= e
		if w != nil {
			e *= float64(w[i])
		}
		sum += e
	}
	return sum
}

// loss is the squared error of a row by its squares.
func loss(d tensor.DType, x, w []float32) float64 {
	return squares(x, decoded(d, encoded(d, x, w), len(x)), w) / squares(x, nil, w)
}

func row(n int, f func() float64) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(f())
	}
	return x
}

// rows are what weights look like, and what they should not.
func rows(n int) map[string][]float32 {
	r := rand.New(rand.NewPCG(1, 1))
	return map[string][]float32{
		"normal":  row(n, r.NormFloat64),
		"laplace": row(n, func() float64 { return 0.02 * (r.ExpFloat64() - r.ExpFloat64()) }),
		"shifted": row(n, func() float64 { return 0.02*r.NormFloat64() + 0.01 }),
		"outlier": row(n, func() float64 {
			return r.NormFloat64() * math.Pow(10, float64(r.IntN(100)/99))
		}),
		"positive": row(n, r.Float64),
		"negative": row(n, func() float64 { return -1 - r.Float64() }),
		"constant": row(n, func() float64 { return 0.3 }),
		"below 0":  row(n, func() float64 { return -0.3 }),
		"signs":    row(n, func() float64 { return float64(2*r.IntN(2) - 1) }),
		"few":      row(n, func() float64 { return r.NormFloat64() * float64(r.IntN(20)/19) }),
		"small":    row(n, func() float64 { return 3e-6 * r.NormFloat64() }),
		"zeros":    row(n, func() float64 { return 0 }),
		"denormal": row(n, func() float64 { return 1e-40 * r.NormFloat64() }),
		"large":    row(n, func() float64 { return 3e6 * r.NormFloat64() }),
		"huge":     row(n, func() float64 { return 1e37 * r.NormFloat64() }),
		"largest":  row(n, func() float64 { return math.MaxFloat32 * float64(2*r.IntN(2)-1) }),
		"scales":   row(n, func() float64 { return r.NormFloat64() * math.Ldexp(1, r.IntN(200)-100) }),
	}
}

// importances are weights of a row, by name; nil among them.
func importances(n int) map[string][]float32 {
	r := rand.New(rand.NewPCG(2, 2))
	return map[string][]float32{
		"none":   nil,
		"normal": row(n, func() float64 { return math.Exp(1.2 * r.NormFloat64()) }),
		"sparse": row(n, func() float64 { return float64(r.IntN(30) / 29) }),
		"zeros":  row(n, func() float64 { return 0 }),
		"scales": row(n, func() float64 { return math.Ldexp(1, r.IntN(250)-124) }),
	}
}

// TestEncodeLoss pins how much of a normal distribution's and of a Laplace
// distribution's power is lost. The bounds are 1 % above what was measured; those
// of llama-quantize are in docs/quantization.md.
func TestEncodeLoss(t *testing.T) {
	rows := rows(256 * 64)
	for _, c := range []struct {
		d               tensor.DType
		normal, laplace float64
	}{
		{tensor.F32, 0, 0},
		{tensor.F16, 4.5e-8, 4.7e-8},
		{tensor.BF16, 2.9e-6, 2.9e-6},
		{tensor.Q8_0, 2.91e-5, 4.6e-5},
		{tensor.Q6_K, 2.87e-4, 4.37e-4},
		{tensor.Q5_K, 1.21e-3, 1.67e-3},
		{tensor.Q5_1, 1.15e-3, 1.56e-3},
		{tensor.Q5_0, 1.63e-3, 2.72e-3},
		{tensor.Q4_K, 5.02e-3, 6.9e-3},
		{tensor.Q4_1, 4.96e-3, 6.7e-3},
		{tensor.Q4_0, 6.66e-3, 1.06e-2},
		{tensor.IQ4_NL, 5.41e-3, 7.2e-3},
		{tensor.IQ4_XS, 5.51e-3, 7.3e-3},
		{tensor.Q3_K, 2.09e-2, 2.84e-2},
		{tensor.Q2_K, 6.9e-2, 8.45e-2},
	} {
		if got := loss(c.d, rows["normal"], nil); got > c.normal {
			t.Errorf("%v: loses %.3g of a normal distribution, want at most %.3g", c.d, got, c.normal)
		}
		if got := loss(c.d, rows["laplace"], nil); got > c.laplace {
			t.Errorf("%v: loses %.3g of a Laplace distribution, want at most %.3g", c.d, got, c.laplace)
		}
	}
}

// TestEncodeFinite: whatever is finite becomes finite, and is no further away than
// zeros are.
func TestEncodeFinite(t *testing.T) {
	const n = 1024
	for name, x := range rows(n) {
		for weights, w := range importances(n) {
			for _, d := range Types() {
				checkFinite(t, name+", weights "+weights, d, x, w)
			}
		}
	}
}

func checkFinite(t *testing.T, name string, d tensor.DType, x, w []float32) {
	t.Helper()
	y := decoded(d, encoded(d, x, w), len(x))
	for i, v := range y {
		if v-v != 0 {
			t.Fatalf("%v, %s: %v became %v", d, name, x[i], v)
		}
	}
	values, _ := d.Block()
	for i := 0; i < len(x); i += values {
		var weights []float32
		if w != nil && notRounded(d) && squares(w[i:][:values], nil, nil) > 0 {
			weights = w[i:][:values]
		}
		x, y := x[i:][:values], y[i:][:values]
		if e, all := squares(x, y, weights), allowed(x, weights); e > all {
			t.Fatalf("%v, %s: values from %d: squared error %v, want at most %v", d, name, i, e, all)
		}
	}
}

// allowed returns the squared error of zeros, and what rounding may add to it: to
// float32 in the sums, and of values that an offset is added to, both up to the
// largest.
func allowed(x, w []float32) (sum float64) {
	var largest float64
	for _, v := range x {
		largest = max(largest, math.Abs(float64(v)))
	}
	for i, v := range x {
		e := math.Abs(float64(v)) + 0x1p-22*largest
		e *= e
		if w != nil {
			e *= float64(w[i])
		}
		sum += e
	}
	return sum * (1 + 1e-5)
}

// notRounded reports whether an encoding looks at weights.
func notRounded(d tensor.DType) bool {
	switch d {
	case tensor.F32, tensor.F16, tensor.BF16, tensor.Q8_0:
		return false
	}
	return true
}

// TestEncodeWeights: with weights the weighted error is less than without, for all
// encodings that look at them, and the same without those that say nothing.
func TestEncodeWeights(t *testing.T) {
	const n = 256 * 32
	x, weights := rows(n)["normal"], importances(n)
	for _, d := range Types() {
		plain := encoded(d, x, nil)
		if !bytes.Equal(plain, encoded(d, x, weights["zeros"])) {
			t.Errorf("%v: weights that are all zero are not as good as none", d)
		}
		if !bytes.Equal(plain, encoded(d, x, row(n, func() float64 { return 0.25 }))) {
			t.Errorf("%v: weights that are all equal are not as good as none", d)
		}
		w := weights["normal"]
		with, without := loss(d, x, w), squares(x, decoded(d, plain, n), w)/squares(x, nil, w)
		if notRounded(d) && with > 0.95*without || !notRounded(d) && with != without {
			t.Errorf("%v: loses %.3g with weights, %.3g without", d, with, without)
		}
	}
}

// TestEncodeBlocks: a block is encoded the same wherever it stands in a row.
func TestEncodeBlocks(t *testing.T) {
	const n = 256 * 21
	x, w := rows(n)["outlier"], importances(n)["normal"]
	for _, d := range Types() {
		values, size := d.Block()
		whole := encoded(d, x, w)
		for i := range n / values {
			if !bytes.Equal(encoded(d, x[i*values:][:values], w[i*values:][:values]), whole[i*size:][:size]) {
				t.Fatalf("%v: block %d depends on those beside it", d, i)
			}
		}
	}
}

// TestEncodeTiers: the same bytes with every tier of instructions.
func TestEncodeTiers(t *testing.T) {
	const n = 256 * 9
	best := kernel.Tier()
	defer func() {
		if err := kernel.Select(best); err != nil {
			t.Error(err)
		}
	}()
	for _, d := range Types() {
		for name, x := range rows(n) {
			for weights, w := range importances(n) {
				var want []byte
				for _, tier := range kernel.Tiers() {
					if err := kernel.Select(tier); err != nil {
						t.Fatal(err)
					}
					got := encoded(d, x, w)
					if want == nil {
						want = got
					}
					if !bytes.Equal(got, want) {
						t.Fatalf("%v, %s, weights %s: %s gives other bytes than %s", d, name, weights, tier, best)
					}
				}
			}
		}
	}
}

func TestEncodeBesideItself(t *testing.T) {
	const n = 256 * 8
	x := rows(n)["normal"]
	var all sync.WaitGroup
	for _, d := range Types() {
		want := encoded(d, x, nil)
		for range 4 {
			all.Go(func() {
				if !bytes.Equal(encoded(d, x, nil), want) {
					t.Errorf("%v: other bytes beside other calls", d)
				}
			})
		}
	}
	all.Wait()
}

func TestEncodeAllocates(t *testing.T) {
	x, w := make([]float32, 256), make([]float32, 256)
	for _, d := range Types() {
		dst := make([]byte, d.RowBytes(len(x)))
		if a := testing.AllocsPerRun(10, func() { Encode(dst, d, x, w) }); a != 0 {
			t.Errorf("%v: %v allocations", d, a)
		}
	}
}

func TestEncodeWrongPanics(t *testing.T) {
	dst, x := make([]byte, 144), make([]float32, 256)
	Encode(dst, tensor.Q4_K, x, x)
	for name, f := range map[string]func(){
		"values":      func() { Encode(dst, tensor.Q4_K, x[1:], nil) },
		"bytes":       func() { Encode(dst[1:], tensor.Q4_K, x, nil) },
		"importance":  func() { Encode(dst, tensor.Q4_K, x, x[1:]) },
		"an encoding": func() { Encode(make([]byte, 98), tensor.IQ3_XXS, x, nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

// FuzzEncode takes any finite values and weights for all encodings.
func FuzzEncode(f *testing.F) {
	f.Add([]byte{0, 0, 0x80, 0x3f, 0xff, 0xff, 0x7f, 0x7f, 1, 0, 0, 0}, uint64(1), false)
	f.Add([]byte{0, 0, 0x80, 0xbf}, uint64(2), true)
	f.Fuzz(func(t *testing.T, data []byte, seed uint64, weigh bool) {
		r := rand.New(rand.NewPCG(seed, 3))
		x, w := make([]float32, 512), []float32(nil)
		for i := range x {
			if 4*i+4 <= len(data) {
				x[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
			} else if len(data) >= 4 {
				x[i] = x[r.IntN(len(data)/4)] * float32(r.IntN(5)-2) / 2
			}
			if x[i]-x[i] != 0 {
				x[i] = math.MaxFloat32
			}
		}
		if weigh {
			w = row(len(x), func() float64 { return math.Ldexp(r.Float64(), r.IntN(200)-100) * float64(r.IntN(3)) })
		}
		for _, d := range Types() {
			checkFinite(t, "fuzzed", d, x, w)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	const n = 7168
	x, w := rows(n)["normal"], importances(n)["normal"]
	for _, d := range Types() {
		dst := make([]byte, d.RowBytes(n))
		for name, w := range map[string][]float32{"plain": nil, "weighted": w} {
			b.Run(d.String()+"/"+name, func(b *testing.B) {
				b.SetBytes(2 * n) // as bf16
				for b.Loop() {
					Encode(dst, d, x, w)
				}
			})
		}
	}
}

// TestEncoders pins what Encode gives. Where a sum here changes on purpose, so must the
// constant: a run that the old edition began would be gone on with in other bytes.
func TestEncoders(t *testing.T) {
	want := map[int]uint32{1: 0xc0c1a124}
	r := rand.New(rand.NewPCG(5, 6))
	x, w := make([]float32, 2048), make([]float32, 2048)
	for i := range x {
		u := float32(r.Uint32N(1<<20))/(1<<19) - 1
		x[i], w[i] = u*u*u, float32(1+r.Uint32N(9))
	}
	sum := crc32.NewIEEE()
	for _, d := range Types() {
		dst := make([]byte, d.RowBytes(len(x)))
		for _, importance := range [][]float32{nil, w} {
			Encode(dst, d, x, importance)
			sum.Write(dst)
		}
	}
	if got := sum.Sum32(); got != want[encoders] {
		t.Errorf("edition %d gives bytes of sum %#x, want %#x", encoders, got, want[encoders])
	}
}
