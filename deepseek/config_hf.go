package deepseek

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// hfConfig is config.json of a Hugging Face or MLX folder. Pointers are what
// may be absent.
type hfConfig struct {
	Architectures []string `json:"architectures"`
	ModelType     string   `json:"model_type"`

	Vocabulary  integer  `json:"vocab_size"`
	Dim         integer  `json:"hidden_size"`
	Layers      integer  `json:"num_hidden_layers"`
	DenseLayers *integer `json:"first_k_dense_replace"`
	MoEFreq     *integer `json:"moe_layer_freq"`
	Hidden      integer  `json:"intermediate_size"`
	Context     integer  `json:"max_position_embeddings"`

	Heads  integer  `json:"num_attention_heads"`
	QRank  *integer `json:"q_lora_rank"`
	KVRank integer  `json:"kv_lora_rank"`
	Nope   integer  `json:"qk_nope_head_dim"`
	Rope   integer  `json:"qk_rope_head_dim"`
	V      integer  `json:"v_head_dim"`

	Experts       integer  `json:"n_routed_experts"`
	SharedExperts *integer `json:"n_shared_experts"`
	ExpertHidden  integer  `json:"moe_intermediate_size"`
	TopK          integer  `json:"num_experts_per_tok"`
	Groups        *integer `json:"n_group"`
	KeptGroups    *integer `json:"topk_group"`
	NormalizeTopK *bool    `json:"norm_topk_prob"`
	RoutedScale   *float64 `json:"routed_scaling_factor"`
	ScoringFunc   *string  `json:"scoring_func"`
	TopKMethod    *string  `json:"topk_method"`

	Activation     *string         `json:"hidden_act"`
	AttentionBias  bool            `json:"attention_bias"`
	Epsilon        *float64        `json:"rms_norm_eps"`
	RopeTheta      *float64        `json:"rope_theta"`
	RopeScaling    json.RawMessage `json:"rope_scaling"`
	RopeParameters json.RawMessage `json:"rope_parameters"` // transformers 5: both, and theta
	TiedHead       bool            `json:"tie_word_embeddings"`

	BOS json.RawMessage `json:"bos_token_id"`
	EOS json.RawMessage `json:"eos_token_id"`

	Quantization *struct {
		Method string `json:"quant_method"`
		Format string `json:"fmt"`
		Block  []int  `json:"weight_block_size"`
	} `json:"quantization_config"`
}

// An integer is a whole number, which some programs write as 2048.0.
type integer int

func (i *integer) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil // as if it were absent
	}
	if n, err := strconv.ParseInt(string(data), 10, 64); err == nil {
		*i = integer(n)
		return nil
	}
	f, err := strconv.ParseFloat(string(data), 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return fmt.Errorf("%s is no whole number", data)
	}
	*i = integer(f)
	return nil
}

// intOr returns the value of an optional integer.
func intOr(p *integer, def int) int {
	if p == nil {
		return def
	}
	return int(*p)
}

// plain says what is wrong with JSON without the names of Go's types.
func plain(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		return fmt.Errorf("%s is a JSON %s, which it can't be", wrong.Field, wrong.Value)
	}
	return err
}

// hfArchitectures are the names under which networks of this family go.
var hfArchitectures = []string{"DeepseekV3ForCausalLM"}

// ParseHF reads a config.json.
func ParseHF(data []byte) (Config, error) {
	var h hfConfig
	if err := json.Unmarshal(data, &h); err != nil {
		return Config{}, fmt.Errorf("config.json: %w", plain(err))
	}
	if err := h.supported(); err != nil {
		return Config{}, fmt.Errorf("config.json: %w", err)
	}
	c := Config{
		Architecture: hfArchitectures[0],
		Vocabulary:   int(h.Vocabulary), Dim: int(h.Dim), Layers: int(h.Layers), DenseLayers: intOr(h.DenseLayers, 0), Hidden: int(h.Hidden), Context: int(h.Context),
		Heads: int(h.Heads), QRank: intOr(h.QRank, 0), KVRank: int(h.KVRank), Nope: int(h.Nope), Rope: int(h.Rope), V: int(h.V),
		Experts: int(h.Experts), SharedExperts: intOr(h.SharedExperts, 0), ExpertHidden: int(h.ExpertHidden), TopK: int(h.TopK),
		Groups: intOr(h.Groups, 1), KeptGroups: intOr(h.KeptGroups, 1), NormalizeTopK: or(h.NormalizeTopK, true), RoutedScale: or(h.RoutedScale, 1),
		Epsilon: or(h.Epsilon, 1e-6), TiedHead: h.TiedHead,
		BOS: -1, EOS: tokenIDs(h.EOS),
	}
	if bos := tokenIDs(h.BOS); len(bos) > 0 {
		c.BOS = bos[0]
	}
	var err error
	if c.RopeTheta, c.YaRN, err = h.rope(); err == nil {
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
	case intOr(h.MoEFreq, 1) != 1:
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

// rope reads the base of the frequencies and how they are scaled: rope_theta and
// rope_scaling, or rope_parameters, which holds both.
func (h *hfConfig) rope() (theta float64, y *YaRN, err error) {
	key, raw := "rope_scaling", h.RopeScaling
	if len(raw) == 0 || string(raw) == "null" {
		key, raw = "rope_parameters", h.RopeParameters
	}
	theta = or(h.RopeTheta, 10000)
	if len(raw) == 0 || string(raw) == "null" {
		return theta, nil, nil
	}
	var s struct {
		Type         string   `json:"type"`
		RopeType     string   `json:"rope_type"`
		Theta        *float64 `json:"rope_theta"`
		Factor       float64  `json:"factor"`
		Original     *integer `json:"original_max_position_embeddings"`
		BetaFast     *float64 `json:"beta_fast"`
		BetaSlow     *float64 `json:"beta_slow"`
		Mscale       *float64 `json:"mscale"`
		MscaleAllDim *float64 `json:"mscale_all_dim"`
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return 0, nil, fmt.Errorf("%s: %w", key, plain(err))
	}
	if h.RopeTheta == nil {
		theta = or(s.Theta, theta)
	}
	kind := s.Type
	if kind == "" {
		kind = s.RopeType
	}
	switch kind {
	case "default":
		return theta, nil, nil
	case "yarn":
	default:
		return 0, nil, fmt.Errorf("%s.type is %q, want yarn", key, kind)
	}
	return theta, &YaRN{
		Factor: s.Factor, Original: intOr(s.Original, int(h.Context)),
		BetaFast: or(s.BetaFast, 32), BetaSlow: or(s.BetaSlow, 1),
		Mscale: or(s.Mscale, 1), MscaleAllDim: or(s.MscaleAllDim, 0),
	}, nil
}
