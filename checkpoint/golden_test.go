package checkpoint

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/deskseek/deskseek/tensor"
)

// golden returns the path of a file or folder of the golden set: the set itself
// where DESKSEEK_GOLDEN names it, or else what testdata has of it, which is the
// headers of some files. Their data are then zero.
func golden(t testing.TB, path string) string {
	t.Helper()
	if set := os.Getenv("DESKSEEK_GOLDEN"); set != "" {
		return filepath.Join(set, path)
	}
	if !exists(filepath.Join("testdata", path)) && !exists(filepath.Join("testdata", path+".head")) {
		t.Skip("DESKSEEK_GOLDEN is not set, and testdata does not have this one")
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata")); err != nil {
		t.Fatal(err)
	}
	var sizes map[string]int64
	mustUnmarshal(t, mustRead(t, "testdata/sizes.json"), &sizes)
	for name, size := range sizes {
		whole := filepath.Join(dir, name)
		if err := os.Rename(whole+".head", whole); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(whole, size); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, path)
}

func mustRead(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func mustUnmarshal(t testing.TB, data []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatal(err)
	}
}

func mustOpen(t testing.TB, path string) *Checkpoint {
	t.Helper()
	c, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// readable decodes the first and the last row of every weight, and checks what
// Checkpoint promises of all tensors.
func readable(t testing.TB, c *Checkpoint) {
	t.Helper()
	stored := int64(0)
	for _, name := range c.Names() {
		w := c.Tensor(name)
		if w == nil || w.Name != name {
			t.Fatalf("tensor %q is listed, but not there", name)
		}
		if (w.DType == tensor.Invalid) != (w.Unsupported != "") {
			t.Fatalf("%s: type %v, unsupported %q", name, w.DType, w.Unsupported)
		}
		if w.Unsupported != "" {
			if w.Data != nil || w.DType.Weight() || w.Source.Offset <= 0 || w.Source.Length <= 0 {
				t.Fatalf("%s: unsupported %s, but with %d bytes, from %+v", name, w.Unsupported, len(w.Data), w.Source)
			}
			stored += w.Source.Length
			continue
		}
		if len(w.Data) != w.Rows*w.RowBytes() || int64(len(w.Data)) != w.Source.Length {
			t.Fatalf("%s: %d bytes for %d rows of %d", name, len(w.Data), w.Rows, w.RowBytes())
		}
		stored += w.Source.Length
		if w.Bias != nil {
			stored += w.Scale.Source.Length + w.Bias.Source.Length
		}
		for _, m := range c.Mappings() {
			if at := w.Source.Offset; m.File == w.Source.File && &m.Data[at] != &w.Data[0] {
				t.Fatalf("%s: its data are not at %d in %s", name, at, m.File)
			}
		}
		if w.DType.Weight() {
			row := make([]float32, w.Cols)
			tensor.Decode(row, w, 0)
			tensor.Decode(row, w, w.Rows-1)
		}
	}
	if stored != c.Size() {
		t.Errorf("Size is %d, the tensors have %d bytes", c.Size(), stored)
	}
}

// TestGoldenSafetensors compares what Open gives with the headers, read another
// way, and the pairings with what the formats say.
func TestGoldenSafetensors(t *testing.T) {
	for _, c := range []struct {
		name   string
		format Format
		shards int
		packed bool
	}{
		{"tiny-bf16", Safetensors, 2, false}, {"tiny-fp8", Safetensors, 3, false}, {"tiny-noq", Safetensors, 2, false},
		{"tiny-yarn", Safetensors, 2, false}, {"tiny-mlx4", MLX, 2, true}, {"tiny-mlx4-mla", MLX, 2, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := golden(t, c.name)
			got := mustOpen(t, path)
			if got.Format() != c.format || got.Path() != path || got.Metadata() != nil {
				t.Errorf("format %s, path %s, metadata %v", got.Format(), got.Path(), got.Metadata())
			}
			if len(got.Files()) != c.shards || len(got.Mappings()) != c.shards {
				t.Errorf("%d files, %d mappings, want %d", len(got.Files()), len(got.Mappings()), c.shards)
			}
			if !bytes.Equal(got.Config(), mustRead(t, filepath.Join(path, "config.json"))) {
				t.Error("Config is not config.json")
			}
			if text, err := got.Companion("config.json"); err != nil || !bytes.Equal(text, got.Config()) {
				t.Errorf("companion config.json: %v", err)
			}
			want := headers(t, got.Files())
			compare(t, got, want, c.packed)
			readable(t, got)
		})
	}
}

