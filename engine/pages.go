package engine

import "github.com/deskseek/deskseek/deepseek"

// Pages are the accounts of the latent cache: numbers of pages, not their
// memory. The zero value has none.
type Pages struct {
	total int
	free  []deepseek.PageID
}

// Want returns the number of pages that the cache must have for n more to be
// free, and 0 where they are free already. It counts on being given them. The
// cache at least doubles, so that growing costs little.
func (p *Pages) Want(n int) int {
	if n <= len(p.free) {
		return 0
	}
	total := p.total + max(n-len(p.free), p.total)
	for i := total - 1; i >= p.total; i-- {
		p.free = append(p.free, deepseek.PageID(i))
	}
	p.total = total
	return total
}

// Alloc takes a free page, of which there must be one.
func (p *Pages) Alloc() deepseek.PageID {
	last := len(p.free) - 1
	id := p.free[last]
	p.free = p.free[:last]
	return id
}

// Release gives pages back.
func (p *Pages) Release(ids []deepseek.PageID) { p.free = append(p.free, ids...) }

// Free returns the number of free pages.
func (p *Pages) Free() int { return len(p.free) }
