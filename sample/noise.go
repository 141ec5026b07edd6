package sample

import (
	"math"
	"math/bits"

	"github.com/deskseek/deskseek/token"
)

// A noise is the randomness of one position: the beginning of a sequence of
// SplitMix64 (Steele, Lea, Flood 2014), of which every token id has one element.
type noise uint64

// golden is the step of SplitMix64, 2^64 divided by the golden ratio.
const golden = 0x9e3779b97f4a7c15

func newNoise(seed uint64, position int) noise {
	return noise(mix(mix(seed+golden) + uint64(position)*golden))
}

// mix is the finalizer of SplitMix64.
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// bits returns 52 random bits for a token.
func (n noise) bits(id token.ID) uint64 { return mix(uint64(n)+uint64(id)*golden) >> 12 }

// gumbel returns the Gumbel noise of 52 random bits: -log(-log(1-v)) with
// v = (m+½)/2^52, which is neither 0 nor 1, and exact.
func gumbel(m uint64) float64 {
	v := (float64(m) + 0.5) * 0x1p-52
	return -math.Log(-math.Log1p(-v))
}

// gumbelAtMost returns a bound of gumbel(m) that takes no logarithm. Because
// -log(1-v) ≥ v, the noise is at most -log v, and v is at least 2^(b-53) where m
// has b bits. One more log 2 pays for all rounding.
func gumbelAtMost(m uint64) float64 { return math.Ln2 * float64(54-bits.Len64(m)) }
