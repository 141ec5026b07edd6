package checkpoint

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/deskseek/deskseek/tensor"
)

// laid writes a file as its layout says: the header, and each tensor at its place.
func laid(t *testing.T, path string, l *Layout, tensors []OutTensor) {
	t.Helper()
	b := make([]byte, l.Size)
	copy(b, l.Header)
	for i, x := range tensors {
		var data bytes.Buffer
		if _, err := x.Data.WriteTo(&data); err != nil {
			t.Fatal(err)
		}
		if int64(data.Len()) != l.Sizes[i] {
			t.Fatalf("%s has %d bytes, the layout says %d", x.Name, data.Len(), l.Sizes[i])
		}
		copy(b[l.Offsets[i]:], data.Bytes())
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// numbered returns n tensors of 4, 8, 12, … values, all of them the tensor's number.
func numbered(n int) (all []OutTensor) {
	for i := range n {
		size := 16 * (i + 1)
		all = append(all, OutTensor{strings.Repeat("t", i+1), tensor.F32, []int{i + 1, 4}, bytes.NewReader(slices.Repeat([]byte{byte(i)}, size))})
	}
	return all
}

// TestLaySplit: whatever the limit, the files have no more than it allows, and are
// opened as one checkpoint that has all tensors.
func TestLaySplit(t *testing.T) {
	for _, c := range []struct {
		limit SplitLimit
		ends  []int // of each file's tensors
	}{
		{SplitLimit{}, []int{6}},
		{SplitLimit{Tensors: 6}, []int{6}},
		{SplitLimit{Tensors: 4}, []int{4, 6}},
		{SplitLimit{Tensors: 1}, []int{1, 2, 3, 4, 5, 6}},
		{SplitLimit{Bytes: 96}, []int{3, 4, 5, 6}},
		{SplitLimit{Bytes: 1}, []int{1, 2, 3, 4, 5, 6}},
		{SplitLimit{Bytes: 150, Tensors: 2}, []int{2, 4, 5, 6}},
	} {
		path, tensors := filepath.Join(t.TempDir(), "a.b.gguf"), numbered(6)
		files, err := LaySplit(path, []KeyValue{{"general.architecture", "deepseek2"}}, tensors, c.limit)
		if err != nil {
			t.Fatal(err)
		}
		var ends []int
		for _, f := range files {
			ends = append(ends, f.To)
			laid(t, f.Path, f.Layout, tensors[f.From:f.To])
		}
		if !slices.Equal(ends, c.ends) {
			t.Errorf("%+v: files end behind tensors %v, want %v", c.limit, ends, c.ends)
		}
		ck := mustOpen(t, files[len(files)-1].Path)
		if len(ck.Names()) != 6 || ck.Metadata().Value("general.architecture") != "deepseek2" {
			t.Errorf("%+v: %d tensors, metadata %v", c.limit, len(ck.Names()), ck.Metadata())
		}
		for i, x := range tensors {
			got := ck.Tensor(x.Name)
			if got == nil || !slices.Equal(got.Shape, x.Shape) || !bytes.Equal(got.Data, slices.Repeat([]byte{byte(i)}, 16*(i+1))) {
				t.Errorf("%+v: tensor %s: %v", c.limit, x.Name, got)
			}
		}
	}
	files, err := LaySplit("dir/model", nil, numbered(2), SplitLimit{Tensors: 1})
	if err != nil || files[1].Path != "dir/model-00002-of-00002.gguf" {
		t.Errorf("names %v, error %v", files, err)
	}
	if _, err := LaySplit("a", nil, slices.Repeat(numbered(1), 2), SplitLimit{}); err == nil || err.Error() != "tensor t comes twice" {
		t.Errorf("error %v", err)
	}
}

// TestLaySafetensors: what is laid out is read again; data begin at a cache line.
func TestLaySafetensors(t *testing.T) {
	tensors := numbered(5)
	l, err := LaySafetensors("pt", tensors)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "model.safetensors")
	laid(t, path, l, tensors)
	ck := mustOpen(t, path)
	for i, x := range tensors {
		got := ck.Tensor(x.Name)
		if got == nil || !slices.Equal(got.Shape, x.Shape) || !bytes.Equal(got.Data, slices.Repeat([]byte{byte(i)}, 16*(i+1))) {
			t.Errorf("tensor %s: %v", x.Name, got)
		}
	}
	if l.Offsets[0]%64 != 0 {
		t.Errorf("data begin at byte %d, want a multiple of 64", l.Offsets[0])
	}
	for want, bad := range map[string][]OutTensor{
		"tensor t comes twice":                         slices.Repeat(numbered(1), 2),
		"tensor q: Q8_0 does not exist in safetensors": {{"q", tensor.Q8_0, []int{1, 32}, nil}},
	} {
		if _, err := LaySafetensors("pt", bad); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
