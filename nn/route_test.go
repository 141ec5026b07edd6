package nn

import (
	"slices"
	"testing"
)

// TestRouteWeights checks what becomes of the chosen scores: divided by their
// sum or not, and where that sum is zero.
func TestRouteWeights(t *testing.T) {
	scores := []float32{0.5, 0.25, 0.75, 0.125}
	for _, test := range []struct {
		name      string
		scores    []float32
		normalize bool
		experts   []int32
		weights   []float32
	}{
		{"norm_topk_prob", scores, true, []int32{0, 2}, []float32{0.8, 1.2}},
		{"no norm_topk_prob", scores, false, []int32{0, 2}, []float32{1, 1.5}},
		{"all scores zero", make([]float32, 4), true, []int32{0, 1}, []float32{0, 0}},
	} {
		g := &Gate{Groups: 1, Kept: 1, TopK: 2, Normalize: test.normalize, Scale: 2}
		experts, weights := make([]int32, 2), make([]float32, 2)
		g.choose(&chooser{}, test.scores, experts, weights)
		if !slices.Equal(experts, test.experts) || !slices.Equal(weights, test.weights) {
			t.Errorf("%s: experts %v, weights %v, want %v, %v", test.name, experts, weights, test.experts, test.weights)
		}
	}
}
