//go:build !purego

package kernel

import "testing"

// A machine with AVX-512 and without VNNI takes the loops of AVX2.
func TestAttendWithoutVNNI(t *testing.T) {
	if !hasVNNI {
		t.Skip("every test is without")
	}
	hasVNNI = false
	defer func() { hasVNNI = true }()
	for name, test := range map[string]func(*testing.T){
		"RoundKey": TestRoundKey, "RoundSpecial": TestRoundSpecial, "RoundQuery": TestRoundQuery,
		"Scores": TestScores, "Online": TestOnline, "Mix": TestMix, "BlendAndWiden": TestBlendAndWiden,
	} {
		t.Run(name, test)
	}
}
