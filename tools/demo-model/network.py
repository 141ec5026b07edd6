"""The DeepSeek-V3 network, small, for training (arXiv:2412.19437, section 2).

Modules and parameters are named as in the checkpoint, so that export copies names; only the experts of a layer are
stacked. Shapes: B sequences, T positions, D hidden, H heads, E experts, I an expert's width, N = B*T.
"""
import contextlib
import dataclasses

import torch
import torch.nn.functional as F
from torch import nn


@dataclasses.dataclass
class Config:
    """The keys of config.json that training varies or needs."""
    vocab_size: int = 2048
    hidden_size: int = 256
    intermediate_size: int = 768
    moe_intermediate_size: int = 256
    num_hidden_layers: int = 4
    first_k_dense_replace: int = 1
    num_attention_heads: int = 4
    q_lora_rank: int = 128
    kv_lora_rank: int = 128
    qk_nope_head_dim: int = 32
    qk_rope_head_dim: int = 32
    v_head_dim: int = 64
    n_routed_experts: int = 8
    n_shared_experts: int = 1
    num_experts_per_tok: int = 2
    n_group: int = 4
    topk_group: int = 2
    routed_scaling_factor: float = 1.0
    rope_theta: float = 10000.0
    rms_norm_eps: float = 1e-6
    max_position_embeddings: int = 2048


def linear(inputs, outputs, gain=1.0):
    """A matrix without bias, its values of variance gain**2 / inputs."""
    m = nn.Linear(inputs, outputs, bias=False)
    nn.init.normal_(m.weight, std=gain * inputs ** -0.5)
    return m


RESIDUAL = 0.5  # gain of the matrices that write to the residual stream


class RMSNorm(nn.Module):
    def __init__(self, size, epsilon):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.epsilon = epsilon

    def forward(self, x):
        x = x.float()
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.epsilon) * self.weight


def angles(c, length, device):
    """cos and sin [T, 1, rope/2] of the rotary positions."""
    pair = torch.arange(0, c.qk_rope_head_dim, 2, device=device).float()
    a = torch.outer(torch.arange(length, device=device).float(), c.rope_theta ** (-pair / c.qk_rope_head_dim))
    return a.cos()[:, None], a.sin()[:, None]


def rotate(x, cos, sin):
    """Turns the interleaved pairs of x [B, T, H, rope]."""
    a, b = x.float().unflatten(-1, (-1, 2)).unbind(-1)
    return torch.stack((a * cos - b * sin, a * sin + b * cos), -1).flatten(-2)


def attend(q, k, v):
    """Causal attention of q, k [B, H, T, nope+rope] and v [B, H, T, v]."""
    if hasattr(F, 'scaled_dot_product_attention'):
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)
    # PyTorch before 2.0
    future = torch.full((q.shape[2], q.shape[2]), float('-inf'), device=q.device).triu(1)
    scores = q.flatten(0, 1) @ k.flatten(0, 1).transpose(1, 2)
    p = torch.softmax(scores.float() * q.shape[-1] ** -0.5 + future, -1)
    return (p @ v.flatten(0, 1)).unflatten(0, q.shape[:2])


