package quantize

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/internal/lock"
	"github.com/deskseek/deskseek/tensor"
)

const (
	experts = "blk.1.ffn_up_exps.weight"
	heads   = "blk.0.attn_k_b.weight"
	plain   = "blk.0.ffn_up.weight"
)

// smallImatrix has a stack of experts, one that was never seen among them, a stack
// of heads with one count, and a plain matrix.
func smallImatrix(t testing.TB) *Imatrix {
	m := &Imatrix{Datasets: []string{"text.txt"}, Chunks: 3, ChunkSize: 4, Source: "network and text"}
	for _, err := range []error{
		m.Set(experts, []int{4, 0, 2}, []float32{4, 8, 0, 0, 1, 3}),
		m.Set(heads, []int{8}, []float32{8, 16, 24, 32}),
		m.Set(plain, []int{2}, []float32{1, 2, 3}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func TestImatrixRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "i.gguf")
	if err := smallImatrix(t).WriteFile(path); err != nil {
		t.Fatal(err)
	}
	m, err := ReadImatrix(path)
	if err != nil {
		t.Fatal(err)
	}
	if m.Chunks != 3 || m.ChunkSize != 4 || m.Source != "network and text" || !slices.Equal(m.Datasets, []string{"text.txt"}) {
		t.Errorf("metadata %v %d %d", m.Datasets, m.Chunks, m.ChunkSize)
	}
	if got := m.Names(); !slices.Equal(got, []string{heads, plain, experts}) {
		t.Errorf("names %q", got)
	}
	if got := m.Counts(experts); !slices.Equal(got, []int{4, 0, 2}) {
		t.Errorf("counts %d", got)
	}
	if err := m.Fit(heads, 2, 2); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		tensor string
		expert int
		want   []float32
	}{
		{experts, 0, []float32{1, 2}}, {experts, 1, nil}, {experts, 2, []float32{0.5, 1.5}}, {experts, 3, nil}, {experts, -1, nil},
		{heads, 0, []float32{1, 2}}, {heads, 1, []float32{3, 4}},
		{plain, 0, []float32{0.5, 1, 1.5}}, {"other", 0, nil},
	} {
		if got := m.Columns(c.tensor, c.expert); !slices.Equal(got, c.want) || (got == nil) != (c.want == nil) {
			t.Errorf("%s %d: %v, want %v", c.tensor, c.expert, got, c.want)
		}
	}
	entries, _ := os.ReadDir(filepath.Dir(path))
	if len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
}

func TestImatrixFit(t *testing.T) {
	m := smallImatrix(t)
	for _, c := range []struct {
		tensor            string
		matrices, columns int
		ok                bool
	}{
		{experts, 3, 2, true}, {plain, 1, 3, true}, {"other", 5, 5, true},
		{experts, 2, 3, false}, {experts, 3, 3, false}, {plain, 1, 4, false}, {plain, 2, 2, false}, {heads, 0, 0, false},
	} {
		if err := m.Fit(c.tensor, c.matrices, c.columns); (err == nil) != c.ok {
			t.Errorf("%s as %d × %d: %v", c.tensor, c.matrices, c.columns, err)
		} else if err != nil && !strings.Contains(err.Error(), c.tensor) {
			t.Errorf("%v does not name %s", err, c.tensor)
		}
	}
}

