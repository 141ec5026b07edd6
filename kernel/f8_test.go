package kernel

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// randomF8 returns rows of random weights that are numbers, with scales about
// 1/448, of matrices that rows lie in the middle of. Its slices end at the end of
// readable memory.
func randomF8(t testing.TB, r *rand.Rand, rows, k, first, scaleBytes int) *F8Rows {
	w := &F8Rows{Rows: rows, K: k, First: first, ScaleBytes: scaleBytes, W: atEnd(t, rows*k)}
	for i := range w.W {
		for w.W[i] = byte(r.Uint32()); isNaNF8(w.W[i]); w.W[i] = byte(r.Uint32()) {
		}
	}
	w.Scale = atEnd(t, F8Blocks(first+rows)*F8Blocks(k)*scaleBytes)
	for i := 0; i < len(w.Scale); i += scaleBytes {
		setScale(w, i/scaleBytes, float32(1+r.Float64())/448)
	}
	return w
}

func setScale(w *F8Rows, i int, scale float32) {
	bits := math.Float32bits(scale)
	if w.ScaleBytes == 2 {
		binary.LittleEndian.PutUint16(w.Scale[2*i:], uint16(bits>>16))
		return
	}
	binary.LittleEndian.PutUint32(w.Scale[4*i:], bits)
}

// quantized16 returns x as the activations of n tokens. Its slices end at the end
// of readable memory.
func quantized16(t testing.TB, x []float32, n int) *Q16Rows {
	k := len(x) / n
	blocks := F8Blocks(k)
	a := &Q16Rows{N: n, K: k, Q: guarded16(t, make([]int16, n*blocks*F8Block)), D: guarded(t, make([]float32, n*blocks))}
	for i := range n {
		QuantizeQ16(a.Q[i*blocks*F8Block:][:blocks*F8Block], a.D[i*blocks:][:blocks], x[i*k:][:k])
	}
	return a
}

// f8Shapes have fewer and more rows, tokens and columns than every loop takes at
// a time, parts of blocks of rows and of columns, and rows from the middle of a
// square.
var f8Shapes = []struct{ rows, k, first, n int }{
	{1, 1, 0, 1}, {1, 128, 127, 1}, {2, 127, 0, 2}, {3, 129, 126, 3}, {15, 256, 0, 4}, {16, 128, 8, 5}, {31, 384, 100, 1},
	{32, 512, 0, 1}, {33, 640, 0, 6}, {32, 513, 32, 7}, {64, 1024, 96, 8}, {40, 2048, 120, 9}, {129, 128, 1, 10},
	{160, 1152, 64, 11}, {32, 256, 0, 12}, {47, 1100, 250, 13}, {200, 384, 17, 25}, {64, 128, 0, 65}, {7, 64, 3, 66},
}

// TestMatMulF8SameBits compares every tier with the generic loops.
func TestMatMulF8SameBits(t *testing.T) { eachTier(t, testMatMulF8SameBits) }

func testMatMulF8SameBits(t *testing.T) {
	s := NewScratch()
	r := rand.New(rand.NewPCG(5, 16))
	for i, c := range f8Shapes {
		testSameBitsF8(t, r, c.rows, c.k, c.first, c.n, 2+2*(i%2), s)
	}
}

// testSameBitsF8 also checks what lies between the rows of dst.
func testSameBitsF8(t *testing.T, r *rand.Rand, rows, k, first, n, scaleBytes int, s *Scratch) {
	t.Helper()
	w, a := randomF8(t, r, rows, k, first, scaleBytes), quantized16(t, normal(r, n*k), n)
	stride := rows + 3
	got := guarded(t, slices.Repeat([]float32{77}, (n-1)*stride+rows))
	want := slices.Clone(got)
	matMulF8Generic(want, stride, w, a)
	MatMulF8(got, stride, w, a, s)
	wantSame(t, fmt.Sprintf("%d×%d from %d on, %d tokens", rows, k, first, n), got, want)
}

// valueF8 is the value of a code of e4m3, by its definition: 4 bits of exponent,
// biased by 7, and 3 of mantissa.
func valueF8(code byte) float64 {
	sign, exponent, mantissa := 1-2*float64(code>>7), int(code>>3&15), float64(code&7)
	switch {
	case code&0x7f == 0x7f:
		return math.NaN()
	case exponent == 0:
		return sign * math.Ldexp(mantissa/8, -6)
	}
	return sign * math.Ldexp(1+mantissa/8, exponent-7)
}

