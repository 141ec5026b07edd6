package nn

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/deskseek/deskseek/internal/memory"
	"github.com/deskseek/deskseek/tensor"
)

// PageSize is the number of tokens of a page of the latent cache.
const PageSize = 64

// A PageID is the number of a page.
type PageID int32

// A CacheType is how the latent cache holds its values.
type CacheType uint8

// The types.
const (
	CacheF32  CacheType = iota // as they are: what exact math attends to
	CacheBF16                  // rounded to bfloat16
	// CacheQ8 is integers of -127 to 127, behind two f32 units: what the latents
	// and what the key of a token count in, their greatest magnitude / 127.
	CacheQ8
)

// Latents is the memory of the latent cache of MLA: for every token and layer
// the compressed key-values c^KV after their norm, [rank], followed by the
// shared key k^R after its rotation, [rope]. Nothing else is cached.
//
// Order in memory: page → layer → token → row of rank+rope values. So the address of
// a row is a fixed formula, a page is one contiguous unit for disk and wire, and
// a (page, layer) tile is contiguous and aligned to 64 bytes.
//
// It keeps no accounts: who owns a page is the engine's business.
type Latents struct {
	data       []byte
	cache      CacheType
	pages      int
	layers     int
	rank, rope int
	held       []byte // memory of the system's, to be given back; nil where it is Go's
}

// system is the size from which on memory is the system's: the garbage collector
// would let as much garbage lie beside it.
const system = 64 << 20

// NewLatents takes the memory for the given number of pages, in one piece. What is
// never written takes none. The error is the system's, which has not as much.
func NewLatents(pages, layers, rank, rope int, cache CacheType) (*Latents, error) {
	l := &Latents{cache: cache, pages: pages, layers: layers, rank: rank, rope: rope}
	const line = 64
	size := pages*l.PageBytes() + line
	var buf []byte
	if size < system {
		buf = make([]byte, size)
	} else {
		var err error
		if l.held, err = memory.Take(size); err != nil {
			return nil, fmt.Errorf("the latent cache: %w", err)
		}
		buf = l.held
	}
	skip := int(-uintptr(unsafe.Pointer(&buf[0])) % line)
	l.data = buf[skip : skip+pages*l.PageBytes()]
	return l, nil
}

// Free gives the memory back. Nothing may use it any more, pages included.
func (l *Latents) Free() error {
	held := l.held
	l.data, l.held, l.pages = nil, nil, 0
	if held == nil {
		return nil
	}
	return memory.Free(held)
}

// Pages returns the number of pages.
func (l *Latents) Pages() int { return l.pages }

// PageBytes returns the bytes of one page.
func (l *Latents) PageBytes() int { return l.layers * PageSize * l.rowBytes() }

func (l *Latents) width() int { return l.rank + l.rope }

// rowBytes returns the bytes of a token and layer.
func (l *Latents) rowBytes() int {
	switch l.cache {
	case CacheBF16:
		return 2 * l.width()
	case CacheQ8:
		return evenly(8+l.width(), 4)
	}
	return 4 * l.width()
}

// Page returns the bytes of one page, [layers, PageSize] rows, to be copied from
// or to.
func (l *Latents) Page(p PageID) []byte {
	n := l.PageBytes()
	return l.data[int(p)*n : (int(p)+1)*n]
}

// tile returns the rows of one layer of one page.
func (l *Latents) tile(p PageID, layer int) []byte {
	n := PageSize * l.rowBytes()
	return l.Page(p)[layer*n : (layer+1)*n]
}

// values returns the rows of one layer of one page of a cache in f32.
func (l *Latents) values(p PageID, layer int) []float32 {
	b := l.tile(p, layer)
	return unsafe.Slice((*float32)(unsafe.Pointer(&b[0])), len(b)/4)
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
			l.put(s.Pages[pos/PageSize], layer, pos%PageSize, c.row(s.Row+i), k.row(s.Row+i))
		}
	}
}

// Values returns how many latents and keys a page holds.
func (l *Latents) Values() int { return l.layers * PageSize * l.width() }

// SetPage sets the latents and keys of a page, [layers, PageSize, rank+rope], to
// given values, for measuring: no network has computed them.
func (l *Latents) SetPage(p PageID, values []float32) {
	for i := range l.layers * PageSize {
		row := values[i*l.width() : (i+1)*l.width()]
		l.put(p, i/PageSize, i%PageSize, row[:l.rank], row[l.rank:])
	}
}

// put writes the row of one token.
func (l *Latents) put(p PageID, layer, slot int, c, k []float32) {
	row := l.tile(p, layer)[slot*l.rowBytes():][:l.rowBytes()]
	switch l.cache {
	case CacheF32:
		v := unsafe.Slice((*float32)(unsafe.Pointer(&row[0])), l.width())
		copy(v, c)
		copy(v[l.rank:], k)
	case CacheBF16:
		v := unsafe.Slice((*uint16)(unsafe.Pointer(&row[0])), l.width())
		for i, x := range c {
			v[i] = tensor.F32ToBF16(x)
		}
		for i, x := range k {
			v[l.rank+i] = tensor.F32ToBF16(x)
		}
	case CacheQ8:
		units := unsafe.Slice((*float32)(unsafe.Pointer(&row[0])), 2)
		v := unsafe.Slice((*int8)(unsafe.Pointer(&row[8])), l.width())
		units[0], units[1] = roundTo8(v[:l.rank], c), roundTo8(v[l.rank:], k)
	}
}

// roundTo8 sets q to the nearest multiples of max|x|/127, which it returns: NaN
// where x is not finite.
func roundTo8(q []int8, x []float32) float32 {
	var amax float32
	for _, v := range x {
		// NaN goes on.
		if v = float32(math.Abs(float64(v))); !(v <= amax) {
			amax = v
		}
		if amax != amax {
			break
		}
	}
	f := 127 / amax
	if !(amax <= math.MaxFloat32) || f > math.MaxFloat32 {
		clear(q)
		if f > math.MaxFloat32 {
			return 0
		}
		return float32(math.NaN())
	}
	for i, v := range x {
		q[i] = int8(math.RoundToEven(float64(float32(v * f))))
	}
	return amax / 127
}
