package synth

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/demo"
	"github.com/deskseek/deskseek/tensor"
	"github.com/deskseek/deskseek/token"
)

// write writes a checkpoint of a shape and returns its path.
func write(t *testing.T, s Shape, o Options) string {
	t.Helper()
	p, err := NewPlan(s, o)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "out")
	var last int64
	if err := p.Write(t.Context(), path, func(done int64) { last = done }); err != nil {
		t.Fatal(err)
	}
	if last < p.Stored() {
		t.Errorf("progress ends at %d bytes of %d", last, p.Stored())
	}
	return path
}

func open(t *testing.T, path string) *checkpoint.Checkpoint {
	t.Helper()
	ck, err := checkpoint.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ck.Close() })
	return ck
}

func find(t *testing.T, name string) Shape {
	t.Helper()
	s, err := Find(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestRuns checks that a small shape, in every format, type and with MTP or not,
// is a network with nothing missing and nothing left over, whose hidden states
// stay of moderate size and whose router uses many experts.
func TestRuns(t *testing.T) {
	var all []Options
	for _, f := range Formats() {
		all = append(all, Options{Format: f, MTP: true})
	}
	if !testing.Short() {
		for _, f := range Formats() {
			all = append(all, Options{Format: f})
		}
		for _, d := range Types() {
			all = append(all, Options{Type: d})
		}
	}
	for _, o := range all {
		name := string(o.Format) + " " + o.Type.String()
		if o.MTP {
			name += " MTP"
		}
		t.Run(name, func(t *testing.T) {
			s := find(t, "tiny")
			ck := open(t, write(t, s, o))
			r := deepseek.Inspect(ck)
			if len(r.Problems) > 0 || r.MTP != o.MTP {
				t.Fatalf("MTP %v, problems %v", r.MTP, r.Problems)
			}
			for _, u := range r.Unused {
				if o.withDefaults().Format != FP8 || !bytes.HasSuffix([]byte(u), []byte("_scale_inv")) {
					t.Errorf("%s is not used", u)
				}
			}
			want := s.Config
			want.Architecture = r.Config.Architecture
			if !reflect.DeepEqual(*r.Config, want) {
				t.Errorf("config %+v, want %+v", *r.Config, want)
			}
			compute(t, ck, o.MTP)
		})
	}
}

// compute runs a few tokens through the network.
func compute(t *testing.T, ck *checkpoint.Checkpoint, mtp bool) {
	m, err := deepseek.Load(ck, deepseek.Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	m.Reserve(1)
	tokens := []token.ID{0, 100, 200, 300, 400, 500, 3, 90}
	experts := map[int32]bool{}
	b := &deepseek.Batch{Runs: []deepseek.Run{{Tokens: tokens, Pages: []deepseek.PageID{0}, Logits: 1}}}
	b.Observe = func(st deepseek.Stage) {
		if st.Routes != nil {
			ids, _ := st.Routes.Host()
			for _, id := range ids {
				experts[id] = true
			}
		}
		if st.Name == "h" {
			if r := rms(st.Values.Host(nil)); r < 0.01 || r > 100 {
				t.Errorf("layer %d: the residual stream has a root mean square of %g", st.Layer, r)
			}
		}
	}
	o, err := m.Forward(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	if r := rms(o.Logits(0, 0, nil)); r < 0.1 || r > 10 {
		t.Errorf("logits have a root mean square of %g, want about 1", r)
	}
	if n := m.Config.Experts; len(experts) < n/2 {
		t.Errorf("%d of %d experts were used", len(experts), n)
	}
	if mtp {
		n := len(tokens)
		d, err := m.MTP().Forward(t.Context(), &deepseek.Batch{Runs: []deepseek.Run{{
			Tokens: tokens[1:], Hidden: append(b.Runs[0].Hidden, o.Hidden(0).Slice(0, n-1)), Position: 1, Pages: []deepseek.PageID{0}, Logits: 1,
		}}})
		if err != nil {
			t.Fatal(err)
		}
		d.Release()
	}
	o.Release()
}

func rms(v []float32) float64 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum / float64(len(v)))
}

// TestWeights checks mean and deviation of the values of every matrix. An FP8
// matrix may have so few scales that they are all small.
func TestWeights(t *testing.T) {
	all := []Options{{Format: FP8}, {Format: MLX4}, {Format: BF16}, {Type: tensor.Q2_K}, {}, {Type: tensor.Q5_0}, {Type: tensor.IQ4_XS},
		{Type: tensor.IQ3_S}, {Type: tensor.IQ2_XXS}, {Type: tensor.IQ1_S}, {Type: tensor.IQ1_M}}
	if testing.Short() {
		all = all[:1]
	}
	for _, o := range all {
		s := find(t, "tiny")
		ck := open(t, write(t, s, o))
		for _, w := range deepseek.Weights(o.withDefaults().Format.container(), &s.Config, false) {
			if w.Inputs == 0 {
				continue
			}
			x := ck.Tensor(w.Name)
			row, sum, squares := make([]float32, x.Cols), 0.0, 0.0
			for r := range x.Rows {
				tensor.Decode(row, x, r)
				for _, v := range row {
					sum += float64(v)
					squares += float64(v) * float64(v)
				}
			}
			n := float64(x.Rows * x.Cols)
			sigma := 1 / math.Sqrt(float64(w.Inputs))
			if d := math.Sqrt(squares/n) / sigma; d < 0.74 || d > 1.26 {
				t.Errorf("%v, %s (%v): deviation is %.2f of what it should be", o.Format, w.Name, x.DType, d)
			}
			if m := math.Abs(sum/n) / sigma; m > 0.06 {
				t.Errorf("%v, %s (%v): mean is %.3f deviations", o.Format, w.Name, x.DType, m)
			}
		}
	}
}

// TestSame checks that the same seed gives the same bytes, and another others.
func TestSame(t *testing.T) {
	for _, f := range Formats() {
		if testing.Short() && f != GGUF {
			continue
		}
		s := find(t, "tiny")
		a, b, c := write(t, s, Options{Format: f, Seed: 7}), write(t, s, Options{Format: f, Seed: 7}), write(t, s, Options{Format: f, Seed: 8})
		if !reflect.DeepEqual(contents(t, a), contents(t, b)) {
			t.Errorf("%s: the same seed gives other bytes", f)
		}
		if reflect.DeepEqual(contents(t, a), contents(t, c)) {
			t.Errorf("%s: another seed gives the same bytes", f)
		}
	}
}

// contents returns the files at a path, by their name below it.
func contents(t *testing.T, path string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(path, func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(p)
		files[p[len(path):]] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestEveryShape plans the real shapes in all formats: their sizes are those of
// the networks, and types what is said of them.
func TestEveryShape(t *testing.T) {
	for _, c := range []struct {
		shape  string
		o      Options
		lo, hi int64
	}{
		{"v3slice", Options{}, 3_200e6, 3_450e6},
		{"v3", Options{Format: FP8, MTP: true}, 680e9, 690e9},
		{"v3", Options{}, 370e9, 390e9},
		{"v3", Options{Format: MLX4}, 370e9, 380e9},
		{"v3", Options{Format: BF16}, 1_340e9, 1_345e9},
		{"moonlight", Options{Format: BF16}, 31e9, 33e9},
		{"moonlight", Options{}, 9e9, 10e9},
	} {
		if testing.Short() && c.o.Format != "" {
			continue
		}
		p, err := NewPlan(find(t, c.shape), c.o)
		if err != nil {
			t.Fatal(err)
		}
		if n := p.Bytes(); n < c.lo || n > c.hi {
			t.Errorf("%s %v: %d bytes, want %d to %d", c.shape, c.o.Format, n, c.lo, c.hi)
		}
		if n := p.Stored(); c.shape == "v3" && n > 10e6 || c.shape != "v3" && n != p.Bytes() {
			t.Errorf("%s: %d bytes take space", c.shape, n)
		}
	}
	p, err := NewPlan(find(t, "v3slice"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]tensor.DType{
		"token_embd.weight": tensor.Q4_K, "output.weight": tensor.Q6_K, "blk.0.ffn_down.weight": tensor.Q6_K, "blk.0.ffn_up.weight": tensor.Q4_K,
		"blk.1.attn_k_b.weight": tensor.Q8_0, "blk.1.attn_v_b.weight": tensor.Q4_K, "blk.2.ffn_down_exps.weight": tensor.Q4_K,
		"blk.3.ffn_gate_inp.weight": tensor.F32, "blk.3.exp_probs_b.bias": tensor.F32, "blk.3.attn_norm.weight": tensor.F32,
	}
	for _, x := range p.parts {
		if d, ok := want[x.name]; ok && d != x.dtype {
			t.Errorf("v3slice: %s is %v, want %v", x.name, x.dtype, d)
		}
		delete(want, x.name)
	}
	if len(want) > 0 {
		t.Errorf("v3slice lacks %v", want)
	}
}

// TestSparse checks that holes are read as zeros, take no space that is counted,
// and that vectors are there.
func TestSparse(t *testing.T) {
	s := find(t, "tiny")
	s.Sparse = true
	for _, f := range Formats() {
		ck := open(t, write(t, s, Options{Format: f}))
		if r := deepseek.Inspect(ck); len(r.Problems) > 0 {
			t.Errorf("%s: %v", f, r.Problems)
		}
		for _, w := range deepseek.Weights(f.container(), &s.Config, false) {
			x := ck.Tensor(w.Name)
			if zero := len(bytes.Trim(x.Data, "\x00")) == 0; zero != (w.Inputs > 0) {
				t.Errorf("%s: %s is all zeros: %v", f, w.Name, zero)
			}
		}
	}
}

// TestText checks that the vocabulary encodes every text, and shows every id.
func TestText(t *testing.T) {
	const text = "Hello, t\x00\xff 世界\n"
	v := newVocabulary(400)
	data, err := v.tokenizerJSON()
	if err != nil {
		t.Fatal(err)
	}
	hf, err := token.ParseJSON(data)
	if err != nil {
		t.Fatal(err)
	}
	gguf, err := token.New(token.Vocabulary{Tokens: v.texts, Types: v.types(), Merges: merges})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []*token.Tokenizer{hf, gguf} {
		ids := k.Encode(nil, text, false)
		if got := k.Decode(ids, false); got != "Hello, t\x00\uFFFD 世界\n" {
			t.Errorf("%q becomes %v, and that %q", text, ids, got)
		}
		if got := k.Encode(nil, "<｜User｜>", true); len(got) != 1 || got[0] != 400-12 {
			t.Errorf("<｜User｜> becomes %v", got)
		}
		if k.Size() != 400 || k.Decode([]token.ID{300}, false) != " t300" {
			t.Errorf("%d tokens, 300 is %q", k.Size(), k.Decode([]token.ID{300}, false))
		}
	}
}

// TestTemplate checks that a chat template is stored where each format has it.
func TestTemplate(t *testing.T) {
	ck, err := demo.Open()
	if err != nil {
		t.Fatal(err)
	}
	want, _, err := ck.Metadata().Str("tokenizer.chat_template")
	if err != nil || want == "" {
		t.Fatal("the demo model has no template")
	}
	got, _, err := open(t, write(t, find(t, "tiny"), Options{ChatTemplate: want})).Metadata().Str("tokenizer.chat_template")
	if err != nil || got != want {
		t.Errorf("GGUF: %v", err)
	}
	config, err := open(t, write(t, find(t, "tiny"), Options{Format: BF16, ChatTemplate: want})).Companion("tokenizer_config.json")
	if err != nil || !bytes.Contains(config, []byte(`"chat_template"`)) {
		t.Errorf("folder: %v", err)
	}
}

// TestRefused checks what can't be done, and that nothing is left of it.
func TestRefused(t *testing.T) {
	for _, o := range []Options{{Format: "onnx"}, {Format: FP8, Type: tensor.Q4_K}, {Type: tensor.MLX4}} {
		if _, err := NewPlan(find(t, "tiny"), o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
	if _, err := Find("huge"); err == nil {
		t.Error("no error of an unknown shape")
	}
	if _, err := FindType("Q9"); err == nil {
		t.Error("no error of an unknown type")
	}
	for _, f := range Formats() {
		p, err := NewPlan(find(t, "tiny"), Options{Format: f})
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := p.Write(t.Context(), dir, nil); err == nil {
			t.Errorf("%s: an existing folder is overwritten", f)
		}
		ctx, cancel := context.WithCancel(t.Context())
		path := filepath.Join(dir, "out")
		err = p.Write(ctx, path, func(int64) { cancel() })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: canceled: %v", f, err)
		}
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: canceled, and the output is still there (%v)", f, err)
		}
	}
}
