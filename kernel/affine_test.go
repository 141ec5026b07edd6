package kernel

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func eachAffine(t *testing.T, f func(t *testing.T, bits, group int)) {
	for _, bits := range []int{4, 8} {
		for _, group := range []int{32, 64, 128} {
			t.Run(fmt.Sprintf("%d bits by %d", bits, group), func(t *testing.T) { f(t, bits, group) })
		}
	}
}

// randomAffine returns rows of k random weights. Scales are of either sign, and
// those and the biases of a format of their own.
func randomAffine(t testing.TB, r *rand.Rand, bits, group, rows, k int) Affine {
	w := Affine{Bits: bits, Group: group, Q: atEnd(t, rows*k*bits/8)}
	for i := range w.Q {
		w.Q[i] = byte(r.Uint32())
	}
	floats := func() Floats {
		f := Format(r.IntN(int(numFormats)))
		return Floats{guardedBytes(t, randomFloats(r, f, rows*k/group), 0), f}
	}
	w.Scale, w.Bias = floats(), floats()
	return w
}

// values returns the terms of a row: scales times integers, and biases.
func (w *Affine) values(row, k int) (products, biases []float64) {
	var q [AffineBlock]uint8
	at := func(f Floats, g int) float64 {
		return float64(f.Format.value(f.Data[(row*k/w.Group+g)*f.Format.Bytes():]))
	}
	for c := range k {
		if c%AffineBlock == 0 {
			unpackAffine(&q, w.Q[row*w.rowBytes(k)+c*w.Bits/8:], w.Bits)
		}
		products = append(products, at(w.Scale, c/w.Group)*float64(q[c%AffineBlock]))
		biases = append(biases, at(w.Bias, c/w.Group))
	}
	return products, biases
}

// TestUnpackAffine has a byte of each of its places.
func TestUnpackAffine(t *testing.T) {
	src := make([]byte, 32)
	for i := range src {
		src[i] = byte(0xf1 - 7*i)
	}
	var four, eight [AffineBlock]uint8
	unpackAffine(&four, src, 4)
	unpackAffine(&eight, src, 8)
	for i := range 32 {
		if want := src[i/2] >> (i % 2 * 4) & 15; four[i] != want {
			t.Errorf("[%d] of four bits is %d, want %d", i, four[i], want)
		}
		if eight[i] != src[i] {
			t.Errorf("[%d] of eight bits is %d, want %d", i, eight[i], src[i])
		}
	}
}

// TestMatMulAffineValue compares with the sum over real numbers of the stored
// weights times the quantized activations.
func TestMatMulAffineValue(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		eachAffine(t, func(t *testing.T, bits, group int) {
			r := rand.New(rand.NewPCG(31, uint64(bits*group)))
			const rows, k, n = 33, 768, 3
			w := randomAffine(t, r, bits, group, rows, k)
			a := quantized(t, normal(r, n*k), n, AffineBlock)
			dst := make([]float32, n*rows)
			MatMulAffine(dst, rows, w, rows, k, a, NewScratch())
			for i, got := range dst {
				row, token := i%rows, i/rows
				var want, size float64
				products, biases := w.values(row, k)
				for c := range k {
					x := float64(a.D[(token*k+c)/AffineBlock]) * float64(a.Q[token*k+c])
					want += (products[c] + biases[c]) * x
					size += (math.Abs(products[c]) + math.Abs(biases[c])) * math.Abs(x)
				}
				// A term is rounded up to three times before it is added, and then
				// with every sum: of one chain of groups, and of blocks.
				if bound := (4 + 2*k/AffineBlock) * 0x1p-24 * 1.001 * size; math.Abs(float64(got)-want) > bound {
					t.Errorf("row %d token %d: %v, want %v within %v", row, token, got, want, bound)
				}
			}
		})
	})
}

func TestMatMulAffineSameBits(t *testing.T) {
	eachTier(t, testMatMulAffineSameBits)
}

