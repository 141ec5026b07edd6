//go:build !purego

package kernel

//go:noescape
func readLoopAVX2(b *byte, n int)

//go:noescape
func multiplyLoopVNNI(n int)

//go:noescape
func multiplyLoopAVX2(n int)

func readLoop(b []byte, n int) {
	if useAVX512 || useAVX2 {
		readLoopAVX2(&b[0], n)
	} else {
		readLoopGeneric(b)
	}
}

func multiplyLoop(n int) int {
	switch {
	case useAVX512 && hasVNNI:
		multiplyLoopVNNI(n)
		return 24 * 64 * 2
	case useAVX512 || useAVX2:
		multiplyLoopAVX2(n)
		return 8 * 32 * 2
	}
	return multiplyLoopGeneric(n)
}
