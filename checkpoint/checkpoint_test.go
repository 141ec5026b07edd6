package checkpoint

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/deskseek/deskseek/tensor"
)

func TestOpenSafetensors(t *testing.T) {
	data := smallSafetensors()
	config := []byte(`{"architectures": []}`)
	dir := writeFiles(t, map[string][]byte{"model.safetensors": data, "config.json": config, "tokenizer.json": []byte("{}")})
	for _, path := range []string{dir, filepath.Join(dir, "model.safetensors")} {
		c := mustOpen(t, path)
		readable(t, c)
		if c.Format() != Safetensors || string(c.Config()) != string(config) {
			t.Errorf("%s: format %s, config %q", path, c.Format(), c.Config())
		}
		if names := c.Names(); names[0] != "a.weight" || names[1] != "a.weight_scale_inv" || names[5] != "stack" {
			t.Errorf("names %v", names)
		}
		if a := c.Tensor("a.weight"); a.Scale != c.Tensor("a.weight_scale_inv") {
			t.Error("a.weight has no scales")
		}
		if s := c.Tensor("scalar"); s.Rows != 1 || s.Cols != 1 || len(s.Shape) != 0 {
			t.Errorf("scalar: %d rows, %d columns, shape %d", s.Rows, s.Cols, s.Shape)
		}
		if s := c.Tensor("stack"); s.Rows != 6 || s.Cols != 4 || !slices.Equal(s.Shape, []int{2, 3, 4}) {
			t.Errorf("stack: %d rows, %d columns, shape %d", s.Rows, s.Cols, s.Shape)
		}
		if v := c.Tensor("x.I64"); v.Rows != 1 || v.Cols != 3 || v.DType != tensor.I64 {
			t.Errorf("x.I64: %v, %d rows, %d columns", v.DType, v.Rows, v.Cols)
		}
		if c.Tensor("absent") != nil {
			t.Error("an absent tensor is there")
		}
		if text, err := c.Companion("tokenizer.json"); err != nil || string(text) != "{}" {
			t.Errorf("companion: %q, %v", text, err)
		}
		for _, name := range []string{"absent.json", "../" + filepath.Base(dir) + "/tokenizer.json", ".", ""} {
			if _, err := c.Companion(name); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("companion %q: %v", name, err)
			}
		}
	}
}

// TestOneShardOpensAll: a shard that an index names brings the others.
func TestOneShardOpensAll(t *testing.T) {
	dir := writeFiles(t, map[string][]byte{
		"one.safetensors": safetensorsFile(stored{"a.weight", "F8_E4M3", []int{3, 5}, 15}),
		"two.safetensors": safetensorsFile(stored{"a.weight_scale_inv", "F32", []int{1, 1}, 4}, stored{"unnamed", "F32", []int{2}, 8}),
		indexName:         []byte(`{"weight_map": {"a.weight": "one.safetensors", "a.weight_scale_inv": "two.safetensors"}}`),
	})
	for _, path := range []string{dir, filepath.Join(dir, "one.safetensors"), filepath.Join(dir, "two.safetensors")} {
		c := mustOpen(t, path)
		readable(t, c)
		if got := strings.Join(c.Names(), " "); got != "a.weight a.weight_scale_inv unnamed" {
			t.Errorf("%s: names %s", path, got)
		}
		if c.Config() != nil || len(c.Files()) != 2 || len(c.Mappings()) != 2 || c.Size() != 27 {
			t.Errorf("%s: config %q, files %v, %d mappings, size %d", path, c.Config(), c.Files(), len(c.Mappings()), c.Size())
		}
	}
}

// TestUnread: tensors of types that are not read are there, with all but data.
func TestUnread(t *testing.T) {
	type want struct {
		name, kind string
		shape      []int
		length     int64
	}
	for _, c := range []struct {
		data []byte
		want []want
	}{
		{withUnread(), []want{
			{"a", "TQ2_0", []int{3, 256}, 198}, {"b", "IQ4_K_R4 (of ik_llama.cpp)", []int{2, 256}, 160},
			{"c", "number 9999", []int{8}, 32}, {"d", "F32", []int{8}, 32},
		}},
		{newGGUF(1, 0).info("last", 137, 0, 256).data(80), []want{{"last", "IQ2_K (of ik_llama.cpp)", []int{256}, 80}}},
		{safetensorsFile(stored{"a", "F8_E5M2", []int{2, 3}, 6}, stored{"b", "two words", []int{1}, 5}, stored{"c", "U8", []int{4}, 4}), []want{
			{"a", "F8_E5M2", []int{2, 3}, 6}, {"b", `"two words"`, []int{1}, 5}, {"c", "U8", []int{4}, 4},
		}},
	} {
		got, err := OpenBytes("unread", c.data)
		if err != nil {
			t.Fatal(err)
		}
		readable(t, got)
		if len(got.Names()) != len(c.want) {
			t.Errorf("names %v", got.Names())
		}
		for _, w := range c.want {
			if x := got.Tensor(w.name); x == nil || x.Type() != w.kind || !slices.Equal(x.Shape, w.shape) || x.Source.Length != w.length {
				t.Errorf("%s: %+v, want %+v", w.name, x, w)
			}
		}
	}
}

