// Package grid has the grids of ggml's encodings of one to three bits, which are
// part of the file format: an index in a block names four or eight weights at
// once. It knows no block.
package grid

import (
	"encoding/hex"
	"math/bits"
	"strings"
)

// The grids of eight elements have three levels. Byte i of an entry has the level
// of element i in its low nibble, and that of element i+4 in its high one.
//
//	IQ2  magnitudes 8, 25, 43 (Magnitude)
//	IQ1  -1, 0, 1
//
// The grids of four elements have the magnitude of element i in byte i.
var (
	IQ2XXS = [256]uint32(eights(iq2xxs))
	IQ2XS  = [512]uint32(eights(iq2xs))
	IQ2S   = [1024]uint32(eights(iq2s))
	IQ1    = [2048]uint32(eights(iq1)) // of IQ1_S and IQ1_M
	IQ3XXS = [256]uint32(fours(iq3xxs, [8]uint32{4, 12, 20, 28, 36, 44, 52, 62}))
	IQ3S   = [512]uint32(fours(iq3s, [8]uint32{1, 3, 5, 7, 9, 11, 13, 15}))
)

// Magnitude holds what the levels of the grids of IQ2 stand for.
var Magnitude = [3]uint8{8, 25, 43}

// Signs returns the signs of eight weights, bit i those of weight i, which files
// keep in seven bits: an even number of them are set.
func Signs(seven uint8) uint8 { return seven | uint8(bits.OnesCount8(seven)&1)<<7 }

func eights(text string) []uint32 {
	data := decode(text)
	entries := make([]uint32, len(data)/2)
	for e := range entries {
		for i := range 4 {
			low, high := data[2*e]>>(2*i)&3, data[2*e+1]>>(2*i)&3
			entries[e] |= uint32(low|high<<4) << (8 * i)
		}
	}
	return entries
}

func fours(text string, magnitudes [8]uint32) []uint32 {
	data := decode(text)
	entries := make([]uint32, len(data)/2)
	for e := range entries {
		for i := range 4 {
			level := data[2*e+i/2] >> (i % 2 * 4) & 7
			entries[e] |= magnitudes[level] << (8 * i)
		}
	}
	return entries
}

func decode(text string) []byte {
	data, err := hex.DecodeString(strings.ReplaceAll(text, "\n", ""))
	if err != nil {
		panic(err) // of a constant, which the test decodes too
	}
	return data
}
