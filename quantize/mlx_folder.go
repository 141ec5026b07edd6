package quantize

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/tensor"
	"github.com/deskseek/deskseek/token"
)

// mlxTensors returns the tensors that a matrix is stored as in safetensors.
func (t *output) mlxTensors() []checkpoint.OutTensor {
	perWord := 0
	switch t.dtype {
	case tensor.MLX4:
		perWord = 8
	case tensor.MLX8:
		perWord = 4
	default:
		return []checkpoint.OutTensor{{Name: t.Name, DType: t.dtype, Shape: t.Shape}}
	}
	module, last := strings.TrimSuffix(t.Name, ".weight"), len(t.Shape)-1
	words, groups := slices.Clone(t.Shape), slices.Clone(t.Shape)
	words[last] /= perWord
	groups[last] /= mlxGroup
	return []checkpoint.OutTensor{
		{Name: t.Name, DType: tensor.U32, Shape: words},
		{Name: module + ".scales", DType: tensor.BF16, Shape: groups},
		{Name: module + ".biases", DType: tensor.BF16, Shape: groups},
	}
}

// layBeside makes the small files of an MLX folder; where says which shard has which
// tensor, and total is the bytes of all.
func (p *Plan) layBeside(where map[string]string, total int64) error {
	config, err := p.mlxConfig()
	if err != nil {
		return err
	}
	index, err := indented(map[string]any{"metadata": map[string]any{"total_size": total}, "weight_map": where})
	if err != nil {
		return err
	}
	p.beside = []sideFile{{"config.json", config}, {"model.safetensors.index.json", index}}
	if p.in.Format() == checkpoint.GGUF {
		return p.textFromGGUF()
	}
	for _, name := range []string{tokenizerFile, tokenizerConfigFile, templateFile, "generation_config.json", "special_tokens_map.json"} {
		data, err := p.in.Companion(name)
		if errors.Is(err, fs.ErrNotExist) {
			if name == tokenizerFile {
				p.notes = append(p.notes, "the input has no tokenizer.json, and so the output has no tokenizer")
			}
			continue
		}
		if err != nil {
			return err
		}
		p.beside = append(p.beside, sideFile{name, data})
	}
	return nil
}

// mlxConfig returns config.json: with the packing that most matrices have, and those
// of other modules one by one.
func (p *Plan) mlxConfig() ([]byte, error) {
	bits := func(d tensor.DType) int {
		if d == tensor.MLX8 {
			return 8
		}
		return 4
	}
	common := bits(p.options.Type)
	q := map[string]any{"group_size": mlxGroup, "bits": common, "mode": "affine"}
	for i := range p.tensors {
		t := &p.tensors[i]
		module, packed := strings.TrimSuffix(t.Name, ".weight"), t.dtype == tensor.MLX4 || t.dtype == tensor.MLX8
		switch {
		case packed && bits(t.dtype) != common:
			q[module] = map[string]any{"group_size": mlxGroup, "bits": bits(t.dtype)}
		case !packed && t.Inputs > 0:
			q[module] = false
		}
	}
	extra := map[string]any{"quantization": q, "quantization_config": q}
	if len(p.parts.Config.EOS) > 1 {
		extra["eos_token_id"] = p.parts.Config.EOS
	}
	return p.parts.Config.JSON(p.parts.MTP, extra)
}

// textFromGGUF makes tokenizer.json and tokenizer_config.json of a GGUF's keys.
func (p *Plan) textFromGGUF() error {
	m := p.in.Metadata()
	model, ok, err := m.Str("tokenizer.ggml.model")
	if err != nil {
		return err
	}
	pre, _, err := m.Str("tokenizer.ggml.pre")
	if err != nil {
		return err
	}
	if !ok || model != "gpt2" || pre != "deepseek-v3" {
		p.notes = append(p.notes, fmt.Sprintf("the input's tokenizer (%q, pre-tokenizer %q) can't be written as a tokenizer.json, and so the output has none", model, pre))
		return nil
	}
	v, err := vocabularyOf(m)
	if err != nil {
		return fmt.Errorf("%s: %w", p.in.Path(), err)
	}
	data, err := v.JSON()
	if err != nil {
		return fmt.Errorf("%s: tokenizer: %w", p.in.Path(), err)
	}
	config := map[string]any{"tokenizer_class": "LlamaTokenizerFast", "clean_up_tokenization_spaces": false, "unk_token": nil,
		"model_max_length": p.parts.Config.Context}
	for key, name := range map[string]string{"bos_token": "bos_token_id", "eos_token": "eos_token_id", "pad_token": "padding_token_id"} {
		if id, ok, err := m.Uint("tokenizer.ggml." + name); err == nil && ok && id < uint64(len(v.Tokens)) {
			config[key] = v.Tokens[id]
		}
	}
	for _, name := range []string{"add_bos_token", "add_eos_token"} {
		if b, ok, err := m.Bool("tokenizer.ggml." + name); err == nil && ok {
			config[name] = b
		}
	}
	if t, ok, err := m.Str("tokenizer.chat_template"); err == nil && ok {
		config["chat_template"] = t
	}
	text, err := indented(config)
	if err != nil {
		return err
	}
	p.beside = append(p.beside, sideFile{tokenizerFile, data}, sideFile{tokenizerConfigFile, text})
	return nil
}

func vocabularyOf(m checkpoint.Metadata) (v token.Vocabulary, err error) {
	if v.Tokens, _, err = m.Strings("tokenizer.ggml.tokens"); err != nil {
		return v, err
	}
	types, _, err := m.Ints("tokenizer.ggml.token_type")
	if err != nil {
		return v, err
	}
	for _, n := range types {
		v.Types = append(v.Types, int32(n))
	}
	v.Merges, _, err = m.Strings("tokenizer.ggml.merges")
	return v, err
}

// indented writes v as JSON that a person can read.
func indented(v any) ([]byte, error) { return json.MarshalIndent(v, "", "  ") }
