package token

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// jsonFile collects what tokenizer.json says, in whatever order it does:
//
//	{"added_tokens": [{"id": 0, "content": "…", "special": true, …}, …],
//	 "normalizer": null,
//	 "pre_tokenizer": {"type": "Sequence", "pretokenizers": […]},
//	 "decoder": {"type": "ByteLevel", …},
//	 "model": {"type": "BPE", "vocab": {"!": 3, …}, "merges": ["Ġ t", …]}}
//
// The post-processor, truncation and padding concern what is put around a text,
// which a Tokenizer leaves to others.
type jsonFile struct {
	reader  jsonReader
	added   []jsonAdded
	vocab   []addedToken
	merges  [][2]string
	model   jsonModel
	norm    jsonNormalizer
	pre     jsonPreTokenizer
	decoder struct{ Type string }
}

type jsonAdded struct {
	ID         int64
	Content    string
	SingleWord bool `json:"single_word"`
	LStrip     bool
	RStrip     bool
	Normalized bool
	Special    bool
}

type jsonModel struct {
	Type         string
	Dropout      float64
	Prefix       string `json:"continuing_subword_prefix"`
	Suffix       string `json:"end_of_word_suffix"`
	IgnoreMerges bool   `json:"ignore_merges"`
}

type jsonNormalizer struct {
	Type        string
	Normalizers []json.RawMessage
}

type jsonPreTokenizer struct {
	Type          string
	PreTokenizers []struct {
		Type           string
		Pattern        struct{ Regex string }
		Behavior       string
		Invert         bool
		AddPrefixSpace bool  `json:"add_prefix_space"`
		UseRegex       *bool `json:"use_regex"`
	}
}

// ParseJSON returns the tokenizer of a Hugging Face tokenizer.json: byte-level
// BPE with the split patterns of DeepSeek-V3 and no normalizer. Files of other
// tokenizers are refused. Errors do not name the file; the caller knows its path.
func ParseJSON(tokenizerJSON []byte) (*Tokenizer, error) {
	l, err := parseLexicon(tokenizerJSON)
	if err != nil {
		return nil, err
	}
	return l.tokenizer()
}

