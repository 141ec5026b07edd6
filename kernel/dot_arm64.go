//go:build !purego

package kernel

//go:noescape
func dotNEON(a, b *float32, n int) float32

//go:noescape
func dotBF16NEON(w *byte, x *float32, n int) float32

// The loops for four tokens load the weights once; n is the length of a row.

//go:noescape
func dots4NEON(dst, w, x *float32, n, stride int)

//go:noescape
func dots4BF16NEON(dst *float32, w *byte, x *float32, n, stride int)

func dot(a, b []float32) float32 {
	if useNEON {
		return dotNEON(&a[0], &b[0], len(a))
	}
	return dotGeneric(a, b)
}

func dotBF16(w []byte, x []float32) float32 {
	if useNEON {
		return dotBF16NEON(&w[0], &x[0], len(x))
	}
	return dotBF16Generic(w, x)
}

func dots(dst, w, x []float32, stride int) {
	t := 0
	if useNEON {
		for ; t+4 <= len(dst); t += 4 {
			dots4NEON(&dst[t], &w[0], &x[t*stride], len(w), stride)
		}
	}
	for ; t < len(dst); t++ {
		dst[t] = dot(w, x[t*stride:t*stride+len(w)])
	}
}

func dotsBF16(dst []float32, w []byte, x []float32, stride int) {
	n := len(w) / 2
	t := 0
	if useNEON {
		for ; t+4 <= len(dst); t += 4 {
			dots4BF16NEON(&dst[t], &w[0], &x[t*stride], n, stride)
		}
	}
	for ; t < len(dst); t++ {
		dst[t] = dotBF16(w, x[t*stride:t*stride+n])
	}
}
