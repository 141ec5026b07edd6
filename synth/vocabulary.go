package synth

import (
	"fmt"
)

// The ids of the family's first tokens.
const (
	bos = 0
	eos = 1
	pad = 2
)

// begin are the tokens at the start of the family's vocabulary, in order.
var begin = []string{"<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<｜▁pad▁｜>"}

// end are those that DeepSeek-V3 has near the end; here they are the last.
var end = []string{
	"<｜fim▁hole｜>", "<｜fim▁begin｜>", "<｜fim▁end｜>", "<｜User｜>", "<｜Assistant｜>", "<|EOT|>",
	"<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>", "<｜tool▁call▁begin｜>", "<｜tool▁call▁end｜>",
	"<｜tool▁outputs▁begin｜>", "<｜tool▁outputs▁end｜>", "<｜tool▁output▁begin｜>", "<｜tool▁output▁end｜>", "<｜tool▁sep｜>",
}

// merges is the least that tokenizers load: one pair, which is a token.
var merges = []string{"Ġ t"}

// leastVocabulary has all bytes, special tokens and the merged pair.
const leastVocabulary = 3 + 256 + 1 + 15

// A vocabulary is a byte-level one of any size: every text can be encoded, byte by
// byte, and every id can be shown. Ids that no text gives read " t1234".
type vocabulary struct {
	texts []string // by id, in the byte-level alphabet
}

func newVocabulary(n int) vocabulary {
	texts := append(make([]string, 0, n), begin...)
	for b := range 256 {
		texts = append(texts, string(byteLevel(b)))
	}
	texts = append(texts, "Ġt")
	for len(texts) < n-len(end) {
		texts = append(texts, fmt.Sprintf("Ġt%d", len(texts)))
	}
	return vocabulary{append(texts, end...)}
}

// byteLevel returns the character that stands for a byte (GPT-2's
// bytes_to_unicode): itself where it is a printable one of Latin-1, otherwise one
// from U+0100 on.
func byteLevel(b int) rune {
	switch {
	case b <= ' ':
		return rune(0x100 + b)
	case b <= '~':
		return rune(b)
	case b <= 0xA0:
		return rune(0x121 + b - 0x7F)
	case b == 0xAD:
		return 0x143
	}
	return rune(b)
}

// added returns whether an id is one of the tokens that stand for themselves.
func (v vocabulary) added(id int) bool { return id < len(begin) || id >= len(v.texts)-len(end) }

// types returns GGUF's token types. llama.cpp's converter makes all added tokens
// of this look control tokens.
func (v vocabulary) types() []int32 {
	const normal, control = 1, 3
	t := make([]int32, len(v.texts))
	for id := range t {
		if t[id] = normal; v.added(id) {
			t[id] = control
		}
	}
	return t
}
