package checkpoint

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/deskseek/deskseek/tensor"
)

// TestWriteGGUF: what is written is read again, value for value.
func TestWriteGGUF(t *testing.T) {
	for _, alignment := range []uint32{0, 8, 64, 4096} {
		small, err := OpenBytes("small", smallGGUF(t))
		if err != nil {
			t.Fatal(err)
		}
		meta := slices.DeleteFunc(slices.Clone(small.Metadata()), func(kv KeyValue) bool { return kv.Key == alignmentKey })
		if alignment > 0 {
			meta = slices.Insert(slices.Clone(meta), 1, KeyValue{alignmentKey, alignment})
		}
		var out bytes.Buffer
		if err := WriteGGUF(&out, meta, outTensors(small)); err != nil {
			t.Fatal(err)
		}
		got, err := OpenBytes("again", out.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if alignment == 0 { // the format's, and no key says it
			alignment = 32
		}
		if !reflect.DeepEqual(got.Metadata(), meta) {
			t.Errorf("metadata %v, want %v", got.Metadata(), meta)
		}
		if !reflect.DeepEqual(got.Names(), small.Names()) || len(got.Names()) != len(ggmlTypes) {
			t.Errorf("names %v, want %v", got.Names(), small.Names())
		}
		for _, name := range small.Names() {
			g, w := got.Tensor(name), small.Tensor(name)
			if g.DType != w.DType || !reflect.DeepEqual(g.Shape, w.Shape) || !bytes.Equal(g.Data, w.Data) {
				t.Errorf("%s: %v %d, want %v %d", name, g.DType, g.Shape, w.DType, w.Shape)
			}
			if g.Source.Offset%int64(alignment) != 0 {
				t.Errorf("%s is at byte %d, want a multiple of %d", name, g.Source.Offset, alignment)
			}
		}
		if out.Len()%int(alignment) != 0 {
			t.Errorf("%d bytes: llama.cpp wants the last tensor padded, too", out.Len())
		}
	}
}

func TestWriteGGUFRefuses(t *testing.T) {
	data := bytes.NewReader(make([]byte, 32))
	plain := func(name string, d tensor.DType, shape ...int) []OutTensor {
		return []OutTensor{{name, d, shape, data}}
	}
	kv := func(key string, value any) []KeyValue { return []KeyValue{{key, value}} }
	for want, c := range map[string]struct {
		meta    []KeyValue
		tensors []OutTensor
	}{
		"tensor " + strings.Repeat("n", 64) + ": its name has 64 bytes, want UTF-8 of 1 to 63": {nil, plain(strings.Repeat("n", 64), tensor.F32, 8)},
		`tensor "": its name has 0 bytes, want UTF-8 of 1 to 63`:                               {nil, plain("", tensor.F32, 8)},
		"tensor a comes twice":                                                           {nil, append(plain("a", tensor.F32, 8), plain("a", tensor.F32, 8)...)},
		"tensor a: F8_E4M3 does not exist in GGUF":                                       {nil, plain("a", tensor.F8E4M3, 8)},
		"tensor a: 0 dimensions, want 1 to 4":                                            {nil, plain("a", tensor.F32)},
		"tensor a: 5 dimensions, want 1 to 4":                                            {nil, plain("a", tensor.F32, 1, 1, 1, 1, 8)},
		"tensor a: shape [-1 8] has no values":                                           {nil, plain("a", tensor.F32, -1, 8)},
		"GGUF: tensor a: rows of 8 values, but Q8_0 comes in blocks of 32":               {nil, plain("a", tensor.Q8_0, 4, 8)},
		`metadata key "": want UTF-8 of 1 to 65535 bytes`:                                {kv("", true), nil},
		"metadata key a comes twice":                                                     {append(kv("a", true), kv("a", true)...), nil},
		"metadata key a: a Go int has no GGUF type":                                      {kv("a", 5), nil},
		"general.alignment is 48 (uint32), want a uint32, a power of two from 8 to 2^20": {kv(alignmentKey, uint32(48)), nil},
		"general.alignment is 64 (int), want a uint32, a power of two from 8 to 2^20":    {kv(alignmentKey, 64), nil},
	} {
		var out bytes.Buffer
		if err := WriteGGUF(&out, c.meta, c.tensors); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
		if out.Len() > 0 {
			t.Errorf("%s: %d bytes were written before", want, out.Len())
		}
	}
	short := []OutTensor{{"a", tensor.F32, []int{8}, bytes.NewReader(make([]byte, 31))}}
	if err := WriteGGUF(io.Discard, nil, short); err == nil || err.Error() != "writing tensor a: 31 bytes came, want 32: F32 [8]" {
		t.Errorf("short data: %v", err)
	}
	full := errors.New("disk full")
	if err := WriteGGUF(failing{full}, nil, short); !errors.Is(err, full) {
		t.Errorf("failing writer: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
