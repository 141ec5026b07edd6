package kernel

import "fmt"

// Dot returns Σ a[i]·b[i]. a and b are of one length.
func Dot(a, b []float32) float32 {
	sameLength("Dot", len(b), len(a))
	if len(a) == 0 {
		return 0
	}
	return dot(a, b)
}

// DotBF16 returns Σ w[i]·x[i]. w holds len(x) little-endian bfloat16, which
// float32 holds exactly.
func DotBF16(w []byte, x []float32) float32 {
	sameLength("DotBF16", len(w), 2*len(x))
	if len(x) == 0 {
		return 0
	}
	return dotBF16(w, x)
}

// Dots sets dst[t] = Dot(w, x[t·stride : t·stride+len(w)]): one row of weights
// against the activations of len(dst) tokens, which lie stride values apart.
func Dots(dst, w, x []float32, stride int) {
	checkTokens("Dots", len(dst), len(w), len(x), stride)
	if len(w) == 0 {
		clear(dst)
		return
	}
	dots(dst, w, x, stride)
}

// DotsBF16 is Dots for a row of k little-endian bfloat16: w is 2k bytes.
func DotsBF16(dst []float32, w []byte, x []float32, k, stride int) {
	sameLength("DotsBF16", len(w), 2*k)
	checkTokens("DotsBF16", len(dst), k, len(x), stride)
	if k == 0 {
		clear(dst)
		return
	}
	dotsBF16(dst, w, x, stride)
}

// checkTokens panics unless values holds n rows of k that lie stride apart.
func checkTokens(kernel string, n, k, values, stride int) {
	switch {
	case n == 0:
	case stride < 0, values < k, stride > 0 && (values-k)/stride < n-1:
		panic(fmt.Sprintf("kernel: %s: %d values for %d rows of %d with stride %d", kernel, values, n, k, stride))
	}
}
