package kernel

import "fmt"

// Columns turns columns of acc, [cols][Queries], into rows, each times its scale:
//
//	dst[l·stride+c] = acc[c·Queries+l]·scale[l]
//
// for the len(scale) columns from the one on that acc begins at.
func Columns(dst []float32, stride int, acc, scale []float32, cols int) {
	n := len(scale)
	if n > Queries || cols < 0 || stride < cols ||
		n > 0 && cols > 0 && (len(acc) < (cols-1)*Queries+n || len(dst) < (n-1)*stride+cols) {
		panic(fmt.Sprintf("kernel: Columns: %d columns of %d values in %d, to %d, %d apart", n, cols, len(acc), len(dst), stride))
	}
	// As many columns and values as all loops take at once, then what is left.
	fours, eights := n&^3, cols&^7
	for c := 0; fours > 0 && c < eights; c += columnsAtOnce {
		columns(dst[c:], stride, acc[c*Queries:], scale[:fours], min(columnsAtOnce, eights-c))
	}
	columnsGeneric(dst, stride, acc, scale, 0, fours, eights, cols)
	columnsGeneric(dst, stride, acc, scale, fours, n, 0, cols)
}

// columnsAtOnce is how many values of all columns stay in the first cache, whose lines
// several columns share.
const columnsAtOnce = 64

// columnsGeneric does the values from to to of the columns lo to hi.
func columnsGeneric(dst []float32, stride int, acc, scale []float32, lo, hi, from, to int) {
	for l := lo; l < hi; l++ {
		for c := from; c < to; c++ {
			dst[l*stride+c] = acc[c*Queries+l] * scale[l]
		}
	}
}
