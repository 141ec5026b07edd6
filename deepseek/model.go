package deepseek

import (
	"context"
	"fmt"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/nn"
	"github.com/deskseek/deskseek/tensor"
)

// Math is how a network computes.
type Math string

const (
	// Exact is activations, latent cache and sums in f32, and every weight by
	// its tensor.Decode value. It is the definition; traces and golden tests
	// use it.
	Exact Math = "exact"
	// Fast multiplies integer weights with activations in 8 bits, and FP8 weights
	// with activations in 16 bits.
	Fast Math = "fast"
)

// Options are the choices of Load. The zero value is good.
type Options struct {
	// Math is how the network computes. Default Exact.
	Math Math
	// Workers is the number of threads. Default one for each processor.
	Workers int
	// From and To are the range of layers that is bound, From ≤ layer < To; a
	// To of 0 means all. The embedding is bound with layer 0, final norm,
	// head and MTP with the last layer.
	From, To int
	// NoMTP leaves the MTP layer unbound. Default: bound where its tensors are.
	NoMTP bool
}

func (o Options) withDefaults(layers int) Options {
	if o.Math == "" {
		o.Math = Exact
	}
	if o.To == 0 {
		o.To = layers
	}
	return o
}

func (o Options) validate(layers int) error {
	if o.Math != Exact && o.Math != Fast {
		return fmt.Errorf("math %q is not known, want %q or %q", o.Math, Exact, Fast)
	}
	if o.From < 0 || o.To > layers || o.From >= o.To {
		return fmt.Errorf("layers %d to %d, want a range of 0 to %d", o.From, o.To, layers)
	}
	if o.Workers < 0 {
		return fmt.Errorf("%d workers, want 0 (one for each processor) or more", o.Workers)
	}
	return nil
}

// A Model is a network, or a range of its layers, bound to a checkpoint, with
// the memory of its latent cache. One goroutine uses a Model at a time.
type Model struct {
	Config Config

	from      int
	last      bool           // has final norm and head
	embedding *tensor.Tensor // nil unless the range starts with layer 0
	layers    []*Layer
	norm      nn.RMSNorm
	head      nn.Linear
	mtp       *MTP

	math   nn.Math
	rope   nn.Rope
	pool   *nn.Pool
	cache  *Cache
	arenas []*nn.Arena // free ones
}

// Load binds the tensors of a checkpoint, which must stay open while the Model
// is used. All that is missing or has a wrong shape is reported together.
func Load(ck *checkpoint.Checkpoint, o Options) (*Model, error) {
	c, err := ParseConfig(ck)
	if err != nil {
		return nil, err
	}
	o = o.withDefaults(c.Layers)
	if err := o.validate(c.Layers); err != nil {
		return nil, err
	}
	m, err := bind(ck, c, o)
	if err != nil {
		return nil, err
	}
	m.rope = nn.Rope{Frequency: c.Frequencies(), Scale: c.RopeScale()}
	m.pool = nn.NewPool(o.Workers)
	if o.Math == Fast {
		m.math = nn.Fast
	}
	return m, nil
}

// Reserve makes the latent cache hold the given number of pages. What is cached
// stays.
func (m *Model) Reserve(pages int) {
	if m.cache != nil && pages <= m.cache.Pages() {
		return
	}
	old := m.cache
	m.cache = newCache(pages, len(m.layers), &m.Config, m.mtp != nil)
	if old != nil {
		m.cache.take(old)
	}
}

// Cache returns the memory of the latent cache; nil before Reserve.
func (m *Model) Cache() *Cache { return m.cache }

// MTP returns the MTP layer; nil where there is none.
func (m *Model) MTP() *MTP { return m.mtp }

// Vocabulary returns the number of logits.
func (m *Model) Vocabulary() int { return m.Config.Vocabulary }

// Workers returns the number of threads.
func (m *Model) Workers() int { return m.pool.Workers() }

// Close ends the Model's threads.
func (m *Model) Close() { m.pool.Close() }

func (m *Model) arena() *nn.Arena {
	if n := len(m.arenas); n > 0 {
		a := m.arenas[n-1]
		m.arenas = m.arenas[:n-1]
		a.Reset()
		return a
	}
	return nn.NewArena(m.pool, m.math)
}

// Forward computes a step: it caches the latents of the runs' tokens, and returns
// the logits that they want. Errors are a canceled ctx, failed reads, and values
// that are not finite (*NonFiniteError); then nothing the step wrote to its runs'
// positions is to be trusted.
func (m *Model) Forward(ctx context.Context, b *Batch) (*Output, error) {
	if err := b.check(m.cache, m.Config.Vocabulary); err != nil {
		return nil, err
	}
	if m.embedding == nil {
		for i := range b.Runs {
			if err := b.Runs[i].checkHidden(m.Config.Dim); err != nil {
				return nil, fmt.Errorf("run %d: %w", i, err)
			}
		}
	}
	s := m.begin(b, 0)
	o, err := m.run(ctx, s)
	if err != nil {
		s.abandon()
		return nil, err
	}
	return o, nil
}

func (m *Model) run(ctx context.Context, s *step) (*Output, error) {
	m.copyPages(s.batch)
	if m.embedding != nil {
		s.x = s.arena.Lookup(m.embedding, s.tokens())
		s.observe("embedding", -1, s.x)
		if err := s.finite("embedding", s.x); err != nil {
			return nil, err
		}
	} else {
		s.x = s.hidden()
	}
	for i, l := range m.layers {
		if err := s.poll(ctx); err != nil {
			return nil, err
		}
		mark := s.arena.Mark()
		if err := l.forward(s, i, s.x); err != nil {
			return nil, fmt.Errorf("layer %d: %w", m.from+i, err)
		}
		s.arena.Release(mark)
		if err := s.finite(fmt.Sprint("layer ", m.from+i), s.x); err != nil {
			return nil, err
		}
		s.observe("h", i, s.x)
	}
	if !m.last {
		return s.output(s.x, nil)
	}
	h := m.norm.Apply(s.x)
	s.observe("norm", -1, h)
	m.keepHidden(s, h)
	return s.output(h, &m.head)
}

func (m *Model) copyPages(b *Batch) {
	for _, c := range b.Copies {
		m.cache.CopyPage(c.To, c.From)
	}
}

// keepHidden stores the final hidden state of each token that fills a page.
func (m *Model) keepHidden(s *step, h nn.Mat) {
	if m.mtp == nil {
		return
	}
	for _, sp := range s.spans {
		for i := range sp.Len {
			if pos := sp.Position + i; pos%PageSize == PageSize-1 {
				h.Slice(sp.Row+i, sp.Row+i+1).Host(m.cache.lastHidden(sp.Pages[pos/PageSize]))
			}
		}
	}
}
