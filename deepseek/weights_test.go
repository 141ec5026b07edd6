package deepseek

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/demo"
	"github.com/deskseek/deskseek/internal/golden"
	"github.com/deskseek/deskseek/nn"
	"github.com/deskseek/deskseek/tensor"
	"github.com/deskseek/deskseek/token"
)

func demoCheckpoint(t *testing.T) *checkpoint.Checkpoint {
	t.Helper()
	ck, err := demo.Open()
	if err != nil {
		t.Fatal(err)
	}
	return ck
}

// TestWeights checks the list against what real checkpoints hold: every tensor
// listed is there with its shape, and what is there besides is a copy, or a
// layout that the list does not choose.
func TestWeights(t *testing.T) {
	check := func(t *testing.T, ck *checkpoint.Checkpoint) {
		r := Inspect(ck)
		if len(r.Problems) > 0 {
			t.Fatal(r.Problems)
		}
		listed := map[string]bool{}
		for _, w := range Weights(ck.Format(), r.Config, r.MTP) {
			listed[w.Name] = true
			x := ck.Tensor(w.Name)
			switch {
			case x != nil && slices.Equal(x.Shape, w.Shape):
			case x != nil:
				t.Errorf("%s: shape %v, listed %v", w.Name, x.Shape, w.Shape)
			case !strings.Contains(w.Name, "kv_b_proj") && !strings.Contains(w.Name, "attn_k_b") && !strings.Contains(w.Name, "attn_v_b"):
				t.Errorf("%s is not there", w.Name)
			}
		}
		for _, name := range ck.Names() {
			other := slices.ContainsFunc([]string{
				"_scale_inv", "embed_q", "unembed_out", "attn_kv_b", "layers.4.embed_tokens", "shared_head.head", "nextn.embed_tokens", "nextn.shared_head_head",
			}, func(part string) bool { return strings.Contains(name, part) })
			if !listed[name] && !other {
				t.Errorf("%s is not listed", name)
			}
		}
	}
	t.Run("demo", func(t *testing.T) { check(t, demoCheckpoint(t)) })
	for _, c := range golden.Cases(t) {
		t.Run(c.Name, func(t *testing.T) {
			ck, err := checkpoint.Open(c.Path)
			if err != nil {
				t.Fatal(err)
			}
			defer ck.Close()
			check(t, ck)
		})
	}
}

// shapes are configurations as unlike as the family has them.
func shapes() []Config {
	v3 := Config{
		Vocabulary: 129280, Dim: 7168, Layers: 61, DenseLayers: 3, Hidden: 18432, Context: 163840,
		Heads: 128, QRank: 1536, KVRank: 512, Nope: 128, Rope: 64, V: 128,
		Experts: 256, SharedExperts: 1, ExpertHidden: 2048, TopK: 8, Groups: 8, KeptGroups: 4, NormalizeTopK: true, RoutedScale: 2.5,
		Epsilon: 1e-6, RopeTheta: 10000, YaRN: &YaRN{Factor: 40, Original: 4096, BetaFast: 32, BetaSlow: 1, Mscale: 1, MscaleAllDim: 1},
		EOS: []int32{1},
	}
	flat := v3 // 256 experts, yet no groups
	flat.QRank, flat.Groups, flat.KeptGroups, flat.YaRN, flat.Epsilon, flat.RopeTheta, flat.RoutedScale = 0, 1, 1, nil, 1e-5, 50000, 2.446
	return []Config{v3, flat}
}

// TestConfigWritten checks that a configuration is read as it was written.
func TestConfigWritten(t *testing.T) {
	for _, c := range shapes() {
		data, err := c.JSON(false, map[string]any{"quantization": nil})
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseHF(data)
		want := c
		want.Architecture = "DeepseekV3ForCausalLM"
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("config.json: %v\n%+v, want\n%+v", err, got, want)
		}
		for _, mtp := range []bool{false, true} {
			d := draft{meta: append(c.GGUF(mtp),
				checkpoint.KeyValue{Key: "tokenizer.ggml.bos_token_id", Value: uint32(c.BOS)},
				checkpoint.KeyValue{Key: "tokenizer.ggml.eos_token_id", Value: uint32(c.EOS[0])})}
			if mtp { // which is there when its tensors are
				d.tensors = []checkpoint.OutTensor{{
					Name: "blk.61.nextn.eh_proj.weight", DType: tensor.F32, Shape: []int{1}, Data: bytes.NewReader(make([]byte, 4)),
				}}
			}
			got, err := ParseConfig(d.open(t))
			want.Architecture = ggufArchitecture
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("GGUF, MTP %v: %v\n%+v, want\n%+v", mtp, err, got, want)
			}
		}
	}
}

