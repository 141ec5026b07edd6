// Package cpu knows which of the instruction sets that deskseek has loops for
// this machine can run. It does not know what those loops compute, nor which of
// them is in use.
package cpu

import (
	"runtime"

	"golang.org/x/sys/cpu"
)

// The tiers, each the name of a family of loops.
const (
	AVX512  = "avx512"    // amd64 with AVX-512 F, BW, DQ and VL (Skylake-X, Zen 4)
	AVX2    = "avx2"      // amd64 with AVX2 and FMA (Haswell, Zen)
	I8MM    = "neon-i8mm" // arm64 with products of 8-bit matrices (Apple M2, Neoverse V1 and N2)
	NEON    = "neon"      // every arm64
	Generic = "generic"
)

// Tiers returns the tiers this machine can run, best first. Generic is always
// the last, and the only one where assembly is left out (build tag purego).
func Tiers() []string {
	var tiers []string
	if assembly {
		x := cpu.X86
		if x.HasAVX512F && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL {
			tiers = append(tiers, AVX512)
		}
		if x.HasAVX2 && x.HasFMA {
			tiers = append(tiers, AVX2)
		}
		if cpu.ARM64.HasI8MM && cpu.ARM64.HasASIMDDP {
			tiers = append(tiers, I8MM)
		}
		if runtime.GOARCH == "arm64" {
			tiers = append(tiers, NEON)
		}
	}
	return append(tiers, Generic)
}
