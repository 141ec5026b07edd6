package token

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// A Vocabulary is what GGUF metadata says of a tokenizer whose
// tokenizer.ggml.model is "gpt2", byte-level BPE, and whose tokenizer.ggml.pre is
// "deepseek-v3"; to check these two is up to the caller.
type Vocabulary struct {
	Tokens []string // tokenizer.ggml.tokens, by id
	Types  []int32  // tokenizer.ggml.token_type, by id
	Merges []string // tokenizer.ggml.merges, "left right", by rank
}

// The types of tokens in GGUF (llama.cpp: llama_token_type).
const (
	typeNormal      = 1
	typeUnknown     = 2
	typeControl     = 3
	typeUserDefined = 4
	typeUnused      = 5
)

// New returns the tokenizer of a GGUF file. Control and unknown tokens are added
// tokens flagged special, user-defined ones added tokens that are not; unused
// ones have no text. (llama.cpp's converter makes all tokens that look like
// <｜User｜> control tokens, where tokenizer.json flags few of them special.)
func New(v Vocabulary) (*Tokenizer, error) {
	if len(v.Types) != len(v.Tokens) {
		return nil, fmt.Errorf("vocabulary has %d tokens but %d token types", len(v.Tokens), len(v.Types))
	}
	l := lexicon{texts: v.Tokens, kinds: make([]kind, len(v.Tokens))}
	for id, t := range v.Types {
		switch t {
		case typeNormal:
			l.kinds[id] = ordinary
		case typeUnknown, typeControl:
			l.kinds[id] = addedSpecial
		case typeUserDefined:
			l.kinds[id] = addedPlain | secondPass
		case typeUnused:
			l.kinds[id] = unused
		default:
			return nil, fmt.Errorf("token %d (%s) has type %d, want 1 to 5", id, quoted(v.Tokens[id]), t)
		}
	}
	l.merges = make([][2]string, len(v.Merges))
	for rank, merge := range v.Merges {
		var err error
		if l.merges[rank], err = splitMerge(rank, merge); err != nil {
			return nil, err
		}
	}
	return l.tokenizer()
}

// splitMerge cuts "left right"; byte-level tokens hold no blank.
func splitMerge(rank int, merge string) ([2]string, error) {
	left, right, ok := strings.Cut(merge, " ")
	if !ok || left == "" || right == "" || strings.Contains(right, " ") {
		return [2]string{}, fmt.Errorf("merge %d is %s, want two tokens with a blank between them", rank, quoted(merge))
	}
	return [2]string{left, right}, nil
}

// quoted returns what an error may say of a text of unknown length.
func quoted(text string) string {
	const most = 80
	if len(text) > most {
		return fmt.Sprintf("%q...", text[:most])
	}
	return fmt.Sprintf("%q", text)
}

// A kind says what an id is.
type kind uint8

const (
	ordinary     kind = 1 << iota // made by merges; its text is in the byte-level alphabet
	addedPlain                    // stands for its content
	addedSpecial                  // likewise, and flagged special
	secondPass                    // with one of these two: found only in what other added tokens left

	unused kind = 0 // no token, or one without text
	added       = addedPlain | addedSpecial
)

// A lexicon is what both file formats say of a vocabulary, as they spell it.
type lexicon struct {
	texts  []string // by id
	kinds  []kind   // by id
	merges [][2]string

	ids map[string]ID // by text, of all but unused ids
}

// tokenizer checks the lexicon and returns the tokenizer it describes.
func (l *lexicon) tokenizer() (*Tokenizer, error) {
	if len(l.texts) > math.MaxInt32 {
		return nil, fmt.Errorf("vocabulary has %d tokens, more than ids can number", len(l.texts))
	}
	if err := l.number(); err != nil {
		return nil, err
	}
	t := &Tokenizer{classes: classes(), words: newWordCache()}
	var err error
	if t.merger, err = l.merger(); err != nil {
		return nil, err
	}
	l.fillTexts(t)
	l.fillAdded(t)
	return t, nil
}

// number makes the index of ids by text.
func (l *lexicon) number() error {
	l.ids = make(map[string]ID, len(l.texts))
	for id, text := range l.texts {
		switch {
		case l.kinds[id] == unused:
			continue
		case text == "":
			return fmt.Errorf("token %d has no text", id)
		}
		if other, ok := l.ids[text]; ok {
			return fmt.Errorf("tokens %d and %d are both %s", other, id, quoted(text))
		}
		l.ids[text] = ID(id)
	}
	return nil
}

