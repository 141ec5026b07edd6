package deepseek

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// hfConfig is config.json of a Hugging Face or MLX folder. Pointers are what
// may be absent.
type hfConfig struct {
	Architectures []string `json:"architectures"`
	ModelType     string   `json:"model_type"`

	Vocabulary  int  `json:"vocab_size"`
	Dim         int  `json:"hidden_size"`
	Layers      int  `json:"num_hidden_layers"`
	DenseLayers *int `json:"first_k_dense_replace"`
	MoEFreq     *int `json:"moe_layer_freq"`
	Hidden      int  `json:"intermediate_size"`
	Context     int  `json:"max_position_embeddings"`

	Heads  int  `json:"num_attention_heads"`
	QRank  *int `json:"q_lora_rank"`
	KVRank int  `json:"kv_lora_rank"`
	Nope   int  `json:"qk_nope_head_dim"`
	Rope   int  `json:"qk_rope_head_dim"`
	V      int  `json:"v_head_dim"`

	Experts       int      `json:"n_routed_experts"`
	SharedExperts *int     `json:"n_shared_experts"`
	ExpertHidden  int      `json:"moe_intermediate_size"`
	TopK          int      `json:"num_experts_per_tok"`
	Groups        *int     `json:"n_group"`
	KeptGroups    *int     `json:"topk_group"`
	NormalizeTopK *bool    `json:"norm_topk_prob"`
	RoutedScale   *float64 `json:"routed_scaling_factor"`
	ScoringFunc   *string  `json:"scoring_func"`
	TopKMethod    *string  `json:"topk_method"`

	Activation    *string         `json:"hidden_act"`
	AttentionBias bool            `json:"attention_bias"`
	Epsilon       *float64        `json:"rms_norm_eps"`
	RopeTheta     *float64        `json:"rope_theta"`
	RopeScaling   json.RawMessage `json:"rope_scaling"`
	TiedHead      bool            `json:"tie_word_embeddings"`

	BOS json.RawMessage `json:"bos_token_id"`
	EOS json.RawMessage `json:"eos_token_id"`

	Quantization *struct {
		Method string `json:"quant_method"`
		Format string `json:"fmt"`
		Block  []int  `json:"weight_block_size"`
	} `json:"quantization_config"`
}

// hfArchitectures are the names under which networks of this family go.
var hfArchitectures = []string{"DeepseekV3ForCausalLM"}

// ParseHF reads a config.json.
func ParseHF(data []byte) (Config, error) {
	var h hfConfig
	if err := json.Unmarshal(data, &h); err != nil {
		return Config{}, fmt.Errorf("config.json: %w", err)
	}
	if err := h.supported(); err != nil {
		return Config{}, fmt.Errorf("config.json: %w", err)
	}
	c := Config{
		Architecture: hfArchitectures[0],
		Vocabulary:   h.Vocabulary, Dim: h.Dim, Layers: h.Layers, DenseLayers: or(h.DenseLayers, 0), Hidden: h.Hidden, Context: h.Context,
		Heads: h.Heads, QRank: or(h.QRank, 0), KVRank: h.KVRank, Nope: h.Nope, Rope: h.Rope, V: h.V,
		Experts: h.Experts, SharedExperts: or(h.SharedExperts, 0), ExpertHidden: h.ExpertHidden, TopK: h.TopK,
		Groups: or(h.Groups, 1), KeptGroups: or(h.KeptGroups, 1), NormalizeTopK: or(h.NormalizeTopK, true), RoutedScale: or(h.RoutedScale, 1),
		Epsilon: or(h.Epsilon, 1e-6), RopeTheta: or(h.RopeTheta, 10000), TiedHead: h.TiedHead,
		BOS: -1, EOS: tokenIDs(h.EOS),
	}
	if bos := tokenIDs(h.BOS); len(bos) > 0 {
		c.BOS = bos[0]
	}
	var err error
	if c.YaRN, err = h.yarn(); err == nil {
		err = c.validate()
	}
	if err != nil {
		return Config{}, fmt.Errorf("config.json: %w", err)
	}
	return c, nil
}

