// Package engine serves sequences with one network. It decides what a step
// computes, keeps the accounts of the latent cache, and chooses tokens; it deals
// in tokens, and knows neither text, nor HTTP, nor a weight.
package engine

import (
	"context"
	"fmt"
	"hash/fnv"
	"iter"
	"math"
	"time"

	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/sample"
	"github.com/deskseek/deskseek/token"
)

// A Model is what the engine needs of a network. *deepseek.Model is one; the
// tests have another, whose next token is a function of the last.
type Model interface {
	Forward(context.Context, *deepseek.Batch) (*deepseek.Output, error)
	// Reserve makes the latent cache hold the given number of pages. What is
	// cached stays.
	Reserve(pages int)
}

// Options are the choices of New. The zero value is good.
type Options struct {
	// Context is the most tokens of a sequence: that of the network.
	Context int
	// Vocabulary is the number of tokens: that of the network.
	Vocabulary int
	// ExpandFrom is the number of uncached prompt tokens from which on they
	// are computed in the expanded form (deepseek.Config.ExpandFrom).
	ExpandFrom int
	// MaxStepTokens bounds the tokens of one step. More makes prefill faster,
	// and takes more memory. Default 512.
	MaxStepTokens int
}

func (o Options) withDefaults() Options {
	if o.MaxStepTokens == 0 {
		o.MaxStepTokens = 512
	}
	return o
}

// An Engine serves one sequence at a time, in the order they are asked for.
type Engine struct {
	model   Model
	options Options
	pages   Pages
	turn    chan struct{} // holds one value while nobody is served
}

// New returns an Engine for a network.
func New(m Model, o Options) *Engine {
	e := &Engine{model: m, options: o.withDefaults(), turn: make(chan struct{}, 1)}
	e.turn <- struct{}{}
	return e
}

// A Request is what is asked of the engine.
type Request struct {
	// Prompt is at least one token.
	Prompt []token.ID
	// MaxTokens is the most new tokens; 0 means as many as the context holds.
	MaxTokens int
	// Sampling says how tokens are chosen. The zero value is greedy.
	Sampling sample.Params
	// End are the tokens that end the sequence. The one that did is part of it.
	End []token.ID
}

// A Reason is why a sequence ended.
type Reason string

const (
	// Stopped is the end by a token of Request.End.
	Stopped Reason = "stop"
	// Length is the end by MaxTokens or by a full context.
	Length Reason = "length"
)

// Stats say what a sequence took.
type Stats struct {
	PrefillTokens int
	Prefill       time.Duration
	DecodeTokens  int // tokens after the first, which the prefill gives
	Decode        time.Duration
	Drafted       int // tokens that were drafted, and how many of them
	Accepted      int // were right: none, while nothing drafts
	Reason        Reason
	LogitsHash    uint32 // FNV-1a of the last logits: a change of numerics shows
}

// A Stream is a sequence as it grows.
type Stream struct {
	engine   *Engine
	request  Request
	sampler  *sample.Sampler
	most     int
	sequence sequence
	logits   []float32 // of the last token
	stats    Stats
}

// Submit checks a request. What can't be computed is an error here, before
// anything is.
func (e *Engine) Submit(r Request) (*Stream, error) {
	limit := e.options.Context
	switch n := len(r.Prompt); {
	case n == 0:
		return nil, fmt.Errorf("the prompt has no tokens")
	case n >= limit:
		return nil, fmt.Errorf("the prompt has %d tokens, which leaves no room for an answer in a context of %d", n, limit)
	case r.MaxTokens < 0:
		return nil, fmt.Errorf("%d new tokens, want 0 (as many as the context holds) or more", r.MaxTokens)
	case r.MaxTokens > limit-n:
		return nil, fmt.Errorf("a prompt of %d tokens and %d new ones exceed the context of %d", n, r.MaxTokens, limit)
	}
	for _, id := range r.Prompt {
		if id < 0 || int(id) >= e.options.Vocabulary {
			return nil, fmt.Errorf("the prompt has token %d, and the vocabulary 0 to %d", id, e.options.Vocabulary-1)
		}
	}
	s, err := sample.New(r.Sampling)
	if err != nil {
		return nil, err
	}
	most := r.MaxTokens
	if most == 0 {
		most = limit - len(r.Prompt)
	}
	return &Stream{engine: e, request: r, sampler: s, most: most}, nil
}