func TestOpenMLX(t *testing.T) {
	shard, config := smallMLX()
	c := mustOpen(t, writeFiles(t, map[string][]byte{"model.safetensors": shard, "config.json": config}))
	readable(t, c)
	if got := strings.Join(c.Names(), " "); got != "a.weight e.weight g.weight norm.weight" {
		t.Errorf("names %s", got)
	}
	for _, w := range []struct {
		name       string
		dtype      tensor.DType
		shape      []int
		rows, cols int
		group      int
	}{
		{"a.weight", tensor.MLX4, []int{3, 128}, 3, 128, 64},
		{"e.weight", tensor.MLX4, []int{2, 3, 64}, 6, 64, 64},
		{"g.weight", tensor.MLX8, []int{2, 32}, 2, 32, 32},
	} {
		got := c.Tensor(w.name)
		if got.DType != w.dtype || !slices.Equal(got.Shape, w.shape) || got.Rows != w.rows || got.Cols != w.cols {
			t.Errorf("%s: %v %d, %d rows, %d columns", w.name, got.DType, got.Shape, got.Rows, got.Cols)
		}
		if got.Cols/got.Scale.Cols != w.group || got.Scale.Rows != w.rows || got.Bias.Rows != w.rows {
			t.Errorf("%s: scales [%d %d]", w.name, got.Scale.Rows, got.Scale.Cols)
		}
	}
	if c.Format() != MLX || c.Size() != int64(len(shard))-8-int64(little.Uint64(shard)) {
		t.Errorf("format %s, size %d", c.Format(), c.Size())
	}
}

