package deepseek

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/deskseek/deskseek/checkpoint"
)

// ParseConfig reads the shape of the network from a checkpoint.
func ParseConfig(ck *checkpoint.Checkpoint) (Config, error) {
	var c Config
	var err error
	switch {
	case ck.Format() == checkpoint.GGUF:
		c, err = parseGGUF(ck)
	case ck.Config() == nil:
		err = errors.New("no config.json beside the weights; want the one of the model's folder")
	default:
		c, err = ParseHF(ck.Config())
	}
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", ck.Path(), err)
	}
	return c, nil
}

// ggufArchitecture is general.architecture of this family.
const ggufArchitecture = "deepseek2"

// A ggufReader reads keys of the architecture, and keeps the errors.
type ggufReader struct {
	meta checkpoint.Metadata
	errs []error
}

// number reads an integer key; def where it is absent, an error where def is
// required.
func (r *ggufReader) number(key string, def int) int {
	v, ok, err := r.meta.Uint(ggufArchitecture + "." + key)
	switch {
	case err != nil:
		r.errs = append(r.errs, err)
	case ok && v > math.MaxInt32:
		r.errs = append(r.errs, fmt.Errorf("%s.%s is %d, want at most %d", ggufArchitecture, key, v, math.MaxInt32))
	case ok:
		return int(v)
	case def == required:
		r.errs = append(r.errs, fmt.Errorf("%s.%s is missing", ggufArchitecture, key))
	}
	return def
}

const required = math.MinInt

func (r *ggufReader) float(key string, def float64) float64 {
	v, ok, err := r.meta.Float(ggufArchitecture + "." + key)
	if err != nil {
		r.errs = append(r.errs, err)
	}
	if !ok {
		return def
	}
	return v
}

// shortest returns a float32 key as the decimal it was written from: 1e-6, not
// 9.999999974752427e-07.
func shortest(v float64) float64 {
	s, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', -1, 32), 64)
	if err != nil {
		return v // out of float32's range
	}
	return s
}

func parseGGUF(ck *checkpoint.Checkpoint) (Config, error) {
	r := &ggufReader{meta: ck.Metadata()}
	arch, _, err := r.meta.Str("general.architecture")
	if err != nil {
		return Config{}, err
	}
	if arch != ggufArchitecture {
		return Config{}, fmt.Errorf("general.architecture is %q, want %q (DeepSeek-V3 and networks built like it)", arch, ggufArchitecture)
	}
	c := Config{
		Architecture: arch,
		Dim:          r.number("embedding_length", required),
		Hidden:       r.number("feed_forward_length", 0),
		DenseLayers:  r.number("leading_dense_block_count", 0),
		Context:      r.number("context_length", required),
		Heads:        r.number("attention.head_count", required),
		QRank:        r.number("attention.q_lora_rank", 0),
		KVRank:       r.number("attention.kv_lora_rank", required),
		Rope:         r.number("rope.dimension_count", required),

		Experts:       r.number("expert_count", 0),
		SharedExperts: r.number("expert_shared_count", 0),
		ExpertHidden:  r.number("expert_feed_forward_length", 0),
		TopK:          r.number("expert_used_count", 0),
		RoutedScale:   shortest(r.float("expert_weights_scale", 1)),
		Epsilon:       shortest(r.float("attention.layer_norm_rms_epsilon", 1e-6)),
		RopeTheta:     shortest(r.float("rope.freq_base", 10000)),
		BOS:           r.id("tokenizer.ggml.bos_token_id"),
	}
	if eos := r.id("tokenizer.ggml.eos_token_id"); eos >= 0 {
		c.EOS = []int32{eos}
	}
	if c.RoutedScale == 0 {
		c.RoutedScale = 1 // llama.cpp's way of saying none
	}
	// key_length is 192 or, in files made for absorbed attention, 576: there the
	// true lengths are in the _mla keys.
	key := r.number("attention.key_length_mla", 0)
	if key == 0 {
		key = r.number("attention.key_length", required)
	}
	c.Nope = key - c.Rope
	if c.V = r.number("attention.value_length_mla", 0); c.V == 0 {
		c.V = r.number("attention.value_length", required)
	}
	norm, ok, err := r.meta.Bool(ggufArchitecture + ".expert_weights_norm")
	if err != nil {
		r.errs = append(r.errs, err)
	}
	c.NormalizeTopK = norm || !ok
	c.Vocabulary = r.vocabulary(ck)
	c.Layers = r.layers(ck)
	r.groups(&c)
	r.gating(ck)
	c.YaRN = r.yarn()
	if err := oneLine(r.errs); err != nil {
		return Config{}, err
	}
	return c, c.validate()
}

