//go:build !purego

package kernel

// wideRow is from where on rows of so many values are streams long enough to be
// read four side by side: for one token that is faster than a strip, and for
// shorter ones slower. Four rows are at work while the next four are asked for,
// 32 kB at this width, so that it needs a first cache that holds more: it gains with
// one of 48 kB (Emerald Rapids), and with 32 kB (Zen 4) takes 1.8 times as long.
const (
	wideRow   = 4096
	wideCache = 48 << 10
)

// rowsStay is whether the first cache is large enough for that.
var rowsStay = firstCache() >= wideCache

// firstCache returns the bytes of a core's first cache for data, or 0 if the
// processor does not say. Intel's describes its caches in leaf 4 of CPUID, AMD's in
// leaf 0x8000001D, in the same form, where leaf 4 is empty.
func firstCache() int {
	leaf := uint32(4)
	if most, _, _ := cpuid(0, 0); most < leaf {
		return 0
	}
	a, b, c := cpuid(leaf, 0)
	if a&31 == 0 {
		leaf = 0x8000001D
		if most, _, _ := cpuid(0x80000000, 0); most < leaf {
			return 0
		}
		a, b, c = cpuid(leaf, 0)
	}
	if kind := a & 31; kind != 1 && kind != 3 { // data, or data and instructions
		return 0
	}
	line, partitions, ways := b&0xfff+1, b>>12&0x3ff+1, b>>22+1
	return int(line * partitions * ways * (c + 1))
}

//go:noescape
func cpuid(leaf, sub uint32) (a, b, c uint32)
