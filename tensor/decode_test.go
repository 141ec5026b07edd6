package tensor

import (
	"encoding/hex"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"testing"
)

func readJSON(t testing.TB, path string, v any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatal(err)
	}
}

// matrix wraps bytes as a tensor of rows.
func matrix(d DType, rows, cols int, data []byte) *Tensor {
	return &Tensor{Name: "t", DType: d, Shape: []int{rows, cols}, Rows: rows, Cols: cols, Data: data}
}

func same(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

// TestDecodeGGML holds the block encodings to gguf-py's values, to the bit, as
// one row of several blocks and as rows of one block.
func TestDecodeGGML(t *testing.T) {
	var vectors []struct {
		Type   string
		Blocks int
		Hex    string
		Values []float64
	}
	readJSON(t, "testdata/ggml_dequant.json", &vectors)
	byName := map[string]DType{}
	for d := range numDTypes {
		byName[d.String()] = d
	}
	checked := map[DType]bool{}
	for _, v := range vectors {
		d, ok := byName[v.Type]
		if !ok {
			continue
		}
		checked[d] = true
		data, err := hex.DecodeString(v.Hex)
		if err != nil {
			t.Fatal(err)
		}
		for _, rows := range []int{1, v.Blocks} {
			w := matrix(d, rows, len(v.Values)/rows, data)
			got := make([]float32, w.Cols)
			for r := range rows {
				Decode(got, w, r)
				for c, x := range got {
					if want := float32(v.Values[r*w.Cols+c]); !same(x, want) {
						t.Fatalf("%v: row %d column %d: %v, want %v", d, r, c, x, want)
					}
				}
			}
		}
	}
	for _, d := range []DType{F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS,
		IQ3_XXS, IQ3_S, IQ2_XXS, IQ2_XS, IQ2_S, IQ1_S, IQ1_M} {
		if !checked[d] {
			t.Errorf("no vectors of %v", d)
		}
	}
}

func TestF8E4M3(t *testing.T) {
	var want []*float64
	readJSON(t, "testdata/e4m3fn.json", &want)
	if len(want) != 256 {
		t.Fatalf("%d values", len(want))
	}
	for i, w := range want {
		got := F8E4M3ToF32(byte(i))
		if w == nil {
			if got == got {
				t.Errorf("%#x: %v, want NaN", i, got)
			}
		} else if float64(got) != *w {
			t.Errorf("%#x: %v, want %v", i, got, *w)
		}
	}
}

// TestDecodeF8 has ragged blocks on both sides, and slices that start inside a
// block, of a slice too.
func TestDecodeF8(t *testing.T) {
	const rows, cols, grid = 300, 200, 3 * 2
	r := rand.New(rand.NewPCG(1, 2))
	data := make([]byte, rows*cols)
	for i := range data {
		data[i] = byte(r.UintN(127)) // no NaN
	}
	scales := make([]float32, grid)
	f32, bf16 := make([]byte, 4*grid), make([]byte, 2*grid)
	for i := range scales {
		scales[i] = BF16ToF32(F32ToBF16(r.Float32()))
		little.PutUint32(f32[4*i:], math.Float32bits(scales[i]))
		little.PutUint16(bf16[2*i:], F32ToBF16(scales[i]))
	}
	for _, scale := range []*Tensor{matrix(F32, 3, 2, f32), matrix(BF16, 3, 2, bf16)} {
		w := matrix(F8E4M3, rows, cols, data)
		w.Scale = scale
		for _, c := range []struct {
			t     *Tensor
			first int
		}{
			{w, 0}, {w.Slice(100, 300), 100}, {w.Slice(100, 300).Slice(57, 150), 157}, {w.Slice(256, 300), 256},
		} {
			got := make([]float32, cols)
			for row := range c.t.Rows {
				Decode(got, c.t, row)
				for col, x := range got {
					i := c.first + row
					want := F8E4M3ToF32(data[i*cols+col]) * scales[i/128*2+col/128]
					if !same(x, want) {
						t.Fatalf("%v scales: slice from %d, row %d, column %d: %v, want %v", scale.DType, c.first, row, col, x, want)
					}
				}
			}
		}
	}
}

// TestDecodeMLX reads the packed values as MLX does: shifted out of a uint32.
func TestDecodeMLX(t *testing.T) {
	const rows, cols, group = 6, 192, 64
	r := rand.New(rand.NewPCG(3, 4))
	for _, d := range []DType{MLX4, MLX8} {
		per, _ := d.Block()
		bits := 32 / per
		packed := make([]uint32, rows*cols/per)
		data := make([]byte, 4*len(packed))
		for i := range packed {
			packed[i] = r.Uint32()
			little.PutUint32(data[4*i:], packed[i])
		}
		for _, meta := range []DType{F32, F16, BF16} {
			w := matrix(d, rows, cols, data)
			w.Scale, w.Bias = randomTensor(r, meta, rows, cols/group), randomTensor(r, meta, rows, cols/group)
			scales, biases := make([]float32, cols/group), make([]float32, cols/group)
			got := make([]float32, cols)
			for lo := range rows {
				Decode(got, w.Slice(lo, rows), 0)
				Decode(scales, w.Scale, lo)
				Decode(biases, w.Bias, lo)
				for c, x := range got {
					word := packed[lo*(cols/per)+c/per]
					q := word >> (c % per * bits) & (1<<bits - 1)
					product := float32(float64(q) * float64(scales[c/group])) // exact before rounding
					want := float32(float64(product) + float64(biases[c/group]))
					if !same(x, want) {
						t.Fatalf("%v, %v scales: row %d column %d: %v, want %v", d, meta, lo, c, x, want)
					}
				}
			}
		}
	}
}

func randomTensor(r *rand.Rand, d DType, rows, cols int) *Tensor {
	_, size := d.Block()
	data := make([]byte, rows*cols*size)
	for i := range rows * cols {
		x := float32(r.NormFloat64())
		switch d {
		case F32:
			little.PutUint32(data[4*i:], math.Float32bits(x))
		case F16:
			little.PutUint16(data[2*i:], F32ToF16(x))
		case BF16:
			little.PutUint16(data[2*i:], F32ToBF16(x))
		}
	}
	return matrix(d, rows, cols, data)
}

func TestDecodePlain(t *testing.T) {
	values := []float64{0, 1, -1.5, 1e-45, math.MaxFloat32, 1e300, 0.1, math.Inf(-1)}
	f32, f64 := make([]byte, 4*len(values)), make([]byte, 8*len(values))
	for i, v := range values {
		little.PutUint32(f32[4*i:], math.Float32bits(float32(v)))
		little.PutUint64(f64[8*i:], math.Float64bits(v))
	}
	got := make([]float32, len(values))
	for _, w := range []*Tensor{matrix(F32, 1, len(values), f32), matrix(F64, 1, len(values), f64)} {
		Decode(got, w, 0)
		for i, v := range values {
			if !same(got[i], float32(v)) {
				t.Errorf("%v: %v, want %v", w.DType, got[i], float32(v))
			}
		}
	}
}

// TestWeight: exactly what Weight names decodes; the rest panics.
func TestWeight(t *testing.T) {
	for d := range numDTypes {
		n, bytes := d.Block()
		w := matrix(d, 1, n, make([]byte, bytes))
		switch d {
		case F8E4M3:
			w.Scale = matrix(F32, 1, 1, make([]byte, 4))
		case MLX4, MLX8:
			w.Scale, w.Bias = matrix(F16, 1, 1, make([]byte, 2)), matrix(F16, 1, 1, make([]byte, 2))
		}
		decodes := func() (ok bool) {
			defer func() { ok = recover() == nil }()
			Decode(make([]float32, n), w, 0)
			return
		}()
		if decodes != d.Weight() {
			t.Errorf("%v: Weight %v, decodes %v", d, d.Weight(), decodes)
		}
	}
}

func TestDecodeWrongLengthPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	Decode(make([]float32, 3), matrix(F32, 1, 4, make([]byte, 16)), 0)
}

