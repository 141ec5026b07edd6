//go:build !purego

package kernel

//go:noescape
func dotAVX512(a, b *float32, n int) float32

//go:noescape
func dotAVX2(a, b *float32, n int) float32

//go:noescape
func dotBF16AVX512(w *byte, x *float32, n int) float32

//go:noescape
func dotBF16AVX2(w *byte, x *float32, n int) float32

// The loops for four tokens load the weights once; n is the length of a row.

//go:noescape
func dots4AVX512(dst, w, x *float32, n, stride int)

//go:noescape
func dots4AVX2(dst, w, x *float32, n, stride int)

//go:noescape
func dots4BF16AVX512(dst *float32, w *byte, x *float32, n, stride int)

//go:noescape
func dots4BF16AVX2(dst *float32, w *byte, x *float32, n, stride int)

func dot(a, b []float32) float32 {
	switch {
	case useAVX512:
		return dotAVX512(&a[0], &b[0], len(a))
	case useAVX2:
		return dotAVX2(&a[0], &b[0], len(a))
	}
	return dotGeneric(a, b)
}

func dotBF16(w []byte, x []float32) float32 {
	switch {
	case useAVX512:
		return dotBF16AVX512(&w[0], &x[0], len(x))
	case useAVX2:
		return dotBF16AVX2(&w[0], &x[0], len(x))
	}
	return dotBF16Generic(w, x)
}

func dots(dst, w, x []float32, stride int) {
	t := 0
	switch {
	case useAVX512:
		for ; t+4 <= len(dst); t += 4 {
			dots4AVX512(&dst[t], &w[0], &x[t*stride], len(w), stride)
		}
	case useAVX2:
		for ; t+4 <= len(dst); t += 4 {
			dots4AVX2(&dst[t], &w[0], &x[t*stride], len(w), stride)
		}
	}
	for ; t < len(dst); t++ {
		dst[t] = dot(w, x[t*stride:t*stride+len(w)])
	}
}

func dotsBF16(dst []float32, w []byte, x []float32, stride int) {
	n := len(w) / 2
	t := 0
	switch {
	case useAVX512:
		for ; t+4 <= len(dst); t += 4 {
			dots4BF16AVX512(&dst[t], &w[0], &x[t*stride], n, stride)
		}
	case useAVX2:
		for ; t+4 <= len(dst); t += 4 {
			dots4BF16AVX2(&dst[t], &w[0], &x[t*stride], n, stride)
		}
	}
	for ; t < len(dst); t++ {
		dst[t] = dotBF16(w, x[t*stride:t*stride+n])
	}
}
