package deskseek

import (
	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/sample"
	"github.com/deskseek/deskseek/token"
)

// Options are the choices of Open. The zero value is good.
type Options struct {
	// Math is how the network computes: deepseek.Exact (f32 activations, cache
	// and sums, every weight by the value its encoding defines) or
	// deepseek.Fast (weights in integers or FP8 times activations in 8 or 16
	// bits). Default Exact.
	Math deepseek.Math
	// Workers is the number of threads. Default one for each processor.
	Workers int
	// MaxStepTokens bounds the tokens that are computed at once. More makes
	// prefill faster, and takes more memory. Default 512.
	MaxStepTokens int
}

// Params say how an answer is generated. The zero value is good: greedy, until
// the model ends or the context is full.
type Params struct {
	// MaxTokens is the most new tokens; 0 means as many as the context holds.
	MaxTokens int
	// Sampling says how tokens are chosen. The zero value is greedy.
	Sampling sample.Params
	// Stop are texts that end the answer, and are not part of it.
	Stop []string
	// IgnoreEOS goes on after the model's end token.
	IgnoreEOS bool
}

// An Event is a part of an answer.
type Event struct {
	// Text is what can be shown now. It may be empty: where a character is not
	// complete, or the text may be the start of one that ends the answer.
	Text string
	// Token is what was generated; nil in the last Event where that brings only
	// text that was held back.
	Token *sample.Choice
	// End is set in the last Event.
	End *End
}

// An End says why an answer ended and what it took.
type End struct {
	Reason string // "stop" or "length"
	Prompt []token.ID
	Stats  Stats
}
