package deepseek

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/internal/golden"
	"github.com/deskseek/deskseek/nn"
	"github.com/deskseek/deskseek/token"
)

// TestLatentEpsilon checks that rms_norm_eps is that of all norms but the two of
// latents, which the authors' code leaves at 1e-6.
func TestLatentEpsilon(t *testing.T) {
	d := demoDraft(t)
	d.set("deepseek2.attention.layer_norm_rms_epsilon", float32(1e-2))
	m, err := Load(d.open(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if m.mtp == nil {
		t.Fatal("the MTP layer was not found")
	}
	check := func(name string, n nn.RMSNorm, want float32) {
		if n.Weight == nil || n.Eps != want {
			t.Errorf("%s: epsilon %g over %d values, want %g", name, n.Eps, len(n.Weight), want)
		}
	}
	for _, l := range append(m.layers, m.mtp.Layer) {
		check("q_a_layernorm", l.Attention.NormQ, 1e-6)
		check("kv_a_layernorm", l.Attention.NormKV, 1e-6)
		check("input_layernorm", l.NormAttention, 1e-2)
		check("post_attention_layernorm", l.NormMLP, 1e-2)
	}
	check("norm", m.norm, 1e-2)
	check("enorm", m.mtp.NormEmbed, 1e-2)
	check("hnorm", m.mtp.NormHidden, 1e-2)
	check("shared_head.norm", m.mtp.Norm, 1e-2)
}

// TestHFTiedHead checks that tie_word_embeddings makes the embedding the head,
// with an lm_head in the files and without.
func TestHFTiedHead(t *testing.T) {
	for _, test := range []struct{ name, head string }{
		{"lm_head in the files", "lm_head.weight"},
		{"no lm_head", "no_head.weight"}, // as long, so that the headers' lengths stay
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := rewritten(t, filepath.Join(golden.Dir(), "tiny-fp8"), strings.NewReplacer(
				`"tie_word_embeddings": false`, `"tie_word_embeddings": true`,
				`"lm_head.weight"`, `"`+test.head+`"`,
			))
			ck, err := checkpoint.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer ck.Close()
			if ck.Tensor(test.head) == nil {
				t.Fatalf("%s is not there", test.head)
			}
			m, err := Load(ck, Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			o := whole(t, m, []token.ID{0, 7, 5, 300}, Absorbed, nil)
			want := nn.NewLinear(ck.Tensor("model.embed_tokens.weight")).Apply(o.Hidden(0)).Host(nil)
			sameBits(t, allLogits(o, 0), want, "logits by the embedding")
		})
	}
}

// rewritten copies the files of a folder with some words replaced.
func rewritten(t *testing.T, from string, words *strings.Replacer) (dir string) {
	t.Helper()
	dir = t.TempDir()
	entries, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		content, err := os.ReadFile(filepath.Join(from, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, e.Name()), []byte(words.Replace(string(content))), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
