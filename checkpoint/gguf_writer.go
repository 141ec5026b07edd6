package checkpoint

import (
	"fmt"
	"io"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/deskseek/deskseek/tensor"
)

// longestName is the most bytes of a tensor's name that llama.cpp loads
// (GGML_MAX_NAME, less the final zero).
const longestName = 63

// An OutTensor is a tensor to be written. Data writes its bytes, which are as
// many as DType and Shape say; a bytes.Reader will do.
type OutTensor struct {
	Name  string
	DType tensor.DType
	Shape []int // outermost dimension first; one to four
	Data  io.WriterTo
}

// A Layout is a file of tensors without their bytes: what comes before them, and
// where each goes. What no tensor takes, between them and at the end, is zeros.
type Layout struct {
	Header  []byte
	Offsets []int64 // by tensor, from the file's start
	Sizes   []int64 // bytes, by tensor
	Size    int64   // bytes of the file
}

// LayGGUF lays out a GGUF of version 3 that llama.cpp loads. It checks everything,
// and takes no notice of the tensors' Data.
//
// Tensors are aligned to what meta's general.alignment says (a uint32, a power of
// two from 8 up). Where meta has no such key they are aligned to 32, and none is
// written: llama-quantize copies the key to files that it aligns to 32 whatever the
// key says, and which nothing can read then. llama.cpp refuses gaps between tensors,
// so that there is no more generous layout under that key; but the tensors of real
// networks have sizes that are multiples of 64.
func LayGGUF(meta []KeyValue, tensors []OutTensor) (*Layout, error) {
	alignment, err := checkMetadata(meta)
	if err != nil {
		return nil, err
	}
	sizes, err := checkTensors(tensors)
	if err != nil {
		return nil, err
	}
	header, err := appendHeader(nil, meta, tensors, sizes, alignment)
	if err != nil {
		return nil, err
	}
	l := &Layout{Header: header, Sizes: sizes, Size: int64(len(header))}
	for _, n := range sizes {
		l.Offsets = append(l.Offsets, l.Size)
		l.Size += aligned(n, alignment)
	}
	return l, nil
}

// WriteGGUF writes a GGUF as LayGGUF lays it out. Everything is checked before the
// first byte is written; then the header goes out, and the tensors one after the
// other, as their Data gives them.
func WriteGGUF(w io.Writer, meta []KeyValue, tensors []OutTensor) error {
	l, err := LayGGUF(meta, tensors)
	if err != nil {
		return err
	}
	if _, err := w.Write(l.Header); err != nil {
		return fmt.Errorf("writing the GGUF header: %w", err)
	}
	for i, t := range tensors {
		n, err := t.Data.WriteTo(w)
		if err != nil {
			return fmt.Errorf("writing tensor %s: %w", t.Name, err)
		}
		if n != l.Sizes[i] {
			return fmt.Errorf("writing tensor %s: %d bytes came, want %d: %v %d", t.Name, n, l.Sizes[i], t.DType, t.Shape)
		}
		end := l.Size
		if i+1 < len(tensors) {
			end = l.Offsets[i+1]
		}
		if _, err := w.Write(make([]byte, end-l.Offsets[i]-n)); err != nil {
			return fmt.Errorf("writing tensor %s: %w", t.Name, err)
		}
	}
	return nil
}

// aligned rounds n up to a multiple.
func aligned(n, alignment int64) int64 { return (n + alignment - 1) / alignment * alignment }

// checkMetadata returns the alignment that meta says, or else the default.
func checkMetadata(meta []KeyValue) (alignment int64, err error) {
	alignment = defaultAlignment
	seen := map[string]bool{}
	for _, kv := range meta {
		switch {
		case kv.Key == "" || !utf8.ValidString(kv.Key) || len(kv.Key) > math.MaxUint16:
			return 0, fmt.Errorf("metadata key %s: want UTF-8 of 1 to %d bytes", printable(kv.Key), math.MaxUint16)
		case seen[kv.Key]:
			return 0, fmt.Errorf("metadata key %s comes twice", kv.Key)
		}
		seen[kv.Key] = true
		if kv.Key == alignmentKey {
			n, ok := kv.Value.(uint32)
			if !ok || n < 8 || n&(n-1) != 0 || n > 1<<20 {
				return 0, fmt.Errorf("%s is %v (%T), want a uint32, a power of two from 8 to 2^20", alignmentKey, kv.Value, kv.Value)
			}
			alignment = int64(n)
		}
	}
	return alignment, nil
}

