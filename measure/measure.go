// Package measure says how fast a network computes on this machine, and how fast
// the machine itself reads and multiplies: the two roofs that no network can be
// above; and how well the network guesses a text. It drives a deepseek.Model step by
// step, as the engine does.
//
// It knows no text and no request, and prints nothing. What a figure is taken of
// is said at its field; docs/bench.md says how to read them together.
package measure

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/engine"
	"github.com/deskseek/deskseek/token"
)

// A Kind is what a case measures.
type Kind string

// The kinds.
const (
	Prefill Kind = "prefill" // a prompt, in steps of at most Options.StepTokens, logits of its last token
	Decode  Kind = "decode"  // sequences that the engine continues, all together
)

// A Case is one line of a benchmark: what is computed again and again.
type Case struct {
	Kind    Kind
	Tokens  int // of a stream
	Depth   int // positions in the cache before them
	Streams int // sequences that are computed together
}

// A Result is what a case took. All but Seconds is the same in each repetition.
type Result struct {
	Case
	Seconds    []float64 // by repetition
	Steps      int       // of the repetition that was not timed, as is what follows
	ReadBytes  int64     // weights that the steps read (deepseek.ReadCounter)
	Operations int64     // multiplications and additions (deepseek.Model.Operations)
	Attention  int64     // those of attention to the context (deepseek.Model.AttentionOperations)

	// ByPlace counts the drafts of the timed repetitions by their place behind a
	// token, and Gain is what the engine finds that they gained (engine.Counts).
	ByPlace []engine.Acceptance
	Gain    float64
}

// Tokens returns the tokens a second of each repetition, ascending.
func (r *Result) Tokens() []float64 { return r.rates(float64(r.Case.Tokens * r.Streams)) }

// Bytes returns the bytes of weights read a second, ascending.
func (r *Result) Bytes() []float64 { return r.rates(float64(r.ReadBytes)) }

// Rate returns the operations a second, ascending.
func (r *Result) Rate() []float64 { return r.rates(float64(r.Operations)) }

// Least returns the seconds in which a machine of the given roofs could do it at
// best in fast math: its weights are read while all but attention multiplies, or
// the other way round; and attention multiplies integers twice as long.
func (r *Result) Least(read, multiply float64) float64 {
	return max(float64(r.ReadBytes)/read, float64(r.Operations-r.Attention)/multiply) + 2*float64(r.Attention)/multiply
}

func (r *Result) rates(what float64) []float64 {
	v := make([]float64, len(r.Seconds))
	for i, s := range r.Seconds {
		v[i] = what / s
	}
	slices.Sort(v)
	return v
}

// Median returns the middle of ascending values, or the mean of the two in the
// middle.
func Median(ascending []float64) float64 {
	n := len(ascending)
	return (ascending[(n-1)/2] + ascending[n/2]) / 2
}

// Options are the choices of NewBench. The zero value is good.
type Options struct {
	// Repetitions of each case, after one that is not timed. Default 5.
	Repetitions int
	// StepTokens is the most tokens of a stream in a step of prefill. Default
	// 512, as the engine's.
	StepTokens int
	// Drafting is how the engine drafts. Default not at all; with Replay by what is found
	// in the text.
	Drafting engine.Drafting
	// Accept, where it is not 0, is the probability with which a draft is made to
	// hold, if those before it do; the MTP layer computes its own all the same. So
	// the gain can be measured of a network that drafts nothing sensible.
	Accept float64
	// Replay, where it is not nil, is what Decode says behind what, whatever the network
	// says. Its cases are those of Replay.Case, and Accept is 0.
	Replay *Replay
	// Between, where it is not nil, is called before each repetition: to
	// measure something else by turns.
	Between func()
}

func (o Options) withDefaults() Options {
	if o.Repetitions == 0 {
		o.Repetitions = 5
	}
	if o.StepTokens == 0 {
		o.StepTokens = 512
	}
	return o
}

// A Bench measures one model. One goroutine uses it at a time.
type Bench struct {
	model   *deepseek.Model
	options Options
}

// NewBench returns a Bench of a model, which must not be in use elsewhere, and
// whose cache it overwrites.
func NewBench(m *deepseek.Model, o Options) *Bench {
	return &Bench{model: m, options: o.withDefaults()}
}

