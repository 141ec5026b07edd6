package deepseek

import (
	"fmt"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/tensor"
)

// hf is the naming of Hugging Face folders, and of MLX folders, which differ in
// two places: experts are stacked in switch_mlp, and newer ones split kv_b_proj
// into embed_q and unembed_out.
type hf struct{}

var hfNames = names{
	embedding: "model.embed_tokens.weight", norm: "model.norm.weight", head: "lm_head.weight",
	layer: "model.layers.%d.",

	normAttention: "input_layernorm.weight", normMLP: "post_attention_layernorm.weight",
	downQ: "self_attn.q_a_proj.weight", normQ: "self_attn.q_a_layernorm.weight", upQ: "self_attn.q_b_proj.weight", q: "self_attn.q_proj.weight",
	downKV: "self_attn.kv_a_proj_with_mqa.weight", normKV: "self_attn.kv_a_layernorm.weight", out: "self_attn.o_proj.weight",

	gate: "mlp.gate.weight", bias: "mlp.gate.e_score_correction_bias",
	denseGate: "mlp.gate_proj.weight", denseUp: "mlp.up_proj.weight", denseDown: "mlp.down_proj.weight",
	sharedGate: "mlp.shared_experts.gate_proj.weight", sharedUp: "mlp.shared_experts.up_proj.weight", sharedDown: "mlp.shared_experts.down_proj.weight",

	mtpEmbed: "enorm.weight", mtpHidden: "hnorm.weight", mtpProject: "eh_proj.weight", mtpNorm: "shared_head.norm.weight",
	mtpEmbedding: "embed_tokens.weight", mtpHead: "shared_head.head.weight",
}

func (hf) names() *names { return &hfNames }

func (hf) experts(b *binder, p string) expertStacks {
	c := b.c
	if stacked := p + "mlp.switch_mlp."; b.ck.Format() == checkpoint.MLX && b.ck.Tensor(stacked+"gate_proj.weight") != nil {
		return expertStacks{
			b.stack(stacked+"gate_proj.weight", c.Experts, c.ExpertHidden, c.Dim),
			b.stack(stacked+"up_proj.weight", c.Experts, c.ExpertHidden, c.Dim),
			b.stack(stacked+"down_proj.weight", c.Experts, c.Dim, c.ExpertHidden),
		}
	}
	each := func(name string, rows, cols int) (all []*tensor.Tensor) {
		for i := range c.Experts {
			all = append(all, b.matrix(fmt.Sprintf("%smlp.experts.%d.%s.weight", p, i, name), rows, cols))
		}
		return all
	}
	return expertStacks{
		each("gate_proj", c.ExpertHidden, c.Dim), each("up_proj", c.ExpertHidden, c.Dim), each("down_proj", c.Dim, c.ExpertHidden),
	}
}

func (hf) heads(b *binder, p string) headStacks {
	if b.ck.Tensor(p+"self_attn.embed_q.weight") != nil {
		return b.splitHeads(p+"self_attn.embed_q.weight", p+"self_attn.unembed_out.weight")
	}
	return b.pairHeads(p + "self_attn.kv_b_proj.weight")
}

func (hf) listExperts(l *lister, p string) {
	if l.format == checkpoint.MLX {
		stacked := p + "mlp.switch_mlp."
		l.stacks(stacked+"gate_proj.weight", stacked+"up_proj.weight", stacked+"down_proj.weight")
		return
	}
	for i := range l.c.Experts {
		l.mlp(RoutedUp, RoutedDown, fmt.Sprintf("%smlp.experts.%d.", p, i), "gate_proj.weight", "up_proj.weight", "down_proj.weight", l.c.ExpertHidden)
	}
}

func (hf) listHeads(l *lister, p string) {
	c := l.c
	l.matrix(UpKeyValue, p+"self_attn.kv_b_proj.weight", c.Heads*(c.Nope+c.V), c.KVRank)
}