// TestImatrixKeepsOld: a write that fails leaves what was there.
func TestImatrixKeepsOld(t *testing.T) {
	path := filepath.Join(t.TempDir(), "i.gguf")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (&Imatrix{}).WriteFile(path); err == nil {
		t.Fatal("an empty imatrix was written")
	}
	entries, _ := os.ReadDir(filepath.Dir(path))
	if b, err := os.ReadFile(path); err != nil || string(b) != "old" || len(entries) != 1 {
		t.Errorf("%q %v, beside it %v", b, err, entries)
	}
	held, err := lock.File(path+partialSuffix, 0o644, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := smallImatrix(t).WriteFile(path); err == nil || !strings.Contains(err.Error(), "written by another run") {
		t.Errorf("two runs: %v", err)
	}
	if err := errors.Join(os.WriteFile(path+partialSuffix, make([]byte, 10_000), 0o644), held.Close()); err != nil {
		t.Fatal(err)
	}
	if err := smallImatrix(t).WriteFile(path); err != nil { // over what a kill left
		t.Error(err)
	}
	if _, err := ReadImatrix(path); err != nil {
		t.Error(err)
	}
	full := errors.New("full")
	for left := range 400 {
		if err := smallImatrix(t).Write(&limited{left, full}); !errors.Is(err, full) {
			t.Fatalf("full after %d bytes: %v", left, err)
		}
	}
}

// limited is a disk that becomes full.
type limited struct {
	left int
	err  error
}

func (l *limited) Write(b []byte) (int, error) {
	if len(b) > l.left {
		return l.left, l.err
	}
	l.left -= len(b)
	return len(b), nil
}

func TestHostileImatrix(t *testing.T) {
	kv := func(key string, value any) checkpoint.KeyValue { return checkpoint.KeyValue{Key: key, Value: value} }
	meta := []checkpoint.KeyValue{kv(typeKey, imatrixType), kv(datasetsKey, []string{}), kv(chunksKey, uint32(1)), kv(chunkSizeKey, uint32(512))}
	without := func(i int, instead ...checkpoint.KeyValue) []checkpoint.KeyValue {
		return append(slices.Delete(slices.Clone(meta), i, i+1), instead...)
	}
	f32 := func(name string, values ...float32) checkpoint.OutTensor {
		return checkpoint.OutTensor{Name: name, DType: tensor.F32, Shape: []int{len(values)}, Data: floats(values)}
	}
	pair := func(counts, sums []float32) []checkpoint.OutTensor {
		return []checkpoint.OutTensor{f32("a.in_sum2", sums...), f32("a.counts", counts...)}
	}
	one := pair([]float32{1}, []float32{1})
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		name    string
		meta    []checkpoint.KeyValue
		tensors []checkpoint.OutTensor
		want    string // "" if it is read
	}{
		{"good", meta, one, ""},
		{"no datasets", without(1), one, ""},
		{"a model", without(0, kv(typeKey, "model")), one, "no imatrix"},
		{"no type", without(0), one, "no imatrix"},
		{"type a number", without(0, kv(typeKey, uint32(1))), one, "want a string"},
		{"datasets a string", without(1, kv(datasetsKey, "x")), one, "list of string"},
		{"source a number", append(slices.Clone(meta), kv(sourceKey, uint32(1))), one, "want a string"},
		{"no chunk count", without(2), one, chunksKey},
		{"negative chunk size", without(3, kv(chunkSizeKey, int32(-1))), one, chunkSizeKey},
		{"huge chunk size", without(3, kv(chunkSizeKey, uint32(1<<31))), one, chunkSizeKey},
		{"no tensors", meta, nil, "no tensor"},
		{"no counts", meta, one[:1], `no "a.counts"`},
		{"no sums", meta, one[1:], `no "a.in_sum2"`},
		{"another tensor", meta, append(slices.Clone(one), f32("b.weight", 1)), "neither"},
		{"uneven", meta, pair([]float32{1, 1}, []float32{1, 1, 1}), "3 sums of 2 matrices"},
		{"half a token", meta, pair([]float32{0.5}, []float32{1}), "0.5 tokens"},
		{"negative count", meta, pair([]float32{-1}, []float32{1}), "-1 tokens"},
		{"NaN count", meta, pair([]float32{nan}, []float32{1}), "NaN tokens"},
		{"huge count", meta, pair([]float32{1 << 25}, []float32{1}), "tokens"},
		{"NaN sum", meta, pair([]float32{1}, []float32{1, nan}), "column 1"},
		{"infinite sum", meta, pair([]float32{1}, []float32{inf}), "column 0"},
		{"negative sum", meta, pair([]float32{1}, []float32{-1}), "column 0"},
		{"unseen with a sum", meta, pair([]float32{1, 0}, []float32{1, 2}), "no token was seen"},
		{"half precision", meta, []checkpoint.OutTensor{one[1], {Name: "a.in_sum2", DType: tensor.F16, Shape: []int{1}, Data: bytes.NewReader([]byte{0, 0})}}, "want f32"},
	} {
		var b bytes.Buffer
		if err := checkpoint.WriteGGUF(&b, c.meta, c.tensors); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		path := filepath.Join(t.TempDir(), "i.gguf")
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := ReadImatrix(path)
		switch {
		case (err == nil) != (c.want == ""):
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		case err != nil && (!strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path)):
			t.Errorf("%s: %v does not say %q of %s", c.name, err, c.want, path)
		}
	}
}

// FuzzImatrix: what is read is written and read again as it was, and no column's
// mean is anything but a number.
func FuzzImatrix(f *testing.F) {
	var seed bytes.Buffer
	if err := smallImatrix(f).Write(&seed); err != nil {
		f.Fatal(err)
	}
	f.Add(seed.Bytes())
	f.Add(seed.Bytes()[:seed.Len()-5])
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := checkpoint.OpenBytes("fuzz", data)
		if err != nil {
			return
		}
		m, err := imatrixOf(c)
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := m.Write(&out); err != nil {
			return // the writer is stricter with names
		}
		c, err = checkpoint.OpenBytes("again", out.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		again, err := imatrixOf(c)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range m.Names() {
			if !slices.Equal(m.Counts(name), again.Counts(name)) {
				t.Fatalf("%s: counts %d, then %d", name, m.Counts(name), again.Counts(name))
			}
			for e := range m.Counts(name) {
				means := m.Columns(name, e)
				if !slices.Equal(means, again.Columns(name, e)) {
					t.Fatalf("%s %d: %v, then %v", name, e, means, again.Columns(name, e))
				}
			}
		}
	})
}
