package grid

import (
	"crypto/sha256"
	"fmt"
	"math/bits"
	"testing"
)

// TestData: the bytes are those of gguf-py, and entries ascend in them, so that
// none is there twice.
func TestData(t *testing.T) {
	for _, c := range []struct {
		name, text string
		entries    int
		sum        string
	}{
		{"IQ2_XXS", iq2xxs, 256, "915952ebc4af8ddba8113583ca1316fc818843f7b825bbf1a25ae1c39bf0e16d"},
		{"IQ2_XS", iq2xs, 512, "f66435966ca8d64e9e4a6e3c91e64afcf9015e700ec85962f527283ebae207b9"},
		{"IQ2_S", iq2s, 1024, "e6e75e121b65e8afa5c1f92b71463cfbe217b83893f438acde22fd5db06a43f7"},
		{"IQ1", iq1, 2048, "e9ffebfc997ad6023063a667c0bf4eedd8ebf7f56b3da399cbc7d1b1f7ea52c6"},
		{"IQ3_XXS", iq3xxs, 256, "15d5c59616fa93701383d1d45da633a378dab68ea2a7dce31b772c604e14dd7c"},
		{"IQ3_S", iq3s, 512, "881df6ab9508749ca9827814e44a01a4ab8fe8a4ae8d038d5b9d55d864ae135b"},
	} {
		data := decode(c.text)
		if got := fmt.Sprintf("%x", sha256.Sum256(data)); got != c.sum || len(data) != 2*c.entries {
			t.Errorf("%s: %d bytes of sum %s", c.name, len(data), got)
		}
		for i := 2; i < len(data); i += 2 {
			if entry, before := int(data[i])|int(data[i+1])<<8, int(data[i-2])|int(data[i-1])<<8; entry <= before {
				t.Errorf("%s: entry %d is %#x, after %#x", c.name, i/2, entry, before)
			}
		}
	}
}

// TestLevels: no element has a level that there is not.
func TestLevels(t *testing.T) {
	for name, entries := range map[string][]uint32{"IQ2XXS": IQ2XXS[:], "IQ2XS": IQ2XS[:], "IQ2S": IQ2S[:], "IQ1": IQ1[:]} {
		for i, entry := range entries {
			// Level 3 has both bits set.
			if entry&^0x33333333 != 0 || entry&(entry>>1)&0x11111111 != 0 {
				t.Errorf("%s: entry %d is %#x", name, i, entry)
			}
		}
	}
	// The last entries have the levels 0 3 6 7 and 0 0 7 7.
	for name, c := range map[string]struct{ got, want uint32 }{
		"IQ3XXS": {IQ3XXS[255], 62<<24 | 52<<16 | 28<<8 | 4}, "IQ3S": {IQ3S[511], 15<<24 | 15<<16 | 1<<8 | 1},
	} {
		if c.got != c.want {
			t.Errorf("%s: the last entry is %#x, want %#x", name, c.got, c.want)
		}
	}
}

func TestSigns(t *testing.T) {
	for i := range uint8(128) {
		if s := Signs(i); s&127 != i || bits.OnesCount8(s)%2 != 0 {
			t.Errorf("Signs(%d) = %#x", i, s)
		}
	}
}