// id reads a token id; -1 where it is absent.
func (r *ggufReader) id(key string) int32 {
	v, ok, err := r.meta.Uint(key)
	if err != nil || !ok || v > math.MaxInt32 {
		return -1
	}
	return int32(v)
}

// vocabulary is that of the key, or the rows of the embedding.
func (r *ggufReader) vocabulary(ck *checkpoint.Checkpoint) int {
	t := ck.Tensor(ggufNames.embedding)
	if t == nil {
		return r.number("vocab_size", required)
	}
	return r.number("vocab_size", t.Rows)
}

// layers is block_count without the MTP layer, which some files count and some
// do not: the MTP layer's own tensors decide.
func (r *ggufReader) layers(ck *checkpoint.Checkpoint) int {
	blocks := r.number("block_count", required)
	if blocks < 1 || blocks > mostLayers {
		return blocks
	}
	for _, n := range []int{blocks - 1, blocks} {
		if ck.Tensor(fmt.Sprintf(ggufNames.layer, n)+ggufNames.mtpProject) != nil {
			return n
		}
	}
	nextn := r.number("nextn_predict_layers", 0)
	if nextn > 0 && ck.Tensor(fmt.Sprintf(ggufNames.layer, blocks-1)+ggufNames.normAttention) != nil {
		return blocks // the key was copied from config.json, the layer was not
	}
	return blocks - nextn
}

// groups reads how experts are grouped. GGUF files of DeepSeek-V3 made before
// October 2025 lack the keys; the network was trained with 8 and 4.
func (r *ggufReader) groups(c *Config) {
	groups, kept := 1, 1
	if c.Experts == 256 {
		groups, kept = 8, 4
	}
	c.Groups = r.number("expert_group_count", groups)
	c.KeptGroups = r.number("expert_group_used_count", min(kept, max(c.Groups, 1)))
	if c.Groups == 0 { // written by converters for networks without groups
		c.Groups, c.KeptGroups = 1, 1
	}
}

// gating refuses softmax scores: DeepSeek-V2, which has the same architecture
// name, and whose older files do not have the key.
func (r *ggufReader) gating(ck *checkpoint.Checkpoint) {
	const sigmoid = 2
	def := 1
	for _, name := range ck.Names() {
		if len(name) > len(ggufNames.bias) && name[len(name)-len(ggufNames.bias):] == ggufNames.bias {
			def = sigmoid
			break
		}
	}
	if r.number("expert_gating_func", def) != sigmoid && r.number("expert_count", 0) > 0 {
		r.errs = append(r.errs, errors.New("softmax-scored experts (DeepSeek-V2) are not supported; want a DeepSeek-V3 network, whose scores are sigmoid"))
	}
}

// yarn reads the rope.scaling keys. yarn_log_multiplier holds
// 0.1·mscale_all_dim; the betas are usually absent.
func (r *ggufReader) yarn() *YaRN {
	kind, ok, err := r.meta.Str(ggufArchitecture + ".rope.scaling.type")
	if err != nil {
		r.errs = append(r.errs, err)
	}
	if !ok || kind == "none" {
		return nil
	}
	if kind != "yarn" {
		r.errs = append(r.errs, fmt.Errorf("rope.scaling.type is %q, want yarn", kind))
		return nil
	}
	m := shortest(r.float("rope.scaling.yarn_log_multiplier", 0)) * 10
	y := &YaRN{
		Factor:       shortest(r.float("rope.scaling.factor", 0)),
		Original:     r.number("rope.scaling.original_context_length", required),
		BetaFast:     shortest(r.float("rope.scaling.yarn_beta_fast", 32)),
		BetaSlow:     shortest(r.float("rope.scaling.yarn_beta_slow", 1)),
		Mscale:       m, // not in the file; in every released model equal
		MscaleAllDim: m,
	}
	return y
}