// checkTensors returns the bytes of each tensor.
func checkTensors(tensors []OutTensor) ([]int64, error) {
	seen := map[string]bool{}
	sizes := make([]int64, len(tensors))
	for i, t := range tensors {
		_, known := ggmlNumber(t.DType)
		switch {
		case t.Name == "" || len(t.Name) > longestName || !utf8.ValidString(t.Name):
			return nil, fmt.Errorf("tensor %s: its name has %d bytes, want UTF-8 of 1 to %d", printable(t.Name), len(t.Name), longestName)
		case seen[t.Name]:
			return nil, fmt.Errorf("tensor %s comes twice", t.Name)
		case !known:
			return nil, fmt.Errorf("tensor %s: %v does not exist in GGUF", t.Name, t.DType)
		case len(t.Shape) < 1 || len(t.Shape) > mostGGUFDims:
			return nil, fmt.Errorf("tensor %s: %d dimensions, want 1 to %d", t.Name, len(t.Shape), mostGGUFDims)
		case slices.Min(t.Shape) < 1:
			return nil, fmt.Errorf("tensor %s: shape %d has no values", t.Name, t.Shape)
		}
		seen[t.Name] = true
		shape := make([]uint64, len(t.Shape))
		for j, n := range t.Shape {
			shape[j] = uint64(n)
		}
		whole, err := shaped("GGUF", t.Name, plainly(t.DType), shape)
		if err != nil {
			return nil, err
		}
		sizes[i] = whole.Source.Length
	}
	return sizes, nil
}

func appendHeader(b []byte, meta []KeyValue, tensors []OutTensor, sizes []int64, alignment int64) ([]byte, error) {
	b = append(b, "GGUF"...)
	b = little.AppendUint32(b, 3)
	b = little.AppendUint64(b, uint64(len(tensors)))
	b = little.AppendUint64(b, uint64(len(meta)))
	for _, kv := range meta {
		t, ok := valueTypeOf(kv.Value)
		if !ok {
			return nil, fmt.Errorf("metadata key %s: a Go %T has no GGUF type", kv.Key, kv.Value)
		}
		b = appendString(b, kv.Key)
		if t.list {
			b = little.AppendUint32(b, kindList)
		}
		b = little.AppendUint32(b, t.kind)
		b = appendValue(b, kv.Value)
	}
	offset := int64(0)
	for i, t := range tensors {
		b = appendString(b, t.Name)
		b = little.AppendUint32(b, uint32(len(t.Shape)))
		for _, n := range slices.Backward(t.Shape) {
			b = little.AppendUint64(b, uint64(n))
		}
		number, _ := ggmlNumber(t.DType)
		b = little.AppendUint32(b, number)
		b = little.AppendUint64(b, uint64(offset))
		offset = aligned(offset+sizes[i], alignment)
	}
	return append(b, make([]byte, aligned(int64(len(b)), alignment)-int64(len(b)))...), nil
}

func appendString(b []byte, s string) []byte {
	return append(little.AppendUint64(b, uint64(len(s))), s...)
}

// appendValue appends a value of one of the types of KeyValue.
func appendValue(b []byte, value any) []byte {
	switch v := value.(type) {
	case uint8:
		return append(b, v)
	case int8:
		return append(b, byte(v))
	case uint16:
		return little.AppendUint16(b, v)
	case int16:
		return little.AppendUint16(b, uint16(v))
	case uint32:
		return little.AppendUint32(b, v)
	case int32:
		return little.AppendUint32(b, uint32(v))
	case uint64:
		return little.AppendUint64(b, v)
	case int64:
		return little.AppendUint64(b, uint64(v))
	case float32:
		return little.AppendUint32(b, math.Float32bits(v))
	case float64:
		return little.AppendUint64(b, math.Float64bits(v))
	case bool:
		if v {
			return append(b, 1)
		}
		return append(b, 0)
	case string:
		return appendString(b, v)
	}
	return appendList(b, value)
}

func appendList(b []byte, value any) []byte {
	switch v := value.(type) {
	case []uint8:
		return appendAll(b, v)
	case []int8:
		return appendAll(b, v)
	case []uint16:
		return appendAll(b, v)
	case []int16:
		return appendAll(b, v)
	case []uint32:
		return appendAll(b, v)
	case []int32:
		return appendAll(b, v)
	case []uint64:
		return appendAll(b, v)
	case []int64:
		return appendAll(b, v)
	case []float32:
		return appendAll(b, v)
	case []float64:
		return appendAll(b, v)
	case []bool:
		return appendAll(b, v)
	case []string:
		return appendAll(b, v)
	}
	panic(fmt.Sprintf("checkpoint: writing a %T", value)) // valueTypeOf let it pass
}

func appendAll[T any](b []byte, list []T) []byte {
	b = little.AppendUint64(b, uint64(len(list)))
	for _, v := range list {
		b = appendValue(b, v)
	}
	return b
}
