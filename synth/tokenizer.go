package synth

import (
	"bytes"
	"encoding/json"
)

// preTokenizer and decoder are those of DeepSeek-V3's tokenizer.json.
const (
	preTokenizer = `{"type": "Sequence", "pretokenizers": [
{"type": "Split", "pattern": {"Regex": "\\p{N}{1,3}"}, "behavior": "Isolated", "invert": false},
{"type": "Split", "pattern": {"Regex": "[一-龥぀-ゟ゠-ヿ]+"}, "behavior": "Isolated", "invert": false},
{"type": "Split", "pattern": {"Regex": "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_` + "`" + `{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"}, "behavior": "Isolated", "invert": false},
{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}]}`
	decoder = `{"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true}`
)

// An addedToken is one of added_tokens. As in DeepSeek-V3's file only the first
// three and <|EOT|> are flagged special.
type addedToken struct {
	ID         int    `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"`
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
	Special    bool   `json:"special"`
}

// tokenizerJSON returns a tokenizer.json.
func (v vocabulary) tokenizerJSON() ([]byte, error) {
	ids := map[string]int{}
	var addedTokens []addedToken
	for id, text := range v.texts {
		if v.added(id) {
			first := id < len(begin)
			addedTokens = append(addedTokens, addedToken{ID: id, Content: text, Normalized: !first, Special: first || text == "<|EOT|>"})
		} else {
			ids[text] = id
		}
	}
	return indented(map[string]any{
		"version": "1.0", "truncation": nil, "padding": nil,
		"added_tokens":   addedTokens,
		"normalizer":     map[string]any{"type": "Sequence", "normalizers": []any{}},
		"pre_tokenizer":  json.RawMessage(preTokenizer),
		"post_processor": json.RawMessage(`{"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": false, "use_regex": true}`),
		"decoder":        json.RawMessage(decoder),
		"model": map[string]any{
			"type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": nil, "end_of_word_suffix": nil,
			"fuse_unk": false, "byte_fallback": false, "vocab": ids, "merges": merges,
		},
	})
}

// tokenizerConfig returns a tokenizer_config.json.
func (v vocabulary) tokenizerConfig(context int, template string) ([]byte, error) {
	m := map[string]any{
		"add_bos_token": true, "add_eos_token": false, "clean_up_tokenization_spaces": false,
		"bos_token": v.texts[bos], "eos_token": v.texts[eos], "pad_token": v.texts[pad], "unk_token": nil,
		"model_max_length": context, "tokenizer_class": "LlamaTokenizerFast",
	}
	if template != "" {
		m["chat_template"] = template
	}
	return indented(m)
}

// indented writes v as JSON that a person can read.
func indented(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return b.Bytes(), err
}
