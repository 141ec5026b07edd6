package engine

import (
	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/engine/disk"
	"github.com/deskseek/deskseek/token"
)

// A node is a page that is remembered: up to a page of tokens that follow those of
// its parents, with the form that each was computed in. Its latents depend on all
// of that and on nothing else. Only full pages have children.
type node struct {
	parent   *node
	children []*node
	tokens   []token.ID
	forms    uint64 // a bit a token, the first lowest: computed expanded
	page     deepseek.PageID
	used     uint64    // the tree's clock when it was last of use
	name     disk.Page // its name in the store, if there is one and the page is full
	stored   bool      // the store has it, or is about to
	gone     bool      // it is not in the tree any more
}

func (n *node) full() bool { return len(n.tokens) == deepseek.PageSize }

// A prefix is the tree of pages that are remembered, from the empty sequence on.
// It holds each of its pages. Whoever looks for a prefix compares tokens, so that
// nothing rests on a hash.
type prefix struct {
	root  node
	pages *Pages
	clock uint64
	size  int // nodes, without the root
}

// A match is the longest remembered beginning of a sequence.
type match struct {
	nodes  []*node // one a page that matches whole
	tokens int     // that match, those of part included
	part   *node   // the page that matches in part; nil where none does
	// next are tokens that were remembered at the place where the match ends;
	// none where nothing was.
	next []token.ID
}

// find returns the longest remembered beginning of tokens. Where forms is not nil,
// what was computed in other forms does not count: bit i of forms[p] is that of
// token i of page p, for the first known tokens.
func (t *prefix) find(tokens []token.ID, forms []uint64, known int) match {
	best := match{}
	t.search(&t.root, tokens, forms, known, nil, &best)
	for _, n := range best.nodes {
		t.touch(n)
	}
	if best.part != nil {
		t.touch(best.part)
	}
	return best
}

// search walks from a node whose tokens match. Of equal matches the first stays:
// the bits that were computed first.
func (t *prefix) search(n *node, tokens []token.ID, forms []uint64, known int, path []*node, best *match) {
	at := len(path) * deepseek.PageSize
	rest := tokens[at:]
	if at > best.tokens {
		*best = match{nodes: append([]*node(nil), path...), tokens: at}
	}
	for _, c := range n.children {
		k := common(c.tokens, rest)
		if forms != nil {
			k = min(k, sameForms(c.forms, forms, len(path), min(k, known-at)))
		}
		switch {
		case k == deepseek.PageSize:
			t.search(c, tokens, forms, known, append(path, c), best)
		case at+k > best.tokens:
			*best = match{nodes: append([]*node(nil), path...), tokens: at + k, part: c, next: c.tokens[k:]}
		case at+k == best.tokens && best.next == nil && k < len(c.tokens):
			best.next = c.tokens[k:]
		}
	}
}

// common returns how many first tokens are the same.
func common(a, b []token.ID) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// sameForms returns how many of the first n tokens of a page have the same form in
// a and forms[page].
func sameForms(a uint64, forms []uint64, page, n int) int {
	for i := range n {
		if page >= len(forms) || (a^forms[page])>>i&1 != 0 {
			return i
		}
	}
	return max(n, 0)
}

// add remembers a page behind its parent, which must be in the tree, and holds it.
// Where the same is remembered already, that is returned, and nothing held. What
// held the page before goes on doing so.
func (t *prefix) add(parent *node, tokens []token.ID, forms uint64, page deepseek.PageID) (n *node, added bool) {
	for _, c := range parent.children {
		k := common(c.tokens, tokens)
		if k == len(tokens) && (c.forms^forms)<<(64-k) == 0 {
			t.touch(c)
			return c, false
		}
	}
	// A part of the page that was remembered is of no more use.
	for i := 0; i < len(parent.children); i++ {
		c := parent.children[i]
		k := len(c.tokens)
		if k < len(tokens) && common(c.tokens, tokens) == k && (c.forms^forms)<<(64-k) == 0 && t.pages.Held(c.page) == 1 {
			t.remove(c)
			i--
		}
	}
	n = &node{parent: parent, tokens: append([]token.ID(nil), tokens...), forms: forms, page: page}
	t.pages.Share(page)
	parent.children = append(parent.children, n)
	t.size++
	t.touch(n)
	return n, true
}

func (t *prefix) touch(n *node) {
	t.clock++
	n.used = t.clock
}

// remove forgets a node without children.
func (t *prefix) remove(n *node) {
	siblings := n.parent.children
	for i, c := range siblings {
		if c == n {
			n.parent.children = append(siblings[:i], siblings[i+1:]...)
			break
		}
	}
	n.gone = true
	t.pages.Release(n.page)
	t.size--
}

// oldest returns the node that was of use longest ago, of those that nobody but
// the tree holds and that have no children; nil where there is none.
func (t *prefix) oldest() *node {
	var best *node
	t.each(func(n *node) {
		if len(n.children) == 0 && t.pages.Held(n.page) == 1 && (best == nil || n.used < best.used) {
			best = n
		}
	})
	return best
}

// evictable returns how many pages oldest could give one after the other.
func (t *prefix) evictable() int {
	var count func(n *node) (pages int, all bool)
	count = func(n *node) (int, bool) {
		total, all := 0, true
		for _, c := range n.children {
			k, whole := count(c)
			total, all = total+k, all && whole
		}
		if all && n.parent != nil && t.pages.Held(n.page) == 1 {
			return total + 1, true
		}
		return total, all && n.parent == nil
	}
	pages, _ := count(&t.root)
	return pages
}

// each calls f for every node, parents before children. f may not change the tree.
func (t *prefix) each(f func(*node)) {
	var walk func(*node)
	walk = func(n *node) {
		for _, c := range n.children {
			f(c)
			walk(c)
		}
	}
	walk(&t.root)
}
