//go:build !purego

package measure

import (
	"golang.org/x/sys/cpu"

	"github.com/deskseek/deskseek/kernel"
)

//go:noescape
func readAVX2(b *byte, units int) uint64

//go:noescape
func multiplyVNNI(turns int)

//go:noescape
func multiplyAVX2(turns int)

func readLoop(b []byte) uint64 {
	if cpu.X86.HasAVX2 && len(b) >= readUnit {
		return readAVX2(&b[0], len(b)/readUnit)
	}
	return readGeneric(b)
}

// newMultiplier returns the widest multiplication of bytes that the tier in use
// may take. Turns are so many that a run takes some 10 µs.
func newMultiplier() multiplier {
	const turns = 4096
	switch tier := kernel.Tier(); {
	case tier == "avx512" && cpu.X86.HasAVX512VNNI:
		return multiplier{"int8, VPDPBUSD of 64 bytes", func() { multiplyVNNI(turns) }, 2 * turns * 16 * 64}
	case tier == "avx512" || tier == "avx2":
		return multiplier{"int8, VPMADDUBSW of 32 bytes", func() { multiplyAVX2(turns) }, 2 * turns * 8 * 32}
	}
	return floats(func(dst, w, x []float32) { kernel.Dots(dst, w, x, len(w)) })
}
