// Package engine serves many sequences with one network. It decides what a step
// computes, keeps the accounts of the latent cache and of what is remembered in it,
// chooses tokens, and checks drafts; it deals in tokens, and knows neither text, nor
// HTTP, nor a weight.
package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/nn"
	"github.com/deskseek/deskseek/token"
)

// A Model is what the engine needs of a network. *deepseek.Model is one; the
// tests have another, whose next token is a function of the last.
type Model interface {
	Forward(context.Context, *deepseek.Batch) (*deepseek.Output, error)
}

// A Predictor is what the engine needs of an MTP layer, as *deepseek.MTP is one.
type Predictor interface {
	Forward(context.Context, *deepseek.Batch) (*deepseek.Output, error)
	Fill(context.Context, *deepseek.Batch) error
}

// A Memory is what the engine needs of the memory behind the pages, as
// *deepseek.Cache is one. Different pages may be read and written at once.
type Memory interface {
	PageBytes() int
	ReadPage(p deepseek.PageID, dst []byte)
	WritePage(p deepseek.PageID, src []byte)
	LastHidden(p deepseek.PageID) nn.Mat
}

// A Network is what an engine computes with.
type Network struct {
	Model  Model
	MTP    Predictor // nil where there is no such layer, or it is not wanted
	Memory Memory
}

// Options are the choices of New.
type Options struct {
	// Context is the most tokens of a sequence: that of the network.
	Context int
	// Vocabulary is the number of tokens: that of the network.
	Vocabulary int
	// Pages is how many pages the memory has.
	Pages int
	// ExpandFrom is the number of uncached prompt tokens from which on they
	// are computed in the expanded form (deepseek.Config.ExpandFrom).
	ExpandFrom int
	// Deterministic computes all tokens in the absorbed form. Then a sequence's
	// tokens do not even depend on what of it was cached. Default off: prefill
	// is faster in the expanded form.
	Deterministic bool
	// MaxStepTokens bounds the tokens of one step. More makes prefill faster,
	// and takes more memory. Default 512.
	MaxStepTokens int
	// ChunkTokens bounds the tokens of prompts in a step that continues other
	// sequences: these wait for no more than that. Default a quarter of
	// MaxStepTokens; of a slow network fewer, so that they wait for about a second.
	ChunkTokens int
	// MaxSequences is how many sequences are computed at once; others wait.
	// Default 64.
	MaxSequences int
	// MaxWaiting is how many sequences there may be beside MaxSequences; more are
	// refused with ErrBusy. Default 256.
	MaxWaiting int
	// Store keeps the pages of remembered tokens when memory does not, also after the
	// engine has ended. It is not closed by the engine. nil is none.
	Store Store
	// NoPrefixes forgets the latents of a sequence when it ends.
	NoPrefixes bool
	// Drafting says how tokens are drafted.
	Drafting Drafting
	// Trace is told what the engine does.
	Trace Trace
}

func (o Options) withDefaults() Options {
	if o.MaxStepTokens == 0 {
		o.MaxStepTokens = 512
	}
	if o.ChunkTokens == 0 {
		o.ChunkTokens = max(1, o.MaxStepTokens/4)
	}
	if o.MaxSequences == 0 {
		o.MaxSequences = 64
	}
	if o.MaxWaiting == 0 {
		o.MaxWaiting = 256
	}
	o.Drafting = o.Drafting.withDefaults()
	return o
}

var (
	// ErrBusy is what a sequence ends with where there are as many as may be.
	ErrBusy = errors.New("too many requests are waiting")
	// ErrClosed is what a sequence ends with when its engine is closed.
	ErrClosed = errors.New("the engine is closed")
)

// An Engine serves sequences, many in a step. Its methods may be called by any
// goroutine; one of its own computes, and owns all that changes.
type Engine struct {
	options Options
	open    atomic.Int64 // sequences that have not ended
	closed  context.CancelCauseFunc
	ended   chan struct{} // closed with the goroutine's end

	mutex sync.Mutex
	inbox []func(*scheduler) // what the goroutine is to do between steps; nil calls once it ended
	over  bool               // nothing is taken any more
	wake  chan struct{}      // holds one value where the inbox is not empty
}

