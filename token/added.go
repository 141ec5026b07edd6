package token

import (
	"slices"
	"sort"
	"strings"
)

// A matcher finds added tokens in text.
type matcher struct {
	tokens []addedToken // by content
	first  [256]bool    // the bytes that contents start with
	only   int          // the byte that all start with, or -1
}

type addedToken struct {
	content string
	id      ID
}

// newMatcher returns a matcher of tokens, whose contents are not empty and all
// different.
func newMatcher(tokens []addedToken) matcher {
	m := matcher{tokens: slices.Clone(tokens), only: -1}
	slices.SortFunc(m.tokens, func(a, b addedToken) int { return strings.Compare(a.content, b.content) })
	for _, t := range m.tokens {
		m.first[t.content[0]] = true
	}
	if n := len(m.tokens); n > 0 && m.tokens[0].content[0] == m.tokens[n-1].content[0] {
		m.only = int(m.tokens[0].content[0])
	}
	return m
}

// find returns where the first added token of text lies, and of several that
// start there the longest. start equals end if there is none.
func (m *matcher) find(text string) (start, end int, id ID) {
	for start := 0; ; start++ {
		start = m.candidate(text, start)
		if start < 0 {
			return 0, 0, 0
		}
		if id, n := m.longest(text[start:]); n > 0 {
			return start, start + n, id
		}
	}
}

// candidate returns the next place from i on with a byte that a content starts
// with, or -1.
func (m *matcher) candidate(text string, i int) int {
	if m.only >= 0 {
		if n := strings.IndexByte(text[i:], byte(m.only)); n >= 0 {
			return i + n
		}
		return -1
	}
	for ; i < len(text); i++ {
		if m.first[text[i]] {
			return i
		}
	}
	return -1
}

// longest returns the longest added token that text starts with, and its length
// in bytes, 0 if there is none.
func (m *matcher) longest(text string) (id ID, n int) {
	left := m.tokens // those that agree with text up to depth
	for depth := 0; len(left) > 0; depth++ {
		if len(left[0].content) == depth { // the shortest of a common prefix is sorted first
			id, n = left[0].id, depth
			left = left[1:]
		}
		if depth == len(text) || len(left) == 0 {
			break
		}
		b := text[depth]
		if left[0].content[depth] != b || left[len(left)-1].content[depth] != b {
			lo := sort.Search(len(left), func(i int) bool { return left[i].content[depth] >= b })
			left = left[lo:]
			left = left[:sort.Search(len(left), func(i int) bool { return left[i].content[depth] > b })]
		}
	}
	return id, n
}
