package kernel

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"unsafe"
)

var encodingNames = map[string]Encoding{
	"Q4_0": Q4_0, "Q4_1": Q4_1, "Q5_0": Q5_0, "Q5_1": Q5_1, "Q8_0": Q8_0, "IQ4_NL": IQ4_NL,
	"Q2_K": Q2_K, "Q3_K": Q3_K, "Q4_K": Q4_K, "Q5_K": Q5_K, "Q6_K": Q6_K, "IQ4_XS": IQ4_XS,
	"IQ3_XXS": IQ3_XXS, "IQ3_S": IQ3_S, "IQ2_XXS": IQ2_XXS, "IQ2_XS": IQ2_XS, "IQ2_S": IQ2_S, "IQ1_S": IQ1_S, "IQ1_M": IQ1_M,
}

// halves are the offsets of d and dmin in a block (see setHalf for IQ1_M).
var halves = [numEncodings][]int{
	Q4_0: {0}, Q4_1: {0, 2}, Q5_0: {0}, Q5_1: {0, 2}, Q8_0: {0}, IQ4_NL: {0},
	Q2_K: {80, 82}, Q3_K: {108}, Q4_K: {0, 2}, Q5_K: {0, 2}, Q6_K: {208}, IQ4_XS: {0},
	IQ3_XXS: {0}, IQ3_S: {0}, IQ2_XXS: {0}, IQ2_XS: {0}, IQ2_S: {0}, IQ1_S: {0}, IQ1_M: {0},
}

// setHalf sets the half at an offset of a block. That of IQ1_M is in nibbles.
func setHalf(e Encoding, block []byte, at int, h uint16) {
	if e != IQ1_M {
		binary.LittleEndian.PutUint16(block[at:], h)
		return
	}
	for i := range 4 {
		block[49+2*i] = block[49+2*i]&15 | byte(h>>(4*i)<<4)
	}
}

func eachEncoding(t *testing.T, f func(t *testing.T, e Encoding)) {
	for name, e := range encodingNames {
		t.Run(name, func(t *testing.T) { f(t, e) })
	}
}

// TestUnpack holds the layouts to gguf-py's values of random blocks.
func TestUnpack(t *testing.T) {
	var vectors []struct {
		Type   string
		Hex    string
		Values []float64
	}
	text, err := os.ReadFile("../tensor/testdata/ggml_dequant.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, v := range vectors {
		e, ok := encodingNames[v.Type]
		if !ok {
			continue
		}
		checked++
		data, err := hex.DecodeString(v.Hex)
		if err != nil {
			t.Fatal(err)
		}
		values, bytes := e.Block()
		for b := range len(data) / bytes {
			got := unpacked(e, data[b*bytes:][:bytes])
			for i, w := range got {
				want := v.Values[b*values+i]
				// gguf-py rounds two products and a difference to float32.
				if math.Abs(w.value-want) > 2*0x1p-24*w.size {
					t.Fatalf("%s block %d element %d: %v, want %v", v.Type, b, i, w.value, want)
				}
			}
		}
	}
	if checked != len(encodingNames) {
		t.Errorf("vectors of %d encodings, want %d", checked, len(encodingNames))
	}
}

// A weight has a value, and a size: the sum of the terms' magnitudes.
type weight struct{ value, size float64 }

func unpacked(e Encoding, src []byte) []weight {
	var u block
	u.unpack(e, src)
	values, _ := e.Block()
	out := make([]weight, values)
	for i := range out {
		scale, shift := float64(u.scale[i/16]), float64(u.shift[i/16])
		d, dmin := float64(u.d), float64(u.dmin)
		if encodings[e].affine {
			a, b := d*scale*float64(u.q[i]), dmin*shift
			out[i] = weight{a - b, math.Abs(a) + math.Abs(b)}
		} else {
			v := d * (scale*float64(u.q[i]) - shift)
			out[i] = weight{v, math.Abs(v)}
		}
	}
	return out
}

