//go:build !purego

package kernel

// The sums of 64 columns stay in sixteen registers while the rows go by.
//
//go:noescape
func addScaledRows64NEON(dst, a, x *float32, rows, stride int)

func addScaledRows(dst, a, x []float32, stride int) {
	done := 0
	if useNEON {
		for ; len(dst)-done >= 64; done += 64 {
			addScaledRows64NEON(&dst[done], &a[0], &x[done], len(a), stride)
		}
	}
	if done < len(dst) {
		addScaledEach(dst[done:], a, x[done:], stride)
	}
}