func parseLexicon(tokenizerJSON []byte) (*lexicon, error) {
	if !utf8.Valid(tokenizerJSON) {
		return nil, errors.New("the file is not UTF-8 text")
	}
	f := jsonFile{reader: jsonReader{text: string(tokenizerJSON)}}
	f.read()
	if err := f.reader.end(); err != nil {
		return nil, err
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	return f.lexicon()
}

func (f *jsonFile) read() {
	r := &f.reader
	r.object(func(key string) {
		switch key {
		case "added_tokens":
			r.decode(key, &f.added)
		case "normalizer":
			r.decode(key, &f.norm)
		case "pre_tokenizer":
			r.decode(key, &f.pre)
		case "decoder":
			r.decode(key, &f.decoder)
		case "model":
			r.object(f.readModel)
		default:
			r.skip(key)
		}
	})
}

func (f *jsonFile) readModel(key string) {
	r := &f.reader
	switch key {
	case "vocab":
		r.object(func(text string) {
			f.vocab = append(f.vocab, addedToken{text, ID(r.id())})
		})
	case "merges":
		r.array(f.readMerge)
	case "type":
		r.decode(key, &f.model.Type)
	case "dropout":
		r.decode(key, &f.model.Dropout)
	case "continuing_subword_prefix":
		r.decode(key, &f.model.Prefix)
	case "end_of_word_suffix":
		r.decode(key, &f.model.Suffix)
	case "ignore_merges":
		r.decode(key, &f.model.IgnoreMerges)
	default:
		r.skip(key)
	}
}

// readMerge reads "left right" or ["left", "right"].
func (f *jsonFile) readMerge() {
	r := &f.reader
	rank := len(f.merges)
	if r.peek() != '[' {
		pair, err := splitMerge(rank, r.string())
		if err != nil {
			r.fail("%v", err)
		}
		f.merges = append(f.merges, pair)
		return
	}
	var pair [2]string
	n := 0
	r.array(func() {
		text := r.string()
		if n < 2 {
			pair[n] = text
		}
		n++
	})
	if n != 2 {
		r.fail("merge %d has %d tokens, want 2", rank, n)
	}
	f.merges = append(f.merges, pair)
}

// check refuses tokenizers that work in another way than this package.
func (f *jsonFile) check() error {
	m := f.model
	switch {
	case m.Type != "BPE":
		return fmt.Errorf("model.type is %q, want \"BPE\"", m.Type)
	case m.Dropout != 0:
		return fmt.Errorf("model.dropout is %v, want none", m.Dropout)
	case m.Prefix != "" || m.Suffix != "":
		return fmt.Errorf("model marks subwords with prefix %s and suffix %s, want byte-level tokens without marks",
			quoted(m.Prefix), quoted(m.Suffix))
	case m.IgnoreMerges:
		return fmt.Errorf("model.ignore_merges is true, want false")
	case f.norm.Type != "" && (f.norm.Type != "Sequence" || len(f.norm.Normalizers) > 0):
		return fmt.Errorf("normalizer is %q with %d steps, want none", f.norm.Type, len(f.norm.Normalizers))
	case f.decoder.Type != "ByteLevel":
		return fmt.Errorf("decoder is %q, want \"ByteLevel\"", f.decoder.Type)
	}
	return f.checkPatterns()
}

func (f *jsonFile) checkPatterns() error {
	want := []string{patternNumbers, patternHan, patternWords}
	steps := f.pre.PreTokenizers
	if f.pre.Type != "Sequence" || len(steps) != len(want)+1 {
		return fmt.Errorf("pre_tokenizer is %q with %d steps, want DeepSeek-V3's sequence of three splits and ByteLevel",
			f.pre.Type, len(steps))
	}
	for i, pattern := range want {
		step := steps[i]
		got := strings.NewReplacer(`\r`, "\r", `\n`, "\n").Replace(step.Pattern.Regex) // both spellings mean the same
		if step.Type != "Split" || got != pattern || step.Behavior != "Isolated" || step.Invert {
			return fmt.Errorf("pre_tokenizer step %d is %s %s (%s), want DeepSeek-V3's Split %q (Isolated)",
				i, step.Type, quoted(step.Pattern.Regex), step.Behavior, pattern)
		}
	}
	last := steps[len(want)]
	if last.Type != "ByteLevel" || last.AddPrefixSpace || last.UseRegex == nil || *last.UseRegex {
		return fmt.Errorf("pre_tokenizer step %d is %s, want ByteLevel without prefix space and regex", len(want), last.Type)
	}
	return nil
}

// lexicon numbers the tokens. Ids may leave gaps, but not so wide ones that a
// short file asks for much memory.
func (f *jsonFile) lexicon() (*lexicon, error) {
	limit := 2*(len(f.vocab)+len(f.added)) + 4096
	size := 0
	grow := func(id int64, text string) error {
		if id < 0 || id >= int64(limit) {
			return fmt.Errorf("token %s has id %d in a vocabulary of %d", quoted(text), id, len(f.vocab)+len(f.added))
		}
		size = max(size, int(id)+1)
		return nil
	}
	for _, t := range f.vocab {
		if err := grow(int64(t.id), t.content); err != nil {
			return nil, err
		}
	}
	for _, t := range f.added {
		if err := grow(t.ID, t.Content); err != nil {
			return nil, err
		}
	}
	l := &lexicon{texts: make([]string, size), kinds: make([]kind, size), merges: f.merges}
	for _, t := range f.vocab {
		if l.kinds[t.id] != unused {
			return nil, fmt.Errorf("tokens %s and %s both have id %d", quoted(l.texts[t.id]), quoted(t.content), t.id)
		}
		l.texts[t.id], l.kinds[t.id] = t.content, ordinary
	}
	for _, t := range f.added {
		if err := l.add(t); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// add makes an id an added token; the vocabulary may have it already.
func (l *lexicon) add(t jsonAdded) error {
	switch {
	case l.kinds[t.ID]&added != 0 || l.kinds[t.ID] == ordinary && l.texts[t.ID] != t.Content:
		return fmt.Errorf("tokens %s and %s both have id %d", quoted(l.texts[t.ID]), quoted(t.Content), t.ID)
	case t.SingleWord || t.LStrip || t.RStrip:
		return fmt.Errorf("added token %d (%s) has single_word, lstrip or rstrip set, want none of them", t.ID, quoted(t.Content))
	}
	k := addedPlain
	if t.Special {
		k = addedSpecial
	}
	if t.Normalized {
		k |= secondPass
	}
	l.texts[t.ID], l.kinds[t.ID] = t.Content, k
	return nil
}