// Check says why a case can't be measured.
func (b *Bench) Check(c Case) error {
	switch {
	case c.Kind != Prefill && c.Kind != Decode:
		return fmt.Errorf("%q can't be measured, want %s or %s", c.Kind, Prefill, Decode)
	case c.Tokens < 1 || c.Streams < 1 || c.Depth < 0:
		return fmt.Errorf("%s of %d tokens at depth %d in %d streams: want at least 1 token, depth 0 and 1 stream", c.Kind, c.Tokens, c.Depth, c.Streams)
	case c.Depth+c.Tokens > b.model.Config.Context, c.Kind == Decode && c.Depth+c.Tokens > b.model.Config.Context-2: // with the token before, and one after
		return fmt.Errorf("%s of %d tokens at depth %d exceeds the context of %d", c.Kind, c.Tokens, c.Depth, b.model.Config.Context)
	}
	return nil
}

// Run measures a case. The cache of its streams is filled up to the depth with
// random latents, of the size that their norm gives real ones; no prefix is
// computed. The first repetition is not timed; in it the bytes and operations are
// counted.
func (b *Bench) Run(ctx context.Context, c Case) (*Result, error) {
	if err := b.Check(c); err != nil {
		return nil, err
	}
	if c.Kind == Decode {
		return b.generate(ctx, c)
	}
	s, err := b.streams(c)
	if err != nil {
		return nil, err
	}
	r := &Result{Case: c}
	for i := range b.options.Repetitions + 1 {
		var counter *deepseek.ReadCounter
		if i == 0 {
			counter = b.model.CountReads()
		}
		if i > 0 && b.options.Between != nil {
			b.options.Between()
		}
		start := time.Now()
		if err := b.repeat(ctx, c, s, counter, r); err != nil {
			return nil, err
		}
		if i > 0 {
			r.Seconds = append(r.Seconds, time.Since(start).Seconds())
		} else {
			r.ReadBytes = counter.Bytes
		}
	}
	return r, nil
}

// A stream is a sequence to be computed.
type stream struct {
	tokens []token.ID
	pages  []deepseek.PageID
}

// streams makes the sequences of a case, each with pages of its own, and fills
// these. Tokens are random, the same in every run of the program.
func (b *Bench) streams(c Case) ([]stream, error) {
	each := (c.Depth + c.Tokens + deepseek.PageSize - 1) / deepseek.PageSize
	if err := b.model.Reserve(c.Streams * each); err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(1, 2))
	s := make([]stream, c.Streams)
	for i := range s {
		for p := range each {
			s[i].pages = append(s[i].pages, deepseek.PageID(i*each+p))
		}
		for range c.Tokens {
			s[i].tokens = append(s[i].tokens, token.ID(random.IntN(b.model.Vocabulary())))
		}
	}
	b.fill(s, (c.Depth+deepseek.PageSize-1)/deepseek.PageSize, random)
	return s, nil
}

// fill writes random latents into the first pages of the streams. Latents come
// out of a norm, so that their values are about one.
func (b *Bench) fill(s []stream, pages int, random *rand.Rand) {
	cache := b.model.Cache()
	page := make([]float32, cache.Values())
	for i := range page {
		page[i] = float32(random.NormFloat64())
	}
	for _, one := range s {
		for _, p := range one.pages[:pages] {
			mixed(page, random)
			cache.SetLatents(p, page)
		}
	}
}

// mixed reorders values, so that no page is like another.
func mixed(page []float32, random *rand.Rand) { slices.Reverse(page[:random.IntN(len(page))]) }

// repeat computes a case once. With a counter it counts into r.
func (b *Bench) repeat(ctx context.Context, c Case, s []stream, counter *deepseek.ReadCounter, r *Result) error {
	step := b.options.StepTokens
	form := deepseek.Absorbed
	if c.Tokens >= b.model.Config.ExpandFrom() {
		form = deepseek.Expanded
	}
	batch := &deepseek.Batch{Runs: make([]deepseek.Run, len(s))}
	for done := 0; done < c.Tokens; done += step {
		n := min(step, c.Tokens-done)
		logits := 0
		if done+n == c.Tokens {
			logits = 1
		}
		for i := range s {
			batch.Runs[i] = deepseek.Run{
				Tokens: s[i].tokens[done : done+n], Position: c.Depth + done, Pages: s[i].pages, Form: form, Logits: logits,
			}
		}
		if counter != nil {
			counter.Watch(batch)
			r.Steps++
			for i := range batch.Runs {
				r.Operations += b.model.Operations(&batch.Runs[i])
				r.Attention += b.model.AttentionOperations(&batch.Runs[i])
			}
		}
		o, err := b.model.Forward(ctx, batch)
		if err != nil {
			return fmt.Errorf("%s of %d tokens at depth %d: %w", c.Kind, c.Tokens, c.Depth, err)
		}
		o.Release()
	}
	return nil
}
