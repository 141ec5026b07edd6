// Package sample chooses the next token from logits, and says which drafts of
// it hold. It knows neither text, nor the network, nor the engine's schedule.
//
// # Randomness
//
// There is no generator, and no state: the noise is a pure function of the
// seed, the token's position and its id. The token chosen is the one of largest
// log p + noise, the noise being Gumbel's, which is an exact draw from p. So a
// sequence is the same whatever is computed beside it, and a draft is right if
// and only if it is the token that would have been chosen without it.
//
// # Order
//
// Logits pass, in this order: the logit bias; the repetition penalty; the
// presence and frequency penalties; the temperature; top-k; min-p; top-p. Each
// filter sees the distribution that the one before it left, renormalised.
package sample

import (
	"fmt"
	"math"

	"github.com/deskseek/deskseek/token"
)

// Params say how tokens are chosen. The zero value takes the most probable.
type Params struct {
	// Temperature divides the logits: more makes the choice more random. 0
	// takes the most probable token, and the lower id of two.
	Temperature float32

	// TopK keeps the k most probable tokens. 0 keeps all.
	TopK int

	// MinP keeps the tokens at least MinP times as probable as the most
	// probable one. 0 keeps all.
	MinP float32

	// TopP keeps the most probable tokens, as few as together have at least
	// that probability. 0, like 1, keeps all.
	TopP float32

	// RepetitionPenalty divides the positive logits of all tokens of prompt and
	// output, and multiplies the negative ones (Keskar et al. 2019, as Hugging
	// Face transformers do). 0, like 1, does nothing.
	RepetitionPenalty float32

	// PresencePenalty is subtracted from the logits of all tokens of the
	// output; FrequencyPenalty once for every time they are there (OpenAI).
	PresencePenalty, FrequencyPenalty float32

	// LogitBias is added to the logits of single tokens; -Inf forbids one. Ids
	// that the vocabulary lacks have no effect.
	LogitBias map[token.ID]float32

	// Seed makes one choice of all possible ones.
	Seed uint64

	// Logprobs asks for log probabilities: 0 for none, n for those of the
	// chosen token and of the n most probable, -1 for the chosen token's alone.
	Logprobs int
}

// Validate returns what is wrong with p, in one sentence.
func (p Params) Validate() error {
	for _, c := range []struct {
		name   string
		value  float32
		lo, hi float32
		want   string
	}{
		{"temperature", p.Temperature, 0, math.MaxFloat32, "0 or more"},
		{"min_p", p.MinP, 0, 1, "0 to 1"},
		{"top_p", p.TopP, 0, 1, "0 to 1"},
		{"repetition penalty", p.RepetitionPenalty, 0, math.MaxFloat32, "0 or more"},
		{"presence penalty", p.PresencePenalty, -math.MaxFloat32, math.MaxFloat32, "a finite number"},
		{"frequency penalty", p.FrequencyPenalty, -math.MaxFloat32, math.MaxFloat32, "a finite number"},
	} {
		if !(c.lo <= c.value && c.value <= c.hi) { // also for NaN
			return fmt.Errorf("%s is %v, want %s", c.name, c.value, c.want)
		}
	}
	if p.TopK < 0 {
		return fmt.Errorf("top_k is %d, want 0 or more", p.TopK)
	}
	if p.Logprobs < -1 {
		return fmt.Errorf("logprobs is %d, want -1 or more", p.Logprobs)
	}
	for id, bias := range p.LogitBias {
		switch {
		case id < 0:
			return fmt.Errorf("logit bias of token %d: want an id of 0 or more", id)
		case bias != bias || bias > math.MaxFloat32:
			return fmt.Errorf("logit bias of token %d is %v, want a finite number or -Inf", id, bias)
		}
	}
	return nil
}
