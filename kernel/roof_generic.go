package kernel

import "encoding/binary"

//go:noinline
func readLoopGeneric(b []byte) uint64 {
	var sum uint64
	for ; len(b) >= 64; b = b[64:] {
		sum += binary.LittleEndian.Uint64(b)
	}
	return sum
}

// multiplyLoopGeneric returns the operations of one step.
func multiplyLoopGeneric(n int) int {
	var sums [4]int32
	x, w := int32(int8(n)), int32(int8(n>>1))
	for range n {
		for i := range sums {
			sums[i] += w * x
		}
		x ^= sums[3] & 1
	}
	return 2 * len(sums)
}
