package engine

import (
	"container/heap"
	"slices"

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
	queued   bool      // it is among those that are to be stored
	gone     bool      // it is not in the tree any more
	listed   bool      // it is among the leaves
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
	// leaves has all nodes without children, and some that were, by when they were of
	// use when they were listed: what was of use since is put back when it comes up.
	leaves leaves
}

// A leaf is a node, and when it was last of use as it was listed.
type leaf struct {
	node *node
	used uint64
}

// leaves are a heap, the one of use longest ago first.
type leaves []leaf

func (l leaves) Len() int           { return len(l) }
func (l leaves) Less(i, j int) bool { return l[i].used < l[j].used }
func (l leaves) Swap(i, j int)      { l[i], l[j] = l[j], l[i] }
func (l *leaves) Push(x any)        { *l = append(*l, x.(leaf)) }
func (l *leaves) Pop() any {
	last := len(*l) - 1
	x := (*l)[last]
	(*l)[last] = leaf{}
	*l = (*l)[:last]
	return x
}

// list puts a node among the leaves.
func (t *prefix) list(n *node) {
	if n.parent == nil || n.listed {
		return
	}
	if len(t.leaves) > 2*t.size+64 { // most are none any more
		t.leaves = slices.DeleteFunc(t.leaves, func(l leaf) bool {
			l.node.listed = !l.node.gone && len(l.node.children) == 0
			return !l.node.listed
		})
		heap.Init(&t.leaves)
	}
	n.listed = true
	heap.Push(&t.leaves, leaf{n, n.used})
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
	last := t.search(&t.root, 0, tokens, forms, known, &best, nil)
	for n := last; n != nil && n.parent != nil; n = n.parent {
		best.nodes = append(best.nodes, n)
	}
	slices.Reverse(best.nodes)
	for _, n := range best.nodes {
		t.touch(n)
	}
	if best.part != nil {
		t.touch(best.part)
	}
	return best
}

// search walks from a node at a depth, whose tokens match, and returns the last node
// that matches whole of the best match; last is that of the best so far. Of equal matches
// the first stays: the bits that were computed first.
func (t *prefix) search(n *node, depth int, tokens []token.ID, forms []uint64, known int, best *match, last *node) *node {
	at := depth * deepseek.PageSize
	rest := tokens[at:]
	if at > best.tokens {
		*best, last = match{tokens: at}, n
	}
	for _, c := range n.children {
		k := common(c.tokens, rest)
		if forms != nil {
			k = min(k, sameForms(c.forms, forms, depth, min(k, known-at)))
		}
		switch {
		case k == deepseek.PageSize:
			last = t.search(c, depth+1, tokens, forms, known, best, last)
		case at+k > best.tokens:
			*best, last = match{tokens: at + k, part: c, next: c.tokens[k:]}, n
		case at+k == best.tokens && best.next == nil && k < len(c.tokens):
			best.next = c.tokens[k:]
		}
	}
	return last
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
	t.list(n)
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
	if len(n.parent.children) == 0 {
		t.list(n.parent)
	}
}

// oldest returns the node that was of use longest ago, of those that nobody but
// the tree holds and that have no children; nil where there is none.
func (t *prefix) oldest() (best *node) {
	var held []*node // by sequences that run: these are few
	for best == nil && len(t.leaves) > 0 {
		l := heap.Pop(&t.leaves).(leaf)
		n := l.node
		n.listed = false
		switch {
		case n.gone || len(n.children) > 0: // listed again when it has none
		case n.used != l.used:
			t.list(n)
		case t.pages.Held(n.page) > 1:
			held = append(held, n)
		default:
			best = n
			held = append(held, n)
		}
	}
	for _, n := range held {
		t.list(n)
	}
	return best
}

// evictable returns how many pages oldest could give one after the other: all that no
// sequence holds. A sequence that holds a page holds all that it goes on from.
func (t *prefix) evictable() int { return t.size - t.pages.Shared() }

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
