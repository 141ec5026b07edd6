//go:build !purego

package kernel

import "testing"

func TestAttendWithoutVNNI(t *testing.T) {
	withoutVNNI(t)
	for name, test := range map[string]func(*testing.T){
		"RoundKey": TestRoundKey, "RoundSpecial": TestRoundSpecial, "RoundQuery": TestRoundQuery,
		"Scores": TestScores, "Online": TestOnline, "Mix": TestMix, "BlendAndWiden": TestBlendAndWiden,
	} {
		t.Run(name, test)
	}
}
