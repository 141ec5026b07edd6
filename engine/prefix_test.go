package engine

import (
	"math/rand/v2"
	"testing"

	"github.com/deskseek/deskseek/deepseek"
)

// TestFindForms: where forms are asked for, what was computed in others is not found, from
// the first token on that differs.
func TestFindForms(t *testing.T) {
	pages := NewPages(4)
	tree := prefix{pages: pages}
	tokens := prompt(rand.New(rand.NewPCG(1, 1)), 2*deepseek.PageSize)
	absorbed, _ := tree.add(&tree.root, tokens[:deepseek.PageSize], 0, pages.Alloc())
	expanded, _ := tree.add(&tree.root, tokens[:deepseek.PageSize], ^uint64(0), pages.Alloc())
	behind, _ := tree.add(expanded, tokens[deepseek.PageSize:], ^uint64(0), pages.Alloc())
	for _, c := range []struct {
		name  string
		forms []uint64
		want  int
		nodes []*node
	}{
		{"any", nil, 128, []*node{expanded, behind}},
		{"absorbed", []uint64{0, 0}, 64, []*node{absorbed}},
		{"expanded", []uint64{^uint64(0), ^uint64(0)}, 128, []*node{expanded, behind}},
		{"the last ten absorbed", []uint64{^uint64(0), ^uint64(0) >> 10}, 118, []*node{expanded}},
		{"the first absorbed", []uint64{^uint64(1), 0}, 1, nil},
	} {
		m := tree.find(tokens, c.forms, len(tokens))
		same := len(m.nodes) == len(c.nodes)
		for i := range m.nodes {
			same = same && m.nodes[i] == c.nodes[i]
		}
		if m.tokens != c.want || !same {
			t.Errorf("%s: %d tokens in %d pages, want %d in %d", c.name, m.tokens, len(m.nodes), c.want, len(c.nodes))
		}
	}
}