// Every code becomes the integer next to its value, the upper of two.
func TestIntegerF8(t *testing.T) {
	for code := range 256 {
		v := valueF8(byte(code))
		if v != v {
			if !isNaNF8(byte(code)) {
				t.Errorf("code %#02x is taken for a number", code)
			}
			continue
		}
		got := float64(integerF8[code])
		if e := got - 32*v; !(-0.5 < e && e <= 0.5) || isNaNF8(byte(code)) || math.Abs(got) > mostF8 {
			t.Errorf("code %#02x, %v, becomes %v/32", code, v, got)
		}
	}
}

// TestMatMulF8Value compares with the sum over real numbers of the stored
// weights times the activations before they were quantized.
func TestMatMulF8Value(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 16))
		for _, scaleBytes := range []int{2, 4} {
			const rows, k, first, n = 37, 700, 101, 3
			w := randomF8(t, r, rows, k, first, scaleBytes)
			x := normal(r, n*k)
			a := quantized16(t, x, n)
			dst := make([]float32, n*rows)
			MatMulF8(dst, rows, w, a, NewScratch())
			blocks := F8Blocks(k)
			for i, got := range dst {
				row, token := i%rows, i/rows
				var want, size, off float64
				for c := range k {
					b := c / F8Block
					scale := w.Scale[((first+row)/F8Block*blocks+b)*scaleBytes:]
					bits := binary.LittleEndian.Uint16(scale[scaleBytes-2:])
					s := float64(math.Float32frombits(uint32(bits) << 16))
					if scaleBytes == 4 {
						s = float64(math.Float32frombits(binary.LittleEndian.Uint32(scale)))
					}
					v, d := valueF8(w.W[row*k+c]), float64(a.D[token*blocks+b])
					p := s * v * float64(x[token*k+c])
					want += p
					size += math.Abs(p)
					// A weight is off by half a unit if it is below 1/2; an
					// activation by half of d and three roundings.
					offX := d/2 + 3*0x1p-24*math.Abs(float64(x[token*k+c]))
					offV := 0.0
					if math.Abs(v) < 0.5 {
						offV = f8Unit / 2
					}
					off += s * (math.Abs(v)*offX + offV*(math.Abs(float64(x[token*k+c]))+offX))
				}
				// The products of scales are rounded, the sums of blocks, and
				// an addition each.
				if bound := off + float64(blocks+4)*0x1p-24*(size+off); !(math.Abs(float64(got)-want) <= bound) {
					t.Errorf("scales of %d bytes, row %d token %d: %v, want %v within %v", scaleBytes, row, token, got, want, bound)
				}
			}
		}
	})
}

// The greatest integers, all of one sign, stay in 32 bits.
func TestMatMulF8Extremes(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		const rows, k = 36, 256
		for _, n := range []int{1, 2, 7} {
			for _, code := range []byte{0x7e, 0xfe, 0x01, 0x88, 0x80} {
				w := &F8Rows{Rows: rows, K: k, W: slices.Repeat([]byte{code}, rows*k), Scale: make([]byte, 8), ScaleBytes: 4}
				setScale(w, 0, 1)
				setScale(w, 1, 1)
				a := quantized16(t, slices.Repeat([]float32{-1}, n*k), n)
				// What a quantizer could do at worst.
				for i := range a.Q {
					a.Q[i] = -most16 / F8Block
				}
				got := make([]float32, n*rows)
				MatMulF8(got, rows, w, a, NewScratch())
				for i, v := range got {
					want := 2 * float64(a.D[0]) * f8Unit * float64(integerF8[code]) * float64(a.Q[0]) * F8Block
					if math.Abs(float64(v)-want) > 0x1p-21*math.Abs(want) {
						t.Fatalf("code %#02x, %d tokens [%d]: %v, want %v", code, n, i, v, want)
					}
				}
			}
		}
	})
}