// Tokens computes the sequence and yields its new tokens. It ends after an end
// token, at the most tokens, with the first error, and when the caller stops; a
// canceled ctx is an error. It can be ranged over once.
func (s *Stream) Tokens(ctx context.Context) iter.Seq2[sample.Choice, error] {
	return func(yield func(sample.Choice, error) bool) {
		e := s.engine
		select {
		case <-e.turn:
		case <-ctx.Done():
			yield(sample.Choice{}, context.Cause(ctx))
			return
		}
		defer func() {
			e.pages.Release(s.sequence.pages)
			e.turn <- struct{}{}
		}()
		if err := s.run(ctx, yield); err != nil {
			yield(sample.Choice{}, err)
		}
	}
}

// Stats returns what the sequence took so far. It is not to be called while
// Tokens computes.
func (s *Stream) Stats() Stats {
	st := s.stats
	st.LogitsHash = hash(s.logits)
	return st
}

// run computes until the sequence ends or the caller stops.
func (s *Stream) run(ctx context.Context, yield func(sample.Choice, error) bool) error {
	q := &s.sequence
	q.tokens = append(q.tokens, s.request.Prompt...)
	form := deepseek.Absorbed
	if len(q.tokens) >= s.engine.options.ExpandFrom {
		form = deepseek.Expanded
	}
	for n := 0; n < s.most; n++ {
		start := time.Now()
		if err := s.catchUp(ctx, form); err != nil {
			return err
		}
		prompt := q.tokens[:len(s.request.Prompt)]
		c := s.sampler.Sample(s.logits, len(q.tokens), sample.History{Prompt: prompt, Generated: q.tokens[len(prompt):]})
		if c.ID < 0 {
			return fmt.Errorf("no token may be chosen: the logit bias excludes all")
		}
		s.count(n, time.Since(start))
		q.tokens, form = append(q.tokens, c.ID), deepseek.Absorbed
		ended := s.ends(c.ID)
		if ended {
			s.stats.Reason = Stopped
		}
		if !yield(c, nil) || ended {
			return nil
		}
	}
	s.stats.Reason = Length
	return nil
}

// catchUp computes the tokens that are not cached yet, a step's worth at a time,
// and keeps the logits of the last.
func (s *Stream) catchUp(ctx context.Context, form deepseek.Form) error {
	q := &s.sequence
	s.engine.cover(q)
	for {
		n := min(len(q.tokens)-q.cached, s.engine.options.MaxStepTokens)
		run := deepseek.Run{Tokens: q.tokens[q.cached : q.cached+n], Position: q.cached, Pages: q.pages, Form: form}
		if q.cached+n == len(q.tokens) {
			run.Logits = 1
		}
		o, err := s.engine.model.Forward(ctx, &deepseek.Batch{Runs: []deepseek.Run{run}})
		if err != nil {
			return err
		}
		q.cached += n
		if run.Logits == 1 {
			s.logits = o.Logits(0, 0, s.logits)
		}
		o.Release()
		if run.Logits == 1 {
			return nil
		}
	}
}

// cover gives a sequence pages for all its tokens.
func (e *Engine) cover(q *sequence) {
	need := (len(q.tokens)+deepseek.PageSize-1)/deepseek.PageSize - len(q.pages)
	if grown := e.pages.Want(need); grown > 0 {
		e.model.Reserve(grown)
	}
	for range need {
		q.pages = append(q.pages, e.pages.Alloc())
	}
}

func (s *Stream) ends(id token.ID) bool {
	for _, e := range s.request.End {
		if id == e {
			return true
		}
	}
	return false
}

// count keeps the statistics of the step that gave new token n.
func (s *Stream) count(n int, d time.Duration) {
	if n == 0 {
		s.stats.PrefillTokens, s.stats.Prefill = len(s.request.Prompt), d
	} else {
		s.stats.DecodeTokens++
		s.stats.Decode += d
	}
}

// hash returns the FNV-1a hash of the bits of v.
func hash(v []float32) uint32 {
	h := fnv.New32a()
	var b [4]byte
	for _, x := range v {
		u := math.Float32bits(x)
		b = [4]byte{byte(u), byte(u >> 8), byte(u >> 16), byte(u >> 24)}
		h.Write(b[:])
	}
	return h.Sum32()
}

// A sequence is a timeline of tokens.
type sequence struct {
	tokens []token.ID
	cached int // of tokens: how many have their latents in the cache
	pages  []deepseek.PageID
}
