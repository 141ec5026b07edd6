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
	weight := func(l float32) float64 {
		_, w := weigh(float64(l))
		return w
	}
	logits := []float32{0, -1}
	sum := 1 + weight(-1)
	for sum < 2 {
		l := float32(math.Log(2 - sum))
		for sum+weight(l) > 2 {
			l = math.Nextafter32(l, float32(math.Inf(-1)))
		}
		logits, sum = append(logits, l), sum+weight(l)
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

// The weights are those of math.Exp, and their bins are by logarithm.
func TestWeigh(t *testing.T) {
	for i := range 1 << 17 {
		z := -float64(i) / 2048 // to -64
		bin, w := weigh(z)
		if want := min(int(-z*perUnit), bins-1); bin != want {
			t.Fatalf("%v is in bin %d, want %d", z, bin, want)
		}
		if want := math.Exp(z); math.Abs(w-want) > 2e-12*want {
			t.Fatalf("weight of %v: %v, want %v", z, w, want)
		}
	}
	for _, z := range []float64{-64.5, -1000, math.Inf(-1)} {
		if bin, w := weigh(z); bin != bins-1 || w != 0 {
			t.Errorf("%v is in bin %d with weight %v, want the last and 0", z, bin, w)
		}
	}
}