// headers reads safetensors headers the simple way.
func headers(t *testing.T, files []string) map[string]headerEntry {
	all := map[string]headerEntry{}
	for _, file := range files {
		data := mustRead(t, file)
		var header map[string]json.RawMessage
		mustUnmarshal(t, data[8:8+little.Uint64(data)], &header)
		delete(header, "__metadata__")
		for name, raw := range header {
			var e headerEntry
			mustUnmarshal(t, raw, &e)
			all[name] = e
		}
	}
	return all
}

func compare(t *testing.T, got *Checkpoint, want map[string]headerEntry, packed bool) {
	for name, e := range want {
		w := got.Tensor(name)
		if module, ok := strings.CutSuffix(name, ".scales"); ok && packed {
			if w != nil || got.Tensor(module+".biases") != nil {
				t.Errorf("%s: scales and biases are listed", module)
			}
			continue
		} else if strings.HasSuffix(name, ".biases") && packed {
			continue
		}
		if w == nil {
			t.Errorf("%s is missing", name)
			continue
		}
		shape, dtype := make([]int, len(e.Shape)), e.DType
		for i, n := range e.Shape {
			shape[i] = int(n)
		}
		if dtype == "U32" {
			dtype = "MLX4"
			shape[len(shape)-1] *= 8
			if group := w.Cols / w.Scale.Cols; group != 64 || w.Scale.Rows != w.Rows || w.Bias.Rows != w.Rows || w.Bias.Cols != w.Scale.Cols {
				t.Errorf("%s: scales [%d %d], biases [%d %d]", name, w.Scale.Rows, w.Scale.Cols, w.Bias.Rows, w.Bias.Cols)
			}
		}
		if dtype == "F8_E4M3" && w.Scale != got.Tensor(name+"_scale_inv") {
			t.Errorf("%s has other scales than %s_scale_inv", name, name)
		}
		if w.DType.String() != dtype || !slices.Equal(w.Shape, shape) {
			t.Errorf("%s: %v %d, want %s %d", name, w.DType, w.Shape, dtype, shape)
		}
	}
	for _, name := range got.Names() {
		if _, ok := want[name]; !ok {
			t.Errorf("%s is in no header", name)
		}
	}
}

// description is what a golden *.metadata.json says of a GGUF.
type description struct {
	Metadata map[string]any
	Tensors  map[string]struct {
		Type string
		NE   []int `json:"ggml_ne"`
	}
}

func TestGoldenGGUF(t *testing.T) {
	for _, file := range []string{
		"tiny-gguf/tiny-mla-bf16", "tiny-gguf/tiny-kvb-bf16", "tiny-gguf-yarn/tiny-mla-bf16", "tiny-gguf-yarn/tiny-kvb-bf16",
	} {
		t.Run(file, func(t *testing.T) {
			path := golden(t, file+".gguf")
			var want description
			mustUnmarshal(t, mustRead(t, strings.TrimSuffix(path, ".gguf")+".metadata.json"), &want)
			c := mustOpen(t, path)
			if c.Format() != GGUF || len(c.Names()) != len(want.Tensors) || c.Config() != nil {
				t.Errorf("format %s, %d tensors, want %d; config %q", c.Format(), len(c.Names()), len(want.Tensors), c.Config())
			}
			for name, e := range want.Tensors {
				w := c.Tensor(name)
				if w == nil {
					t.Errorf("%s is missing", name)
					continue
				}
				slices.Reverse(e.NE)
				if w.DType.String() != e.Type || !slices.Equal(w.Shape, e.NE) || w.Cols != e.NE[len(e.NE)-1] {
					t.Errorf("%s: %v %d, want %s %d", name, w.DType, w.Shape, e.Type, e.NE)
				}
			}
			compareMetadata(t, c.Metadata(), want.Metadata)
			readable(t, c)
		})
	}
}

func compareMetadata(t *testing.T, got Metadata, want map[string]any) {
	for key, v := range want {
		if strings.HasPrefix(key, "GGUF.") {
			continue
		}
		value := got.Value(key)
		if value == nil {
			t.Errorf("key %s is missing", key)
			continue
		}
		if s, ok := v.(string); ok && strings.HasSuffix(s, " items>") {
			if n := fmt.Sprintf("<%d items>", reflect.ValueOf(value).Len()); n != s {
				t.Errorf("key %s: %s, want %s", key, n, s)
			}
			continue
		}
		if f, ok := v.(float64); ok { // JSON has no other numbers
			if n, err := strconv.ParseFloat(fmt.Sprint(value), 64); err != nil || float32(n) != float32(f) {
				t.Errorf("key %s: %v, want %v", key, value, f)
			}
			continue
		}
		if value != v {
			t.Errorf("key %s: %v, want %v", key, value, v)
		}
	}
	if len(got) != int(want["GGUF.kv_count"].(float64)) {
		t.Errorf("%d keys, want %v", len(got), want["GGUF.kv_count"])
	}
}

