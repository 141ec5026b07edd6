package deepseek

import (
	"github.com/deskseek/deskseek/tensor"
)

// gguf is the naming of GGUF files of arch deepseek2. Their kv_b comes in three
// layouts: attn_kv_b alone (legacy), attn_k_b (transposed) and attn_v_b
// (llama.cpp since 2025), or all three (ik_llama.cpp, which stores the two
// parts as matrices of two dimensions).
type gguf struct{}

var ggufNames = names{
	embedding: "token_embd.weight", norm: "output_norm.weight", head: "output.weight",
	layer: "blk.%d.",

	normAttention: "attn_norm.weight", normMLP: "ffn_norm.weight",
	downQ: "attn_q_a.weight", normQ: "attn_q_a_norm.weight", upQ: "attn_q_b.weight", q: "attn_q.weight",
	downKV: "attn_kv_a_mqa.weight", normKV: "attn_kv_a_norm.weight", out: "attn_output.weight",

	gate: "ffn_gate_inp.weight", bias: "exp_probs_b.bias",
	denseGate: "ffn_gate.weight", denseUp: "ffn_up.weight", denseDown: "ffn_down.weight",
	sharedGate: "ffn_gate_shexp.weight", sharedUp: "ffn_up_shexp.weight", sharedDown: "ffn_down_shexp.weight",

	mtpEmbed: "nextn.enorm.weight", mtpHidden: "nextn.hnorm.weight", mtpProject: "nextn.eh_proj.weight", mtpNorm: "nextn.shared_head_norm.weight",
	mtpEmbedding: "nextn.embed_tokens.weight", mtpHead: "nextn.shared_head_head.weight",
}

// The stacks of a layer: of routed experts, and of heads.
const (
	ggufGates, ggufUps, ggufDowns = "ffn_gate_exps.weight", "ffn_up_exps.weight", "ffn_down_exps.weight"
	ggufUpKey, ggufUpValue        = "attn_k_b.weight", "attn_v_b.weight"
)

func (gguf) names() *names { return &ggufNames }

func (gguf) experts(b *binder, p string) expertStacks {
	c := b.c
	down := b.stack(p+ggufDowns, c.Experts, c.Dim, c.ExpertHidden)
	if fused := p + "ffn_gate_up_exps.weight"; b.ck.Tensor(fused) != nil {
		var gate, up []*tensor.Tensor
		for _, t := range b.stack(fused, c.Experts, 2*c.ExpertHidden, c.Dim) {
			gate, up = append(gate, t.Slice(0, c.ExpertHidden)), append(up, t.Slice(c.ExpertHidden, 2*c.ExpertHidden))
		}
		return expertStacks{gate, up, down}
	}
	return expertStacks{
		b.stack(p+ggufGates, c.Experts, c.ExpertHidden, c.Dim),
		b.stack(p+ggufUps, c.Experts, c.ExpertHidden, c.Dim),
		down,
	}
}

func (gguf) heads(b *binder, p string) headStacks {
	k, v, both := p+ggufUpKey, p+ggufUpValue, p+"attn_kv_b.weight"
	if b.ck.Tensor(k) != nil || b.ck.Tensor(both) == nil {
		b.used[both] = true // ik_llama.cpp's third copy
		return b.splitHeads(k, v)
	}
	return b.pairHeads(both)
}

func (gguf) listExperts(l *lister, p string) {
	l.stacks(p+ggufGates, p+ggufUps, p+ggufDowns)
}

func (gguf) listHeads(l *lister, p string) {
	c := l.c
	l.all = append(l.all, Weight{Name: p + ggufUpKey, Role: UpKey, Shape: []int{c.Heads, c.KVRank, c.Nope}, Inputs: c.KVRank, Layer: l.at})
	l.matrix(UpValue, p+ggufUpValue, c.Heads, c.V, c.KVRank)
}
