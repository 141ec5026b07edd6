package kernel

import "fmt"

// AddScaledRows adds Σ a[i]·x[i·stride:] to dst, rows ascending: the same bits
// as an AddScaled for each row, without writing dst in between. It is the
// weighted sum of values in attention.
func AddScaledRows(dst, a, x []float32, stride int) {
	if len(a) == 0 || len(dst) == 0 {
		return
	}
	if stride < len(dst) || len(x) < (len(a)-1)*stride+len(dst) {
		panic(fmt.Sprintf("kernel: AddScaledRows: %d values for %d rows of %d, %d apart", len(x), len(a), len(dst), stride))
	}
	addScaledRows(dst, a, x, stride)
}

// addScaledEach is AddScaledRows as it is defined.
func addScaledEach(dst, a, x []float32, stride int) {
	for i, v := range a {
		addScaled(dst, v, x[i*stride:i*stride+len(dst)])
	}
}
