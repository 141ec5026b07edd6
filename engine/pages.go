package engine

import "github.com/deskseek/deskseek/deepseek"

// Pages are the accounts of the latent cache: numbers of pages and who holds them,
// not their memory. A page is free, or held by one or several: sequences that
// compute with it, and the prefix tree that remembers it. What more than one holds
// is not written any more.
type Pages struct {
	free []deepseek.PageID
	held []int32 // by page
	more int     // pages that more than one holds
}

// NewPages returns accounts of n free pages.
func NewPages(n int) *Pages {
	p := &Pages{free: make([]deepseek.PageID, n), held: make([]int32, n)}
	for i := range p.free {
		p.free[i] = deepseek.PageID(n - 1 - i)
	}
	return p
}

// Total returns the number of pages, free or not.
func (p *Pages) Total() int { return len(p.held) }

// Free returns the number of free pages.
func (p *Pages) Free() int { return len(p.free) }

// Held returns how many hold a page.
func (p *Pages) Held(id deepseek.PageID) int { return int(p.held[id]) }

// Shared returns the number of pages that more than one holds.
func (p *Pages) Shared() int { return p.more }

// Alloc takes a free page, of which there must be one.
func (p *Pages) Alloc() deepseek.PageID {
	last := len(p.free) - 1
	id := p.free[last]
	p.free = p.free[:last]
	p.held[id] = 1
	return id
}

// Share makes one more hold a page.
func (p *Pages) Share(id deepseek.PageID) {
	if p.held[id] == 0 {
		panic("engine: sharing a free page")
	}
	if p.held[id]++; p.held[id] == 2 {
		p.more++
	}
}

// Release makes one fewer hold each of the pages. What nobody holds is free.
func (p *Pages) Release(ids ...deepseek.PageID) {
	for _, id := range ids {
		p.held[id]--
		switch n := p.held[id]; {
		case n == 1:
			p.more--
		case n == 0:
			p.free = append(p.free, id)
		case n < 0:
			panic("engine: releasing a free page")
		}
	}
}