func testMatMulAffineSameBits(t *testing.T) {
	shapes := []struct{ rows, k, n int }{
		{1, 128, 1}, {3, 256, 1}, {5, 384, 5}, {32, 128, 1}, {33, 1024, 1}, {47, 640, 2}, {64, 512, 3}, {32, 128, 4},
		{33, 256, 5}, {31, 384, 6}, {64, 256, 7}, {35, 512, 13}, {40, 128, 65}, {32, 8448, 5}, {32, 8448, 1}, {32, 128, 245},
	}
	s := NewScratch()
	eachAffine(t, func(t *testing.T, bits, group int) {
		r := rand.New(rand.NewPCG(32, uint64(bits*group)))
		for _, c := range shapes {
			testAffineSameBits(t, r, bits, group, c.rows, c.k, c.n, s)
			if c.k < 8448 {
				testAffineSameBits(t, r, bits, group, c.rows, c.k/128*group, c.n, s)
			}
		}
	})
}

// testAffineSameBits also checks what lies between the rows of dst, and that rows
// give alone what they give together.
func testAffineSameBits(t *testing.T, r *rand.Rand, bits, group, rows, k, n int, s *Scratch) {
	t.Helper()
	w := randomAffine(t, r, bits, group, rows, k)
	a := quantized(t, normal(r, n*k), n, AffineBlock)
	stride := rows + 3
	got := guarded(t, slices.Repeat([]float32{77}, (n-1)*stride+rows))
	want := slices.Clone(got)
	matMulAffineGeneric(want, stride, &w, rows, a)
	MatMulAffine(got, stride, w, rows, k, a, s)
	wantSame(t, fmt.Sprintf("%d×%d, %d tokens", rows, k, n), got, want)
	t0, r0 := r.IntN(n), r.IntN(rows)
	one, alone := a.Slice(t0, t0+1), guarded(t, make([]float32, rows-r0))
	MatMulAffine(alone, rows-r0, w.rows(r0, rows-r0, k), rows-r0, k, &one, s)
	wantSame(t, fmt.Sprintf("token %d from row %d on alone", t0, r0), alone, want[t0*stride+r0:][:rows-r0])
}

// The greatest integers, all of one sign, are summed exactly.
func TestMatMulAffineExtremes(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		eachAffine(t, func(t *testing.T, bits, group int) {
			const n, rows, k = 7, 36, 256
			a := &Q8Rows{N: n, K: k, Block: AffineBlock, Q: make([]int8, n*k), D: slices.Repeat([]float32{1}, n*k/AffineBlock), Sums: make([]int16, n*k/16)}
			for i := range a.Q {
				a.Q[i] = 127
				if i/k%2 == 1 {
					a.Q[i] = -127
				}
				a.Sums[i/16] += int16(a.Q[i])
			}
			for _, fill := range []byte{0, 0x7f, 0x80, 0xff} {
				one := Floats{slices.Repeat([]byte{0x80, 0x3f}, rows*k/group), BF16}
				w := Affine{slices.Repeat([]byte{fill}, rows*k*bits/8), bits, one, one, group}
				var want float32
				products, biases := w.values(0, k)
				for c := range products {
					want += 127 * float32(products[c]+biases[c])
				}
				for _, tokens := range []int{1, n} {
					part, got := a.Slice(0, tokens), make([]float32, tokens*rows)
					MatMulAffine(got, rows, w, rows, k, &part, NewScratch())
					for i, v := range got {
						if i/rows%2 == 1 {
							v = -v
						}
						if v != want {
							t.Fatalf("bytes %#x, result %d: %v, want %v", fill, i, v, want)
						}
					}
				}
			}
		})
	})
}

// Scales and biases that are no number, infinite or below the normal reach their
// own results only.
func TestMatMulAffineNonFinite(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		eachAffine(t, func(t *testing.T, bits, group int) {
			r := rand.New(rand.NewPCG(33, uint64(bits*group)))
			const rows, k, n = 33, 512, 7
			w := randomAffine(t, r, bits, group, rows, k)
			w.Scale = Floats{randomFloats(r, F16, rows*k/group), F16}
			w.Bias = Floats{randomFloats(r, F16, rows*k/group), F16}
			for i, h := range []uint16{0x7c00, 0xfc00, 0x7e01, 1, 0x83ff, 0x8000} {
				for j, f := range []Floats{w.Scale, w.Bias} {
					binary.LittleEndian.PutUint16(f.Data[((3*i+j)*(k/group)+1)*2:], h)
				}
			}
			x := normal(r, n*k)
			x[5], x[3*k+300] = float32(math.NaN()), float32(math.Inf(-1))
			for _, tokens := range []int{1, n} {
				a := quantized(t, x[:tokens*k], tokens, AffineBlock)
				got, want := make([]float32, tokens*rows), make([]float32, tokens*rows)
				matMulAffineGeneric(want, rows, &w, rows, a)
				MatMulAffine(got, rows, w, rows, k, a, NewScratch())
				wantSame(t, fmt.Sprint(tokens, " tokens"), got, want)
				if got[2] == got[2] || got[rows-1] == got[rows-1] {
					t.Error("a NaN in the first token is lost")
				}
				if tokens > 1 && got[rows+2] != got[rows+2] {
					t.Error("a NaN is in a token without any")
				}
			}
		})
	})
}

