package deepseek

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/demo"
	"github.com/deskseek/deskseek/tensor"
	"github.com/deskseek/deskseek/token"
)

// A draft is a GGUF file to be changed and written again.
type draft struct {
	meta    []checkpoint.KeyValue
	tensors []checkpoint.OutTensor
}

// demoDraft is the built-in model: attn_k_b and attn_v_b, four layers and MTP.
func demoDraft(t *testing.T) *draft {
	ck, err := demo.Open()
	if err != nil {
		t.Fatal(err)
	}
	d := &draft{}
	for _, k := range ck.Metadata().Keys() {
		d.meta = append(d.meta, checkpoint.KeyValue{Key: k, Value: ck.Metadata().Value(k)})
	}
	for _, name := range ck.Names() {
		x := ck.Tensor(name)
		d.tensors = append(d.tensors, checkpoint.OutTensor{Name: name, DType: x.DType, Shape: x.Shape, Data: bytes.NewReader(x.Data)})
	}
	return d
}

func (d *draft) set(key string, v any) {
	d.drop(key)
	d.meta = append(d.meta, checkpoint.KeyValue{Key: key, Value: v})
}

func (d *draft) drop(key string) {
	d.meta = slices.DeleteFunc(d.meta, func(kv checkpoint.KeyValue) bool { return kv.Key == key })
}

func (d *draft) tensor(name string) *checkpoint.OutTensor {
	for i := range d.tensors {
		if d.tensors[i].Name == name {
			return &d.tensors[i]
		}
	}
	panic(name)
}

func (d *draft) remove(suffix string) {
	d.tensors = slices.DeleteFunc(d.tensors, func(t checkpoint.OutTensor) bool { return strings.HasSuffix(t.Name, suffix) })
}

