//go:build !purego

package kernel

// The sums of 128 (64) columns stay in eight registers while the rows go by.

//go:noescape
func addScaledRows128AVX512(dst, a, x *float32, rows, stride int)

//go:noescape
func addScaledRows64AVX2(dst, a, x *float32, rows, stride int)

func addScaledRows(dst, a, x []float32, stride int) {
	done := 0
	switch {
	case useAVX512:
		for ; len(dst)-done >= 128; done += 128 {
			addScaledRows128AVX512(&dst[done], &a[0], &x[done], len(a), stride)
		}
	case useAVX2:
		for ; len(dst)-done >= 64; done += 64 {
			addScaledRows64AVX2(&dst[done], &a[0], &x[done], len(a), stride)
		}
	}
	if done < len(dst) {
		addScaledEach(dst[done:], a, x[done:], stride)
	}
}
