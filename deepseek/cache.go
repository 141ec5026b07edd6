package deepseek

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/deskseek/deskseek/nn"
)

// PageSize is the number of tokens of a page of the latent cache.
const PageSize = nn.PageSize

// A PageID is the number of a page.
type PageID = nn.PageID

// A Cache is the memory of the latent cache of a range of layers: pages of 64
// tokens, each with the latents of all layers, those of the MTP layer behind the
// others, and the final hidden state of the page's last token, from which MTP
// goes on after a prefix hit.
//
// The MTP layer pairs the hidden state of token i with token i+1; the pair lives
// in slot i+1, beside the latents of the token it was made with. Slot 0 of a
// sequence holds none.
//
// Who owns a page is not known here.
type Cache struct {
	latents *nn.Latents
	hidden  []float32 // [pages, dim]; empty without MTP
	dim     int
}

func newCache(pages, layers int, c *Config, mtp bool, t nn.CacheType) (*Cache, error) {
	k := &Cache{}
	if mtp {
		layers++
		k.dim = c.Dim
		k.hidden = make([]float32, pages*k.dim)
	}
	var err error
	k.latents, err = nn.NewLatents(pages, layers, c.KVRank, c.Rope, t)
	return k, err
}

// Pages returns the number of pages.
func (k *Cache) Pages() int { return k.latents.Pages() }

// PageBytes returns the bytes of one page, as ReadPage gives them.
func (k *Cache) PageBytes() int { return k.latents.PageBytes() + 4*k.dim }

// ReadPage copies a page into dst, which has PageBytes.
func (k *Cache) ReadPage(p PageID, dst []byte) {
	n := copy(dst, k.latents.Page(p))
	for _, v := range k.lastHidden(p) {
		binary.LittleEndian.PutUint32(dst[n:], math.Float32bits(v))
		n += 4
	}
}

// WritePage sets a page to what ReadPage gave, of a cache of the same type.
func (k *Cache) WritePage(p PageID, src []byte) {
	n := copy(k.latents.Page(p), src)
	hidden := k.lastHidden(p)
	for i := range hidden {
		hidden[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[n:]))
		n += 4
	}
}

// SetLatents sets the latents of a page, [layers, PageSize, KVRank+Rope], to values
// that no network has computed, for measuring.
func (k *Cache) SetLatents(p PageID, values []float32) { k.latents.SetPage(p, values) }

// Values returns how many latents a page has, as SetLatents takes them.
func (k *Cache) Values() int { return k.latents.Values() }

// take copies all pages of a smaller cache.
func (k *Cache) take(from *Cache) {
	for p := range PageID(from.Pages()) {
		copy(k.latents.Page(p), from.latents.Page(p))
		copy(k.lastHidden(p), from.lastHidden(p))
	}
}

// CopyPage copies page from to page to.
func (k *Cache) CopyPage(to, from PageID) {
	copy(k.latents.Page(to), k.latents.Page(from))
	copy(k.lastHidden(to), k.lastHidden(from))
}

func (k *Cache) lastHidden(p PageID) []float32 { return k.hidden[int(p)*k.dim : (int(p)+1)*k.dim] }

// LastHidden returns the final hidden state of the last token of a full page,
// [1, Dim], as Run.Hidden of a draft that goes on from there.
func (k *Cache) LastHidden(p PageID) nn.Mat { return nn.FromHost(1, k.dim, k.lastHidden(p)) }

func (k *Cache) check(p PageID) error {
	if p < 0 || int(p) >= k.Pages() {
		return fmt.Errorf("page %d of a cache of %d pages", p, k.Pages())
	}
	return nil
}
