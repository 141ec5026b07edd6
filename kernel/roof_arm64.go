//go:build !purego

package kernel

//go:noescape
func readLoopNEON(b *byte, n int)

//go:noescape
func multiplyLoopNEON(n int)

//go:noescape
func multiplyLoopI8MM(n int)

func readLoop(b []byte, n int) {
	if useNEON {
		readLoopNEON(&b[0], n)
	} else {
		readLoopGeneric(b)
	}
}

func multiplyLoop(n int) int {
	switch {
	case useI8MM:
		multiplyLoopI8MM(n)
		return 16 * 32 * 2
	case useNEON && hasDotProducts:
		multiplyLoopNEON(n)
		return 16 * 16 * 2
	}
	return multiplyLoopGeneric(n)
}
