package kernel

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

var formatNames = map[string]Format{"BF16": BF16, "F16": F16, "F32": F32}

func eachFormat(t *testing.T, f func(t *testing.T, f Format)) {
	for name, format := range formatNames {
		t.Run(name, func(t *testing.T) { f(t, format) })
	}
}

// randomFloats returns n random stored floats about 0, of moderate size.
func randomFloats(r *rand.Rand, f Format, n int) []byte {
	w := make([]byte, 0, n*f.Bytes())
	for range n {
		switch v := float32(r.NormFloat64()); f {
		case BF16:
			w = binary.LittleEndian.AppendUint16(w, uint16(math.Float32bits(v)>>16))
		case F16: // of either sign, some below the normal ones
			w = binary.LittleEndian.AppendUint16(w, uint16(r.UintN(2)<<15|r.UintN(17<<10)))
		case F32:
			w = binary.LittleEndian.AppendUint32(w, math.Float32bits(v))
		}
	}
	return w
}

// TestMatMulFloatsValue compares with sums in float64.
func TestMatMulFloatsValue(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		eachFormat(t, func(t *testing.T, f Format) {
			r := rand.New(rand.NewPCG(21, uint64(f)))
			const rows, k, n = 37, 1032, 3
			w, x := randomFloats(r, f, rows*k), normal(r, n*k)
			dst := make([]float32, n*rows)
			MatMulFloats(dst, rows, Floats{w, f}, rows, k, x, k, n, NewScratch())
			for i, got := range dst {
				row, token := i%rows, i/rows
				var want, size float64
				for c := range k {
					p := float64(f.value(w[(row*k+c)*f.Bytes():])) * float64(x[token*k+c])
					want += p
					size += math.Abs(p)
				}
				// A product is rounded with the sums it is in: those of its chain,
				// and then those of chains.
				const roundings = chainColumns + k/chainColumns + 1
				if bound := roundings * 0x1p-24 * 1.001 * size; math.Abs(float64(got)-want) > bound {
					t.Errorf("row %d token %d: %v, want %v within %v", row, token, got, want, bound)
				}
			}
		})
	})
}

// TestMatMulFloatsSameBits compares every tier with the generic loop.
func TestMatMulFloatsSameBits(t *testing.T) {
	shapes := []struct{ rows, k, n int }{
		{1, 1, 1}, {3, 7, 1}, {5, 8, 2}, {16, 8, 1}, {17, 256, 1}, {31, 264, 2}, {32, 512, 1}, {33, 768, 2}, {40, 1288, 1},
		{20, 2056, 2}, {8, 1024, 1}, {32, 255, 1}, {32, 257, 3}, {7, 512, 3}, {40, 328, 3}, {64, 520, 4}, {33, 264, 5}, {48, 520, 8}, {32, 40, 6},
		{32, 16, 7}, {32, 24, 8}, {45, 300, 9}, {32, 33, 10}, {32, 34, 11}, {64, 515, 12}, {32, 260, 13}, {96, 72, 25}, {32, 8, 245},
	}
	eachTier(t, func(t *testing.T) {
		s := NewScratch()
		eachFormat(t, func(t *testing.T, f Format) {
			r := rand.New(rand.NewPCG(22, uint64(f)))
			for _, c := range shapes {
				testFloatsSameBits(t, r, f, c.rows, c.k, c.n, s)
			}
		})
	})
}

// testFloatsSameBits also checks what lies between the rows of dst and of x, and
// that rows give alone what they give together.
func testFloatsSameBits(t *testing.T, r *rand.Rand, f Format, rows, k, n int, s *Scratch) {
	t.Helper()
	w := Floats{guardedBytes(t, randomFloats(r, f, rows*k), r.IntN(2)), f}
	stride, xStride := rows+3, k+5
	x := guarded(t, normal(r, (n-1)*xStride+k))
	for i := range x {
		if i%xStride >= k {
			x[i] = float32(math.NaN())
		}
	}
	got := guarded(t, slices.Repeat([]float32{77}, (n-1)*stride+rows))
	want := slices.Clone(got)
	matMulFloatsGeneric(want, stride, w, rows, k, x, xStride, n)
	MatMulFloats(got, stride, w, rows, k, x, xStride, n, s)
	wantSame(t, fmt.Sprintf("%d×%d, %d tokens", rows, k, n), got, want)
	t0, r0 := r.IntN(n), r.IntN(rows)
	alone := guarded(t, make([]float32, rows-r0))
	MatMulFloats(alone, rows-r0, w.rows(r0, rows-r0, k), rows-r0, k, x[t0*xStride:][:k], k, 1, s)
	wantSame(t, fmt.Sprintf("token %d from row %d on alone", t0, r0), alone, want[t0*stride+r0:][:rows-r0])
}

