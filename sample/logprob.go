package sample

import (
	"math"
	"slices"
)

// report sets the log probabilities of c, whose token is chosen. It uses the
// memory of the candidates, which are no longer needed.
func (s *Sampler) report(c *Choice, logits []float32) {
	norm := logSum(logits)
	c.Logprob = float32(float64(logits[c.ID]) - norm)
	n := min(s.params.Logprobs, len(logits))
	if n <= 0 {
		return
	}
	s.candidates = appendTop(s.candidates[:0], logits, n)
	slices.SortFunc(s.candidates, byProbability)
	c.Top = make([]Alternative, len(s.candidates))
	for i, a := range s.candidates {
		c.Top[i] = Alternative{a.id, float32(float64(a.logit) - norm)}
	}
}

// logSum returns log Σ e^logit.
func logSum(logits []float32) float64 {
	best := argmax(logits)
	if best < 0 {
		return math.Inf(-1)
	}
	top := float64(logits[best])
	sum := 0.0
	for _, l := range logits {
		if possible(l) {
			sum += math.Exp(float64(l) - top)
		}
	}
	return top + math.Log(sum)
}
