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

// Forward computes a step of the MTP layer. The token t_{i+1} of a run stands at
// its own position i+1, with h_i in Run.Hidden; its logits are those of t_{i+2}.
// The Output's hidden states are those a further draft takes.
func (t *MTP) Forward(ctx context.Context, b *Batch) (*Output, error) {
	if t == nil {
		return nil, fmt.Errorf("the checkpoint has no MTP layer")
	}
	m := t.model
	if err := m.checkMTP(b); err != nil {
		return nil, err
	}
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

func (t *MTP) run(ctx context.Context, s *step) (*Output, error) {
	m := t.model
	m.copyPages(s.batch)
	e := t.NormEmbed.Apply(s.arena.Lookup(t.Embedding, s.tokens()))
	s.x = t.Project.Apply(nn.Concat(e, t.NormHidden.Apply(s.hidden())))
	if err := s.poll(ctx); err != nil {
		return nil, err
	}
	layer := len(m.layers)
	s.observe("eh_proj", layer, s.x)
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

// checkMTP says what is wrong with a batch for the MTP layer.
func (m *Model) checkMTP(b *Batch) error {
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
