package sample

import (
	"cmp"
	"math"
	"slices"

	"github.com/deskseek/deskseek/token"
)

// A candidate is a token that may yet be chosen.
type candidate struct {
	id    token.ID
	logit float32
}

// byProbability orders candidates: the most probable first, the lower id of two.
func byProbability(a, b candidate) int {
	if a.logit != b.logit {
		return cmp.Compare(b.logit, a.logit)
	}
	return cmp.Compare(a.id, b.id)
}

// possible reports whether a token of that logit may be chosen: it is neither
// -Inf nor NaN.
func possible(logit float32) bool { return logit >= -math.MaxFloat32 }

// collect makes the TopK most probable tokens candidates, or all where TopK is
// 0; in no order.
func (s *Sampler) collect(logits []float32) {
	s.candidates = s.candidates[:0]
	if k := s.params.TopK; k > 0 && k < len(logits) {
		s.candidates = appendTop(s.candidates, logits, k)
		return
	}
	for id, l := range logits {
		if possible(l) {
			s.candidates = append(s.candidates, candidate{token.ID(id), l})
		}
	}
}

// appendTop appends the k most probable tokens to an empty slice, in no order.
// It keeps them as a heap with the least probable first, which few tokens of a
// vocabulary ever enter.
func appendTop(heap []candidate, logits []float32, k int) []candidate {
	for id, l := range logits {
		switch {
		case len(heap) == k:
			if l > heap[0].logit { // of two that are equal the lower id is there already
				heap[0] = candidate{token.ID(id), l}
				sink(heap, 0)
			}
		case possible(l):
			heap = append(heap, candidate{token.ID(id), l})
			if len(heap) == k {
				for i := k/2 - 1; i >= 0; i-- {
					sink(heap, i)
				}
			}
		}
	}
	return heap
}

// sink moves heap[i] down to where no child is less probable than it.
func sink(heap []candidate, i int) {
	for {
		child := 2*i + 1
		if child >= len(heap) {
			return
		}
		if right := child + 1; right < len(heap) && byProbability(heap[right], heap[child]) > 0 {
			child = right
		}
		if byProbability(heap[child], heap[i]) < 0 {
			return
		}
		heap[i], heap[child] = heap[child], heap[i]
		i = child
	}
}

// filter applies MinP and TopP to the candidates, whose largest logit is top.
func (s *Sampler) filter(top float32) {
	if p := s.params.MinP; p > 0 {
		s.keep(top, math.Log(float64(p)))
	}
	if p := s.params.TopP; p > 0 && p < 1 {
		s.nucleus(top, float64(p))
	}
}

// keep drops the candidates whose scaled logit is below least.
func (s *Sampler) keep(top float32, least float64) {
	kept := s.candidates[:0]
	for _, c := range s.candidates {
		if s.scaled(c.logit, top) >= least {
			kept = append(kept, c)
		}
	}
	s.candidates = kept
}

// nucleus keeps the most probable candidates, as few as have the share p of the
// probability (Holtzman et al. 2020).
//
// It sorts only those among which the last one is: a first pass adds up the
// weights by bins of their logarithm, which tells the bin where the share is
// reached.
func (s *Sampler) nucleus(top float32, p float64) {
	const bins, perUnit = 1024, 16
	bin := func(c candidate) int { return int(min(bins-1, -perUnit*s.scaled(c.logit, top))) }
	var weights [bins]float64
	total := 0.0
	for _, c := range s.candidates {
		w := math.Exp(s.scaled(c.logit, top))
		weights[bin(c)] += w
		total += w
	}
	last, sum := 0, 0.0
	for ; last < bins-1 && sum+weights[last] < p*total; last++ {
		sum += weights[last]
	}
	kept := s.keepBins(bin, last)
	slices.SortFunc(s.candidates[kept:], byProbability)
	for i, c := range s.candidates[kept:] {
		sum += math.Exp(s.scaled(c.logit, top))
		if sum >= p*total {
			s.candidates = s.candidates[:kept+i+1]
			return
		}
	}
}

// keepBins drops the candidates of bins behind last, and moves those of last to
// the end. It returns how many are before them.
func (s *Sampler) keepBins(bin func(candidate) int, last int) (kept int) {
	n := 0
	for _, c := range s.candidates {
		b := bin(c)
		if b > last {
			continue
		}
		s.candidates[n] = c
		if b < last {
			s.candidates[n], s.candidates[kept] = s.candidates[kept], c
			kept++
		}
		n++
	}
	s.candidates = s.candidates[:n]
	return kept
}
