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
	all := slices.Grow(s.candidates, len(logits))[:len(logits)]
	n := 0
	for id, l := range logits {
		if possible(l) {
			all[n] = candidate{token.ID(id), l}
			n++
		}
	}
	s.candidates = all[:n]
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

// Weights are added up by bins of their logarithm, perUnit of them for a factor of e. What
// is behind the last bin has e⁻⁶⁴ of the weight of the likeliest token.
const (
	bins    = 1024
	perUnit = 16
)

// binWeights are the weights that bins begin with.
var binWeights = func() (w [bins]float64) {
	for i := range w {
		w[i] = math.Exp(-float64(i) / perUnit)
	}
	return w
}()

// weigh returns the bin and the weight e^z of a scaled logit. From the beginning of its
// bin the exponential is a polynomial of which the next term is below 10⁻¹², a third
// of the time that math.Exp takes, for all the tokens of a vocabulary.
func weigh(z float64) (bin int, weight float64) {
	bin = int(min(bins-1, -perUnit*z))
	f := z + float64(bin)/perUnit
	if f < -1.0/perUnit {
		return bin, 0 // in the last bin, which has no end
	}
	return bin, binWeights[bin] * (1 + f*(1+f*(1./2+f*(1./6+f*(1./24+f*(1./120+f*(1./720)))))))
}

// nucleus keeps the most probable candidates, as few as have the share p of the
// probability (Holtzman et al. 2020).
//
// It sorts only those among which the last one is: a first pass adds up the
// weights by bins, which tells the bin where the share is reached.
func (s *Sampler) nucleus(top float32, p float64) {
	var weights [bins]float64
	total := 0.0
	for _, c := range s.candidates {
		bin, w := weigh(s.scaled(c.logit, top))
		weights[bin] += w
		total += w
	}
	last, sum := 0, 0.0
	for ; last < bins-1 && sum+weights[last] < p*total; last++ {
		sum += weights[last]
	}
	kept := s.keepBins(top, last)
	slices.SortFunc(s.candidates[kept:], byProbability)
	for i, c := range s.candidates[kept:] {
		_, w := weigh(s.scaled(c.logit, top))
		sum += w
		if sum >= p*total {
			s.candidates = s.candidates[:kept+i+1]
			return
		}
	}
}

// keepBins drops the candidates of bins behind last, and moves those of last to
// the end. It returns how many are before them.
func (s *Sampler) keepBins(top float32, last int) (kept int) {
	// Most are far behind, which a comparison tells.
	far := float32(math.Inf(-1))
	if last < bins-1 {
		far = float32(float64(top) - float64(last+2)/perUnit*float64(s.params.Temperature))
	}
	n := 0
	for _, c := range s.candidates {
		if c.logit < far {
			continue
		}
		bin, _ := weigh(s.scaled(c.logit, top))
		if bin > last {
			continue
		}
		s.candidates[n] = c
		if bin < last {
			s.candidates[n], s.candidates[kept] = s.candidates[kept], c
			kept++
		}
		n++
	}
	s.candidates = s.candidates[:n]
	return kept
}
