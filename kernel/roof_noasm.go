//go:build purego || !(amd64 || arm64)

package kernel

func readLoop(b []byte, _ int) { readLoopGeneric(b) }

func multiplyLoop(n int) int { return multiplyLoopGeneric(n) }