// A NaN among the weights reaches all results of its row, and no others; one
// among the activations all results of its token. Scales that are no number,
// infinite or below the normal do the same on every tier.
func TestMatMulF8NonFinite(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(6, 16))
		const rows, k = 133, 411
		for _, n := range []int{1, 2, 6, 13} {
			for i, code := range []byte{0x7f, 0xff} {
				for at := range 9 {
					w := randomF8(t, r, rows, k, 3, 4)
					bad := []int{0, 5, 16, 31, 32, 124, 125, 131, 132}[at]
					w.W[bad*k+(at*257+i*77)%k] = code
					x := normal(r, n*k)
					if n > 2 {
						x[(n-2)*k+at*17] = float32(math.Inf(-1))
					}
					a := quantized16(t, x, n)
					got := make([]float32, n*rows)
					MatMulF8(got, rows, w, a, NewScratch())
					for j, v := range got {
						if want := j%rows == bad || n > 2 && j/rows == n-2; (v != v) != want {
							t.Fatalf("code %#02x in row %d, %d tokens: row %d of token %d is %v", code, bad, n, j%rows, j/rows, v)
						}
					}
				}
			}
			w := randomF8(t, r, rows, k, 3, 4)
			setScale(w, 0, float32(math.NaN()))
			setScale(w, 5, float32(math.Inf(1)))
			setScale(w, 6, 1e-44)
			a := quantized16(t, normal(r, n*k), n)
			got, want := make([]float32, n*rows), make([]float32, n*rows)
			matMulF8Generic(want, rows, w, a)
			MatMulF8(got, rows, w, a, NewScratch())
			wantSame(t, fmt.Sprint("odd scales, ", n, " tokens"), got, want)
		}
	})
}

func FuzzMatMulF8(f *testing.F) {
	f.Add(uint64(1), uint8(4), uint16(128), uint8(0), uint8(1))
	f.Add(uint64(2), uint8(33), uint16(300), uint8(127), uint8(7))
	f.Add(uint64(3), uint8(130), uint16(1100), uint8(5), uint8(2))
	f.Fuzz(func(t *testing.T, seed uint64, rows uint8, k uint16, first, n uint8) {
		r := rand.New(rand.NewPCG(seed, 1))
		s := NewScratch()
		for _, tier := range Tiers() {
			useTier(t, tier)
			testSameBitsF8(t, r, int(rows)%140+1, int(k)%1200+1, int(first), int(n)%20+1, 2+2*int(seed%2), s)
		}
	})
}

func TestMatMulF8Allocates(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(8, 8))
		s := NewScratch()
		for _, n := range []int{1, 2, 30} {
			w, a, dst := randomF8(t, r, 67, 500, 9, 2), quantized16(t, normal(r, n*500), n), make([]float32, n*67)
			if got := testing.AllocsPerRun(5, func() { MatMulF8(dst, 67, w, a, s) }); got != 0 {
				t.Errorf("%d tokens: %v allocations", n, got)
			}
		}
	})
}

func TestMatMulF8WrongLengthsPanic(t *testing.T) {
	good := func() ([]float32, *F8Rows, *Q16Rows) {
		return make([]float32, 7), &F8Rows{Rows: 3, K: 200, First: 126, W: make([]byte, 600), Scale: make([]byte, 16), ScaleBytes: 4},
			&Q16Rows{N: 2, K: 200, Q: make([]int16, 512), D: make([]float32, 4)}
	}
	s := NewScratch()
	dst, w, a := good()
	MatMulF8(dst, 4, w, a, s)
	for name, f := range map[string]func(dst []float32, w *F8Rows, a *Q16Rows){
		"weights":     func(dst []float32, w *F8Rows, a *Q16Rows) { w.W = w.W[1:]; MatMulF8(dst, 4, w, a, s) },
		"columns":     func(dst []float32, w *F8Rows, a *Q16Rows) { w.K = 199; MatMulF8(dst, 4, w, a, s) },
		"scales":      func(dst []float32, w *F8Rows, a *Q16Rows) { w.Scale = w.Scale[1:]; MatMulF8(dst, 4, w, a, s) },
		"scale bytes": func(dst []float32, w *F8Rows, a *Q16Rows) { w.ScaleBytes = 1; MatMulF8(dst, 4, w, a, s) },
		"first":       func(dst []float32, w *F8Rows, a *Q16Rows) { w.First = -1; MatMulF8(dst, 4, w, a, s) },
		"stride":      func(dst []float32, w *F8Rows, a *Q16Rows) { MatMulF8(dst, 2, w, a, s) },
		"results":     func(dst []float32, w *F8Rows, a *Q16Rows) { MatMulF8(dst[1:], 4, w, a, s) },
		"integers":    func(dst []float32, w *F8Rows, a *Q16Rows) { a.Q = a.Q[1:]; MatMulF8(dst, 4, w, a, s) },
		"D":           func(dst []float32, w *F8Rows, a *Q16Rows) { a.D = a.D[1:]; MatMulF8(dst, 4, w, a, s) },
	} {
		dst, w, a := good()
		if !panics(func() { f(dst, w, a) }) {
			t.Errorf("%s: no panic", name)
		}
	}
}
