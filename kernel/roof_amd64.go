//go:build !purego

package kernel

//go:noescape
func readLoopAVX2(b *byte, n int)

//go:noescape
func multiplyLoopVNNI(n int)

func readLoop(b []byte, n int) {
	if useAVX512 || useAVX2 {
		readLoopAVX2(&b[0], n)
	} else {
		readLoopGeneric(b)
	}
}

func multiplyLoop(n int) int {
	if useAVX512 && hasVNNI {
		multiplyLoopVNNI(n)
		return 24 * 64 * 2
	}
	return multiplyLoopGeneric(n)
}
