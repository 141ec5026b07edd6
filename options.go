package deskseek

import (
	"fmt"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/engine"
	"github.com/deskseek/deskseek/sample"
	"github.com/deskseek/deskseek/token"
)

// Options are the choices of Open. The zero value is good.
type Options struct {
	// Math is how the network computes: deepseek.Fast (activations and cache
	// rounded to few bits, products of integers) or deepseek.Exact (f32 activations,
	// cache and sums, every weight by the value its encoding defines). Default
	// Fast.
	Math deepseek.Math
	// Cache is how the latent cache holds its values. Default deepseek.CacheBF16;
	// exact math has deepseek.CacheF32, and no other.
	Cache deepseek.CacheType
	// Workers is the number of threads. Default one for each processor.
	Workers int
	// Load is how the weights get into memory: checkpoint.Map (the system reads
	// them when they are needed) or checkpoint.Copy (all are read first, into
	// huge pages where the system has them, which is faster if they fit; see
	// checkpoint.Checkpoint.Copy). Default Map.
	Load checkpoint.Load
	// MaxStepTokens bounds the tokens that are computed at once. More makes
	// prefill faster, and takes more memory. Default 512.
	MaxStepTokens int
	// CacheBytes is the memory of the latent cache: of what is being generated,
	// and of what was before and may be asked to go on. It is taken as it is
	// filled. Default 4 GiB, or what a sequence of the full context takes where
	// that is more, but at most half of FreeBytes, where that is known.
	CacheBytes int64
	// FreeBytes is the memory that is free beside the weights; 0 where it is not
	// known.
	FreeBytes int64
	// CacheDir is a folder in which the latents of what was read and said are kept,
	// so that a conversation goes on where it was after a restart; several programs
	// may use it at once. Empty keeps nothing.
	CacheDir string
	// CacheLimit bounds the bytes of CacheDir. What was of use longest ago is
	// removed. Default 20 GB.
	CacheLimit int64
	// MaxSequences is how many answers are computed at once; there may be MaxWaiting
	// more, and what comes then ends with engine.ErrBusy. Default 64 and 256.
	MaxSequences, MaxWaiting int
	// Deterministic makes answers independent even of what of their prompt was
	// cached: all tokens use one form of attention. Prefill is slower.
	Deterministic bool
	// Drafting says how tokens are drafted. The answers are the same in any
	// case. Default: by the MTP layer, where there is one, and by what stands in
	// the text before, as far as that is measured to be faster.
	Drafting engine.Drafting
	// Trace is told what the engine does. StoreFailed is called by answers'
	// goroutines too.
	Trace engine.Trace
}

func (o *Options) check() error {
	for _, m := range [...]struct {
		name string
		mode engine.Mode
	}{{"MTP", o.Drafting.MTP}, {"lookup", o.Drafting.Lookup}} {
		switch m.mode {
		case "", engine.Auto, engine.On, engine.Off:
		default:
			return fmt.Errorf("%s %q is not known, want %q, %q or %q", m.name, m.mode, engine.Auto, engine.On, engine.Off)
		}
	}
	switch {
	case o.Drafting.Most < 0:
		return fmt.Errorf("%d drafts, want 0 (as many as pay) or more", o.Drafting.Most)
	case o.CacheLimit < 0:
		return fmt.Errorf("a limit of %d bytes for %s, want 0 (20 GB) or more", o.CacheLimit, o.CacheDir)
	case o.CacheBytes < 0 || o.MaxStepTokens < 0 || o.MaxSequences < 0 || o.MaxWaiting < 0:
		return fmt.Errorf("limits of %d bytes, %d tokens, %d and %d sequences: want 0 (the default) or more", o.CacheBytes, o.MaxStepTokens, o.MaxSequences, o.MaxWaiting)
	}
	return nil
}

// Params say how an answer is generated. The zero value is good: greedy, until
// the model ends or the context is full.
type Params struct {
	// MaxTokens is the most new tokens; 0, and more than the context holds, mean as
	// many as it does.
	MaxTokens int
	// Sampling says how tokens are chosen. The zero value is greedy.
	Sampling sample.Params
	// Stop are texts that end the answer, and are not part of it.
	Stop []string
	// Priority orders answers where not all can be computed at once: the greater
	// go first. Default 0.
	Priority int
	// IgnoreEOS goes on after the model's end token.
	IgnoreEOS bool
}

// An Event is a part of an answer.
type Event struct {
	// Text is what can be shown now. It may be empty: where a character is not
	// complete, or the text may be the start of one that ends the answer.
	Text string
	// Token is what was generated; nil in the last Event.
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