class MLA(nn.Module):
    """Multi-head latent attention, in the decompressed form (section 2.1.1)."""

    def __init__(self, c):
        super().__init__()
        self.heads, self.nope, self.rope = c.num_attention_heads, c.qk_nope_head_dim, c.qk_rope_head_dim
        self.rank, self.v = c.kv_lora_rank, c.v_head_dim
        self.q_a_proj = linear(c.hidden_size, c.q_lora_rank)
        self.q_a_layernorm = RMSNorm(c.q_lora_rank, 1e-6)  # 1e-6 whatever rms_norm_eps is, as the authors' code
        self.q_b_proj = linear(c.q_lora_rank, self.heads * (self.nope + self.rope))
        self.kv_a_proj_with_mqa = linear(c.hidden_size, self.rank + self.rope)
        self.kv_a_layernorm = RMSNorm(self.rank, 1e-6)
        self.kv_b_proj = linear(self.rank, self.heads * (self.nope + self.v))
        self.o_proj = linear(self.heads * self.v, c.hidden_size, RESIDUAL)

    def forward(self, x, cos, sin):
        q = self.q_b_proj(self.q_a_layernorm(self.q_a_proj(x))).unflatten(-1, (self.heads, -1))
        q_nope, q_rope = q.split([self.nope, self.rope], -1)
        latent, k_rope = self.kv_a_proj_with_mqa(x).split([self.rank, self.rope], -1)
        kv = self.kv_b_proj(self.kv_a_layernorm(latent)).unflatten(-1, (self.heads, -1))
        k_nope, v = kv.split([self.nope, self.v], -1)
        q_rope, k_rope = rotate(q_rope, cos, sin), rotate(k_rope.unsqueeze(2), cos, sin)  # one rotary key for all heads
        k_rope = k_rope.expand(-1, -1, self.heads, -1)
        q = torch.cat((q_nope, q_rope.to(q_nope.dtype)), -1).transpose(1, 2)
        k = torch.cat((k_nope, k_rope.to(k_nope.dtype)), -1).transpose(1, 2)
        return self.o_proj(attend(q, k, v.transpose(1, 2)).transpose(1, 2).flatten(2))


class MLP(nn.Module):
    def __init__(self, size, width):
        super().__init__()
        self.gate_proj = linear(size, width)
        self.up_proj = linear(size, width)
        self.down_proj = linear(width, size, RESIDUAL)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Gate(nn.Module):
    """The router: sigmoid scores, a bias that only chooses, groups (section 2.1.2)."""

    def __init__(self, c):
        super().__init__()
        self.groups, self.kept, self.top = c.n_group, c.topk_group, c.num_experts_per_tok
        self.factor = c.routed_scaling_factor
        self.weight = nn.Parameter(torch.randn(c.n_routed_experts, c.hidden_size) * c.hidden_size ** -0.5)
        self.register_buffer('e_score_correction_bias', torch.zeros(c.n_routed_experts))

    def forward(self, x):
        """Returns the scores [N, E], the chosen experts and their weights [N, top] of x [N, D]."""
        with torch.autocast(x.device.type, enabled=False):
            scores = torch.sigmoid(F.linear(x.float(), self.weight))
        chosen = self.choose(scores.detach() + self.e_score_correction_bias)
        weights = scores.gather(1, chosen)
        return scores, chosen, weights / (weights.sum(-1, keepdim=True) + 1e-20) * self.factor

    def choose(self, biased):
        grouped = biased.unflatten(-1, (self.groups, -1))
        kept = grouped.topk(2, -1)[0].sum(-1).topk(self.kept, -1)[1]
        out = torch.ones(grouped.shape[:2], dtype=torch.bool, device=biased.device).scatter(1, kept, False)
        return grouped.masked_fill(out.unsqueeze(-1), float('-inf')).flatten(1).topk(self.top, -1)[1]


class Experts(nn.Module):
    """The routed experts of a layer, stacked: gate_proj and up_proj [E, I, D], down_proj [E, D, I]."""

    def __init__(self, c):
        super().__init__()
        n, d, i = c.n_routed_experts, c.hidden_size, c.moe_intermediate_size
        self.gate_proj = nn.Parameter(torch.randn(n, i, d) * d ** -0.5)
        self.up_proj = nn.Parameter(torch.randn(n, i, d) * d ** -0.5)
        self.down_proj = nn.Parameter(torch.randn(n, d, i) * RESIDUAL * i ** -0.5)

    def forward(self, x, chosen, weights):
        """The weighted sum of the chosen experts' outputs [N, D], and how many tokens each expert got [E]."""
        order = chosen.flatten().argsort()
        token = order.div(chosen.shape[1], rounding_mode='floor')
        load = torch.bincount(chosen.flatten(), minlength=len(self.gate_proj))
        rows = x.index_select(0, token).split(load.tolist())
        parts = [F.linear(F.silu(F.linear(r, gate)) * F.linear(r, up), down) for r, gate, up, down in
                 zip(rows, self.gate_proj.unbind(), self.up_proj.unbind(), self.down_proj.unbind())]
        y = torch.cat(parts).float() * weights.flatten()[order].unsqueeze(-1)
        return torch.zeros_like(x, dtype=y.dtype).index_add(0, token, y), load


