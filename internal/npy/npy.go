// Package npy knows NumPy's .npy files, version 1.0, as far as the golden
// vectors and traces need them: C order, little-endian, float32 or int32. It
// does not know what the numbers mean.
package npy

import (
	"fmt"
	"math"
	"math/bits"
)

// The layout (numpy.lib.format, version 1.0):
//
//	┌─────────────────┬──────┬──────┬──────────────┬─────────────────────┬────────────────────┐
//	│ "\x93NUMPY" (6) │ 1 u8 │ 0 u8 │ n <uint16le> │ header <n bytes>    │ values             │
//	└─────────────────┴──────┴──────┴──────────────┴─────────────────────┴────────────────────┘
//	 0                 6      7      8              10                    10+n, multiple of 64
//
// The header is the text of a Python dictionary with three keys, padded with
// spaces, and a line feed as its last byte:
//
//	{'descr': '<f4', 'fortran_order': False, 'shape': (48, 256), }
//
// The values are product(shape)·4 bytes, the last index running fastest.
const (
	magic   = "\x93NUMPY"
	prefix  = len(magic) + 4
	align   = 64
	maxDims = 64 // NumPy's own limit
)

// An Array is one file's content. Exactly one of F4 and I4 is not nil; it holds
// product(Shape) values in C order. An empty Shape is a single value.
type Array struct {
	Shape []int
	F4    []float32 // '<f4'
	I4    []int32   // '<i4'
}

// Element is a kind of value that a file can hold here.
type Element interface{ float32 | int32 }

// descr returns NumPy's name of T.
func descr[T Element]() string {
	var zero T
	if _, ok := any(zero).(float32); ok {
		return "<f4"
	}
	return "<i4"
}

// count returns the number of values an array of this shape has, or an error if
// a dimension is negative or the bytes could not be counted by an int.
func count(shape []int) (int, error) {
	if len(shape) > maxDims {
		return 0, fmt.Errorf("shape has %d dimensions, want at most %d", len(shape), maxDims)
	}
	// Zeros count as ones at first, so that whether a shape is accepted does not
	// depend on where the zero stands.
	n, empty := uint64(1), false
	for _, d := range shape {
		if d < 0 {
			return 0, fmt.Errorf("shape %v has a negative dimension", shape)
		}
		if d == 0 {
			empty = true
			continue
		}
		hi, lo := bits.Mul64(n, uint64(d))
		if hi != 0 || lo > math.MaxInt/4 {
			return 0, fmt.Errorf("shape %v has more values than can be addressed", shape)
		}
		n = lo
	}
	if empty {
		return 0, nil
	}
	return int(n), nil
}