func TestDecodeAllocates(t *testing.T) {
	for d := range numDTypes {
		if n, bytes := d.Block(); d.Weight() && d != F8E4M3 && d != MLX4 && d != MLX8 {
			w, dst := matrix(d, 1, n, make([]byte, bytes)), make([]float32, n)
			if a := testing.AllocsPerRun(10, func() { Decode(dst, w, 0) }); a != 0 {
				t.Errorf("%v: %v allocations", d, a)
			}
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	const cols = 7168
	r := rand.New(rand.NewPCG(5, 6))
	for d := range numDTypes {
		if !d.Weight() {
			continue
		}
		data := make([]byte, d.RowBytes(cols))
		for i := range data {
			data[i] = byte(r.Uint32())
		}
		w := matrix(d, 1, cols, data)
		switch d {
		case F8E4M3:
			w.Scale = randomTensor(r, F32, 1, cols/128)
		case MLX4, MLX8:
			w.Scale, w.Bias = randomTensor(r, BF16, 1, cols/64), randomTensor(r, BF16, 1, cols/64)
		}
		dst := make([]float32, cols)
		b.Run(d.String(), func(b *testing.B) {
			b.SetBytes(4 * cols)
			for b.Loop() {
				Decode(dst, w, 0)
			}
		})
	}
}
