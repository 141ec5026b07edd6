// Package deepseek is the network of DeepSeek-V3 and of those built like it
// (R1, V3.1, Moonlight, Kimi-K2): multi-head latent attention (MLA), mixture of
// experts (MoE), multi-token prediction (MTP), YaRN. It binds a checkpoint's
// tensors to the network, whatever names, splits and orientations the checkpoint
// uses, owns the memory of the latent cache, and computes steps.
//
// It knows neither text nor requests, and keeps no accounts of the cache: which
// sequence owns which page is its caller's business.
package deepseek

import (
	"errors"
	"fmt"
	"math"
	"strings"
)

// A Config is the shape of a network. Fields name their key in config.json.
type Config struct {
	Architecture string // architectures[0], or general.architecture
	Vocabulary   int    // vocab_size
	Dim          int    // hidden_size
	Layers       int    // num_hidden_layers, without the MTP layer
	DenseLayers  int    // first_k_dense_replace: the first layers, which have no experts
	Hidden       int    // intermediate_size: width of a dense layer's MLP
	Context      int    // max_position_embeddings: most tokens of a sequence

	Heads  int // num_attention_heads
	QRank  int // q_lora_rank; 0: queries are not compressed
	KVRank int // kv_lora_rank
	Nope   int // qk_nope_head_dim
	Rope   int // qk_rope_head_dim
	V      int // v_head_dim

	Experts       int     // n_routed_experts
	SharedExperts int     // n_shared_experts: one MLP of that many times ExpertHidden
	ExpertHidden  int     // moe_intermediate_size
	TopK          int     // num_experts_per_tok
	Groups        int     // n_group
	KeptGroups    int     // topk_group
	NormalizeTopK bool    // norm_topk_prob
	RoutedScale   float64 // routed_scaling_factor

	Epsilon   float64 // rms_norm_eps
	RopeTheta float64 // rope_theta
	YaRN      *YaRN   // rope_scaling; nil where there is none

	TiedHead bool // tie_word_embeddings: the head is the embedding

	BOS int32   // bos_token_id; -1 where not said
	EOS []int32 // eos_token_id, one or several
}

// latentEpsilon is the epsilon of q_a_layernorm and kv_a_layernorm. The authors'
// modeling code builds them with the default, whatever rms_norm_eps says.
const latentEpsilon = 1e-6

// A YaRN stretches the positions of a network trained on shorter texts
// (arXiv:2309.00071, with the two scales of DeepSeek's code).
type YaRN struct {
	Factor       float64 // factor
	Original     int     // original_max_position_embeddings
	BetaFast     float64 // beta_fast
	BetaSlow     float64 // beta_slow
	Mscale       float64 // mscale
	MscaleAllDim float64 // mscale_all_dim
}

// Frequencies returns the angle per position of each of the Rope/2 pairs, in
// radians.
//
// With YaRN, a pair that turns more than BetaFast times in the original context
// keeps its frequency, one that turns less than BetaSlow times is slowed by
// Factor, and those between go linearly from one to the other.
func (c *Config) Frequencies() []float64 {
	pairs := c.Rope / 2
	f := make([]float64, pairs)
	for i := range f {
		f[i] = math.Pow(c.RopeTheta, -2*float64(i)/float64(c.Rope))
	}
	y := c.YaRN
	if y == nil {
		return f
	}
	// turns returns the pair that turns n times in the original context.
	turns := func(n float64) float64 {
		return float64(c.Rope) * math.Log(float64(y.Original)/(n*2*math.Pi)) / (2 * math.Log(c.RopeTheta))
	}
	low := max(math.Floor(turns(y.BetaFast)), 0)
	high := min(math.Ceil(turns(y.BetaSlow)), float64(c.Rope-1))
	if low == high {
		high += 0.001 // as the authors' code, against a division by zero
	}
	for i := range f {
		ramp := min(max((float64(i)-low)/(high-low), 0), 1)
		f[i] = f[i]/y.Factor*ramp + f[i]*(1-ramp)
	}
	return f
}

// mscale is YaRN's attention scale for a factor (paper, eq. 22).
func mscale(factor, m float64) float64 {
	if factor <= 1 {
		return 1
	}
	return 0.1*m*math.Log(factor) + 1
}

// RopeScale returns the factor of cos and sin; 1 in all released models.
func (c *Config) RopeScale() float64 {
	if c.YaRN == nil {
		return 1
	}
	return mscale(c.YaRN.Factor, c.YaRN.Mscale) / mscale(c.YaRN.Factor, c.YaRN.MscaleAllDim)
}

// SoftmaxScale returns the factor of attention scores.
func (c *Config) SoftmaxScale() float64 {
	s := 1 / math.Sqrt(float64(c.Nope+c.Rope))
	if c.YaRN != nil && c.YaRN.MscaleAllDim != 0 {
		m := mscale(c.YaRN.Factor, c.YaRN.MscaleAllDim)
		s *= m * m
	}
	return s
}