func (d *draft) open(t *testing.T) *checkpoint.Checkpoint {
	t.Helper()
	var buf bytes.Buffer
	if err := checkpoint.WriteGGUF(&buf, d.meta, d.tensors); err != nil {
		t.Fatal(err)
	}
	ck, err := checkpoint.OpenBytes("draft.gguf", buf.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return ck
}

// data returns the bytes of a tensor to be written.
func data(t *checkpoint.OutTensor) []byte {
	r := t.Data.(*bytes.Reader)
	b := make([]byte, r.Size())
	if _, err := r.ReadAt(b, 0); err != nil {
		panic(err)
	}
	return b
}

// logitsOf computes a short text with a checkpoint, MTP included.
func logitsOf(t *testing.T, ck *checkpoint.Checkpoint) []float32 {
	t.Helper()
	m, err := Load(ck, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	tokens := []token.ID{0, 527, 501, 261, 431, 14}
	o := whole(t, m, tokens, Absorbed, nil)
	all := allLogits(o, 0)
	if m.MTP() != nil {
		all = append(all, allLogits(drafts(t, m, o, tokens, Absorbed, nil), 0)...)
	}
	return all
}

// TestGGUFLayouts checks that the ways in which GGUF files store the same network
// give the same bits.
func TestGGUFLayouts(t *testing.T) {
	want := logitsOf(t, demoDraft(t).open(t))
	for name, change := range map[string]func(d *draft){
		// ik_llama.cpp: k_b and v_b as matrices, and kv_b beside them.
		"all three": func(d *draft) {
			for i := range 5 {
				p := fmt.Sprintf("blk.%d.", i)
				k, v := d.tensor(p+"attn_k_b.weight"), d.tensor(p+"attn_v_b.weight")
				k.Shape, v.Shape = []int{4 * 128, 32}, []int{4 * 64, 128}
				d.tensors = append(d.tensors, checkpoint.OutTensor{
					Name: p + "attn_kv_b.weight", DType: tensor.Q8_0, Shape: []int{4 * 96, 128},
					Data: bytes.NewReader(make([]byte, tensor.Q8_0.RowBytes(4*96*128))),
				})
			}
			for _, key := range []string{"key_length_mla", "value_length_mla"} {
				d.drop("deepseek2.attention." + key)
			}
			d.set("deepseek2.attention.key_length", uint32(64))
			d.set("deepseek2.attention.value_length", uint32(64))
		},
		"fused gate and up": func(d *draft) {
			for i := 1; i < 5; i++ {
				p := fmt.Sprintf("blk.%d.ffn_", i)
				gate, up := d.tensor(p+"gate_exps.weight"), d.tensor(p+"up_exps.weight")
				g, u := data(gate), data(up)
				var both []byte
				for e, n := 0, len(g)/8; e < 8; e++ {
					both = append(append(both, g[e*n:(e+1)*n]...), u[e*n:(e+1)*n]...)
				}
				d.tensors = append(d.tensors, checkpoint.OutTensor{Name: p + "gate_up_exps.weight", DType: gate.DType, Shape: []int{8, 512, 256}, Data: bytes.NewReader(both)})
				d.remove(p + "gate_exps.weight")
				d.remove(p + "up_exps.weight")
			}
		},
		"MTP not counted": func(d *draft) {
			d.set("deepseek2.block_count", uint32(4))
			d.drop("deepseek2.nextn_predict_layers")
		},
		"MTP counted, key missing": func(d *draft) { d.drop("deepseek2.nextn_predict_layers") },
		"MTP with copies of embedding and head": func(d *draft) {
			for to, from := range map[string]string{"embed_tokens": "token_embd", "shared_head_head": "output"} {
				x := d.tensor(from + ".weight")
				d.tensors = append(d.tensors, checkpoint.OutTensor{Name: "blk.4.nextn." + to + ".weight", DType: x.DType, Shape: x.Shape, Data: bytes.NewReader(data(x))})
			}
		},
		"gating function missing": func(d *draft) { d.drop("deepseek2.expert_gating_func") },
	} {
		t.Run(name, func(t *testing.T) {
			d := demoDraft(t)
			change(d)
			sameBits(t, logitsOf(t, d.open(t)), want, name)
		})
	}
}

// TestGGUFWithoutMTP checks that the MTP layer is there when its tensors are,
// whatever the keys say.
func TestGGUFWithoutMTP(t *testing.T) {
	d := demoDraft(t)
	d.tensors = slices.DeleteFunc(d.tensors, func(t checkpoint.OutTensor) bool { return strings.HasPrefix(t.Name, "blk.4.") })
	m, err := Load(d.open(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if m.MTP() != nil || m.Config.Layers != 4 {
		t.Errorf("MTP %v, %d layers, want none and 4", m.MTP() != nil, m.Config.Layers)
	}
}

// TestGGUFTiedHead checks that a missing head is the embedding.
func TestGGUFTiedHead(t *testing.T) {
	d := demoDraft(t)
	d.tensors = slices.DeleteFunc(d.tensors, func(t checkpoint.OutTensor) bool { return t.Name == "output.weight" })
	ck := d.open(t)
	m, err := Load(ck, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if m.head.Out() != 2048 || m.head.Bytes() != int64(len(ck.Tensor("token_embd.weight").Data)) {
		t.Error("the head is not the embedding")
	}
}

// TestGGUFKeys checks what keys mean, and what their absence means.
func TestGGUFKeys(t *testing.T) {
	const a = "deepseek2."
	for name, test := range map[string]struct {
		change func(d *draft)
		good   func(c *Config) bool
		bad    string
	}{
		"old DeepSeek-V3": {
			change: func(d *draft) {
				d.set(a+"expert_count", uint32(256))
				d.set(a+"expert_used_count", uint32(8))
				d.drop(a + "expert_group_count")
				d.drop(a + "expert_group_used_count")
			},
			good: func(c *Config) bool { return c.Groups == 8 && c.KeptGroups == 4 },
		},
		"new DeepSeek-V3 without a limit": {
			change: func(d *draft) {
				d.set(a+"expert_count", uint32(256))
				d.set(a+"expert_group_count", uint32(1))
				d.set(a+"expert_group_used_count", uint32(1))
			},
			good: func(c *Config) bool { return c.Groups == 1 && c.KeptGroups == 1 },
		},
		"no groups": {
			change: func(d *draft) { d.drop(a + "expert_group_count"); d.drop(a + "expert_group_used_count") },
			good:   func(c *Config) bool { return c.Groups == 1 && c.KeptGroups == 1 },
		},
		"YaRN": {
			change: func(d *draft) {
				d.set(a+"rope.scaling.type", "yarn")
				d.set(a+"rope.scaling.factor", float32(40))
				d.set(a+"rope.scaling.original_context_length", uint32(4096))
				d.set(a+"rope.scaling.yarn_log_multiplier", float32(0.1))
			},
			good: func(c *Config) bool {
				return *c.YaRN == YaRN{Factor: 40, Original: 4096, BetaFast: 32, BetaSlow: 1, Mscale: 1, MscaleAllDim: 1}
			},
		},
		"linear rope":    {change: func(d *draft) { d.set(a+"rope.scaling.type", "linear") }, bad: `rope.scaling.type is "linear", want yarn`},
		"softmax":        {change: func(d *draft) { d.set(a+"expert_gating_func", uint32(1)) }, bad: "softmax-scored experts (DeepSeek-V2)"},
		"old V2":         {change: func(d *draft) { d.drop(a + "expert_gating_func"); d.remove("exp_probs_b.bias") }, bad: "softmax-scored experts (DeepSeek-V2)"},
		"other network":  {change: func(d *draft) { d.set("general.architecture", "llama") }, bad: `general.architecture is "llama", want "deepseek2"`},
		"key missing":    {change: func(d *draft) { d.drop(a + "attention.head_count") }, bad: "deepseek2.attention.head_count is missing"},
		"key of a type":  {change: func(d *draft) { d.set(a+"embedding_length", "256") }, bad: "embedding_length"},
		"key too large":  {change: func(d *draft) { d.set(a+"block_count", uint64(1<<40)) }, bad: "block_count is 1099511627776"},
		"too many heads": {change: func(d *draft) { d.set(a+"attention.head_count", uint32(1<<30)) }, bad: "num_attention_heads is 1073741824"},
	} {
		t.Run(name, func(t *testing.T) {
			d := demoDraft(t)
			test.change(d)
			c, err := ParseConfig(d.open(t))
			switch {
			case test.bad != "" && (err == nil || !strings.Contains(err.Error(), test.bad)):
				t.Errorf("error %v, want one with %q", err, test.bad)
			case test.bad == "" && (err != nil || !test.good(&c)):
				t.Errorf("%+v, %v", c, err)
			}
		})
	}
}

// TestMTPCopyThatDiffers checks that an MTP head of its own is used.
func TestMTPCopyThatDiffers(t *testing.T) {
	d := demoDraft(t)
	want := logitsOf(t, d.open(t))
	x := d.tensor("output.weight")
	own := slices.Clone(data(x))
	for i := 0; i < len(own); i += 34 {
		own[i+1] ^= 0x80 // the sign of each block's scale
	}
	d.tensors = append(d.tensors, checkpoint.OutTensor{Name: "blk.4.nextn.shared_head_head.weight", DType: x.DType, Shape: x.Shape, Data: bytes.NewReader(own)})
	for i := range d.tensors {
		d.tensors[i].Data = bytes.NewReader(data(&d.tensors[i]))
	}
	got := logitsOf(t, d.open(t))
	main := len(want) * 6 / 11
	sameBits(t, got[:main], want[:main], "main logits")
	for i := main; i < len(want); i++ {
		if got[i] != -want[i] {
			t.Fatalf("MTP logit %d is %g, want %g", i-main, got[i], -want[i])
		}
	}
}

// TestGGUFUnsupportedType checks that weights in an encoding we do not read are
// named, all of them, with the encoding.
func TestGGUFUnsupportedType(t *testing.T) {
	d := demoDraft(t)
	var buf bytes.Buffer
	if err := checkpoint.WriteGGUF(&buf, d.meta, d.tensors); err != nil {
		t.Fatal(err)
	}
	file := buf.Bytes()
	const tq2_0 = 35
	for _, name := range []string{"blk.0.attn_output.weight", "output.weight"} {
		// ┌──────┬────────────┬────────────────┬──────┬────────┐
		// │ name │ dimensions │ ne[dimensions] │ type │ offset │
		// └──────┴────────────┴────────────────┴──────┴────────┘
		at := bytes.Index(file, append([]byte{byte(len(name)), 0, 0, 0, 0, 0, 0, 0}, name...))
		file[at+8+len(name)+4+2*8] = tq2_0
	}
	ck, err := checkpoint.OpenBytes("draft.gguf", file)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Load(ck, Options{})
	for _, want := range []string{"tensor blk.0.attn_output.weight: type TQ2_0 is not supported", "tensor output.weight: type TQ2_0 is not supported"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
