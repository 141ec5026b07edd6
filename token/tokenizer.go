// Package token turns text into tokens and back, as DeepSeek-V3 does: three
// split patterns cut text into words, byte-level byte pair encoding turns a word
// into tokens, and added tokens (<｜User｜> and its like) stand for themselves.
//
// It reads vocabularies of Hugging Face (tokenizer.json) and those that GGUF
// metadata holds. It knows no other tokenizer family, no chat template, and
// never adds a token that the text does not spell.
package token

// A Tokenizer is one vocabulary, ready to encode and decode.
//
// It remembers the tokens of words it met, in a table of fixed size. It is safe
// for use by several goroutines at once.
type Tokenizer struct {
	text    []byte // the bytes of all tokens, end to end
	ends    []int  // token id is text[ends[id-1]:ends[id]]
	special []bool // by id: flagged special
	added   map[string]ID

	// passes finds added tokens in text, one matcher after the other: the second
	// sees only what the first left. Hugging Face looks for tokens that are not
	// normalized first, then for the others in what a normalizer made of the rest.
	passes []matcher

	classes *classTable
	merger  merger
	words   wordCache
}

// Size returns the number of ids, the highest plus one. A model's vocabulary may
// be larger: its further rows have no text.
func (t *Tokenizer) Size() int { return len(t.ends) }

// Bytes returns the bytes that a token stands for, often a part of a character
// only; nil if there is no such token. The caller must not change them.
func (t *Tokenizer) Bytes(id ID) []byte {
	if id < 0 || int(id) >= len(t.ends) {
		return nil
	}
	start, end := 0, t.ends[id]
	if id > 0 {
		start = t.ends[id-1]
	}
	if start == end {
		return nil
	}
	return t.text[start:end:end]
}

// Lookup returns the added token with this content, such as "<｜User｜>".
// Ordinary tokens are not found: text is encoded, never looked up.
func (t *Tokenizer) Lookup(content string) (ID, bool) {
	id, ok := t.added[content]
	return id, ok
}

// Encode appends the tokens of text to dst. With special, added tokens are
// recognised where text spells them, leftmost first and of those the longest;
// without, their letters are text like any other. No token is put in front or
// at the end. Bytes that are not UTF-8 count as U+FFFD, one for every maximal
// part of a character (Unicode §3.9, as browsers do).
func (t *Tokenizer) Encode(dst []ID, text string, special bool) []ID {
	text = validUTF8(text)
	if !special {
		return t.encodeText(dst, text)
	}
	return t.encodeAdded(dst, text, t.passes)
}

// encodeAdded cuts text at the added tokens of the first pass and leaves what is
// between them to the next.
func (t *Tokenizer) encodeAdded(dst []ID, text string, passes []matcher) []ID {
	if len(passes) == 0 {
		return t.encodeText(dst, text)
	}
	for {
		start, end, id := passes[0].find(text)
		if start == end {
			return t.encodeAdded(dst, text, passes[1:])
		}
		dst = t.encodeAdded(dst, text[:start], passes[1:])
		dst = append(dst, id)
		text = text[end:]
	}
}

// encodeText encodes text that holds no added tokens.
func (t *Tokenizer) encodeText(dst []ID, text string) []ID {
	for start := 0; start < len(text); {
		end := t.classes.next(text, start)
		dst = t.encodeWord(dst, text[start:end])
		start = end
	}
	return dst
}

func (t *Tokenizer) encodeWord(dst []ID, word string) []ID {
	if len(word) == 1 {
		return append(dst, t.merger.singles[word[0]])
	}
	if len(word) > longestCachedWord {
		return t.merger.encode(dst, word)
	}
	slot := t.words.slot(word)
	if known := slot.Load(); known != nil && known.word == word {
		return append(dst, known.ids...)
	}
	before := len(dst)
	dst = t.merger.encode(dst, word)
	slot.Store(newCachedWord(word, dst[before:]))
	return dst
}

// Decode returns the text of tokens. With skipSpecial, tokens flagged special
// are left out (other added tokens, such as <｜User｜> in tokenizer.json, stay).
// Ids that have no token are left out, too. Bytes that are not UTF-8 become
// U+FFFD, one for every maximal part of a character.
func (t *Tokenizer) Decode(ids []ID, skipSpecial bool) string {
	var raw []byte
	for _, id := range ids {
		raw = append(raw, t.shown(id, skipSpecial)...)
	}
	text, _ := appendValid(nil, raw, true)
	return string(text)
}

// shown returns the bytes of a token unless it is to be skipped.
func (t *Tokenizer) shown(id ID, skipSpecial bool) []byte {
	b := t.Bytes(id)
	if skipSpecial && b != nil && t.special[id] {
		return nil
	}
	return b
}