// What is no number, infinite or below the normal reaches its own results only.
func TestMatMulFloatsNonFinite(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		eachFormat(t, func(t *testing.T, f Format) {
			r := rand.New(rand.NewPCG(23, uint64(f)))
			const rows, k, n = 33, 512, 7
			w, x := randomFloats(r, f, rows*k), normal(r, n*k)
			for i := range 6 {
				at := w[(3*i*k+40*i)*f.Bytes():]
				switch f {
				case BF16:
					binary.LittleEndian.PutUint16(at, []uint16{0x7f80, 0xff80, 0x7fc0, 1, 0x807f, 0x8000}[i])
				case F16:
					binary.LittleEndian.PutUint16(at, []uint16{0x7c00, 0xfc00, 0x7e01, 1, 0x83ff, 0x8000}[i])
				case F32:
					binary.LittleEndian.PutUint32(at, []uint32{0x7f800000, 0xff800000, 0x7fc00000, 1, 0x807fffff, 0x80000000}[i])
				}
			}
			x[5], x[3*k+300] = float32(math.NaN()), float32(math.Inf(-1))
			for _, tokens := range []int{1, n} {
				got, want := make([]float32, tokens*rows), make([]float32, tokens*rows)
				matMulFloatsGeneric(want, rows, Floats{w, f}, rows, k, x, k, tokens)
				MatMulFloats(got, rows, Floats{w, f}, rows, k, x, k, tokens, NewScratch())
				wantSame(t, fmt.Sprint(tokens, " tokens"), got, want)
				if got[1] == got[1] || got[rows-1] == got[rows-1] {
					t.Error("a NaN in the first token is lost")
				}
				if tokens > 1 && got[rows+1] != got[rows+1] {
					t.Error("a NaN is in a token without any")
				}
			}
		})
	})
}

func TestMatMulFloatsAllocates(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(24, 8))
		const rows, k, n = 32, 512, 8
		w, x, dst, s := Floats{randomFloats(r, BF16, rows*k), BF16}, normal(r, n*k), make([]float32, n*rows), NewScratch()
		if got := testing.AllocsPerRun(5, func() { MatMulFloats(dst, rows, w, rows, k, x, k, n, s) }); got != 0 {
			t.Errorf("%v allocations", got)
		}
	})
}

func TestMatMulFloatsWrongLengthsPanic(t *testing.T) {
	s := NewScratch()
	call := func(dst, x, w, stride, k int, f Format) func() {
		return func() {
			MatMulFloats(make([]float32, dst), stride, Floats{make([]byte, w), f}, 3, k, make([]float32, x), 10, 2, s)
		}
	}
	call(7, 18, 48, 4, 8, BF16)()
	for name, f := range map[string]func(){
		"format":  call(7, 18, 48, 4, 8, numFormats),
		"weights": call(7, 18, 47, 4, 8, BF16),
		"size":    call(7, 18, 48, 4, 8, F32),
		"columns": call(7, 18, 0, 4, 0, BF16),
		"tokens":  call(7, 17, 48, 4, 8, BF16),
		"stride":  call(7, 18, 48, 2, 8, BF16),
		"results": call(6, 18, 48, 4, 8, BF16),
	} {
		if !panics(f) {
			t.Errorf("%s: no panic", name)
		}
	}
}

func FuzzMatMulFloats(f *testing.F) {
	f.Add(uint64(1), uint8(BF16), uint8(4), uint16(300), uint8(1))
	f.Add(uint64(2), uint8(F16), uint8(33), uint16(512), uint8(7))
	f.Add(uint64(3), uint8(F32), uint8(16), uint16(1032), uint8(1))
	f.Fuzz(func(t *testing.T, seed uint64, f, rows uint8, k uint16, n uint8) {
		r := rand.New(rand.NewPCG(seed, 1))
		s := NewScratch()
		for _, tier := range Tiers() {
			useTier(t, tier)
			testFloatsSameBits(t, r, Format(f)%numFormats, int(rows)%70+1, int(k)%1100+1, int(n)%20+1, s)
		}
	})
}
