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
	tile := l.tile(p, layer)[from*l.rowBytes():]
	for t := range n {
		row := tile[t*l.rowBytes():][:l.rowBytes()]
		c, r := k.latent[t*latent:(t+1)*latent], k.rope[t*rope:(t+1)*rope]
		clear(c[l.rank:])
		clear(r[l.rope:])
		k.latentUnit[t], k.ropeUnit[t] = l.roundRow(c[:l.rank], r[:l.rope], row)
	}
}

// roundRow rounds a stored row.
func (l *Latents) roundRow(latent, rope []int16, row []byte) (latentUnit, ropeUnit float32) {
	switch l.cache {
	case CacheBF16:
		v := unsafe.Slice((*uint16)(unsafe.Pointer(&row[0])), l.width())
		return kernel.RoundKeyBF16(latent, v[:l.rank]), kernel.RoundKeyBF16(rope, v[l.rank:])
	case CacheQ8:
		units := unsafe.Slice((*float32)(unsafe.Pointer(&row[0])), 2)
		v := unsafe.Slice((*int8)(unsafe.Pointer(&row[8])), l.width())
		kernel.Widen(latent, v[:l.rank])
		kernel.Widen(rope, v[l.rank:])
		return units[0] / 32, units[1] / 32
	}
	v := unsafe.Slice((*float32)(unsafe.Pointer(&row[0])), l.width())
	return kernel.RoundKey(latent, v[:l.rank]), kernel.RoundKey(rope, v[l.rank:])
}
