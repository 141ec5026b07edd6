//go:build purego || !amd64

package measure

import "github.com/deskseek/deskseek/kernel"

func readLoop(b []byte) uint64 { return readGeneric(b) }

// newMultiplier returns the loop of the kernels, which are f32 here.
func newMultiplier() multiplier {
	return floats(func(dst, w, x []float32) { kernel.Dots(dst, w, x, len(w)) })
}