// TestReads checks the bytes and operations of steps on the built-in model: one
// token reads what BytesPerToken says, and several read each matrix once.
func TestReads(t *testing.T) {
	m, err := Load(demoCheckpoint(t), Options{NoMTP: true})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	m.Reserve(1)
	reads := func(tokens ...token.ID) int64 {
		r := m.CountReads()
		b := &Batch{Runs: []Run{{Tokens: tokens, Pages: []PageID{0}, Logits: 1}}}
		r.Watch(b)
		o, err := m.Forward(context.Background(), b)
		if err != nil {
			t.Fatal(err)
		}
		o.Release()
		return r.Bytes
	}
	one := m.BytesPerToken()
	if got := reads(5); got != one {
		t.Errorf("one token reads %d bytes, want %d", got, one)
	}
	var all int64
	for _, w := range Weights(checkpoint.GGUF, &m.Config, false) {
		if w.Inputs > 0 && w.Role != Embedding {
			all += int64(len(demoCheckpoint(t).Tensor(w.Name).Data))
		}
	}
	ids := make([]token.ID, 64)
	for i := range ids {
		ids[i] = token.ID(31 * i)
	}
	if got := reads(ids...); got <= one || got > all {
		t.Errorf("64 tokens read %d bytes, want more than the %d of one, and at most all %d", got, one, all)
	}
}

// TestReadsOfMTP checks the bytes of drafts against those of the tensors of the
// layer, on the built-in model.
func TestReadsOfMTP(t *testing.T) {
	ck := demoCheckpoint(t)
	m, err := Load(ck, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	m.Reserve(1)
	hidden := []nn.Mat{nn.FromHost(1, m.Config.Dim, make([]float32, m.Config.Dim))}
	b := &Batch{Runs: []Run{{Tokens: []token.ID{5}, Hidden: hidden, Position: 1, Pages: []PageID{0}, Logits: 1}}}
	r := m.CountReads()
	r.WatchMTP(b)
	o, err := m.MTP().Forward(context.Background(), b)
	if err != nil {
		t.Fatal(err)
	}
	o.Release()
	var want, experts int64
	prefix := fmt.Sprintf("blk.%d.", m.Config.Layers)
	for _, w := range Weights(checkpoint.GGUF, &m.Config, true) {
		switch n := int64(len(ck.Tensor(w.Name).Data)); {
		case w.Inputs == 0 || w.Role == Embedding:
		case strings.HasPrefix(w.Name, prefix) && strings.Contains(w.Name, "_exps"):
			experts += n
		case strings.HasPrefix(w.Name, prefix) || w.Name == "output.weight":
			want += n
		}
	}
	want += experts * int64(m.Config.TopK) / int64(m.Config.Experts)
	if one := m.MTP().BytesPerToken(); r.Bytes != want || one != want {
		t.Errorf("a draft reads %d bytes, and is said to read %d, want %d", r.Bytes, one, want)
	}
	fill := m.CountReads()
	fill.WatchFill(b)
	if want := int64(len(ck.Tensor(prefix+"nextn.eh_proj.weight").Data) + len(ck.Tensor(prefix+"attn_kv_a_mqa.weight").Data)); fill.Bytes != want {
		t.Errorf("filling reads %d bytes, want %d", fill.Bytes, want)
	}
}

// TestOperations counts the products of one token from the list of weights, and
// checks that more tokens add up.
func TestOperations(t *testing.T) {
	for _, c := range shapes() {
		m := &Model{Config: c, last: true}
		for i := range c.Layers {
			l := &Layer{}
			if i >= c.DenseLayers {
				l.MoE = &MoE{}
			}
			m.layers = append(m.layers, l)
		}
		var want int64
		for _, w := range Weights(checkpoint.Safetensors, &c, false) {
			switch {
			case w.Inputs == 0 || w.Role == Embedding:
			case strings.Contains(w.Name, "mlp.experts."):
				if strings.Contains(w.Name, "mlp.experts.0.") {
					want += 2 * int64(c.TopK) * int64(w.Shape[0]) * int64(w.Shape[1])
				}
			default:
				want += 2 * int64(w.Shape[0]) * int64(w.Shape[1])
			}
		}
		run := func(position, n int, f Form) int64 {
			return m.Operations(&Run{Tokens: make([]token.ID, n), Position: position, Form: f, Logits: n})
		}
		layers, heads := int64(c.Layers), int64(c.Heads)
		if got := run(0, 1, Absorbed) - 2*layers*heads*int64(2*c.KVRank+c.Rope); got != want {
			t.Errorf("one token: %d operations beside attention, want %d", got, want)
		}
		if got := run(0, 1, Expanded) - 2*layers*heads*int64(c.Nope+c.Rope+c.V); got != want {
			t.Errorf("one token, expanded: %d operations beside attention, want %d", got, want)
		}
		var sum int64
		for i := range 5 {
			sum += run(100+i, 1, Absorbed)
		}
		if got := run(100, 5, Absorbed); got != sum {
			t.Errorf("5 tokens: %d operations, one by one %d", got, sum)
		}
		draft := &MTP{model: m, Layer: &Layer{MoE: &MoE{}}}
		r := &Run{Tokens: make([]token.ID, 1), Position: 7, Logits: 1}
		without := Model{Config: c, layers: []*Layer{draft.Layer}, last: true}
		if got, want := draft.Operations(r)-without.Operations(r), 4*int64(c.Dim)*int64(c.Dim); got != want {
			t.Errorf("a draft: %d operations more than a layer and head, want %d", got, want)
		}
		if got, want := draft.FillOperations(r), int64(c.Dim)*int64(4*c.Dim+2*(c.KVRank+c.Rope)); got != want {
			t.Errorf("filling: %d operations, want %d", got, want)
		}
		if n := c.ExpandFrom(); run(0, n, Expanded) > run(0, n, Absorbed) {
			t.Errorf("%d tokens cost more expanded than absorbed", n)
		}
	}
}
