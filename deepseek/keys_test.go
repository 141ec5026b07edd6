package deepseek

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/deskseek/deskseek/checkpoint"
)

// TestRopeType checks both spellings of rope_scaling's key: new files say
// rope_type, and say it also where there is no scaling.
func TestRopeType(t *testing.T) {
	const numbers = `"factor":40,"original_max_position_embeddings":4096,"mscale":1,"mscale_all_dim":1}`
	yarn := &YaRN{Factor: 40, Original: 4096, BetaFast: 32, BetaSlow: 1, Mscale: 1, MscaleAllDim: 1}
	for scaling, want := range map[string]*YaRN{
		`{"type":"yarn",` + numbers:      yarn,
		`{"rope_type":"yarn",` + numbers: yarn,
		`{"rope_type":"default"}`:        nil,
	} {
		c, err := ParseHF([]byte(strings.Replace(goodConfig, `"rope_scaling":null`, `"rope_scaling":`+scaling, 1)))
		switch {
		case err != nil:
			t.Errorf("%s: %v", scaling, err)
		case (c.YaRN == nil) != (want == nil), want != nil && *c.YaRN != *want:
			t.Errorf("%s: %+v, want %+v", scaling, c.YaRN, want)
		}
	}
}

// TestYaRNWithoutRamp checks a ramp of no length: the original context is so
// short that no pair makes a whole turn in it. The first pair keeps its
// frequency, and all others are slowed.
func TestYaRNWithoutRamp(t *testing.T) {
	c := Config{Rope: 16, RopeTheta: 10000, YaRN: &YaRN{Factor: 40, Original: 4, BetaFast: 32, BetaSlow: 1}}
	for i, got := range c.Frequencies() {
		want := math.Pow(10000, -2*float64(i)/16)
		if i > 0 {
			want /= 40
		}
		if !(math.Abs(got-want) <= 1e-14*want) {
			t.Errorf("frequency %d is %g, want %g", i, got, want)
		}
	}
}

// TestGGUFRopeBase checks that rope.freq_base is read, and 10000 where it is
// absent.
func TestGGUFRopeBase(t *testing.T) {
	const key = "deepseek2.rope.freq_base"
	for want, change := range map[float64]func(d *draft){
		50000: func(d *draft) { d.set(key, float32(50000)) },
		10000: func(d *draft) { d.drop(key) },
	} {
		d := demoDraft(t)
		change(d)
		if c, err := ParseConfig(d.open(t)); err != nil || c.RopeTheta != want {
			t.Errorf("rope_theta is %g, want %g (%v)", c.RopeTheta, want, err)
		}
	}
}

// TestGGUFLayers counts the layers of files whose keys do and do not count the
// MTP layer, and do and do not name it, with the layer there and not.
func TestGGUFLayers(t *testing.T) {
	for _, test := range []struct {
		blocks, nextn int // nextn < 0: no such key
		mtp           bool
	}{
		{5, 1, true}, {5, -1, true}, {5, 0, true}, {5, 1, false},
		{4, 1, true}, {4, -1, true}, {4, 0, true}, {4, 1, false}, {4, -1, false}, {4, 0, false},
	} {
		d := demoDraft(t)
		d.set("deepseek2.block_count", uint32(test.blocks))
		if d.drop("deepseek2.nextn_predict_layers"); test.nextn >= 0 {
			d.set("deepseek2.nextn_predict_layers", uint32(test.nextn))
		}
		if !test.mtp {
			d.tensors = slices.DeleteFunc(d.tensors, func(t checkpoint.OutTensor) bool { return strings.HasPrefix(t.Name, "blk.4.") })
		}
		r := Inspect(d.open(t))
		if len(r.Problems) > 0 || r.Config.Layers != 4 || r.MTP != test.mtp {
			t.Errorf("%+v: MTP %v, config %+v, problems %v; want 4 layers", test, r.MTP, r.Config, r.Problems)
		}
	}
}

// TestGGUFLastLayerIncomplete checks that a layer of which a part is missing is
// missed, and not taken for one that the keys count too many.
func TestGGUFLastLayerIncomplete(t *testing.T) {
	d := demoDraft(t)
	d.set("deepseek2.block_count", uint32(4))
	d.remove("blk.3.attn_norm.weight")
	r := Inspect(d.open(t))
	if len(r.Problems) != 1 || !strings.Contains(r.Problems[0].Error(), "blk.3.attn_norm.weight: missing") {
		t.Errorf("problems %v, want that blk.3.attn_norm.weight is missing", r.Problems)
	}
}