func TestOpenBytes(t *testing.T) {
	for _, data := range [][]byte{smallGGUF(t), smallSafetensors()} {
		c, err := OpenBytes("demo", data)
		if err != nil {
			t.Fatal(err)
		}
		readable(t, c)
		w := c.Tensor(c.Names()[0])
		if &w.Data[0] != &data[w.Source.Offset] {
			t.Error("the data were copied")
		}
		if c.Path() != "demo" || len(c.Files()) != 1 || len(c.Mappings()) != 0 {
			t.Errorf("path %s, files %v, %d mappings", c.Path(), c.Files(), len(c.Mappings()))
		}
		if _, err := c.Companion("tokenizer.json"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("companion: %v", err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestContentDecides: names mislead, contents do not.
func TestContentDecides(t *testing.T) {
	gguf, st := smallGGUF(t), smallSafetensors()
	for name, c := range map[string]struct {
		files map[string][]byte
		open  string
		want  Format
	}{
		"GGUF with another name":        {map[string][]byte{"blob": gguf, "notes.txt": []byte("hello")}, "", GGUF},
		"GGUF called model.safetensors": {map[string][]byte{"model.safetensors": gguf}, "", GGUF},
		"safetensors called gguf":       {map[string][]byte{"x.gguf": st}, "x.gguf", Safetensors},
		"the only safetensors file":     {map[string][]byte{"weights": st}, "", Safetensors},
	} {
		got := mustOpen(t, filepath.Join(writeFiles(t, c.files), c.open))
		if got.Format() != c.want {
			t.Errorf("%s: %s", name, got.Format())
		}
	}
}

func TestMappingsArePageAligned(t *testing.T) {
	c := mustOpen(t, writeFiles(t, map[string][]byte{"x.gguf": smallGGUF(t)}))
	for _, m := range c.Mappings() {
		if uintptr(unsafe.Pointer(&m.Data[0]))%uintptr(os.Getpagesize()) != 0 {
			t.Errorf("%s begins inside a page", m.File)
		}
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := c.Close(); err != nil { // there is nothing left to close
		t.Error(err)
	}
}

// part builds one file of a split GGUF with one tensor.
func part(no, count int, name string, extra ...KeyValue) []byte {
	g := newGGUF(1, uint64(2+len(extra))).kv(splitNoKey, uint16(no)).kv(splitCountKey, uint16(count))
	for _, kv := range extra {
		g.kv(kv.Key, kv.Value)
	}
	return g.info(name, 0, 0, 8).data(32)
}

func TestSplitGGUF(t *testing.T) {
	dir := writeFiles(t, map[string][]byte{
		"m-00001-of-00003.gguf": part(0, 3, "a", KeyValue{"general.name", "split"}, KeyValue{splitTensorsKey, int32(3)}),
		"m-00002-of-00003.gguf": part(1, 3, "b"),
		"m-00003-of-00003.gguf": part(2, 3, "c"),
	})
	for _, file := range []string{"", "m-00001-of-00003.gguf", "m-00002-of-00003.gguf", "m-00003-of-00003.gguf"} {
		c := mustOpen(t, filepath.Join(dir, file))
		readable(t, c)
		name, _, _ := c.Metadata().Str("general.name")
		if strings.Join(c.Names(), "") != "abc" || len(c.Files()) != 3 || name != "split" || c.Size() != 96 {
			t.Errorf("%s: names %v, files %v, name %q, size %d", file, c.Names(), c.Files(), name, c.Size())
		}
	}
	// The first file may have the metadata alone.
	bare := mustOpen(t, writeFiles(t, map[string][]byte{
		"m-00001-of-00002.gguf": newGGUF(0, 2).kv(splitNoKey, uint16(0)).kv(splitCountKey, uint16(2)).b,
		"m-00002-of-00002.gguf": part(1, 2, "a"),
	}))
	if len(bare.Names()) != 1 || len(bare.Files()) != 2 {
		t.Errorf("first file without tensors: names %v, files %v", bare.Names(), bare.Files())
	}
	single := mustOpen(t, filepath.Join(writeFiles(t, map[string][]byte{"x.gguf": part(0, 0, "a")}), "x.gguf"))
	if len(single.Names()) != 1 {
		t.Errorf("count 0: names %v", single.Names())
	}
}

func TestMetadata(t *testing.T) {
	c, err := OpenBytes("small", smallGGUF(t))
	if err != nil {
		t.Fatal(err)
	}
	m := c.Metadata()
	if keys := m.Keys(); len(keys) != 25 || keys[0] != "general.architecture" || keys[24] != "none" {
		t.Errorf("keys %v", keys)
	}
	for key, want := range map[string]uint64{"u8": 1, "u16": 2, "u32": 3, "u64": 4} {
		if v, ok, err := m.Uint(key); v != want || !ok || err != nil {
			t.Errorf("%s: %d, %v, %v", key, v, ok, err)
		}
	}
	if v, ok, err := m.Float("f32"); v != 1.5 || !ok || err != nil {
		t.Errorf("f32: %v, %v, %v", v, ok, err)
	}
	if v, ok, err := m.Float("f64"); v != 2.5 || !ok || err != nil {
		t.Errorf("f64: %v, %v, %v", v, ok, err)
	}
	if v, ok, err := m.Bool("bool"); !v || !ok || err != nil {
		t.Errorf("bool: %v, %v, %v", v, ok, err)
	}
	if v, ok, err := m.Strings("strings"); !slices.Equal(v, []string{"", "a", "größer"}) || !ok || err != nil {
		t.Errorf("strings: %q, %v, %v", v, ok, err)
	}
	if v, ok, err := m.Strings("none"); len(v) != 0 || !ok || err != nil {
		t.Errorf("none: %q, %v, %v", v, ok, err)
	}
	for key, want := range map[string][]int64{
		"u8s": {1, 2}, "i8s": {-1}, "u16s": {7}, "i16s": {-7}, "u32s": {8}, "i32s": {-8, 1, 2}, "u64s": {9}, "i64s": {-9},
	} {
		if v, ok, err := m.Ints(key); !slices.Equal(v, want) || !ok || err != nil {
			t.Errorf("%s: %d, %v, %v", key, v, ok, err)
		}
	}
	if v := m.Value("bools"); !slices.Equal(v.([]bool), []bool{true, false}) {
		t.Errorf("bools: %v", v)
	}
	if m.Value("absent") != nil {
		t.Error("an absent key has a value")
	}
	for what, err := range map[string]error{
		"metadata key i8: it is -1, want a number that is not negative":            third(m.Uint("i8")),
		"metadata key f32: it is a float32, want a whole number":                   third(m.Uint("f32")),
		"metadata key u8s: it is a list of uint8, want a whole number":             third(m.Uint("u8s")),
		"metadata key u32: it is a uint32, want a floating-point number":           third(m.Float("u32")),
		"metadata key u8: it is a uint8, want a bool":                              third(m.Bool("u8")),
		"metadata key bool: it is a bool, want a string":                           third(m.Str("bool")),
		"metadata key general.architecture: it is a string, want a list of string": third(m.Strings("general.architecture")),
		"metadata key f64s: it is a list of float64, want a list of whole numbers": third(m.Ints("f64s")),
		"metadata key big: element 1 is 18446744073709551615, which is too large":  third(Metadata{{"big", []uint64{0, 1<<64 - 1}}}.Ints("big")),
	} {
		if err == nil || err.Error() != what || !errors.Is(err, ErrFormat) {
			t.Errorf("error %v, want %s", err, what)
		}
	}
	for _, ok := range []bool{second(m.Uint("x")), second(m.Float("x")), second(m.Bool("x")), second(m.Str("x")), second(m.Ints("x"))} {
		if ok {
			t.Error("an absent key is there")
		}
	}
}

func second[T any](_ T, ok bool, _ error) bool  { return ok }
func third[T any](_ T, _ bool, err error) error { return err }
