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

// shaped returns a tensor of that shape, outermost dimension first, with its
// length in bytes but not yet its place.
func shaped(file, name string, d tensor.DType, shape []uint64) (*tensor.Tensor, error) {
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
	block, bytes := d.Block()
	if cols%uint64(block) != 0 {
		return nil, badf(file, "tensor %s: rows of %d values, but %v comes in blocks of %d", printable(name), cols, d, block)
	}
	t := &tensor.Tensor{
		Name:   name,
		DType:  d,
		Shape:  make([]int, len(shape)),
		Rows:   int(values / cols),
		Cols:   int(cols),
		Source: tensor.Source{File: file, Length: int64(values / uint64(block) * uint64(bytes))},
	}
	for i, n := range shape {
		t.Shape[i] = int(n)
	}
	return t, nil
}

// place sorts tensors by their offset (Source.Offset, from the file's start),
// and gives each its bytes of data: inside the file, and no byte to two tensors.
func place(file string, data []byte, tensors []*tensor.Tensor) error {
	slices.SortStableFunc(tensors, func(a, b *tensor.Tensor) int {
		return cmp.Compare(a.Source.Offset, b.Source.Offset)
	})
	size := int64(len(data))
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
		t.Data = data[lo:hi:hi]
	}
	return nil
}
