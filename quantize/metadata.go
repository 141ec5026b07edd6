package quantize

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/deskseek/deskseek/chat"
	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/tensor"
	"github.com/deskseek/deskseek/token"
)

// The files beside weights that say how text becomes tokens.
const (
	tokenizerFile       = "tokenizer.json"
	tokenizerConfigFile = "tokenizer_config.json"
	templateFile        = "chat_template.jinja"
)

// quantizationVersion is general.quantization_version: that of ggml's blocks.
const quantizationVersion = 2

// metadata returns the keys of a GGUF: the network's anew, whatever layout the input
// had, and what a GGUF says of its origin and of text as it is there.
func (p *Plan) metadata() ([]checkpoint.KeyValue, error) {
	number, _ := checkpoint.FileType(p.mainType())
	kv := p.parts.Config.GGUF(p.parts.MTP)
	put := func(key string, v any) { kv = append(kv, checkpoint.KeyValue{Key: key, Value: v}) }
	kept := p.in.Metadata() // nil but for GGUF
	put("general.type", "model")
	if kept.Value("general.name") == nil {
		put("general.name", nameOf(p.in))
	}
	for _, x := range kept {
		if inherited(x.Key) {
			put(x.Key, x.Value)
		}
	}
	put("general.file_type", number)
	put("general.quantization_version", uint32(quantizationVersion))
	if p.in.Format() == checkpoint.GGUF {
		return kv, nil
	}
	text, err := p.text()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.in.Path(), err)
	}
	return append(kv, text...), nil
}

// inherited reports whether a GGUF's key goes into the output as it is: what says
// where the model is from, and how text becomes tokens.
func inherited(key string) bool {
	switch key {
	case "general.architecture", "general.type", "general.file_type", "general.quantization_version", "general.alignment":
		return false
	}
	return strings.HasPrefix(key, "general.") || strings.HasPrefix(key, "tokenizer.")
}

// mainType is the type of most weights: that of the routed experts.
func (p *Plan) mainType() tensor.DType {
	if p.options.Preset != "" {
		return findPreset(p.options.Preset).Routed
	}
	return p.options.Type
}

// nameOf names a model as its folder does.
func nameOf(ck *checkpoint.Checkpoint) string {
	path, err := filepath.Abs(ck.Path())
	if err != nil {
		path = ck.Path()
	}
	if strings.HasSuffix(path, ".safetensors") || strings.HasSuffix(path, ".json") {
		path = filepath.Dir(path)
	}
	return filepath.Base(path)
}

// text returns the tokenizer.* keys of a folder. One without tokenizer gets what
// llama.cpp takes for that.
func (p *Plan) text() (kv []checkpoint.KeyValue, err error) {
	put := func(key string, v any) {
		kv = append(kv, checkpoint.KeyValue{Key: "tokenizer." + key, Value: v})
	}
	data, err := p.in.Companion(tokenizerFile)
	if errors.Is(err, fs.ErrNotExist) {
		p.notes = append(p.notes, "the input has no tokenizer.json: the output takes token ids, but no text")
		put("ggml.model", "none")
		return kv, nil
	}
	if err != nil {
		return nil, err
	}
	v, err := token.ParseVocabulary(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", tokenizerFile, err)
	}
	if rows := p.parts.Config.Vocabulary; len(v.Tokens) > rows {
		return nil, fmt.Errorf("%s has %d tokens, the network's vocabulary only %d", tokenizerFile, len(v.Tokens), rows)
	}
	v.Pad(p.parts.Config.Vocabulary)
	config, err := p.tokenizerConfig()
	if err != nil {
		return nil, err
	}
	put("ggml.model", "gpt2")
	put("ggml.pre", "deepseek-v3")
	put("ggml.tokens", v.Tokens)
	put("ggml.token_type", v.Types)
	put("ggml.merges", v.Merges)
	c := &p.parts.Config
	ids := []struct {
		key     string
		content named
		other   int32 // what config.json says; -1 nothing
	}{{"bos", config.BOS, c.BOS}, {"eos", config.EOS, -1}, {"padding", config.Pad, -1}}
	if len(c.EOS) > 0 {
		ids[1].other, ids[2].other = c.EOS[0], c.EOS[0]
	}
	for _, x := range ids {
		id := x.other
		if at := slices.Index(v.Tokens, string(x.content)); at >= 0 && x.content != "" {
			id = int32(at)
		}
		if id >= 0 {
			put("ggml."+x.key+"_token_id", uint32(id))
		}
	}
	put("ggml.add_bos_token", config.AddBOS == nil || *config.AddBOS)
	put("ggml.add_eos_token", config.AddEOS)
	template, err := p.template(config.raw)
	if err != nil {
		return nil, err
	}
	if template != "" {
		put("chat_template", template)
	}
	return kv, nil
}

// A tokenizerConfig is what counts of a tokenizer_config.json.
type tokenizerConfig struct {
	BOS    named `json:"bos_token"`
	EOS    named `json:"eos_token"`
	Pad    named `json:"pad_token"`
	AddBOS *bool `json:"add_bos_token"`
	AddEOS bool  `json:"add_eos_token"`
	raw    []byte
}

// named is a token's content, which is a string or the member of an object.
type named string

// UnmarshalJSON reads either.
func (n *named) UnmarshalJSON(data []byte) error {
	var object struct{ Content string }
	if json.Unmarshal(data, &object) == nil {
		*n = named(object.Content)
		return nil
	}
	return json.Unmarshal(data, (*string)(n))
}

func (p *Plan) tokenizerConfig() (c tokenizerConfig, err error) {
	c.raw, err = p.in.Companion(tokenizerConfigFile)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err == nil {
		if err = json.Unmarshal(c.raw, &c); err != nil {
			err = fmt.Errorf("%s: %w", tokenizerConfigFile, err)
		}
	}
	return c, err
}

// template returns the chat template's text; "" where there is none. A file of its
// own comes before the key of the configuration, as in transformers.
func (p *Plan) template(config []byte) (string, error) {
	data, err := p.in.Companion(templateFile)
	if err == nil {
		return string(data), nil
	}
	if !errors.Is(err, fs.ErrNotExist) || len(config) == 0 {
		return "", ignoreMissing(err)
	}
	t, err := chat.ConfigTemplate(config)
	if err != nil {
		return "", fmt.Errorf("%s: %w", tokenizerConfigFile, err)
	}
	return t, nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
