package sample

import (
	"maps"
	"math"

	"github.com/deskseek/deskseek/token"
)

// A Choice is a token and, where Params.Logprobs asks for them, probabilities.
type Choice struct {
	// ID is the token, or -1 where no token may be chosen: no logit is above
	// -Inf.
	ID token.ID

	// Logprob is the log probability of the token, and Top has the most
	// probable ones in descending order, whether or not the token is one of
	// them. They are those of the network: the log-softmax of its logits,
	// before bias, penalties, temperature and filters.
	Logprob float32
	Top     []Alternative
}

// An Alternative is a token that might have been chosen.
type Alternative struct {
	ID      token.ID
	Logprob float32
}

// A History is what a sequence has so far. The repetition penalty looks at all
// of it, the presence and frequency penalties at what was generated.
type History struct {
	Prompt, Generated []token.ID
}

// A Sampler chooses tokens by its Params. It has memory for its work and no
// other state: a choice depends on the arguments alone. One goroutine uses it at
// a time.
type Sampler struct {
	params     Params
	inverse    float64     // of the temperature
	logits     []float32   // after bias and penalties
	counts     []int32     // by token, while penalties are applied
	candidates []candidate // what the filters have left
}

// New returns a Sampler, or what is wrong with p.
func New(p Params) (*Sampler, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	p.LogitBias = maps.Clone(p.LogitBias)
	return &Sampler{params: p, inverse: 1 / float64(p.Temperature)}, nil
}

// Sample chooses the token at the given position of its sequence by logits, one
// for each token of the vocabulary. They are finite, or -Inf for a token that
// must not be chosen; NaN counts as -Inf.
func (s *Sampler) Sample(logits []float32, position int, history History) Choice {
	adjusted := s.adjust(logits, history)
	best := argmax(adjusted)
	// Where bias and penalties overflow, all of the probability is there.
	if certain := best >= 0 && math.IsInf(float64(adjusted[best]), 1); best >= 0 && s.params.Temperature > 0 && !certain {
		s.collect(adjusted)
		s.filter(adjusted[best])
		best = s.draw(newNoise(s.params.Seed, position), adjusted[best])
	}
	c := Choice{ID: best}
	if best >= 0 && s.params.Logprobs != 0 {
		s.report(&c, logits)
	}
	return c
}

// argmax returns the token of the largest logit, the lowest id of several, or
// -1 where none is above -Inf.
func argmax(logits []float32) token.ID {
	best, top := token.ID(-1), float32(math.Inf(-1))
	for id, l := range logits {
		if l > top {
			best, top = token.ID(id), l
		}
	}
	return best
}

// draw returns the candidate of largest log p + noise. Logits stand for log p:
// the norm is the same for all. Most candidates cannot reach the best one so
// far even with the most noise their bits allow, and need no logarithm.
func (s *Sampler) draw(n noise, top float32) token.ID {
	best, score := token.ID(-1), math.Inf(-1)
	for _, c := range s.candidates {
		z, m := s.scaled(c.logit, top), n.bits(c.id)
		if z+gumbelAtMost(m) < score {
			continue
		}
		if x := z + gumbel(m); x > score || x == score && c.id < best {
			best, score = c.id, x
		}
	}
	return best
}

// scaled returns a logit after the temperature, less that of the top one: never
// positive, so that its exponential is a weight of at most 1.
func (s *Sampler) scaled(logit, top float32) float64 {
	return float64((float64(logit) - float64(top)) * s.inverse) // rounded on every machine
}
