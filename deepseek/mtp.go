package deepseek

import (
	"context"
	"fmt"

	"github.com/deskseek/deskseek/nn"
	"github.com/deskseek/deskseek/tensor"
)

// MTP is the multi-token prediction layer (report 2.2), by which the model
// drafts the token after the next:
//
//	x_i = Project [ NormEmbed(embed t_{i+1}) ; NormHidden(h_i) ]
//
// goes through one transformer layer with a cache of its own, Norm, and the main
// head, and predicts t_{i+2}. h_i is the hidden state after the final norm. A
// further draft takes the MTP layer's own output, after Norm, as h_{i+1}.
//
// Embedding and head are those of the main model; checkpoints store them again,
// and a quantized one perhaps in another encoding.
//
// A nil *MTP is the MTP layer of a checkpoint without one.
type MTP struct {
	model      *Model
	NormEmbed  nn.RMSNorm // enorm
	NormHidden nn.RMSNorm // hnorm
	Project    nn.Linear  // eh_proj, [Dim, 2·Dim]
	Layer      *Layer
	Norm       nn.RMSNorm // shared_head.norm
	Embedding  *tensor.Tensor
	Head       nn.Linear
}

// OwnHead reports whether the layer has another head than the main model.
func (t *MTP) OwnHead() bool { return t.Head != t.model.head }

// Forward computes a step of the MTP layer. The token t_{i+1} of a run stands at
// its own position i+1, with h_i in Run.Hidden; its logits are those of t_{i+2}.
// The Output's hidden states are those a further draft takes.
func (t *MTP) Forward(ctx context.Context, b *Batch) (*Output, error) {
	if err := t.check(b); err != nil {
		return nil, err
	}
	m := t.model
	m.pool.Enter()
	defer m.pool.Leave()
	s := m.begin(b, 1)
	o, err := t.run(ctx, s)
	if err != nil {
		s.end()
		return nil, err
	}
	return o, nil
}

// Fill caches what Forward caches for a step, to the bit, and computes no more
// than that takes: of the layer only its latents, a hundredth of its work or less.
// So the tokens of a prompt become the context of its drafts. The runs want no
// logits. Of a canceled run nothing may be cached.
func (t *MTP) Fill(ctx context.Context, b *Batch) error {
	if err := t.check(b); err != nil {
		return err
	}
	for i := range b.Runs {
		if n := b.Runs[i].Logits; n > 0 {
			return fmt.Errorf("run %d: wants %d logits of a step that only fills the cache", i, n)
		}
	}
	m := t.model
	m.pool.Enter()
	defer m.pool.Leave()
	s := m.begin(b, 1)
	defer s.end()
	if err := t.enter(ctx, s); err != nil {
		return err
	}
	latent, key := t.Layer.Attention.remember(s, len(m.layers), t.Layer.NormAttention.Apply(s.x))
	for _, x := range [...]nn.Mat{latent, key} {
		if err := s.finite(x, "MTP layer", -1); err != nil {
			return err
		}
	}
	return nil
}

// enter makes the rows with which a step enters the layer.
func (t *MTP) enter(ctx context.Context, s *step) error {
	t.model.copyPages(s.batch)
	e := t.NormEmbed.Apply(s.arena.Lookup(t.Embedding, s.tokens()))
	s.x = t.Project.Apply(nn.Concat(e, t.NormHidden.Apply(s.hidden())))
	if err := s.poll(ctx); err != nil {
		return err
	}
	s.observe("eh_proj", len(t.model.layers), s.x)
	return nil
}

func (t *MTP) run(ctx context.Context, s *step) (*Output, error) {
	if err := t.enter(ctx, s); err != nil {
		return nil, err
	}
	layer := len(t.model.layers)
	if err := t.Layer.forward(s, layer, s.x); err != nil {
		return nil, fmt.Errorf("MTP layer: %w", err)
	}
	if err := s.finite(s.x, "MTP layer", -1); err != nil {
		return nil, err
	}
	s.observe("prenorm", layer, s.x)
	h := t.Norm.Apply(s.x)
	s.observe("norm", layer, h)
	return s.finish(h, &t.Head)
}

// check says what is wrong with a batch for the MTP layer.
func (t *MTP) check(b *Batch) error {
	if t == nil {
		return fmt.Errorf("the checkpoint has no MTP layer")
	}
	m := t.model
	if err := b.check(m.cache, m.Config.Vocabulary); err != nil {
		return err
	}
	for i := range b.Runs {
		r := &b.Runs[i]
		if r.Position < 1 {
			return fmt.Errorf("run %d: the MTP layer has no pair at position %d", i, r.Position)
		}
		if err := r.checkHidden(m.Config.Dim); err != nil {
			return fmt.Errorf("run %d: %w", i, err)
		}
	}
	return nil
}

func (r *Run) checkHidden(dim int) error {
	n := 0
	for _, h := range r.Hidden {
		if h.Cols() != dim {
			return fmt.Errorf("hidden states of %d values, want %d", h.Cols(), dim)
		}
		n += h.Rows()
	}
	if n != len(r.Tokens) {
		return fmt.Errorf("%d hidden states for %d tokens", n, len(r.Tokens))
	}
	return nil
}
