package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// roundKey rounds one key, and returns what it counts in.
func roundKey(dst []int16, x []float32) float32 {
	var unit [1]float32
	RoundKeys(dst, unit[:], x, len(x), len(x), len(x))
	return unit[0]
}

func roundKeyBF16(dst []int16, x []uint16) float32 {
	var unit [1]float32
	RoundKeysBF16(dst, unit[:], x, len(x), len(x), len(x))
	return unit[0]
}

// TestRoundKeys: any number of rows, apart from each other, among them such as are no
// numbers, have the integers and units that the Go loops give each, and nothing between
// the rows changes.
func TestRoundKeys(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 11))
	special := []float32{float32(math.NaN()), float32(math.Inf(-1)), 1e-45, 0, math.MaxFloat32}
	for _, n := range []int{1, 2, 15, 16, 17, 33, 64} {
		for _, cols := range []int{1, 15, 16, 17, 31, 32, 33, 49, 64, 100} {
			const between = 12345
			xStride, dstStride := cols+5, cols+3
			x, dst := wild(r, (n-1)*xStride+cols), make([]int16, (n-1)*dstStride+cols)
			for i := 2; i < n; i += 3 {
				at := x[i*xStride:][:cols]
				if i%2 == 0 {
					clear(at)
				}
				at[r.IntN(cols)] = special[r.IntN(len(special))]
			}
			bits := make([]uint16, len(x))
			for i, v := range x {
				bits[i] = uint16(math.Float32bits(v) >> 16)
			}
			for i := range dst {
				dst[i] = between
			}
			want, wantBF16 := slices.Clone(dst), slices.Clone(dst)
			unit, unitBF16 := make([]float32, n), make([]float32, n)
			useTier(t, "generic")
			roundKeysByRow(want, unit, x, dstStride, xStride, cols)
			roundKeysBF16ByRow(wantBF16, unitBF16, bits, dstStride, xStride, cols)
			same := func(t *testing.T, got []int16, gotUnit []float32, want []int16, unit []float32) {
				t.Helper()
				wantSame(t, "units", gotUnit, unit)
				for i := range got {
					row := i / dstStride
					if got[i] != want[i] && (i%dstStride >= cols || unit[row] == unit[row]) {
						t.Fatalf("%d rows of %d: integer %d of row %d is %d, want %d", n, cols, i%dstStride, row, got[i], want[i])
					}
				}
			}
			eachTier(t, func(t *testing.T) {
				got, gotUnit := guarded16(t, dst), guarded(t, make([]float32, n))
				RoundKeys(got, gotUnit, guarded(t, x), dstStride, xStride, cols)
				same(t, got, gotUnit, want, unit)
				copy(got, dst)
				RoundKeysBF16(got, gotUnit, guarded16(t, bits), dstStride, xStride, cols)
				same(t, got, gotUnit, wantBF16, unitBF16)
			})
		}
	}
}

func TestRoundKeysPanics(t *testing.T) {
	x, dst, unit := make([]float32, 20), make([]int16, 20), make([]float32, 3)
	for name, f := range map[string]func(){
		"short rows":     func() { RoundKeys(dst, unit, x[:17], 6, 6, 6) },
		"short integers": func() { RoundKeys(dst[:17], unit, x, 6, 6, 6) },
		"overlap":        func() { RoundKeys(dst, unit, x, 6, 5, 6) },
		"negative":       func() { RoundKeys(dst, unit, x, 6, 6, -1) },
	} {
		if !panics(f) {
			t.Errorf("%s: no panic", name)
		}
	}
	unit[2] = 1
	if RoundKeys(dst, unit, x, 0, 0, 0); unit[2] != 0 {
		t.Error("no values have a unit")
	}
}
