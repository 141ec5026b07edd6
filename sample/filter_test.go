package sample

import (
	"math"
	"slices"
	"testing"

	"github.com/deskseek/deskseek/token"
)

// exactlyTwo returns logits whose weights, added up in order, are 2 to the bit:
// the first 1, and those after it, of other bins, another 1.
func exactlyTwo() []float32 {
	logits := []float32{0, -1}
	sum := 1 + math.Exp(-1)
	for sum < 2 {
		l := float32(math.Log(2 - sum))
		for sum+math.Exp(float64(l)) > 2 {
			l = math.Nextafter32(l, float32(math.Inf(-1)))
		}
		logits, sum = append(logits, l), sum+math.Exp(float64(l))
	}
	return logits
}

// The nucleus is as few tokens as have the share, also where they have exactly
// that share, and end a bin or are in the middle of one.
func TestNucleusAtItsEdge(t *testing.T) {
	for _, test := range []struct {
		name   string
		logits []float32
		want   []token.ID
	}{
		{"end of a bin", exactlyTwo(), []token.ID{0}},
		{"middle of a bin", []float32{3, 3, 3, 3}, []token.ID{0, 1}},
	} {
		s := newSampler(t, Params{Temperature: 1, TopP: 0.5})
		s.collect(test.logits)
		s.filter(test.logits[0])
		var got []token.ID
		for _, c := range s.candidates {
			got = append(got, c.id)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: of logits %v tokens %v are kept, want %v", test.name, test.logits, got, test.want)
		}
	}
}
