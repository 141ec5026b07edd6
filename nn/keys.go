package nn

import (
	"unsafe"

	"github.com/deskseek/deskseek/kernel"
)

// A keyPage holds keys of up to a page in 16 bits, as fast math multiplies them:
// the latents and the rotated keys, each with a unit a token.
type keyPage struct {
	latent, rope         []int16 // [PageSize][stride]; what a stride has more than values is 0
	latentUnit, ropeUnit [PageSize]float32
}

// evenly returns n rounded up to a multiple of m.
func evenly(n, m int) int { return (n + m - 1) / m * m }

// latentStride and ropeStride are what kernels ask for: values go through them
// eight at a time, keys two.
func (l *Latents) latentStride() int { return evenly(l.rank, 8) }
func (l *Latents) ropeStride() int   { return evenly(l.rope, 2) }

// keys rounds the n rows of a tile from one on.
func (l *Latents) keys(k *keyPage, p PageID, layer, from, n int) {
	latent, rope := l.latentStride(), l.ropeStride()
	k.latent, k.rope = grow(k.latent, PageSize*latent), grow(k.rope, PageSize*rope)
	for t := range n {
		clear(k.latent[t*latent+l.rank : (t+1)*latent])
		clear(k.rope[t*rope+l.rope : (t+1)*rope])
	}
	tile := l.tile(p, layer)[from*l.rowBytes() : (from+n)*l.rowBytes()]
	width, values := l.width(), n*l.width()
	switch l.cache {
	case CacheF32:
		x := unsafe.Slice((*float32)(unsafe.Pointer(&tile[0])), values)
		kernel.RoundKeys(k.latent, k.latentUnit[:n], x, latent, width, l.rank)
		kernel.RoundKeys(k.rope, k.ropeUnit[:n], x[l.rank:], rope, width, l.rope)
	case CacheBF16:
		x := unsafe.Slice((*uint16)(unsafe.Pointer(&tile[0])), values)
		kernel.RoundKeysBF16(k.latent, k.latentUnit[:n], x, latent, width, l.rank)
		kernel.RoundKeysBF16(k.rope, k.ropeUnit[:n], x[l.rank:], rope, width, l.rope)
	case CacheQ8:
		for t := range n {
			row := tile[t*l.rowBytes():][:l.rowBytes()]
			k.latentUnit[t], k.ropeUnit[t] = l.widenRow(k.latent[t*latent:], k.rope[t*rope:], row)
		}
	}
}

// widenRow takes a row of a cache in 8 bits, and returns what the integers count in.
func (l *Latents) widenRow(latent, rope []int16, row []byte) (latentUnit, ropeUnit float32) {
	units := unsafe.Slice((*float32)(unsafe.Pointer(&row[0])), 2)
	v := unsafe.Slice((*int8)(unsafe.Pointer(&row[8])), l.width())
	kernel.Widen(latent[:l.rank], v[:l.rank])
	kernel.Widen(rope[:l.rope], v[l.rank:])
	return units[0] / 32, units[1] / 32
}