func TestMatMulAffineAllocates(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(34, 8))
		const rows, k, n = 32, 512, 8
		w, a, dst, s := randomAffine(t, r, 4, 64, rows, k), quantized(t, normal(r, n*k), n, AffineBlock), make([]float32, n*rows), NewScratch()
		if got := testing.AllocsPerRun(5, func() { MatMulAffine(dst, rows, w, rows, k, a, s) }); got != 0 {
			t.Errorf("%v allocations", got)
		}
	})
}

func TestMatMulAffineWrongLengthsPanic(t *testing.T) {
	s := NewScratch()
	good := func() ([]float32, Affine, *Q8Rows) {
		w := Affine{make([]byte, 3*64), 4, Floats{make([]byte, 3*4), BF16}, Floats{make([]byte, 3*8), F32}, 64}
		return make([]float32, 7), w, &Q8Rows{N: 2, K: 128, Block: 32, Q: make([]int8, 256), D: make([]float32, 8), Sums: make([]int16, 16)}
	}
	dst, w, a := good()
	MatMulAffine(dst, 4, w, 3, 128, a, s)
	for name, f := range map[string]func(dst []float32, w Affine, a *Q8Rows){
		"bits":  func(dst []float32, w Affine, a *Q8Rows) { w.Bits = 2; MatMulAffine(dst, 4, w, 3, 128, a, s) },
		"group": func(dst []float32, w Affine, a *Q8Rows) { w.Group = 16; MatMulAffine(dst, 4, w, 3, 128, a, s) },
		"format": func(dst []float32, w Affine, a *Q8Rows) {
			w.Bias.Format = numFormats
			MatMulAffine(dst, 4, w, 3, 128, a, s)
		},
		"weights":  func(dst []float32, w Affine, a *Q8Rows) { w.Q = w.Q[1:]; MatMulAffine(dst, 4, w, 3, 128, a, s) },
		"scales":   func(dst []float32, w Affine, a *Q8Rows) { w.Scale.Format = F32; MatMulAffine(dst, 4, w, 3, 128, a, s) },
		"biases":   func(dst []float32, w Affine, a *Q8Rows) { w.Bias.Format = BF16; MatMulAffine(dst, 4, w, 3, 128, a, s) },
		"columns":  func(dst []float32, w Affine, a *Q8Rows) { MatMulAffine(dst, 4, w, 3, 96, a, s) },
		"block":    func(dst []float32, w Affine, a *Q8Rows) { a.Block = 256; MatMulAffine(dst, 4, w, 3, 128, a, s) },
		"integers": func(dst []float32, w Affine, a *Q8Rows) { a.Q = a.Q[1:]; MatMulAffine(dst, 4, w, 3, 128, a, s) },
		"stride":   func(dst []float32, w Affine, a *Q8Rows) { MatMulAffine(dst, 2, w, 3, 128, a, s) },
		"results":  func(dst []float32, w Affine, a *Q8Rows) { MatMulAffine(dst[1:], 4, w, 3, 128, a, s) },
	} {
		dst, w, a := good()
		if !panics(func() { f(dst, w, a) }) {
			t.Errorf("%s: no panic", name)
		}
	}
}

func FuzzMatMulAffine(f *testing.F) {
	f.Add(uint64(1), uint8(0), uint8(1), uint8(32), uint8(2), uint8(1))
	f.Add(uint64(2), uint8(1), uint8(0), uint8(33), uint8(5), uint8(7))
	f.Fuzz(func(t *testing.T, seed uint64, bits, group, rows, groups, n uint8) {
		r := rand.New(rand.NewPCG(seed, 1))
		s := NewScratch()
		for _, tier := range Tiers() {
			useTier(t, tier)
			size := 32 << (group % 3)
			testAffineSameBits(t, r, 4<<(bits%2), size, int(rows)%70+1, size*(int(groups)%20+1), int(n)%20+1, s)
		}
	})
}
