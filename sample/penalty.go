package sample

import "github.com/deskseek/deskseek/token"

// adjust returns the logits after bias and penalties: logits themselves where
// there are none of these, otherwise a copy.
func (s *Sampler) adjust(logits []float32, h History) []float32 {
	p := &s.params
	repetition := p.RepetitionPenalty != 0 && p.RepetitionPenalty != 1
	occurrence := p.PresencePenalty != 0 || p.FrequencyPenalty != 0
	if len(p.LogitBias) == 0 && !repetition && !occurrence {
		return logits
	}
	s.logits = append(s.logits[:0], logits...)
	for id, bias := range p.LogitBias {
		if int(id) < len(s.logits) {
			s.logits[id] += bias
		}
	}
	if len(s.counts) < len(logits) {
		s.counts = make([]int32, len(logits))
	}
	if repetition {
		s.repetition(h.Prompt)
		s.repetition(h.Generated)
		s.forget(h.Prompt)
		s.forget(h.Generated)
	}
	if occurrence {
		s.occurrence(h.Generated)
		s.forget(h.Generated)
	}
	return s.logits
}

// repetition applies the repetition penalty to each of ids not yet counted.
func (s *Sampler) repetition(ids []token.ID) {
	for _, id := range ids {
		if !s.known(id) || s.counts[id] > 0 {
			continue
		}
		s.counts[id] = 1
		if l := &s.logits[id]; *l > 0 {
			*l /= s.params.RepetitionPenalty
		} else {
			*l *= s.params.RepetitionPenalty
		}
	}
}

// occurrence applies the presence and frequency penalties.
func (s *Sampler) occurrence(ids []token.ID) {
	for _, id := range ids {
		if s.known(id) {
			s.counts[id]++
		}
	}
	for _, id := range ids {
		if s.known(id) && s.counts[id] > 0 {
			frequency := float32(s.params.FrequencyPenalty * float32(s.counts[id]))
			s.logits[id] -= s.params.PresencePenalty + frequency
			s.counts[id] = 0
		}
	}
}

// forget sets the counts of ids to 0.
func (s *Sampler) forget(ids []token.ID) {
	for _, id := range ids {
		if s.known(id) {
			s.counts[id] = 0
		}
	}
}

// known reports whether the logits have a value for id.
func (s *Sampler) known(id token.ID) bool { return id >= 0 && int(id) < len(s.logits) }
