package kernel

import (
	"fmt"
	"slices"
	"strings"

	"github.com/deskseek/deskseek/internal/cpu"
)

// The tier in use; where none is set, the generic loops are.
var useAVX512, useAVX2, useNEON = uses(cpu.Tiers()[0])

func uses(tier string) (avx512, avx2, neon bool) {
	return tier == cpu.AVX512, tier == cpu.AVX2, tier == cpu.NEON
}

// Tiers returns the names of the tiers this machine can run, best first:
// "avx512", "avx2", "neon", and always "generic".
func Tiers() []string { return cpu.Tiers() }

// Tier returns the name of the tier in use: at first, the best.
func Tier() string {
	switch {
	case useAVX512:
		return cpu.AVX512
	case useAVX2:
		return cpu.AVX2
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
	useAVX512, useAVX2, useNEON = uses(tier)
	return nil
}