// randomWeights returns rows of k random weights with moderate scales.
func randomWeights(r *rand.Rand, e Encoding, rows, k int) []byte {
	w := make([]byte, rows*e.rowBytes(k))
	for i := range w {
		w[i] = byte(r.Uint32())
	}
	_, bytes := e.Block()
	for b := 0; b < len(w); b += bytes {
		for _, at := range halves[e] {
			// 2⁻¹⁰ to 2⁻², of either sign.
			h := uint16(r.UintN(2)<<15 | (5+r.UintN(8))<<10 | r.UintN(1<<10))
			setHalf(e, w[b:], at, h)
		}
	}
	return w
}

// quantized returns x as the activations of n tokens. Its slices end at the end
// of readable memory.
func quantized(t testing.TB, x []float32, n, block int) *Q8Rows {
	a := &Q8Rows{N: n, K: len(x) / n, Block: block}
	q := atEnd(t, len(x))
	a.Q = unsafe.Slice((*int8)(unsafe.Pointer(&q[0])), len(x))
	s := atEnd(t, len(x)/8)
	a.Sums = unsafe.Slice((*int16)(unsafe.Pointer(&s[0])), len(x)/16)
	a.D = guarded(t, make([]float32, len(x)/block))
	QuantizeQ8(a.Q, a.D, a.Sums, x, block)
	return a
}

// TestMatMulQ8Value compares with the sum over real numbers of the stored
// weights times the quantized activations.
func TestMatMulQ8Value(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		eachEncoding(t, func(t *testing.T, e Encoding) {
			r := rand.New(rand.NewPCG(3, uint64(e)))
			const rows, k, n = 5, 768, 3
			w := randomWeights(r, e, rows, k)
			values, bytes := e.Block()
			a := quantized(t, normal(r, n*k), n, values)
			dst := make([]float32, n*rows)
			MatMulQ8(dst, rows, w, e, rows, k, a, NewScratch())
			for i, got := range dst {
				row, token := i%rows, i/rows
				var want, size float64
				for b := range k / values {
					for j, v := range unpacked(e, w[row*e.rowBytes(k)+b*bytes:][:bytes]) {
						c := token*k + b*values + j
						x := float64(a.D[c/values]) * float64(a.Q[c])
						want += v.value * x
						size += v.size * math.Abs(x)
					}
				}
				// Of a centred encoding the integers are exact; so every block
				// has three roundings, and then there is one a block, and one.
				blocks := float64(k / values)
				if bound := (blocks + 5) * 0x1p-24 * size; math.Abs(float64(got)-want) > bound {
					t.Errorf("row %d token %d: %v, want %v within %v", row, token, got, want, bound)
				}
			}
		})
	})
}

// TestMatMulQ8SameBits compares every tier with the generic loops.
func TestMatMulQ8SameBits(t *testing.T) {
	eachTier(t, testMatMulQ8SameBits)
}

// testMatMulQ8SameBits has fewer and more rows and tokens than every loop takes
// at a time, and more columns and tokens than every stretch and pass.
func testMatMulQ8SameBits(t *testing.T) {
	shapes := []struct{ rows, k, n int }{
		{1, 256, 1}, {3, 512, 1}, {4, 256, 1}, {5, 768, 1}, {37, 512, 1}, {4, 2048, 2}, {7, 256, 3},
		{32, 512, 4}, {33, 256, 5}, {31, 768, 6}, {64, 256, 7}, {35, 512, 13}, {40, 256, 65},
		{32, 8448, 5}, {32, 256, 245}, {2, 512, 6}, {11, 256, 2}, {3, 256, 2}, {1, 768, 4},
		{15, 256, 2}, {16, 512, 8}, {17, 256, 2}, {47, 768, 3}, {33, 512, 9}, {20, 256, 37}, {34, 512, 16}, {65, 512, 17},
		{40, 1280, 20}, {33, 8448, 61}, {17, 4096, 1},
	}
	s := NewScratch()
	eachEncoding(t, func(t *testing.T, e Encoding) {
		r := rand.New(rand.NewPCG(5, uint64(e)))
		for _, c := range shapes {
			testSameBits(t, r, e, c.rows, c.k, c.n, s)
		}
	})
}

