package kernel

import (
	"fmt"
	"slices"
	"strings"

	"github.com/deskseek/deskseek/internal/cpu"
)

// The tier in use; where none is set, the generic loops are.
var useAVX512, useAVX2, useI8MM, useNEON = uses(cpu.Tiers()[0])

// uses says which loops a tier takes: with products of matrices, those of NEON
// for all else.
func uses(tier string) (avx512, avx2, i8mm, neon bool) {
	i8mm = tier == cpu.I8MM
	return tier == cpu.AVX512, tier == cpu.AVX2, i8mm, i8mm || tier == cpu.NEON
}

// Tiers returns the names of the tiers this machine can run, best first:
// "avx512", "avx2", "neon-i8mm", "neon", and always "generic".
func Tiers() []string { return cpu.Tiers() }

// Tier returns the name of the tier in use: at first, the best.
func Tier() string {
	switch {
	case useAVX512:
		return cpu.AVX512
	case useAVX2:
		return cpu.AVX2
	case useI8MM:
		return cpu.I8MM
	case useNEON:
		return cpu.NEON
	}
	return cpu.Generic
}

// Select makes tier the one in use. It may not run beside any other call into
// this package.
func Select(tier string) error {
	if !slices.Contains(Tiers(), tier) {
		return fmt.Errorf("instruction set %q is not one this machine and build have: %s",
			tier, strings.Join(Tiers(), ", "))
	}
	useAVX512, useAVX2, useI8MM, useNEON = uses(tier)
	return nil
}
