// Command demo-gguf makes the built-in model: a Hugging Face folder in bf16, as
// the recipe of docs/demo-model.md exports it, becomes one GGUF in Q8_0, with
// tokenizer, chat template and MTP layer.
//
//	go run ./tools/demo-gguf FOLDER demo/stories-10m.gguf
//
// It is for small models: all of it is held in memory.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"

	"github.com/deskseek/deskseek/chat"
	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/tensor"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: demo-gguf FOLDER OUT.gguf")
		os.Exit(2)
	}
	if err := convert(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintf(os.Stderr, "demo-gguf: %v\n", err)
		os.Exit(1)
	}
}

func convert(in, out string) error {
	ck, err := checkpoint.Open(in)
	if err != nil {
		return err
	}
	defer ck.Close()
	c, err := deepseek.ParseConfig(ck)
	if err != nil {
		return err
	}
	meta, err := metadata(ck, &c)
	if err != nil {
		return err
	}
	w := &converter{ck: ck, c: &c}
	w.network()
	if w.err != nil {
		return w.err
	}
	var buf bytes.Buffer
	if err := checkpoint.WriteGGUF(&buf, meta, w.out); err != nil {
		return err
	}
	return os.WriteFile(out, buf.Bytes(), 0o644)
}

// metadata returns the keys of arch deepseek2, in the layout for absorbed
// attention (attn_k_b, attn_v_b), and the tokenizer's.
func metadata(ck *checkpoint.Checkpoint, c *deepseek.Config) ([]checkpoint.KeyValue, error) {
	return tokenizer(ck, c, append(c.GGUF(true),
		checkpoint.KeyValue{Key: "general.type", Value: "model"},
		checkpoint.KeyValue{Key: "general.name", Value: "stories-10m"},
		checkpoint.KeyValue{Key: "general.file_type", Value: uint32(7)}, // mostly Q8_0
		checkpoint.KeyValue{Key: "general.quantization_version", Value: uint32(2)},
	))
}

// tokenizer adds the tokenizer.* keys.
func tokenizer(ck *checkpoint.Checkpoint, c *deepseek.Config, kv []checkpoint.KeyValue) ([]checkpoint.KeyValue, error) {
	data, err := ck.Companion("tokenizer.json")
	if err != nil {
		return nil, err
	}
	var t struct {
		Added []struct {
			ID      int
			Content string
			Special bool
		} `json:"added_tokens"`
		Model struct {
			Vocab  map[string]int
			Merges []string
		}
	}
	if err := json.Unmarshal(data, &t); err != nil {
		return nil, fmt.Errorf("tokenizer.json: %w", err)
	}
	// Token types of GGUF.
	const normal, control, user, unused = 1, 3, 4, 5
	tokens, types := make([]string, c.Vocabulary), make([]int32, c.Vocabulary)
	for i := range tokens {
		tokens[i], types[i] = fmt.Sprintf("[PAD%d]", i), unused
	}
	for s, id := range t.Model.Vocab {
		tokens[id], types[id] = s, normal
	}
	for _, a := range t.Added {
		tokens[a.ID], types[a.ID] = a.Content, user
		if a.Special {
			types[a.ID] = control
		}
	}
	config, err := ck.Companion("tokenizer_config.json")
	if err != nil {
		return nil, err
	}
	template, err := chat.ConfigTemplate(config)
	if err != nil {
		return nil, err
	}
	return append(kv,
		checkpoint.KeyValue{Key: "tokenizer.ggml.model", Value: "gpt2"},
		checkpoint.KeyValue{Key: "tokenizer.ggml.pre", Value: "deepseek-v3"},
		checkpoint.KeyValue{Key: "tokenizer.ggml.tokens", Value: tokens},
		checkpoint.KeyValue{Key: "tokenizer.ggml.token_type", Value: types},
		checkpoint.KeyValue{Key: "tokenizer.ggml.merges", Value: t.Model.Merges},
		checkpoint.KeyValue{Key: "tokenizer.ggml.bos_token_id", Value: uint32(c.BOS)},
		checkpoint.KeyValue{Key: "tokenizer.ggml.eos_token_id", Value: uint32(c.EOS[0])},
		checkpoint.KeyValue{Key: "tokenizer.ggml.padding_token_id", Value: uint32(c.EOS[0])},
		checkpoint.KeyValue{Key: "tokenizer.ggml.add_bos_token", Value: true},
		checkpoint.KeyValue{Key: "tokenizer.ggml.add_eos_token", Value: false},
		checkpoint.KeyValue{Key: "tokenizer.chat_template", Value: template},
	), nil
}

// A converter collects the tensors to write, and keeps the first error.
type converter struct {
	ck  *checkpoint.Checkpoint
	c   *deepseek.Config
	out []checkpoint.OutTensor
	err error
}

// values returns a tensor's values in f32.
func (w *converter) values(name string) (v []float32, cols int) {
	t := w.ck.Tensor(name)
	if t == nil || !t.DType.Weight() {
		if w.err == nil {
			w.err = fmt.Errorf("tensor %s is missing, or of no type of weights", name)
		}
		return make([]float32, 32), 32
	}
	v = make([]float32, t.Rows*t.Cols)
	for r := range t.Rows {
		tensor.Decode(v[r*t.Cols:(r+1)*t.Cols], t, r)
	}
	return v, t.Cols
}

