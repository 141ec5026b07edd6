package synth

import (
	"fmt"
	"strings"

	"github.com/deskseek/deskseek/deepseek"
)

// A Shape is a network's dimensions under a name.
type Shape struct {
	Name   string
	About  string
	Config deepseek.Config
	// Sparse is whether matrices are left as holes of the file, all zeros:
	// for networks that would fill the disk.
	Sparse bool
}

// Shapes returns the known shapes.
func Shapes() []Shape {
	return []Shape{
		{"v3", "DeepSeek-V3: 61 layers, 256 experts, 671B weights, all of them zeros in a sparse file", v3(), true},
		{"v3slice", "4 layers of DeepSeek-V3's widths (1 dense), 32 experts, vocabulary 16384: 5.7B weights", v3Slice(), false},
		{"moonlight", "Moonlight-16B-A3B: 27 layers, dim 2048, 64 experts, no q_lora", moonlight(), false},
		{"tiny", "2 layers, dim 256, 16 experts, a few MB: for tests", tiny(), false},
	}
}

// Find returns the shape of a name.
func Find(name string) (Shape, error) {
	var names []string
	for _, s := range Shapes() {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return Shape{}, fmt.Errorf("shape %q is not known, want one of %s", name, strings.Join(names, ", "))
}

// v3 is config.json of deepseek-ai/DeepSeek-V3-0324.
func v3() deepseek.Config {
	return deepseek.Config{
		Vocabulary: 129280, Dim: 7168, Layers: 61, DenseLayers: 3, Hidden: 18432, Context: 163840,
		Heads: 128, QRank: 1536, KVRank: 512, Nope: 128, Rope: 64, V: 128,
		Experts: 256, SharedExperts: 1, ExpertHidden: 2048, TopK: 8, Groups: 8, KeptGroups: 4, NormalizeTopK: true, RoutedScale: 2.5,
		Epsilon: 1e-6, RopeTheta: 10000,
		YaRN: &deepseek.YaRN{Factor: 40, Original: 4096, BetaFast: 32, BetaSlow: 1, Mscale: 1, MscaleAllDim: 1},
		BOS:  bos, EOS: []int32{eos},
	}
}

func v3Slice() deepseek.Config {
	c := v3()
	c.Layers, c.DenseLayers, c.Experts, c.Vocabulary = 4, 1, 32, 16384
	return c
}

// moonlight is config.json of moonshotai/Moonlight-16B-A3B, but for the ids of
// BOS and EOS, which are those of our vocabulary.
func moonlight() deepseek.Config {
	return deepseek.Config{
		Vocabulary: 163840, Dim: 2048, Layers: 27, DenseLayers: 1, Hidden: 11264, Context: 8192,
		Heads: 16, KVRank: 512, Nope: 128, Rope: 64, V: 128,
		Experts: 64, SharedExperts: 2, ExpertHidden: 1408, TopK: 6, Groups: 1, KeptGroups: 1, NormalizeTopK: true, RoutedScale: 2.446,
		Epsilon: 1e-5, RopeTheta: 50000,
		BOS: bos, EOS: []int32{eos},
	}
}

// tiny has whole blocks of every encoding, and FP8 blocks that are cut off.
func tiny() deepseek.Config {
	c := v3()
	c.Vocabulary, c.Dim, c.Layers, c.DenseLayers, c.Hidden = 512, 256, 2, 1, 512
	c.Heads, c.QRank, c.KVRank, c.Nope, c.Rope, c.V = 4, 256, 256, 64, 32, 64
	c.Experts, c.ExpertHidden, c.TopK, c.Groups, c.KeptGroups = 16, 256, 4, 4, 2
	return c
}