// or returns what p points to, or def where it is absent.
func or[T any](p *T, def T) T {
	if p == nil {
		return def
	}
	return *p
}

// tokenIDs reads a token id, or a list of them.
func tokenIDs(raw json.RawMessage) []int32 {
	var id *int32
	if json.Unmarshal(raw, &id) == nil && id != nil {
		return []int32{*id}
	}
	var ids []int32
	if json.Unmarshal(raw, &ids) == nil {
		return ids
	}
	return nil
}

// supported says what is of another family, or a variant nobody has released.
func (h *hfConfig) supported() error {
	switch {
	case len(h.Architectures) == 0 && h.ModelType == "":
		return errors.New("names no architecture; want DeepseekV3ForCausalLM")
	case h.ModelType == "deepseek_v2" || slices.Contains(h.Architectures, "DeepseekV2ForCausalLM"),
		or(h.ScoringFunc, "sigmoid") == "softmax":
		return errors.New("softmax-scored experts (DeepSeek-V2) are not supported; want a DeepSeek-V3 network, whose scores are sigmoid")
	case len(h.Architectures) > 0 && !slices.Contains(hfArchitectures, h.Architectures[0]),
		len(h.Architectures) == 0 && h.ModelType != "deepseek_v3" && h.ModelType != "kimi_k2":
		return fmt.Errorf("architecture %q (model_type %q) is not of this family; want DeepseekV3ForCausalLM", first(h.Architectures), h.ModelType)
	case or(h.ScoringFunc, "sigmoid") != "sigmoid":
		return fmt.Errorf("scoring_func is %q, want sigmoid", *h.ScoringFunc)
	case or(h.TopKMethod, "noaux_tc") != "noaux_tc":
		return fmt.Errorf("topk_method is %q, want noaux_tc", *h.TopKMethod)
	case or(h.MoEFreq, 1) != 1:
		return fmt.Errorf("moe_layer_freq is %d, want 1", *h.MoEFreq)
	case or(h.Activation, "silu") != "silu":
		return fmt.Errorf("hidden_act is %q, want silu", *h.Activation)
	case h.AttentionBias:
		return errors.New("attention_bias is true, want no biases")
	}
	if q := h.Quantization; q != nil && q.Method == "fp8" && len(q.Block) > 0 && !slices.Equal(q.Block, []int{128, 128}) {
		return fmt.Errorf("quantization_config.weight_block_size is %v, want [128 128]", q.Block)
	}
	return nil
}

func first(s []string) string {
	if len(s) == 0 {
		return ""
	}
	return s[0]
}

// yarn reads rope_scaling.
func (h *hfConfig) yarn() (*YaRN, error) {
	if len(h.RopeScaling) == 0 || string(h.RopeScaling) == "null" {
		return nil, nil
	}
	var s struct {
		Type         string   `json:"type"`
		RopeType     string   `json:"rope_type"`
		Factor       float64  `json:"factor"`
		Original     int      `json:"original_max_position_embeddings"`
		BetaFast     *float64 `json:"beta_fast"`
		BetaSlow     *float64 `json:"beta_slow"`
		Mscale       *float64 `json:"mscale"`
		MscaleAllDim *float64 `json:"mscale_all_dim"`
	}
	if err := json.Unmarshal(h.RopeScaling, &s); err != nil {
		return nil, fmt.Errorf("rope_scaling: %w", err)
	}
	kind := s.Type
	if kind == "" {
		kind = s.RopeType
	}
	switch kind {
	case "default":
		return nil, nil
	case "yarn":
	default:
		return nil, fmt.Errorf("rope_scaling.type is %q, want yarn", kind)
	}
	return &YaRN{
		Factor: s.Factor, Original: s.Original,
		BetaFast: or(s.BetaFast, 32), BetaSlow: or(s.BetaSlow, 1),
		Mscale: or(s.Mscale, 1), MscaleAllDim: or(s.MscaleAllDim, 0),
	}, nil
}
