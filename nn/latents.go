package nn

import (
	"fmt"
	"unsafe"
)

// PageSize is the number of tokens of a page of the latent cache.
const PageSize = 64

// A PageID is the number of a page.
type PageID int32

// Latents is the memory of the latent cache of MLA: for every token and layer
// the compressed key-values c^KV after their norm, [rank], followed by the
// shared key k^R after its rotation, [rope]. Nothing else is cached.
//
// Order in memory: page → layer → token → rank+rope values. So the address of
// a row is a fixed formula, a page is one contiguous unit for disk and wire, and
// a (page, layer) tile is contiguous and aligned to 64 bytes.
//
// It keeps no accounts: who owns a page is the engine's business.
type Latents struct {
	data       []float32
	pages      int
	layers     int
	rank, rope int
}

// NewLatents takes the memory for the given number of pages, in one allocation.
func NewLatents(pages, layers, rank, rope int) *Latents {
	l := &Latents{pages: pages, layers: layers, rank: rank, rope: rope}
	const line = 16 // values in 64 bytes
	buf := make([]float32, pages*l.pageValues()+line)
	skip := 0
	for uintptr(unsafe.Pointer(&buf[skip]))%64 != 0 {
		skip++
	}
	l.data = buf[skip : skip+pages*l.pageValues()]
	return l
}

// Pages returns the number of pages.
func (l *Latents) Pages() int { return l.pages }

// PageBytes returns the bytes of one page.
func (l *Latents) PageBytes() int { return 4 * l.pageValues() }

func (l *Latents) width() int      { return l.rank + l.rope }
func (l *Latents) pageValues() int { return l.layers * PageSize * l.width() }

// Page returns the values of one page, [layers, PageSize, rank+rope], to be
// copied from or to.
func (l *Latents) Page(p PageID) []float32 {
	n := l.pageValues()
	return l.data[int(p)*n : (int(p)+1)*n]
}

// tile returns the rows of one layer of one page.
func (l *Latents) tile(p PageID, layer int) []float32 {
	n := PageSize * l.width()
	return l.Page(p)[layer*n : (layer+1)*n]
}

// A Span is consecutive tokens of one sequence in a step: rows of its Mats, the
// positions they take, and the pages of the sequence.
type Span struct {
	Row      int      // first row
	Len      int      // number of tokens
	Position int      // of the first token
	First    int      // first position that attention sees (MTP: 1)
	Pages    []PageID // Pages[i] holds positions i·PageSize to (i+1)·PageSize
}

// Store writes the latents c [n, rank] and keys k [n, rope] of the spans' tokens.
func (l *Latents) Store(layer int, spans []Span, c, k Mat) {
	if c.cols != l.rank || k.cols != l.rope {
		panic(fmt.Sprintf("nn: storing latents of %d+%d values, want %d+%d", c.cols, k.cols, l.rank, l.rope))
	}
	for _, s := range spans {
		for i := range s.Len {
			pos := s.Position + i
			row := l.tile(s.Pages[pos/PageSize], layer)[pos%PageSize*l.width():]
			copy(row[:l.rank], c.row(s.Row+i))
			copy(row[l.rank:l.width()], k.row(s.Row+i))
		}
	}
}
