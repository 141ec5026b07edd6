//go:build !purego

package kernel

import (
	"fmt"
	"math/rand/v2"
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

// One token of wide rows is taken by strips, or by rows four side by side, as the
// first cache is.
func TestMatMulOfOneTokenByRowsAndByStrips(t *testing.T) {
	stay := rowsStay
	t.Cleanup(func() { rowsStay = stay })
	const rows, k = 37, 2 * wideRow
	for name, e := range encodingNames {
		if !stored(e) {
			continue
		}
		r := rand.New(rand.NewPCG(1, uint64(e)))
		w := randomWeights(r, e, rows, k)
		values, _ := e.Block()
		a := &Q8Rows{N: 1, K: k, Block: values, Q: make([]int8, k), D: make([]float32, k/values), Sums: make([]int16, k/16)}
		QuantizeQ8(a.Q, a.D, a.Sums, normal(r, k), values)
		want := make([]float32, rows)
		matMulQ8Generic(want, rows, w, e, rows, a)
		for _, rowsStay = range []bool{true, false} {
			got := make([]float32, rows)
			MatMulQ8(got, rows, w, e, rows, k, a, NewScratch())
			if !slices.Equal(got, want) {
				t.Errorf("%s, four rows side by side %t: %v, want %v", name, rowsStay, got, want)
			}
		}
	}
}

func TestFirstCache(t *testing.T) {
	const path = "/sys/devices/system/cpu/cpu0/cache/index0/size"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Skip("the system does not say how large the first cache is")
	}
	var want int
	if _, err := fmt.Sscanf(string(text), "%dK", &want); err != nil {
		t.Fatalf("%s has %q: %v", path, text, err)
	}
	if got := firstCache(); got != want<<10 {
		t.Errorf("first cache of %d bytes, and by the system %d", got, want<<10)
	}
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
