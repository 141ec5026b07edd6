package token

// A Decoder turns tokens into text one by one, as a network yields them. Tokens
// may end inside a character; a Decoder holds such bytes back until the
// character is whole. What Push returned, and Flush at the end, together equal
// Decode of all tokens.
type Decoder struct {
	tokenizer   *Tokenizer
	skipSpecial bool
	held        []byte // the start of a character, at most 3 bytes
}

// NewDecoder returns a Decoder at the start of a text. With skipSpecial, tokens
// flagged special give no text.
func (t *Tokenizer) NewDecoder(skipSpecial bool) *Decoder {
	return &Decoder{tokenizer: t, skipSpecial: skipSpecial}
}

// Push returns the text that is complete with this token, perhaps "".
func (d *Decoder) Push(id ID) string {
	raw := append(d.held, d.tokenizer.shown(id, d.skipSpecial)...)
	text, rest := appendValid(nil, raw, false)
	d.held = append(d.held[:0], rest...)
	return string(text)
}

// Flush returns what is held back, U+FFFD for a character that never became
// whole, and leaves the Decoder at the start of a text.
func (d *Decoder) Flush() string {
	text, _ := appendValid(nil, d.held, true)
	d.held = d.held[:0]
	return string(text)
}
