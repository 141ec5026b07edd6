package kernel

import (
	"encoding/binary"
	"math"
)

func matMulFloatsGeneric(dst []float32, stride int, w Floats, rows, k int, x []float32, xStride, n int) {
	var decoded [chainColumns]float32
	rowBytes := k * w.Format.Bytes()
	for r := range rows {
		for t := range n {
			dst[t*stride+r] = 0
		}
		row := w.Data[r*rowBytes:][:rowBytes]
		for c := 0; c < k; c += chainColumns {
			weights := decoded[:min(chainColumns, k-c)]
			w.Format.widen(weights, row[c*w.Format.Bytes():])
			for t := range n {
				dst[t*stride+r] += chain(weights, x[t*xStride+c:])
			}
		}
	}
}

// chain returns the sum of the products of w and x, added one by one.
func chain(w, x []float32) float32 {
	var s float32
	x = x[:len(w)]
	for i, v := range w {
		s = fma(v, x[i], s)
	}
	return s
}

// widen sets dst to the values at the beginning of src.
func (f Format) widen(dst []float32, src []byte) {
	size := f.Bytes()
	for i := range dst {
		dst[i] = f.value(src[i*size:])
	}
}

// value returns the value at the beginning of src, which float32 holds exactly.
func (f Format) value(src []byte) float32 {
	switch f {
	case BF16:
		return bf16(src[0], src[1])
	case F16:
		return half(src)
	}
	return math.Float32frombits(binary.LittleEndian.Uint32(src))
}