// plain writes values as F32.
func (w *converter) plain(name string, v []float32, shape ...int) {
	data := make([]byte, 0, 4*len(v))
	for _, x := range v {
		u := math.Float32bits(x)
		data = append(data, byte(u), byte(u>>8), byte(u>>16), byte(u>>24))
	}
	w.out = append(w.out, checkpoint.OutTensor{Name: name, DType: tensor.F32, Shape: shape, Data: bytes.NewReader(data)})
}

// quantized writes values as Q8_0.
func (w *converter) quantized(name string, v []float32, shape ...int) {
	data := make([]byte, tensor.Q8_0.RowBytes(len(v)))
	tensor.EncodeQ8_0(data, v)
	w.out = append(w.out, checkpoint.OutTensor{Name: name, DType: tensor.Q8_0, Shape: shape, Data: bytes.NewReader(data)})
}

// matrix converts one weight matrix, vector one vector.
func (w *converter) matrix(to, from string) {
	v, cols := w.values(from)
	w.quantized(to, v, len(v)/cols, cols)
}

func (w *converter) vector(to, from string) {
	v, _ := w.values(from)
	w.plain(to, v, len(v))
}

func (w *converter) network() {
	w.matrix("token_embd.weight", "model.embed_tokens.weight")
	for i := range w.c.Layers + 1 {
		w.layer(fmt.Sprintf("blk.%d.", i), fmt.Sprintf("model.layers.%d.", i), i < w.c.DenseLayers)
	}
	to, from := fmt.Sprintf("blk.%d.nextn.", w.c.Layers), fmt.Sprintf("model.layers.%d.", w.c.Layers)
	w.matrix(to+"eh_proj.weight", from+"eh_proj.weight")
	w.vector(to+"enorm.weight", from+"enorm.weight")
	w.vector(to+"hnorm.weight", from+"hnorm.weight")
	w.vector(to+"shared_head_norm.weight", from+"shared_head.norm.weight")
	w.vector("output_norm.weight", "model.norm.weight")
	w.matrix("output.weight", "lm_head.weight")
}

func (w *converter) layer(to, from string, dense bool) {
	w.vector(to+"attn_norm.weight", from+"input_layernorm.weight")
	w.vector(to+"ffn_norm.weight", from+"post_attention_layernorm.weight")
	a := from + "self_attn."
	w.matrix(to+"attn_q_a.weight", a+"q_a_proj.weight")
	w.vector(to+"attn_q_a_norm.weight", a+"q_a_layernorm.weight")
	w.matrix(to+"attn_q_b.weight", a+"q_b_proj.weight")
	w.matrix(to+"attn_kv_a_mqa.weight", a+"kv_a_proj_with_mqa.weight")
	w.vector(to+"attn_kv_a_norm.weight", a+"kv_a_layernorm.weight")
	w.matrix(to+"attn_output.weight", a+"o_proj.weight")
	w.heads(to, a+"kv_b_proj.weight")
	m := from + "mlp."
	if dense {
		w.mlp(to, m, "")
		return
	}
	gate, cols := w.values(m + "gate.weight")
	w.plain(to+"ffn_gate_inp.weight", gate, len(gate)/cols, cols)
	w.vector(to+"exp_probs_b.bias", m+"gate.e_score_correction_bias")
	w.mlp(to, m+"shared_experts.", "_shexp")
	for _, part := range []string{"gate", "up", "down"} {
		var all []float32
		for e := range w.c.Experts {
			var v []float32
			v, cols = w.values(fmt.Sprintf("%sexperts.%d.%s_proj.weight", m, e, part))
			all = append(all, v...)
		}
		w.quantized(to+"ffn_"+part+"_exps.weight", all, w.c.Experts, len(all)/cols/w.c.Experts, cols)
	}
}

func (w *converter) mlp(to, from, suffix string) {
	for _, part := range []string{"gate", "up", "down"} {
		w.matrix(to+"ffn_"+part+suffix+".weight", from+part+"_proj.weight")
	}
}

// heads splits kv_b, rows per head [nope ; v], into attn_k_b, transposed, and
// attn_v_b.
func (w *converter) heads(to, from string) {
	c := w.c
	all, _ := w.values(from)
	if w.err != nil {
		return
	}
	var k, v []float32
	for h := range c.Heads {
		head := all[h*(c.Nope+c.V)*c.KVRank:][:(c.Nope+c.V)*c.KVRank]
		for r := range c.KVRank {
			for n := range c.Nope {
				k = append(k, head[n*c.KVRank+r])
			}
		}
		v = append(v, head[c.Nope*c.KVRank:]...)
	}
	w.quantized(to+"attn_k_b.weight", k, c.Heads, c.KVRank, c.Nope)
	w.quantized(to+"attn_v_b.weight", v, c.Heads, c.V, c.KVRank)
}
