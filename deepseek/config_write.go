package deepseek

import (
	"encoding/json"

	"github.com/deskseek/deskseek/checkpoint"
)

// GGUF returns the keys of arch deepseek2 that say c, in the layout for absorbed
// attention (attn_k_b and attn_v_b, one shared key): what ParseConfig reads, and
// what llama.cpp and ik_llama.cpp want. mtp says that the MTP layer follows the
// others. Name, tokenizer and file type are the caller's.
func (c *Config) GGUF(mtp bool) []checkpoint.KeyValue {
	kv := []checkpoint.KeyValue{{Key: "general.architecture", Value: ggufArchitecture}}
	put := func(key string, v any) {
		kv = append(kv, checkpoint.KeyValue{Key: ggufArchitecture + "." + key, Value: v})
	}
	number := func(key string, v int) { put(key, uint32(v)) }
	if mtp {
		number("block_count", c.Layers+1)
		number("nextn_predict_layers", 1)
	} else {
		number("block_count", c.Layers)
	}
	number("context_length", c.Context)
	number("embedding_length", c.Dim)
	number("vocab_size", c.Vocabulary)
	number("feed_forward_length", c.Hidden)
	number("leading_dense_block_count", c.DenseLayers)
	number("attention.head_count", c.Heads)
	number("attention.head_count_kv", 1)
	number("attention.key_length", c.KVRank+c.Rope)
	number("attention.value_length", c.KVRank)
	number("attention.key_length_mla", c.Nope+c.Rope)
	number("attention.value_length_mla", c.V)
	if c.QRank > 0 {
		number("attention.q_lora_rank", c.QRank)
	}
	number("attention.kv_lora_rank", c.KVRank)
	put("attention.layer_norm_rms_epsilon", float32(c.Epsilon))
	number("rope.dimension_count", c.Rope)
	put("rope.freq_base", float32(c.RopeTheta))
	c.ggufExperts(number, put)
	if y := c.YaRN; y != nil {
		put("rope.scaling.type", "yarn")
		put("rope.scaling.factor", float32(y.Factor))
		number("rope.scaling.original_context_length", y.Original)
		put("rope.scaling.yarn_beta_fast", float32(y.BetaFast))
		put("rope.scaling.yarn_beta_slow", float32(y.BetaSlow))
		put("rope.scaling.yarn_log_multiplier", float32(y.MscaleAllDim/10))
	}
	return kv
}

func (c *Config) ggufExperts(number func(string, int), put func(string, any)) {
	const sigmoid = 2
	number("expert_count", c.Experts)
	number("expert_used_count", c.TopK)
	number("expert_shared_count", c.SharedExperts)
	number("expert_feed_forward_length", c.ExpertHidden)
	number("expert_gating_func", sigmoid)
	put("expert_weights_scale", float32(c.RoutedScale))
	put("expert_weights_norm", c.NormalizeTopK)
	// Without the keys 256 experts are taken to be grouped as DeepSeek-V3's.
	if c.Groups > 1 || c.Experts == 256 {
		number("expert_group_count", c.Groups)
		number("expert_group_used_count", c.KeptGroups)
	}
}

// JSON returns c as a config.json, with the keys of extra in it: what ParseHF
// reads, and other programs for such folders.
func (c *Config) JSON(mtp bool, extra map[string]any) ([]byte, error) {
	m := map[string]any{
		"architectures": hfArchitectures, "model_type": "deepseek_v3",
		"vocab_size": c.Vocabulary, "hidden_size": c.Dim, "num_hidden_layers": c.Layers,
		"first_k_dense_replace": c.DenseLayers, "moe_layer_freq": 1, "intermediate_size": c.Hidden,
		"max_position_embeddings": c.Context, "num_attention_heads": c.Heads, "num_key_value_heads": c.Heads,
		"q_lora_rank": nil, "kv_lora_rank": c.KVRank,
		"qk_nope_head_dim": c.Nope, "qk_rope_head_dim": c.Rope, "v_head_dim": c.V,
		"n_routed_experts": c.Experts, "n_shared_experts": c.SharedExperts, "moe_intermediate_size": c.ExpertHidden,
		"num_experts_per_tok": c.TopK, "n_group": c.Groups, "topk_group": c.KeptGroups,
		"norm_topk_prob": c.NormalizeTopK, "routed_scaling_factor": c.RoutedScale,
		"scoring_func": "sigmoid", "topk_method": "noaux_tc",
		"hidden_act": "silu", "attention_bias": false, "rms_norm_eps": c.Epsilon,
		"rope_theta": c.RopeTheta, "rope_scaling": nil, "tie_word_embeddings": c.TiedHead,
		"bos_token_id": c.BOS, "torch_dtype": "bfloat16", "num_nextn_predict_layers": 0,
	}
	if mtp {
		m["num_nextn_predict_layers"] = 1
	}
	if c.QRank > 0 {
		m["q_lora_rank"] = c.QRank
	}
	if len(c.EOS) > 0 {
		m["eos_token_id"] = c.EOS[0]
	}
	if y := c.YaRN; y != nil {
		m["rope_scaling"] = map[string]any{
			"type": "yarn", "factor": y.Factor, "original_max_position_embeddings": y.Original,
			"beta_fast": y.BetaFast, "beta_slow": y.BetaSlow, "mscale": y.Mscale, "mscale_all_dim": y.MscaleAllDim,
		}
	}
	for k, v := range extra {
		m[k] = v
	}
	return json.MarshalIndent(m, "", "  ")
}
