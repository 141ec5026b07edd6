package deepseek

import (
	"github.com/deskseek/deskseek/nn"
)

// A Layer is one transformer layer: attention, then a dense MLP or experts, each
// with a norm before it and added to the residual stream.
type Layer struct {
	NormAttention nn.RMSNorm
	Attention     *MLA
	NormMLP       nn.RMSNorm
	Dense         *nn.MLP // nil in an MoE layer
	MoE           *MoE    // nil in a dense layer
}

// MoE is a mixture of experts (report 2.1.2): the routed experts a gate chooses
// for a token, and one that all tokens share.
type MoE struct {
	Gate   nn.Gate
	Routed nn.Experts
	Shared *nn.MLP // nil where n_shared_experts is 0
}

// forward adds the layer's part to x, the residual stream of the step.
func (l *Layer) forward(s *step, layer int, x nn.Mat) error {
	nn.Add(x, l.Attention.forward(s, layer, l.NormAttention.Apply(x)))
	h, err := l.mlp(s, layer, l.NormMLP.Apply(x))
	if err != nil {
		return err
	}
	nn.Add(x, h)
	return nil
}

func (l *Layer) mlp(s *step, layer int, h nn.Mat) (nn.Mat, error) {
	if l.MoE == nil {
		return l.Dense.Apply(h), nil
	}
	routes := l.MoE.Gate.Route(h)
	s.observeRoutes(layer, routes)
	y, err := l.MoE.Routed.Apply(h, routes)
	if err != nil {
		return y, err
	}
	if l.MoE.Shared != nil {
		nn.Add(y, l.MoE.Shared.Apply(h))
	}
	return y, nil
}
