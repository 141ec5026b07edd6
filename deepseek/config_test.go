package deepseek

import (
	"encoding/json"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/deskseek/deskseek/internal/golden"
	"github.com/deskseek/deskseek/nn"
)

// TestGoldenRope checks frequencies, scales and rotations of the family's
// configurations, up to the last position of DeepSeek-V3.
func TestGoldenRope(t *testing.T) {
	var vectors []struct {
		Name       string
		Rope       int             `json:"qk_rope_head_dim"`
		Nope       int             `json:"qk_nope_head_dim"`
		Theta      float64         `json:"rope_theta"`
		Scaling    json.RawMessage `json:"rope_scaling"`
		Frequency  []float64       `json:"inv_freq"`
		Multiplier float64         `json:"cos_sin_multiplier"`
		Softmax    float64         `json:"softmax_scale"`
		Rotated    map[string][]float64
	}
	golden.ReadJSON(t, filepath.Join(golden.Dir(), "unit", "rope_vectors.json"), &vectors)
	pool := nn.NewPool(1)
	defer pool.Close()
	for _, v := range vectors {
		t.Run(v.Name, func(t *testing.T) {
			theta, y, err := (&hfConfig{RopeScaling: v.Scaling, RopeTheta: &v.Theta}).rope()
			if err != nil {
				t.Fatal(err)
			}
			c := Config{Rope: v.Rope, Nope: v.Nope, RopeTheta: theta, YaRN: y}
			f := c.Frequencies()
			for i, want := range v.Frequency {
				if math.Abs(f[i]-want) > 1e-14*want {
					t.Errorf("frequency %d is %.17g, want %.17g", i, f[i], want)
				}
			}
			if got := c.RopeScale(); math.Abs(got-v.Multiplier) > 1e-14 {
				t.Errorf("cos/sin factor is %.17g, want %.17g", got, v.Multiplier)
			}
			if got := c.SoftmaxScale(); math.Abs(got-v.Softmax) > 1e-14 {
				t.Errorf("softmax scale is %.17g, want %.17g", got, v.Softmax)
			}
			a := nn.NewArena(pool, nn.Exact)
			for position, want := range v.Rotated {
				p, err := strconv.Atoi(position)
				if err != nil {
					t.Fatal(err)
				}
				x := a.Mat(1, v.Rope)
				values := make([]float32, v.Rope)
				for j := range values {
					values[j] = float32(math.Sin(float64(j + 1)))
				}
				nn.Copy(x, nn.FromHost(1, v.Rope, values))
				r := nn.Rope{Frequency: f, Scale: c.RopeScale()}
				r.Angles(a, []int32{int32(p)}).Rotate(x, 1, v.Rope)
				for j, got := range x.Host(nil) {
					// Two products and a sum of values up to 1.3, in f32.
					if math.Abs(float64(got)-want[j]) > 3e-7*v.Multiplier {
						t.Fatalf("position %d, value %d is %.9g, want %.9g", p, j, got, want[j])
					}
				}
			}
		})
	}
}

// TestExpandFrom pins the threshold of DeepSeek-V3: a page's values depend on it.
func TestExpandFrom(t *testing.T) {
	c := Config{KVRank: 512, Nope: 128, Rope: 64, V: 128}
	if got := c.ExpandFrom(); got != 171 {
		t.Errorf("DeepSeek-V3 expands from %d tokens on, want 171", got)
	}
}

const goodConfig = `{"architectures":["DeepseekV3ForCausalLM"],"model_type":"deepseek_v3","vocab_size":512,"hidden_size":256,
"num_hidden_layers":4,"first_k_dense_replace":1,"intermediate_size":192,"max_position_embeddings":512,"num_attention_heads":4,
"q_lora_rank":null,"kv_lora_rank":128,"qk_nope_head_dim":32,"qk_rope_head_dim":16,"v_head_dim":32,"n_routed_experts":8,
"n_shared_experts":1,"moe_intermediate_size":64,"num_experts_per_tok":2,"n_group":4,"topk_group":2,"norm_topk_prob":true,
"routed_scaling_factor":2.5,"scoring_func":"sigmoid","rms_norm_eps":1e-6,"rope_theta":10000,"rope_scaling":null,
"bos_token_id":0,"eos_token_id":[1,2]}`

func TestParseHF(t *testing.T) {
	c, err := ParseHF([]byte(goodConfig))
	if err != nil {
		t.Fatal(err)
	}
	if c.QRank != 0 || len(c.EOS) != 2 || c.BOS != 0 || c.Groups != 4 || c.YaRN != nil {
		t.Errorf("parsed %+v", c)
	}
}

