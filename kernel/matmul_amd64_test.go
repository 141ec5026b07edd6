//go:build !purego

package kernel

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// withoutVNNI makes the rest of a test that of a machine with AVX-512 and without
// VNNI, which takes the loops of AVX2.
func withoutVNNI(t *testing.T) {
	if !hasVNNI {
		t.Skip("every test is without")
	}
	hasVNNI = false
	t.Cleanup(func() { hasVNNI = true })
}

func TestMatMulWithoutVNNI(t *testing.T) {
	withoutVNNI(t)
	eachTier(t, func(t *testing.T) {
		if useAVX512 {
			testMatMulQ8SameBits(t)
			testMatMulF8SameBits(t)
			testMatMulAffineSameBits(t)
		}
	})
}

// As TestNoTierIsSkipped, of what is beside the tiers.
func TestVNNIIsNotSkipped(t *testing.T) {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		t.Skip("no list of flags here")
	}
	if has := slices.Contains(strings.Fields(string(info)), "avx512_vnni"); has != hasVNNI {
		t.Errorf("the machine having VNNI is %t, but hasVNNI is %t", has, hasVNNI)
	}
}
