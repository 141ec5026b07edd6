package cpu

import (
	"slices"
	"testing"
)

func TestTiers(t *testing.T) {
	tiers := Tiers()
	if n := len(tiers); tiers[n-1] != Generic || slices.Index(tiers, Generic) != n-1 {
		t.Errorf("tiers %v do not end with the only %s", tiers, Generic)
	}
	if !assembly && len(tiers) != 1 {
		t.Errorf("tiers %v without assembly", tiers)
	}
	for better, next := range map[string]string{AVX512: AVX2, I8MM: NEON} {
		if i, j := slices.Index(tiers, better), slices.Index(tiers, next); i >= 0 && j != i+1 {
			t.Errorf("tiers %v are not best first", tiers)
		}
	}
}