// testSameBits also checks what lies between the rows of dst.
func testSameBits(t *testing.T, r *rand.Rand, e Encoding, rows, k, n int, s *Scratch) {
	t.Helper()
	values, _ := e.Block()
	w := guardedBytes(t, randomWeights(r, e, rows, k), 0)
	a := quantized(t, normal(r, n*k), n, values)
	stride := rows + 3
	got := guarded(t, slices.Repeat([]float32{77}, (n-1)*stride+rows))
	want := slices.Clone(got)
	matMulQ8Generic(want, stride, w, e, rows, a)
	MatMulQ8(got, stride, w, e, rows, k, a, s)
	wantSame(t, fmt.Sprintf("%d×%d, %d tokens", rows, k, n), got, want)
}

// The greatest integers of an encoding, all of one sign, stay in 32 bits: the
// definition in big numbers. With 64 or 63 for the activations, sums over a
// sub-block of Q6_K are just too large for 16 bits, or just small enough.
func TestMatMulQ8Extremes(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		eachEncoding(t, func(t *testing.T, e Encoding) {
			for _, x := range []int8{127, 64, 63} {
				testExtremes(t, e, x)
			}
		})
	})
}

func testExtremes(t *testing.T, e Encoding, x int8) {
	t.Helper()
	values, bytes := e.Block()
	const n, rows = 7, 36
	k := 2 * values
	a := &Q8Rows{N: n, K: k, Block: values, Q: make([]int8, n*k), D: make([]float32, n*k/values), Sums: make([]int16, n*k/16)}
	for i := range a.Q {
		a.Q[i] = x
		if i/k%2 == 1 {
			a.Q[i] = -x
		}
		a.Sums[i/16] += int16(a.Q[i])
	}
	for i := range a.D {
		a.D[i] = 1
	}
	for _, fill := range []byte{0, 0x7f, 0x80, 0xff} {
		w := slices.Repeat([]byte{fill}, rows*2*bytes)
		for b := 0; b < len(w); b += bytes {
			for _, at := range halves[e] {
				setHalf(e, w[b:], at, 0x3c00) // 1
			}
		}
		got, want := make([]float32, n*rows), make([]float32, n*rows)
		matMulQ8Generic(want, rows, w, e, rows, a)
		for _, tokens := range []int{1, n} {
			one := *a
			one.N, one.Q, one.D, one.Sums = tokens, a.Q[:tokens*k], a.D[:tokens*k/values], a.Sums[:tokens*k/16]
			MatMulQ8(got[:tokens*rows], rows, w, e, rows, k, &one, NewScratch())
		}
		wantSame(t, fmt.Sprintf("bytes %#x, activations %d", fill, x), got, want)
		for i, v := range got {
			exact := 0.0
			for b := range 2 {
				for j, u := range unpacked(e, w[b*bytes:][:bytes]) {
					exact += u.value * float64(a.Q[i/rows*k+b*values+j])
				}
			}
			if math.Abs(float64(v)-exact) > 0x1p-20*2e8 {
				t.Errorf("bytes %#x, activations %d: %v, want %v", fill, x, v, exact)
			}
		}
	}
}

// Sixteen large activations of one token, wherever they are, keep the sums over
// their block from being taken for small ones: weights of Q6_K that are all least
// make them as large as they become.
func TestMatMulQ8LargeGroup(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 7))
		const rows, k = 33, 768
		w := randomWeights(r, Q6_K, rows, k)
		for b := 0; b < len(w); b += 210 {
			clear(w[b:][:192])
		}
		for _, n := range []int{1, 8, 11, 20} {
			for group := range k / 16 {
				x := normal(r, n*k)
				for i := range x {
					if x[i] = x[i]/1000 + 1; i%256 == 0 {
						x[i] = 100 // 127 in eight bits, and the others 1
					}
				}
				for i := range 16 {
					x[group%n*k+group*16+i] = 100
				}
				a := quantized(t, x, n, 256)
				got, want := make([]float32, n*rows), make([]float32, n*rows)
				matMulQ8Generic(want, rows, w, Q6_K, rows, a)
				MatMulQ8(got, rows, w, Q6_K, rows, k, a, NewScratch())
				wantSame(t, fmt.Sprintf("%d tokens, group %d", n, group), got, want)
			}
		}
	})
}