// TestRopeSpellings checks the ways in which configurations say how positions are
// rotated.
func TestRopeSpellings(t *testing.T) {
	yarn := func(original int) *YaRN {
		return &YaRN{Factor: 40, Original: original, BetaFast: 32, BetaSlow: 1, Mscale: 1, MscaleAllDim: 1}
	}
	for _, test := range []struct {
		old, new string
		theta    float64
		yarn     *YaRN
	}{
		{`"rope_theta":10000,"rope_scaling":null`, `"rope_parameters":{"rope_type":"default","rope_theta":50000}`, 50000, nil},
		{`"rope_theta":10000,"rope_scaling":null`, `"rope_parameters":{"rope_type":"yarn","rope_theta":50000,"factor":40,"original_max_position_embeddings":64,"mscale_all_dim":1}`, 50000, yarn(64)},
		{`"rope_scaling":null`, `"rope_scaling":{"rope_type":"yarn","factor":40,"original_max_position_embeddings":64.0,"mscale_all_dim":1}`, 10000, yarn(64)},
		{`"rope_scaling":null`, `"rope_scaling":{"type":"yarn","factor":40,"mscale":1.0,"mscale_all_dim":1}`, 10000, yarn(512)},
		{`"rope_theta":10000,`, ``, 10000, nil},
	} {
		c, err := ParseHF([]byte(strings.Replace(strings.Replace(goodConfig, "\n", "", -1), test.old, test.new, 1)))
		if err != nil || c.RopeTheta != test.theta || (c.YaRN == nil) != (test.yarn == nil) || c.YaRN != nil && *c.YaRN != *test.yarn {
			t.Errorf("with %s: theta %g, %+v (%v), want %g, %+v", test.new, c.RopeTheta, c.YaRN, err, test.theta, test.yarn)
		}
	}
	dense := strings.NewReplacer(`"first_k_dense_replace":1`, `"first_k_dense_replace":4`, `"n_routed_experts":8`, `"n_routed_experts":null`, `"n_shared_experts":1`, `"n_shared_experts":null`)
	if c, err := ParseHF([]byte(dense.Replace(goodConfig))); err != nil || c.Experts != 0 || c.SharedExperts != 0 {
		t.Errorf("without experts: %d and %d (%v)", c.Experts, c.SharedExperts, err)
	}
	if c, err := ParseHF([]byte(strings.Replace(goodConfig, `"max_position_embeddings":512`, `"max_position_embeddings":512.0`, 1))); err != nil || c.Context != 512 {
		t.Errorf("512.0: context %d (%v), want 512", c.Context, err)
	}
}

// TestBadConfigs checks that each wrong configuration gets a sentence that names
// the key, what it is and what is wanted.
func TestBadConfigs(t *testing.T) {
	for _, test := range []struct{ old, new, want string }{
		{`"model_type":"deepseek_v3"`, `"model_type":"deepseek_v2"`, "softmax-scored experts (DeepSeek-V2) are not supported"},
		{`"scoring_func":"sigmoid"`, `"scoring_func":"softmax"`, "softmax-scored"},
		{`DeepseekV3ForCausalLM`, `LlamaForCausalLM`, `architecture "LlamaForCausalLM"`},
		{`"hidden_size":256`, `"hidden_size":-1`, "hidden_size is -1, want 1 to"},
		{`"hidden_size":256`, `"hidden_size":9223372036854775807`, "hidden_size is 9223372036854775807, want"},
		{`"n_group":4`, `"n_group":3`, "n_group is 3, want a divisor of the 8 experts"},
		{`"topk_group":2`, `"topk_group":5`, "topk_group is 5, want 1 to 4"},
		{`"num_experts_per_tok":2`, `"num_experts_per_tok":5`, "num_experts_per_tok is 5, want 1 to 4"},
		{`"qk_rope_head_dim":16`, `"qk_rope_head_dim":15`, "qk_rope_head_dim is 15, want pairs"},
		{`"rope_scaling":null`, `"rope_scaling":{"type":"linear","factor":2}`, `rope_scaling.type is "linear", want yarn`},
		{`"rope_scaling":null`, `"rope_scaling":{"type":"yarn","factor":0,"original_max_position_embeddings":64}`, "rope_scaling.factor is 0, want a positive number"},
		{`"rms_norm_eps":1e-6`, `"rms_norm_eps":0`, "rms_norm_eps is 0"},
		{`"num_hidden_layers":4`, `"num_hidden_layers":"4"`, `config.json: "4" is no whole number`},
		{`"num_hidden_layers":4`, `"num_hidden_layers":4.5`, "config.json: 4.5 is no whole number"},
		{`"rms_norm_eps":1e-6`, `"rms_norm_eps":"small"`, "config.json: rms_norm_eps is a JSON string"},
		{`"q_lora_rank":null`, `"moe_layer_freq":2`, "moe_layer_freq is 2, want 1"},
	} {
		_, err := ParseHF([]byte(strings.Replace(goodConfig, test.old, test.new, 1)))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("with %s: error %v, want one with %q", test.new, err, test.want)
		}
	}
}

// FuzzConfig: what is accepted has numbers that a network can be built from.
func FuzzConfig(f *testing.F) {
	f.Add([]byte(goodConfig))
	f.Add([]byte(`{}`))
	f.Add([]byte(strings.Replace(goodConfig, `"rope_scaling":null`, `"rope_scaling":{"type":"yarn","factor":40,"original_max_position_embeddings":64,"mscale":1,"mscale_all_dim":1}`, 1)))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseHF(data)
		if err != nil {
			return
		}
		if c.Rope <= 1<<12 {
			for i, v := range c.Frequencies() {
				if math.IsNaN(v) {
					t.Errorf("frequency %d is NaN", i)
				}
			}
		}
		if s := c.SoftmaxScale(); math.IsNaN(s) || c.ExpandFrom() < 1 {
			t.Errorf("softmax scale %v, expands from %d", s, c.ExpandFrom())
		}
	})
}