// ExpandFrom returns the number of uncached prompt tokens from which on they use
// the decompressed form of attention: where its multiplications become fewer.
// For n new tokens over as many positions the absorbed form costs, a head,
//
//	n·KVRank·(Nope+V) + n²·(2·KVRank+Rope)
//
// and the decompressed one n·KVRank·(Nope+V) + n²·(Nope+Rope+V); but with a
// cached prefix all its positions are decompressed too. The threshold is the n
// at which decompressing a position pays for itself: 171 for DeepSeek-V3. It is
// a constant of the shape, because it is part of what a token's values are.
func (c *Config) ExpandFrom() int {
	saved := 2*c.KVRank + c.Rope - (c.Nope + c.Rope + c.V)
	if saved <= 0 {
		return math.MaxInt
	}
	return c.KVRank*(c.Nope+c.V)/saved + 1
}

// limits of a believable config: nothing released comes near them, and products
// of two stay within int64.
const (
	mostDim    = 1 << 20
	mostLayers = 1 << 12
)

// validate says all that is wrong with c.
func (c *Config) validate() error {
	var errs []error
	positive := func(key string, v, most int) {
		if v < 1 || v > most {
			errs = append(errs, fmt.Errorf("%s is %d, want 1 to %d", key, v, most))
		}
	}
	positive("vocab_size", c.Vocabulary, 1<<24)
	positive("hidden_size", c.Dim, mostDim)
	positive("num_hidden_layers", c.Layers, mostLayers)
	positive("max_position_embeddings", c.Context, 1<<30)
	positive("num_attention_heads", c.Heads, 1<<14)
	positive("kv_lora_rank", c.KVRank, mostDim)
	positive("qk_nope_head_dim", c.Nope, mostDim)
	positive("qk_rope_head_dim", c.Rope, mostDim)
	positive("v_head_dim", c.V, mostDim)
	if c.QRank < 0 || c.QRank > mostDim {
		errs = append(errs, fmt.Errorf("q_lora_rank is %d, want 0 to %d", c.QRank, mostDim))
	}
	if c.Rope%2 != 0 {
		errs = append(errs, fmt.Errorf("qk_rope_head_dim is %d, want pairs", c.Rope))
	}
	if c.DenseLayers < 0 || c.DenseLayers > c.Layers {
		errs = append(errs, fmt.Errorf("first_k_dense_replace is %d, want 0 to %d", c.DenseLayers, c.Layers))
	}
	if c.DenseLayers > 0 {
		positive("intermediate_size", c.Hidden, mostDim)
	}
	if c.DenseLayers < c.Layers {
		errs = append(errs, c.validateExperts()...)
	}
	if !(c.Epsilon > 0 && c.Epsilon < 1) {
		errs = append(errs, fmt.Errorf("rms_norm_eps is %g, want a small positive number", c.Epsilon))
	}
	if !(c.RopeTheta > 1 && c.RopeTheta < 1e12) {
		errs = append(errs, fmt.Errorf("rope_theta is %g, want more than 1", c.RopeTheta))
	}
	if y := c.YaRN; y != nil {
		for _, k := range []struct {
			key string
			v   float64
		}{{"factor", y.Factor}, {"beta_fast", y.BetaFast}, {"beta_slow", y.BetaSlow}, {"original_max_position_embeddings", float64(y.Original)}} {
			if !(k.v > 0) || math.IsInf(k.v, 0) {
				errs = append(errs, fmt.Errorf("rope_scaling.%s is %g, want a positive number", k.key, k.v))
			}
		}
	}
	return oneLine(errs)
}

// oneLine joins errors to one sentence; nil where there are none.
func oneLine(errs []error) error {
	if len(errs) == 0 {
		return nil
	}
	s := make([]string, len(errs))
	for i, err := range errs {
		s[i] = err.Error()
	}
	return errors.New(strings.Join(s, "; "))
}

func (c *Config) validateExperts() (errs []error) {
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	switch {
	case c.Experts < 1 || c.Experts > 1<<14:
		bad("n_routed_experts is %d, want 1 to %d", c.Experts, 1<<14)
	case c.Groups < 1 || c.Experts%c.Groups != 0:
		bad("n_group is %d, want a divisor of the %d experts", c.Groups, c.Experts)
	case c.KeptGroups < 1 || c.KeptGroups > c.Groups:
		bad("topk_group is %d, want 1 to %d", c.KeptGroups, c.Groups)
	case c.TopK < 1 || c.TopK > c.Experts/c.Groups*c.KeptGroups:
		bad("num_experts_per_tok is %d, want 1 to %d, the experts of %d groups", c.TopK, c.Experts/c.Groups*c.KeptGroups, c.KeptGroups)
	}
	if c.ExpertHidden < 1 || c.ExpertHidden > mostDim {
		bad("moe_intermediate_size is %d, want 1 to %d", c.ExpertHidden, mostDim)
	}
	if c.SharedExperts < 0 || c.SharedExperts > 1<<10 {
		bad("n_shared_experts is %d, want 0 to %d", c.SharedExperts, 1<<10)
	}
	if math.IsNaN(c.RoutedScale) || math.IsInf(c.RoutedScale, 0) || c.RoutedScale == 0 {
		bad("routed_scaling_factor is %g, want a number other than 0", c.RoutedScale)
	}
	return errs
}