// merger returns the merges as ids. Merges that yield added tokens are refused:
// plain text can never become one.
func (l *lexicon) merger() (merger, error) {
	m := newMerger(len(l.merges))
	for b, r := range &byteLevel {
		id, ok := l.ids[string(r)]
		if !ok || l.kinds[id] != ordinary {
			return m, fmt.Errorf("vocabulary has no token for byte 0x%02X (%q)", b, r)
		}
		m.singles[b] = id
	}
	var joined []byte
	for rank, merge := range l.merges {
		joined = append(append(joined[:0], merge[0]...), merge[1]...)
		left, okLeft := l.ids[merge[0]]
		right, okRight := l.ids[merge[1]]
		product, okProduct := l.ids[string(joined)]
		switch {
		case !okLeft || !okRight || !okProduct:
			missing := merge[0]
			if okLeft {
				missing = merge[1]
			}
			if okLeft && okRight {
				missing = string(joined)
			}
			return m, fmt.Errorf("merge %d (%s with %s): %s is not in the vocabulary",
				rank, quoted(merge[0]), quoted(merge[1]), quoted(missing))
		case l.kinds[product] != ordinary:
			return m, fmt.Errorf("merge %d (%s with %s) yields an added token", rank, quoted(merge[0]), quoted(merge[1]))
		case !m.add(left, right, product):
			return m, fmt.Errorf("merge %d (%s with %s) is there twice", rank, quoted(merge[0]), quoted(merge[1]))
		}
	}
	return m, nil
}

// fillTexts stores the bytes of every token.
func (l *lexicon) fillTexts(t *Tokenizer) {
	total := 0
	for _, text := range l.texts {
		total += len(text)
	}
	t.text = make([]byte, 0, total)
	t.ends = make([]int, len(l.texts))
	for id, text := range l.texts {
		switch {
		case l.kinds[id]&added != 0:
			t.text = append(t.text, text...)
		case l.kinds[id] == ordinary:
			t.text = appendBytes(t.text, text)
		}
		t.ends[id] = len(t.text)
	}
}

// fillAdded makes the matchers and the index of added tokens.
func (l *lexicon) fillAdded(t *Tokenizer) {
	t.special = make([]bool, len(l.texts))
	t.added = make(map[string]ID)
	var first, second []addedToken
	for id, text := range l.texts {
		k := l.kinds[id]
		if k&added == 0 {
			continue
		}
		text = strings.Clone(text) // not to keep the whole file for it
		t.special[id] = k&addedSpecial != 0
		t.added[text] = ID(id)
		if k&secondPass == 0 {
			first = append(first, addedToken{text, ID(id)})
		} else {
			second = append(second, addedToken{text, ID(id)})
		}
	}
	for _, tokens := range [][]addedToken{first, second} {
		if len(tokens) > 0 {
			t.passes = append(t.passes, newMatcher(tokens))
		}
	}
}

// byteLevel is the alphabet in which vocabularies spell bytes (GPT-2's
// bytes_to_unicode): printable bytes of Latin-1 are themselves, the others the
// characters from U+0100 on, in order.
var byteLevel = func() (alphabet [256]rune) {
	next := rune(0x100)
	for b := range alphabet {
		switch {
		case '!' <= b && b <= '~', 0xA1 <= b && b <= 0xAC, 0xAE <= b:
			alphabet[b] = rune(b)
		default:
			alphabet[b] = next
			next++
		}
	}
	return alphabet
}()

// byteOf is byteLevel the other way round: the byte of a character, or -1.
var byteOf = func() (bytes [0x144]int16) {
	for r := range bytes {
		bytes[r] = -1
	}
	for b, r := range byteLevel {
		bytes[r] = int16(b)
	}
	return bytes
}()

// appendBytes appends what a token's text spells in the byte-level alphabet, or
// the text itself if it has characters beyond it (as Hugging Face's ByteLevel
// decoder does).
func appendBytes(dst []byte, text string) []byte {
	start := len(dst)
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if int(r) >= len(byteOf) || byteOf[r] < 0 {
			return append(dst[:start], text...)
		}
		dst = append(dst, byte(byteOf[r]))
		i += n
	}
	return dst
}
