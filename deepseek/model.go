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
	// Fast rounds activations, and the latent cache, to few bits, and multiplies
	// integers. docs/numerics.md says how.
	Fast Math = "fast"
)

// CacheType is how the latent cache holds its values.
type CacheType string

// The types of the latent cache.
const (
	CacheF32  CacheType = "f32"
	CacheBF16 CacheType = "bf16"
	// CacheQ8 is 8-bit integers, with one scale for a token's latents and one for
	// its key.
	CacheQ8 CacheType = "q8_0"
)

// cacheTypes are nn's names of them.
var cacheTypes = map[CacheType]nn.CacheType{CacheF32: nn.CacheF32, CacheBF16: nn.CacheBF16, CacheQ8: nn.CacheQ8}

// Options are the choices of Load. The zero value is good.
type Options struct {
	// Math is how the network computes. Default Exact.
	Math Math
	// Cache is how the latent cache holds its values. Exact math wants CacheF32,
	// which is its default; that of fast math is CacheBF16.
	Cache CacheType
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
	if o.Cache == "" {
		o.Cache = CacheBF16
		if o.Math == Exact {
			o.Cache = CacheF32
		}
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
	if _, ok := cacheTypes[o.Cache]; !ok {
		return fmt.Errorf("cache type %q is not known, want %q, %q or %q", o.Cache, CacheF32, CacheBF16, CacheQ8)
	}
	if o.Math == Exact && o.Cache != CacheF32 {
		return fmt.Errorf("cache type %q is for fast math, exact math wants %q", o.Cache, CacheF32)
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

	math  nn.Math
	rope  nn.Rope
	pool  *nn.Pool
	cache *Cache
	kept  CacheType // how the cache holds values
	twins int64     // bytes
	steps []*step   // not in use
	watch nn.Watch  // of the steps that begin; nil is none
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
	m.kept = o.Cache
	if o.Math == Fast {
		m.math = nn.Fast
		m.makeTwins()
	}
	return m, nil
}

// makeTwins gives fast math W^UKᵀ as the absorbed form wants it, where the checkpoint
// stores W^UK: a copy in bfloat16, 2 bytes a weight, 1 GB for DeepSeek-V3.
func (m *Model) makeTwins() {
	layers := m.layers
	if m.mtp != nil {
		layers = append(layers[:len(layers):len(layers)], m.mtp.Layer)
	}
	for _, l := range layers {
		if a := l.Attention; a.absorbK[0].IsTransposed() {
			var n int64
			a.absorbK, n = m.pool.Twins(a.absorbK)
			m.twins += n
		}
	}
}

// TwinBytes returns the bytes of weights that are in memory a second time, transposed.
func (m *Model) TwinBytes() int64 { return m.twins }

// Reserve makes the latent cache hold the given number of pages. What is cached
// stays; the *Cache of before is no longer used. What is never written takes no
// memory. The error is the system's, which has not as much; then all is as before.
func (m *Model) Reserve(pages int) error {
	if m.cache != nil && pages <= m.cache.Pages() {
		return nil
	}
	k, err := m.newCache(pages)
	if err != nil {
		return err
	}
	if m.cache != nil {
		k.take(m.cache)
		err = m.cache.latents.Free()
	}
	m.cache = k
	return err
}

func (m *Model) newCache(pages int) (*Cache, error) {
	return newCache(pages, len(m.layers), &m.Config, m.mtp != nil, cacheTypes[m.kept])
}

// PageBytes returns the bytes of a page of the latent cache, whether or not there is
// one yet.
func (m *Model) PageBytes() int64 {
	k, err := m.newCache(0)
	if err != nil {
		panic(err) // nothing is taken for no page
	}
	return int64(k.PageBytes())
}

// numerics is raised with every change by which the bits of what is cached change.
const numerics = 2

// Numerics names all but the weights that the bits of cached latents depend on: the
// version of the numerics, how the network computes, how the cache holds values and
// whether it has a place for the MTP layer, and the instruction set.
func (m *Model) Numerics() string {
	by := Exact
	if m.math == nn.Fast {
		by = Fast
	}
	return fmt.Sprintf("numerics %d, %s math, cache %s, layers %d to %d, MTP %v, %s", numerics, by, m.kept, m.from, m.from+len(m.layers), m.mtp != nil, nn.Tier())
}

// Cache returns the memory of the latent cache; nil before Reserve.
func (m *Model) Cache() *Cache { return m.cache }

// CacheType returns how the latent cache holds its values.
func (m *Model) CacheType() CacheType { return m.kept }

// MTP returns the MTP layer; nil where there is none.
func (m *Model) MTP() *MTP { return m.mtp }

// Vocabulary returns the number of logits.
func (m *Model) Vocabulary() int { return m.Config.Vocabulary }

// Workers returns the number of threads.
func (m *Model) Workers() int { return m.pool.Workers() }

// Close ends the Model's threads and gives the latent cache back.
func (m *Model) Close() {
	m.pool.Close()
	if m.cache != nil {
		_ = m.cache.latents.Free() // fails only for what was never taken
		m.cache = nil
	}
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
	m.pool.Enter()
	defer m.pool.Leave()
	s := m.begin(b, 0)
	o, err := m.run(ctx, s)
	if err != nil {
		s.end()
		return nil, err
	}
	return o, nil
}

func (m *Model) run(ctx context.Context, s *step) (*Output, error) {
	m.copyPages(s.batch)
	if m.embedding != nil {
		s.x = s.arena.Lookup(m.embedding, s.tokens())
		s.observe("embedding", -1, s.x)
		if err := s.finite(s.x, "embedding", -1); err != nil {
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
		if err := s.finite(s.x, "layer", m.from+i); err != nil {
			return nil, err
		}
		s.observe("h", i, s.x)
	}
	if !m.last {
		return s.finish(s.x, nil)
	}
	h := m.norm.Apply(s.x)
	s.observe("norm", -1, h)
	m.keepHidden(s, h)
	return s.finish(h, &m.head)
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