func TestGoldenGGUFQuant(t *testing.T) {
	for _, q := range []string{"Q8_0", "Q4_K_M", "Q2_K"} {
		t.Run(q, func(t *testing.T) {
			c := mustOpen(t, golden(t, "tiny-gguf-quant/"+q+"/tiny-"+q+".gguf"))
			readable(t, c)
			types := map[tensor.DType]bool{}
			for _, name := range c.Names() {
				types[c.Tensor(name).DType] = true
			}
			want := tensor.Q8_0
			switch q {
			case "Q4_K_M":
				want = tensor.Q4_K
			case "Q2_K":
				want = tensor.Q2_K
			}
			if !types[want] || !types[tensor.F32] {
				t.Errorf("types %v", slices.Collect(maps.Keys(types)))
			}
		})
	}
}

// TestGoldenEmbedding: the reference's first hidden states are the embeddings of
// its tokens, so the bytes are at the right place and mean the right thing.
func TestGoldenEmbedding(t *testing.T) {
	if os.Getenv("DESKSEEK_GOLDEN") == "" {
		t.Skip("DESKSEEK_GOLDEN is not set, and testdata has no data of tensors")
	}
	for path, expected := range map[string]string{
		"tiny-bf16": "tiny-bf16", "tiny-fp8": "tiny-fp8", "tiny-noq": "tiny-noq", "tiny-mlx4": "tiny-mlx4",
		"tiny-mlx4-mla": "tiny-mlx4-mla", "tiny-gguf/tiny-kvb-bf16.gguf": "tiny-gguf",
		"tiny-gguf-quant/Q8_0": "tiny-gguf-quant/Q8_0", "tiny-gguf-quant/Q4_K_M": "tiny-gguf-quant/Q4_K_M",
		"tiny-gguf-quant/Q2_K": "tiny-gguf-quant/Q2_K",
	} {
		c := mustOpen(t, golden(t, path))
		embedding := c.Tensor("model.embed_tokens.weight")
		if c.Format() == GGUF {
			embedding = c.Tensor("token_embd.weight")
		}
		ids, hidden := npy(t, golden(t, expected+"/expected/input_ids.npy")), npy(t, golden(t, expected+"/expected/hidden.npy"))
		row := make([]float32, embedding.Cols)
		for i := 0; i < len(ids)/4; i++ {
			tensor.Decode(row, embedding, int(little.Uint32(ids[4*i:])))
			for j, x := range row {
				want := math.Float32frombits(little.Uint32(hidden[4*(i*len(row)+j):]))
				if math.Abs(float64(x-want)) > 1e-6*math.Abs(float64(want)) {
					t.Fatalf("%s: token %d, value %d: %v, want %v", path, i, j, x, want)
				}
			}
		}
	}
}

// npy returns the values of a NumPy 1.0 file.
func npy(t *testing.T, path string) []byte {
	data := mustRead(t, path)
	return data[10+int(little.Uint16(data[8:])):]
}

// TestRewrite: a GGUF that llama.cpp's tools wrote, read and written again, is
// the same file.
func TestRewrite(t *testing.T) {
	for _, path := range []string{"tiny-gguf/tiny-mla-bf16.gguf", "tiny-gguf-quant/Q4_K_M/tiny-Q4_K_M.gguf"} {
		path = golden(t, path)
		c := mustOpen(t, path)
		var out bytes.Buffer
		if err := WriteGGUF(&out, c.Metadata(), outTensors(c)); err != nil {
			t.Fatal(err)
		}
		if want := mustRead(t, path); !bytes.Equal(out.Bytes(), want) {
			t.Errorf("%s: %d bytes, want the same %d bytes", path, out.Len(), len(want))
		}
	}
}

func outTensors(c *Checkpoint) []OutTensor {
	var out []OutTensor
	for _, name := range c.Names() {
		w := c.Tensor(name)
		out = append(out, OutTensor{w.Name, w.DType, w.Shape, bytes.NewReader(w.Data)})
	}
	return out
}