// New returns an Engine for a network, and starts it. Close ends it.
func New(n Network, o Options) *Engine {
	o = o.withDefaults()
	ctx, cancel := context.WithCancelCause(context.Background())
	e := &Engine{options: o, closed: cancel, ended: make(chan struct{}), wake: make(chan struct{}, 1)}
	go e.run(ctx, newScheduler(n, o))
	return e
}

// Close ends all sequences with ErrClosed, and the engine. It returns when nothing
// computes any more.
func (e *Engine) Close() {
	e.closed(ErrClosed)
	<-e.ended
}

// send lets the engine's goroutine call f before its next step. It returns false
// where the engine has ended.
func (e *Engine) send(f func(*scheduler)) bool {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if e.over {
		return false
	}
	e.inbox = append(e.inbox, f)
	select {
	case e.wake <- struct{}{}:
	default:
	}
	return true
}

// run is the engine's goroutine: steps while there is something to compute, and
// sleep while there is not.
func (e *Engine) run(ctx context.Context, s *scheduler) {
	defer close(e.ended)
	for ctx.Err() == nil {
		e.receive(s, false)
		if s.step(ctx) {
			continue
		}
		var landed chan landing
		var notify chan struct{}
		if s.keeper != nil {
			landed, notify = s.keeper.landed, s.keeper.notify
		}
		select {
		case <-e.wake:
		case l := <-landed:
			s.land(l)
		case <-notify: // there is room for what is to be kept
		case <-ctx.Done():
		}
	}
	e.receive(s, true)
	s.close(context.Cause(ctx))
}

// receive does what was sent; the last time, nothing is taken after it.
func (e *Engine) receive(s *scheduler, last bool) {
	e.mutex.Lock()
	inbox := e.inbox
	e.inbox, e.over = nil, last
	e.mutex.Unlock()
	for _, f := range inbox {
		f(s)
	}
}

// between returns what f says of the scheduler, between two steps; the zero value
// after Close.
func between[T any](e *Engine, f func(*scheduler) T) (v T) {
	done := make(chan struct{})
	if e.send(func(s *scheduler) { v = f(s); close(done) }) {
		<-done
	}
	return v
}

// Counts returns what the engine has done so far and holds now.
func (e *Engine) Counts() Counts {
	return between(e, func(s *scheduler) Counts { return s.report() })
}

// Submit checks a request. What can't be computed is an error here, before
// anything is. Nothing is computed before Stream.Tokens.
func (e *Engine) Submit(r Request) (*Stream, error) {
	q, err := newSequence(r, &e.options)
	if err != nil {
		return nil, err
	}
	return &Stream{engine: e, sequence: q, out: &q.out}, nil
}

// Plant remembers a prefix of whole pages whose latents write makes up, each in turn:
// so that what comes after a long context can be measured without computing it. It
// returns false where there are no pages for it, or the engine is closed.
func (e *Engine) Plant(tokens []token.ID, write func(deepseek.PageID)) bool {
	return between(e, func(s *scheduler) bool { return s.plant(tokens, write) })
}

// limit is the most tokens of a sequence.
func (o *Options) limit() int { return min(o.Context, o.Pages*deepseek.PageSize) }

func (r *Request) check(o *Options) error {
	limit := o.limit()
	switch n := len(r.Prompt); {
	case n == 0:
		return fmt.Errorf("the prompt has no tokens")
	case n >= limit && limit < o.Context:
		return fmt.Errorf("the prompt has %d tokens, and the latent cache holds %d; give it more memory", n, limit)
	case n >= limit:
		return fmt.Errorf("the prompt has %d tokens, which leaves no room for an answer in a context of %d", n, limit)
	case r.MaxTokens < 0:
		return fmt.Errorf("%d new tokens, want 0 (as many as the context holds) or more", r.MaxTokens)
	}
	for _, id := range r.Prompt {
		if id < 0 || int(id) >= o.Vocabulary {
			return fmt.Errorf("the prompt has token %d, and the vocabulary 0 to %d", id, o.Vocabulary-1)
		}
	}
	return nil
}
