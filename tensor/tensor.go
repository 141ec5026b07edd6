// Package tensor says what a stored weight is: its encoding, its shape, and
// where its bytes are. Decode is the definition of every encoding. The package
// knows no file format, no model and no arithmetic beyond that definition.
package tensor

import "fmt"

// A Tensor is one stored weight matrix, row-major. Data is read-only: it is
// usually a window of a mapped file.
//
// Tensors of more than two dimensions are seen as matrices: Cols is the last
// dimension, Rows the product of all others; a vector is one row.
type Tensor struct {
	Name  string
	DType DType
	Shape []int // as stored, outermost first; a slice has [Rows Cols]
	Rows  int
	Cols  int
	Data  []byte

	// Unsupported is the name of an encoding that is not read: DType is Invalid
	// then, and Data nil. It is "" for all others.
	Unsupported string

	// Scale and Bias are nil unless the format keeps them apart.
	// F8E4M3: Scale is [ceil(N/128), ceil(Cols/128)] in F32 or BF16, over the
	// unsliced matrix; MLX4, MLX8: both are [Rows, Cols/group] in F16, BF16 or F32.
	Scale, Bias *Tensor

	// FirstRow is the row of the unsliced matrix that row 0 is, where Scale
	// still counts from that matrix's start (F8E4M3); otherwise 0.
	FirstRow int

	Source Source
}

// A Source says where a tensor's bytes lie, for direct reads and for dropping
// pages of a mapping.
type Source struct {
	File   string
	Offset int64 // bytes from the start of the file
	Length int64 // bytes
}

// Type returns the name of the encoding, also of one that is not read.
func (t *Tensor) Type() string {
	if t.Unsupported != "" {
		return t.Unsupported
	}
	return t.DType.String()
}

// RowBytes returns the bytes one row takes.
func (t *Tensor) RowBytes() int { return t.DType.RowBytes(t.Cols) }

// Row returns the stored bytes of one row.
func (t *Tensor) Row(row int) []byte {
	n := t.RowBytes()
	return t.Data[row*n : (row+1)*n]
}

// Slice returns rows lo to hi of t, without copying. It panics if they are not
// rows of t.
func (t *Tensor) Slice(lo, hi int) *Tensor {
	if lo < 0 || hi < lo || hi > t.Rows {
		panic(fmt.Sprintf("tensor %s: rows %d to %d of %d", t.Name, lo, hi, t.Rows))
	}
	s := *t
	n := t.RowBytes()
	s.Data = t.Data[lo*n : hi*n : hi*n]
	s.Rows, s.Shape = hi-lo, []int{hi - lo, t.Cols}
	s.Source.Offset += int64(lo * n)
	s.Source.Length = int64((hi - lo) * n)
	switch t.DType {
	case F8E4M3:
		s.FirstRow = t.FirstRow + lo
	case MLX4, MLX8:
		s.Scale, s.Bias = t.Scale.Slice(lo, hi), t.Bias.Slice(lo, hi)
	}
	return &s
}