class MoE(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.gate = Gate(c)
        self.experts = Experts(c)
        self.shared_experts = MLP(c.hidden_size, c.n_shared_experts * c.moe_intermediate_size)
        self.chosen = self.load = self.balance = None  # of the last forward: experts [N, top], tokens an expert [E], loss

    def forward(self, x):
        flat = x.flatten(0, 1)
        scores, self.chosen, weights = self.gate(flat)
        routed, self.load = self.experts(flat, self.chosen, weights)
        # Equation (17), over the whole batch instead of each sequence: it only keeps routing from collapsing early.
        share = self.load / self.load.float().mean()
        self.balance = (share * (scores / scores.sum(-1, keepdim=True)).mean(0)).sum()
        return (routed + self.shared_experts(flat)).view_as(x)


class Layer(nn.Module):
    def __init__(self, c, dense):
        super().__init__()
        self.input_layernorm = RMSNorm(c.hidden_size, c.rms_norm_eps)
        self.self_attn = MLA(c)
        self.post_attention_layernorm = RMSNorm(c.hidden_size, c.rms_norm_eps)
        self.mlp = MLP(c.hidden_size, c.intermediate_size) if dense else MoE(c)

    def forward(self, x, cos, sin):
        x = x + self.self_attn(self.input_layernorm(x), cos, sin)
        return x + self.mlp(self.post_attention_layernorm(x))


class MTPLayer(Layer):
    """Multi-token prediction (section 2.2): hidden state i and the embedding of token i+1 predict token i+2, through
    the main network's embedding and head."""

    def __init__(self, c):
        super().__init__(c, dense=False)
        self.enorm = RMSNorm(c.hidden_size, c.rms_norm_eps)
        self.hnorm = RMSNorm(c.hidden_size, c.rms_norm_eps)
        self.eh_proj = linear(2 * c.hidden_size, c.hidden_size)
        self.shared_head = nn.ModuleDict({'norm': RMSNorm(c.hidden_size, c.rms_norm_eps)})

    def forward(self, hidden, embedding, cos, sin):
        x = self.eh_proj(torch.cat((self.enorm(embedding), self.hnorm(hidden)), -1)).float()
        return self.shared_head['norm'](super().forward(x, cos, sin))


class Network(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.config = c
        n = c.num_hidden_layers
        self.model = nn.ModuleDict({
            'embed_tokens': nn.Embedding(c.vocab_size, c.hidden_size),
            'layers': nn.ModuleList([Layer(c, i < c.first_k_dense_replace) for i in range(n)] + [MTPLayer(c)]),
            'norm': RMSNorm(c.hidden_size, c.rms_norm_eps),
        })
        self.lm_head = nn.Linear(c.hidden_size, c.vocab_size, bias=False)
        nn.init.normal_(self.model['embed_tokens'].weight, std=0.16)
        nn.init.normal_(self.lm_head.weight, std=0.02)

    def forward(self, tokens):
        """Logits of tokens [B, T]: [B, T, vocabulary] of the next, [B, T-1, vocabulary] of the one after it."""
        cos, sin = angles(self.config, tokens.shape[1], tokens.device)
        embedding = self.model['embed_tokens'](tokens)
        x = embedding
        *layers, mtp = self.model['layers']
        for layer in layers:
            x = layer(x, cos, sin)
        h = self.model['norm'](x)  # the MTP layer takes the normed state
        z = mtp(h[:, :-1], embedding[:, 1:], cos[:-1], sin[:-1])
        return self.lm_head(h).float(), self.lm_head(z).float()

    def moes(self):
        return [m for m in self.modules() if isinstance(m, MoE)]


def bf16(device):
    """The context in which matrices multiply in bf16."""
    return torch.autocast(device, torch.bfloat16) if device in ('cpu', 'cuda') else contextlib.nullcontext()