// Scales that are no number, infinite or below the normal, of weights and of
// activations, reach their own results only.
func TestMatMulQ8NonFinite(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		eachEncoding(t, func(t *testing.T, e Encoding) {
			r := rand.New(rand.NewPCG(6, uint64(e)))
			values, bytes := e.Block()
			const rows, k, n = 33, 512, 7
			w := randomWeights(r, e, rows, k)
			for i, h := range []uint16{0x7c00, 0xfc00, 0x7e01, 1, 0x83ff, 0x8000} {
				for _, at := range halves[e] {
					setHalf(e, w[3*i*e.rowBytes(k)+bytes:], at, h)
				}
			}
			x := normal(r, n*k)
			x[5], x[3*k+300] = float32(math.NaN()), float32(math.Inf(-1))
			for _, tokens := range []int{1, n} {
				a := quantized(t, x[:tokens*k], tokens, values)
				got, want := make([]float32, tokens*rows), make([]float32, tokens*rows)
				matMulQ8Generic(want, rows, w, e, rows, a)
				MatMulQ8(got, rows, w, e, rows, k, a, NewScratch())
				wantSame(t, fmt.Sprint(tokens, " tokens"), got, want)
				if got[0] == got[0] || got[rows-1] == got[rows-1] {
					t.Error("a NaN in the first token is lost")
				}
				if tokens > 1 && got[rows+1] != got[rows+1] {
					t.Error("a NaN is in a token without any")
				}
			}
		})
	})
}

func FuzzMatMulQ8(f *testing.F) {
	f.Add(uint64(1), uint8(Q4_K), uint8(4), uint8(1), uint8(1))
	f.Add(uint64(2), uint8(Q6_K), uint8(33), uint8(2), uint8(7))
	f.Add(uint64(3), uint8(Q8_0), uint8(5), uint8(3), uint8(3))
	f.Add(uint64(4), uint8(Q3_K), uint8(40), uint8(2), uint8(1))
	f.Add(uint64(5), uint8(IQ2_S), uint8(70), uint8(1), uint8(2))
	f.Add(uint64(6), uint8(IQ1_M), uint8(34), uint8(4), uint8(9))
	f.Fuzz(func(t *testing.T, seed uint64, e, rows, blocks, n uint8) {
		r := rand.New(rand.NewPCG(seed, 1))
		s := NewScratch()
		for _, tier := range Tiers() {
			useTier(t, tier)
			testSameBits(t, r, Encoding(e)%numEncodings, int(rows)%70+1, 256*(int(blocks)%4+1), int(n)%20+1, s)
		}
	})
}

func TestMatMulQ8Allocates(t *testing.T) {
	const rows, k = 32, 512
	for _, n := range []int{8, 29} {
		eachEncoding(t, func(t *testing.T, e Encoding) {
			r := rand.New(rand.NewPCG(8, 8))
			values, _ := e.Block()
			w, a, dst, s := randomWeights(r, e, rows, k), quantized(t, normal(r, n*k), n, values), make([]float32, n*rows), NewScratch()
			if got := testing.AllocsPerRun(5, func() { MatMulQ8(dst, rows, w, e, rows, k, a, s) }); got != 0 {
				t.Errorf("%v allocations", got)
			}
		})
	}
}

