package token

// The split patterns of DeepSeek-V3, in the order in which its tokenizer.json
// names them. Each is applied to every piece that the ones before have left
// (matches and what is between matches alike), so a later pattern sees a piece's
// end as the end of text.
const (
	patternNumbers = `\p{N}{1,3}`
	patternHan     = "[一-龥\u3040-ゟ゠-ヿ]+"
	patternWords   = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+" +
		`|[^` + "\r\n" + `\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+` +
		`| ?[\p{P}\p{S}]+[` + "\r\n" + `]*` +
		`|\s*[` + "\r\n" + `]+` +
		`|\s+(?!\S)` +
		`|\s+`
)

// next returns the end of the word that starts at text[i:].
//
// The first pattern isolates numbers, the second runs of han, so these end every
// piece of the third pattern; inside, its alternatives are told apart by the
// first character. In the second alternative a mark may be the optional first
// character or one of the rest, and the match is the same: so marks count as
// letters.
func (t *classTable) next(text string, i int) int {
	c, n := t.at(text, i)
	j := i + n
	side := c & han // the side of the second pattern that the piece lies on
	switch {
	case c&letter != 0:
		return t.run(text, j, letter, side)
	case c&space != 0:
		return t.nextSpace(text, i, j, c)
	case c&punct != 0:
		if n == 1 && j < len(text) && isASCIILetter(text[j]) {
			for j < len(text) && isASCIILetter(text[j]) {
				j++
			}
			return j
		}
		return t.endPunct(text, j, side)
	case c&number != 0:
		for digits := 1; digits < 3 && j < len(text); digits++ {
			c, n := t.at(text, j)
			if c&number == 0 {
				break
			}
			j += n
		}
		return j
	}
	return t.nextOther(text, j, side)
}

// run returns the end of the characters at text[i:] that are of a class in set
// and on the given side of the second pattern.
func (t *classTable) run(text string, i int, set, side class) int {
	for i < len(text) {
		c, n := t.at(text, i)
		if c&set == 0 || c&han != side {
			break
		}
		i += n
	}
	return i
}

// starts says whether a character of a class in set, on the given side, is at
// text[i:].
func (t *classTable) starts(text string, i int, set, side class) bool {
	if i == len(text) {
		return false
	}
	c, _ := t.at(text, i)
	return c&set != 0 && c&han == side
}

// endPunct returns the end of [\p{P}\p{S}]+[\r\n]* at text[i:], of which at
// least one character is already behind.
func (t *classTable) endPunct(text string, i int, side class) int {
	i = t.run(text, i, punct, side)
	return t.run(text, i, newline, side)
}

// nextSpace is next for a word that starts with white space of class c, from i
// to j. Alternatives of the third pattern, in order: a letter follows; a blank
// before punctuation; all up to the last line break; all before the last
// character, which belongs to the next word; all.
func (t *classTable) nextSpace(text string, i, j int, c class) int {
	if c&newline == 0 && t.starts(text, j, letter, 0) {
		return t.run(text, j, letter, 0)
	}
	if text[i] == ' ' && t.starts(text, j, punct, 0) {
		return t.endPunct(text, j, 0)
	}
	last, lines := i, 0 // start of the last character; end of the last line break
	for {
		if c&newline != 0 {
			lines = j
		}
		if j == len(text) {
			break
		}
		var n int
		if c, n = t.at(text, j); c&space == 0 {
			break
		}
		last, j = j, j+n
	}
	switch {
	case lines > 0:
		return lines
	case j == len(text), c&number != 0, c&han != 0: // the piece ends here
		return j
	case last > i:
		return last
	}
	return j
}

// nextOther is next for a word that starts with a character of no kind, which
// ends at j. With letters behind it is their optional first character. Else no
// alternative matches it, and the word is all up to the next match.
func (t *classTable) nextOther(text string, j int, side class) int {
	if t.starts(text, j, letter, side) {
		return t.run(text, j, letter, side)
	}
	for j < len(text) {
		c, n := t.at(text, j)
		if c&kinds != 0 || c&han != side || t.starts(text, j+n, letter, side) {
			break
		}
		j += n
	}
	return j
}

func isASCIILetter(b byte) bool { return 'a' <= b|0x20 && b|0x20 <= 'z' }
