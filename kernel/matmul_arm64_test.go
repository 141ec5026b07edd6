//go:build !purego

package kernel

import (
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// A machine with NEON and without dot products takes the generic loops.
func TestMatMulWithoutDotProducts(t *testing.T) {
	if !hasDotProducts {
		t.Skip("every test is without")
	}
	hasDotProducts = false
	defer func() { hasDotProducts = true }()
	testMatMulQ8SameBits(t)
	testMatMulAffineSameBits(t)
}

// As TestNoTierIsSkipped, of what is beside the tiers.
func TestDotProductsAreNotSkipped(t *testing.T) {
	info, err := os.ReadFile("/proc/cpuinfo")
	if runtime.GOOS != "linux" || err != nil || !strings.Contains(string(info), "asimd") {
		t.Skip("no list of flags here")
	}
	if has := slices.Contains(strings.Fields(string(info)), "asimddp"); has != hasDotProducts {
		t.Errorf("the machine having dot products is %t, but hasDotProducts is %t", has, hasDotProducts)
	}
}