func TestMatMulQ8WrongLengthsPanic(t *testing.T) {
	good := func() ([]float32, []byte, *Q8Rows) {
		return make([]float32, 7), make([]byte, 3*144), &Q8Rows{N: 2, K: 256, Block: 256,
			Q: make([]int8, 512), D: make([]float32, 2), Sums: make([]int16, 32)}
	}
	s := NewScratch()
	dst, w, a := good()
	MatMulQ8(dst, 4, w, Q4_K, 3, 256, a, s)
	for name, f := range map[string]func(dst []float32, w []byte, a *Q8Rows){
		"encoding": func(dst []float32, w []byte, a *Q8Rows) { MatMulQ8(dst, 4, w, numEncodings, 3, 256, a, s) },
		"weights":  func(dst []float32, w []byte, a *Q8Rows) { MatMulQ8(dst, 4, w[1:], Q4_K, 3, 256, a, s) },
		"columns":  func(dst []float32, w []byte, a *Q8Rows) { MatMulQ8(dst, 4, w, Q4_K, 3, 128, a, s) },
		"stride":   func(dst []float32, w []byte, a *Q8Rows) { MatMulQ8(dst, 2, w, Q4_K, 3, 256, a, s) },
		"results":  func(dst []float32, w []byte, a *Q8Rows) { MatMulQ8(dst[1:], 4, w, Q4_K, 3, 256, a, s) },
		"block":    func(dst []float32, w []byte, a *Q8Rows) { a.Block = 32; MatMulQ8(dst, 4, w, Q4_K, 3, 256, a, s) },
		"integers": func(dst []float32, w []byte, a *Q8Rows) { a.Q = a.Q[1:]; MatMulQ8(dst, 4, w, Q4_K, 3, 256, a, s) },
		"scales":   func(dst []float32, w []byte, a *Q8Rows) { a.D = a.D[1:]; MatMulQ8(dst, 4, w, Q4_K, 3, 256, a, s) },
		"sums":     func(dst []float32, w []byte, a *Q8Rows) { a.Sums = a.Sums[1:]; MatMulQ8(dst, 4, w, Q4_K, 3, 256, a, s) },
	} {
		dst, w, a := good()
		if !panics(func() { f(dst, w, a) }) {
			t.Errorf("%s: no panic", name)
		}
	}
}

// TestFMA has float32 of all sizes, and sums that lie next to the middle
// between two of them, where a second rounding would go wrong.
func TestFMA(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	check := func(a, b, c float32) {
		exact := new(big.Float).SetPrec(2000).SetFloat64(float64(a) * float64(b))
		exact.Add(exact, new(big.Float).SetPrec(2000).SetFloat64(float64(c)))
		want, _ := exact.Float32()
		if got := fma(a, b, c); got != want {
			t.Fatalf("fma(%x, %x, %x) = %x, want %x", a, b, c, got, want)
		}
	}
	random := func() float32 {
		for {
			if v := math.Float32frombits(r.Uint32()); v-v == 0 {
				return v
			}
		}
	}
	for range 100000 {
		check(random(), random(), random())
		a, b := float32(r.NormFloat64()), float32(r.NormFloat64())
		check(a, b, float32(-float64(a)*float64(b)))
		check(a, b, float32(math.Ldexp(r.NormFloat64(), r.IntN(120)-60)))
		// c an odd number of half units of a sum, a·b far below it, and v.v.
		c := float32(1<<24 + 2*r.IntN(1<<22))
		check(1+0x1p-23*float32(r.IntN(3)), 1, c)
		check(float32(math.Ldexp(float64(1+r.IntN(3)), -30-r.IntN(60))), float32(1-2*r.IntN(2)), c)
		check(float32(4097+r.IntN(9)), float32(4097+r.IntN(9)), float32(math.Ldexp(float64(1-2*r.IntN(2)), -r.IntN(80))))
	}
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, c := range [][4]float32{
		{inf, 1, 1, inf}, {inf, 0, 1, nan}, {1, 1, -inf, -inf}, {inf, 1, -inf, nan}, {nan, 1, 1, nan}, {1, 1, nan, nan},
		{math.MaxFloat32, 2, 0, inf}, {math.MaxFloat32, 2, -math.MaxFloat32, math.MaxFloat32},
	} {
		if got := fma(c[0], c[1], c[2]); !same(got, c[3]) {
			t.Errorf("fma(%v, %v, %v) = %v, want %v", c[0], c[1], c[2], got, c[3])
		}
	}
}

func TestHalf(t *testing.T) {
	for bits := range 1 << 16 {
		sign, exponent, fraction := float64(1-bits>>15*2), bits>>10&31, float64(bits&0x3ff)
		want := sign * math.Ldexp(1024+fraction, exponent-25)
		switch {
		case exponent == 0:
			want = sign * math.Ldexp(fraction, -24)
		case exponent == 31 && fraction == 0:
			want = math.Inf(int(sign))
		case exponent == 31:
			want = math.NaN()
		}
		if got := half([]byte{byte(bits), byte(bits >> 8)}); !same(got, float32(want)) || math.Signbit(float64(got)) != (bits>>15 == 1) {
			t.Fatalf("half of %#04x = %v, want %v", bits, got, want)
		}
	}
}
