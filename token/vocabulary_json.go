package token

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// ParseVocabulary returns what GGUF metadata say of the tokenizer in a
// tokenizer.json, which is refused where ParseJSON refuses it. Added tokens that look
// like <｜User｜> become control tokens, flagged special or not, as llama.cpp's
// converter has it: programs that take a user's text for text look at that type alone.
// Ids without a token are unused ones, [PAD7] and so on.
func ParseVocabulary(tokenizerJSON []byte) (Vocabulary, error) {
	l, err := parseLexicon(tokenizerJSON)
	if err != nil {
		return Vocabulary{}, err
	}
	if _, err := l.tokenizer(); err != nil {
		return Vocabulary{}, err
	}
	v := Vocabulary{Tokens: l.texts}
	for id, k := range l.kinds {
		t := int32(typeNormal)
		switch {
		case k == unused:
			t, v.Tokens[id] = typeUnused, fmt.Sprintf("[PAD%d]", id)
		case k&addedSpecial != 0 || k&added != 0 && looksSpecial(l.texts[id]):
			t = typeControl
		case k&added != 0:
			t = typeUserDefined
		}
		v.Types = append(v.Types, t)
	}
	for _, m := range l.merges {
		v.Merges = append(v.Merges, m[0]+" "+m[1])
	}
	return v, nil
}

// looksSpecial reports whether a token is spelled as the family spells those that
// structure a conversation.
func looksSpecial(text string) bool {
	return strings.HasPrefix(text, "<|") && strings.HasSuffix(text, "|>") ||
		strings.HasPrefix(text, "<｜") && strings.HasSuffix(text, "｜>")
}

// Pad adds unused tokens until there are size: a network's embedding may have more
// rows than its tokenizer has tokens.
func (v *Vocabulary) Pad(size int) {
	for id := len(v.Tokens); id < size; id++ {
		v.Tokens = append(v.Tokens, fmt.Sprintf("[PAD%d]", id))
		v.Types = append(v.Types, typeUnused)
	}
}

// JSON returns v as a tokenizer.json, which ParseJSON reads. Unused tokens are left
// out.
func (v *Vocabulary) JSON() ([]byte, error) {
	type addedJSON struct {
		ID         int    `json:"id"`
		Content    string `json:"content"`
		SingleWord bool   `json:"single_word"`
		LStrip     bool   `json:"lstrip"`
		RStrip     bool   `json:"rstrip"`
		Normalized bool   `json:"normalized"`
		Special    bool   `json:"special"`
	}
	if _, err := New(*v); err != nil {
		return nil, err
	}
	vocab, all := map[string]int{}, []addedJSON{}
	for id, text := range v.Tokens {
		switch v.Types[id] {
		case typeNormal:
			vocab[text] = id
		case typeUnknown, typeControl:
			all = append(all, addedJSON{ID: id, Content: text, Special: true})
		case typeUserDefined:
			all = append(all, addedJSON{ID: id, Content: text, Normalized: true})
		}
	}
	split := func(pattern string) any {
		return map[string]any{"type": "Split", "pattern": map[string]string{"Regex": pattern}, "behavior": "Isolated", "invert": false}
	}
	byteLevel := func(prefix, trim, regex bool) any {
		return map[string]any{"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": trim, "use_regex": regex}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	err := e.Encode(map[string]any{
		"version": "1.0", "truncation": nil, "padding": nil, "added_tokens": all,
		"normalizer": map[string]any{"type": "Sequence", "normalizers": []any{}},
		"pre_tokenizer": map[string]any{"type": "Sequence", "pretokenizers": []any{
			split(patternNumbers), split(patternHan), split(patternWords), byteLevel(false, true, false)}},
		"post_processor": byteLevel(true, false, true),
		"decoder":        byteLevel(true, true, true),
		"model": map[string]any{
			"type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": nil, "end_of_word_suffix": nil,
			"fuse_unk": false, "byte_fallback": false, "vocab": vocab, "merges": v.Merges,
		},
	})
	return b.Bytes(), err
}
