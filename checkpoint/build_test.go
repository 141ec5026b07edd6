package checkpoint

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/deskseek/deskseek/tensor"
)

// stored is a tensor of a safetensors file built by a test.
type stored struct {
	name, dtype string
	shape       []int
	bytes       int
}

// safetensorsFile builds a file of zeros, with the tensors in that order.
func safetensorsFile(tensors ...stored) []byte {
	header, at := []byte("{"), 0
	for i, s := range tensors {
		if i > 0 {
			header = append(header, ',')
		}
		name, _ := json.Marshal(s.name)
		entry, _ := json.Marshal(map[string]any{"dtype": s.dtype, "shape": s.shape, "data_offsets": []int{at, at + s.bytes}})
		header = append(append(append(header, name...), ':'), entry...)
		at += s.bytes
	}
	return rawSafetensors(string(header)+"}", at)
}

// rawSafetensors builds a file with any header and size bytes of data.
func rawSafetensors(header string, size int) []byte {
	b := append(little.AppendUint64(nil, uint64(len(header))), header...)
	return append(b, make([]byte, size)...)
}

// ggufBuilder builds GGUF headers that WriteGGUF would refuse.
type ggufBuilder struct{ b []byte }

func newGGUF(tensors, kvs uint64) *ggufBuilder {
	g := &ggufBuilder{[]byte("GGUF")}
	return g.u32(3).u64(tensors).u64(kvs)
}

func (g *ggufBuilder) u32(v uint32) *ggufBuilder { g.b = little.AppendUint32(g.b, v); return g }
func (g *ggufBuilder) u64(v uint64) *ggufBuilder { g.b = little.AppendUint64(g.b, v); return g }
func (g *ggufBuilder) str(s string) *ggufBuilder { g.b = appendString(g.b, s); return g }

// kv appends a key and a value.
func (g *ggufBuilder) kv(key string, value any) *ggufBuilder {
	t, _ := valueTypeOf(value)
	g.str(key)
	if t.list {
		g.u32(kindList)
	}
	g.u32(t.kind)
	g.b = appendValue(g.b, value)
	return g
}

// info appends a tensor's description, ne innermost first.
func (g *ggufBuilder) info(name string, number uint32, offset uint64, ne ...uint64) *ggufBuilder {
	g.str(name).u32(uint32(len(ne)))
	for _, n := range ne {
		g.u64(n)
	}
	return g.u32(number).u64(offset)
}

// data pads the header to 32 bytes and appends n zeros.
func (g *ggufBuilder) data(n int) []byte {
	pad := int(aligned(int64(len(g.b)), 32)) - len(g.b)
	return append(g.b, make([]byte, pad+n)...)
}

// writeFiles writes files to a new folder.
func writeFiles(t testing.TB, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// smallGGUF is a valid file with one tensor of every type, and one value of
// every kind.
func smallGGUF(t testing.TB) []byte {
	t.Helper()
	meta := []KeyValue{
		{"general.architecture", "deepseek2"}, {"u8", uint8(1)}, {"i8", int8(-1)}, {"u16", uint16(2)}, {"i16", int16(-2)},
		{"u32", uint32(3)}, {"i32", int32(-3)}, {"u64", uint64(4)}, {"i64", int64(-4)}, {"f32", float32(1.5)}, {"f64", 2.5},
		{"bool", true}, {"strings", []string{"", "a", "größer"}}, {"u8s", []uint8{1, 2}}, {"i8s", []int8{-1}},
		{"u16s", []uint16{7}}, {"i16s", []int16{-7}}, {"u32s", []uint32{8}}, {"i32s", []int32{-8, 1, 2}}, {"u64s", []uint64{9}},
		{"i64s", []int64{-9}}, {"f32s", []float32{1, 2}}, {"f64s", []float64{3}}, {"bools", []bool{true, false}}, {"none", []string{}},
	}
	var tensors []OutTensor
	for _, d := range ggmlTypes {
		cols, _ := d.Block()
		data := make([]byte, 2*d.RowBytes(cols))
		for i := range data {
			data[i] = byte(i * 7)
		}
		tensors = append(tensors, OutTensor{d.String() + ".weight", d, []int{2, cols}, bytes.NewReader(data)})
	}
	var out bytes.Buffer
	if err := WriteGGUF(&out, meta, tensors); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// withUnread is a file whose first three tensors have types that are not read:
// one of known size, two that end where the next begins.
func withUnread() []byte {
	return newGGUF(4, 0).info("a", 35, 0, 256, 3).info("c", 9999, 384, 8).info("b", 339, 224, 256, 2).info("d", 0, 416, 8).data(448)
}

// smallSafetensors is a valid file with FP8 weights and a tensor of every dtype.
func smallSafetensors() []byte {
	list := []stored{
		{"a.weight", "F8_E4M3", []int{130, 4}, 520}, {"a.weight_scale_inv", "F32", []int{2, 1}, 8},
		{"b.weight", "F8_E4M3", []int{1, 129}, 129}, {"b.weight_scale_inv", "BF16", []int{1, 2}, 4},
		{"scalar", "F32", []int{}, 4}, {"stack", "F16", []int{2, 3, 4}, 48},
	}
	for dtype, d := range safetensorsTypes {
		if d != tensor.F8E4M3 {
			list = append(list, stored{"x." + dtype, dtype, []int{3}, d.RowBytes(3)})
		}
	}
	return safetensorsFile(list...)
}

// smallMLX is a valid MLX shard and its config.json.
func smallMLX() (shard, config []byte) {
	return safetensorsFile(
		stored{"a.weight", "U32", []int{3, 16}, 192}, stored{"a.scales", "BF16", []int{3, 2}, 12}, stored{"a.biases", "F16", []int{3, 2}, 12},
		stored{"e.weight", "U32", []int{2, 3, 8}, 192}, stored{"e.scales", "F32", []int{2, 3, 1}, 24}, stored{"e.biases", "F32", []int{2, 3, 1}, 24},
		stored{"g.weight", "U32", []int{2, 8}, 64}, stored{"g.scales", "F16", []int{2, 1}, 4}, stored{"g.biases", "F16", []int{2, 1}, 4},
		stored{"norm.weight", "BF16", []int{8}, 16},
	), []byte(`{"quantization": {"group_size": 64, "bits": 4, "mode": "affine", "g": {"bits": 8, "group_size": 32}, "norm": false}}`)
}
