package checkpoint

import (
	"cmp"
	"slices"

	"github.com/deskseek/deskseek/tensor"
)

// No dimension list is longer, and no tensor has more values, in any file that
// is meant seriously; both keep the sums below from overflowing.
const (
	mostDims   = 8
	mostValues = 1 << 48
)

// An encoding is what a header says of how a tensor is stored.
type encoding struct {
	dtype         tensor.DType
	unsupported   string // the name, where dtype is Invalid
	values, bytes int    // of a block; 0 where they are not known
}

// plainly returns the encoding that is a type.
func plainly(d tensor.DType) encoding {
	values, bytes := d.Block()
	return encoding{dtype: d, values: values, bytes: bytes}
}

// lengthUnknown is the Length of a tensor until place finds out.
const lengthUnknown = -1

// shaped returns a tensor of that shape, outermost dimension first, with its
// length in bytes but not yet its place.
func shaped(file, name string, how encoding, shape []uint64) (*tensor.Tensor, error) {
	if len(shape) > mostDims {
		return nil, badf(file, "tensor %s: %d dimensions, the most is %d", printable(name), len(shape), mostDims)
	}
	values, cols := uint64(1), uint64(1)
	for _, n := range shape {
		if n == 0 {
			return nil, badf(file, "tensor %s: shape %d has no values", printable(name), shape)
		}
		if n > mostValues/values {
			return nil, badf(file, "tensor %s: shape %d is absurdly large", printable(name), shape)
		}
		values, cols = values*n, n
	}
	t := &tensor.Tensor{
		Name:        name,
		DType:       how.dtype,
		Unsupported: how.unsupported,
		Shape:       make([]int, len(shape)),
		Rows:        int(values / cols),
		Cols:        int(cols),
		Source:      tensor.Source{File: file, Length: lengthUnknown},
	}
	for i, n := range shape {
		t.Shape[i] = int(n)
	}
	if block := uint64(how.values); block > 0 {
		if cols%block != 0 {
			return nil, badf(file, "tensor %s: rows of %d values, but %s comes in blocks of %d", printable(name), cols, t.Type(), block)
		}
		t.Source.Length = int64(values / block * uint64(how.bytes))
	}
	return t, nil
}

// place sorts tensors by their offset (Source.Offset, from the file's start),
// and gives each its bytes of data: inside the file, and no byte to two tensors.
// One of unknown length is taken to reach to the next, or to the file's end.
func place(file string, data []byte, tensors []*tensor.Tensor) error {
	slices.SortStableFunc(tensors, func(a, b *tensor.Tensor) int {
		return cmp.Compare(a.Source.Offset, b.Source.Offset)
	})
	size := int64(len(data))
	for i, t := range tensors {
		if t.Source.Length == lengthUnknown {
			end := size
			if i+1 < len(tensors) {
				end = min(end, tensors[i+1].Source.Offset)
			}
			t.Source.Length = max(end-t.Source.Offset, 1) // of values there is at least one
		}
	}
	cut, first := 0, (*tensor.Tensor)(nil)
	for _, t := range tensors {
		if t.Source.Offset > size-t.Source.Length {
			if cut++; first == nil {
				first = t
			}
		}
	}
	if first != nil {
		return badf(file, "truncated: tensor %s is at bytes %d to %d, the file has %d bytes (tensors cut off: %d of %d)",
			printable(first.Name), first.Source.Offset, first.Source.Offset+first.Source.Length, size, cut, len(tensors))
	}
	for i, t := range tensors {
		lo, hi := t.Source.Offset, t.Source.Offset+t.Source.Length
		if i > 0 {
			before := tensors[i-1]
			if end := before.Source.Offset + before.Source.Length; lo < end {
				return badf(file, "tensor %s begins at byte %d, inside tensor %s, which ends at byte %d",
					printable(t.Name), lo, printable(before.Name), end)
			}
		}
		if t.Unsupported == "" {
			t.Data = data[lo:hi:hi]
		}
	}
	return nil
}
