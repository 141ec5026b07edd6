package token

import (
	"sync"
	"unicode"
	"unicode/utf8"
)

// A class says which sets of the split patterns a character belongs to.
type class uint8

const (
	letter  class = 1 << iota // \p{L} or \p{M}: the patterns never tell them apart (see next)
	number                    // \p{N}
	punct                     // \p{P} or \p{S}
	space                     // \s, the property White_Space: with U+0085, without U+FEFF
	newline                   // \r or \n, also of class space
	han                       // [一-龥぀-ゟ゠-ヿ], whatever else the character is
)

// kinds are the classes of which a character has one at most; with none it is
// a control, a format character, private or unassigned.
const kinds = letter | number | punct | space

// A classTable holds the classes of the Basic Multilingual Plane, where nearly
// all text lies.
type classTable [1 << 16]class

// classes returns the table, made on first use. It follows package unicode, so
// Unicode's version is that of the Go release.
var classes = sync.OnceValue(func() *classTable {
	t := new(classTable)
	add := func(c class, tables ...*unicode.RangeTable) {
		for _, table := range tables {
			for _, r := range table.R16 {
				for code := int(r.Lo); code <= int(r.Hi); code += int(r.Stride) {
					t[code] |= c
				}
			}
		}
	}
	add(letter, unicode.L, unicode.M)
	add(number, unicode.N)
	add(punct, unicode.P, unicode.S)
	add(space, unicode.White_Space)
	t['\r'] |= newline
	t['\n'] |= newline
	for r := 0x3040; r <= 0x30FF; r++ { // ぀-ゟ゠-ヿ
		t[r] |= han
	}
	for r := 0x4E00; r <= 0x9FA5; r++ { // 一-龥
		t[r] |= han
	}
	return t
})

// at returns the class of the character at text[i:] and its length in bytes;
// text is valid UTF-8.
func (t *classTable) at(text string, i int) (class, int) {
	if b := text[i]; b < utf8.RuneSelf {
		return t[b], 1
	}
	return t.beyondASCII(text, i)
}

func (t *classTable) beyondASCII(text string, i int) (class, int) {
	r, n := utf8.DecodeRuneInString(text[i:])
	if r < 1<<16 {
		return t[r], n
	}
	switch {
	case unicode.In(r, unicode.L, unicode.M):
		return letter, n
	case unicode.In(r, unicode.P, unicode.S):
		return punct, n
	case unicode.Is(unicode.N, r):
		return number, n
	}
	return 0, n // White_Space has no members up there
}
