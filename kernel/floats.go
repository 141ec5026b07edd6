package kernel

import "fmt"

// A Format is how floats are stored, little-endian.
type Format uint8

// The formats.
const (
	BF16 Format = iota
	F16
	F32
	numFormats
)

// Bytes returns how many bytes one value takes.
func (f Format) Bytes() int {
	if f == F32 {
		return 4
	}
	return 2
}

// Floats are rows of stored floats, at any address.
type Floats struct {
	Data   []byte
	Format Format
}

// chainColumns is how many products MatMulFloats adds in one go.
const chainColumns = 256

// MatMulFloats multiplies rows of k stored floats with n rows of x, which lie
// xStride values apart: dst[t·stride+r] is row r of w times row t of x.
//
// The columns are taken 256 at a time. Over these, ascending, and from 0 on,
//
//	s = fma(w, x, s)
//
// rounded once; and the sums s are added one by one, ascending. So a vector has
// outputs in its lanes, and each tier gives the same for any number of rows of
// w and of x.
func MatMulFloats(dst []float32, stride int, w Floats, rows, k int, x []float32, xStride, n int, s *Scratch) {
	if w.Format >= numFormats || rows < 0 || k <= 0 || n < 0 {
		panic(fmt.Sprintf("kernel: MatMulFloats: format %d, %d rows of %d, %d tokens", w.Format, rows, k, n))
	}
	sameLength("MatMulFloats: weights", len(w.Data), rows*k*w.Format.Bytes())
	checkTokens("MatMulFloats", n, k, len(x), xStride)
	checkResults("MatMulFloats", len(dst), stride, rows, n)
	if rows > 0 && n > 0 {
		matMulFloats(dst, stride, w, rows, k, x, xStride, n, s)
	}
}

// checkResults panics unless n rows of results that lie stride apart are in
// length values, and apart.
func checkResults(kernel string, length, stride, rows, n int) {
	if stride < 0 || n > 1 && stride < rows {
		panic(fmt.Sprintf("kernel: %s: stride %d for %d rows", kernel, stride, rows))
	}
	checkTokens(kernel, n, rows, length, stride)
}
