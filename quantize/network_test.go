package quantize

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/demo"
	"github.com/deskseek/deskseek/internal/golden"
	"github.com/deskseek/deskseek/tensor"
	"github.com/deskseek/deskseek/token"
)

func openDemo(t testing.TB) *checkpoint.Checkpoint {
	t.Helper()
	ck, err := checkpointOfDemo()
	if err != nil {
		t.Fatal(err)
	}
	return ck
}

func checkpointOfDemo() (*checkpoint.Checkpoint, error) { return demo.Open() }

func openPath(t testing.TB, path string) *checkpoint.Checkpoint {
	t.Helper()
	ck, err := checkpoint.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ck.Close() })
	return ck
}

// write quantizes, and returns the name of what was written.
func write(t testing.TB, ck *checkpoint.Checkpoint, out string, o Options) string {
	t.Helper()
	p, err := NewPlan(ck, out, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Write(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if p.beside != nil {
		return out
	}
	return p.Files()[0]
}

// logits returns those of a prompt, in exact math.
func logits(t testing.TB, ck *checkpoint.Checkpoint, ids []token.ID, form deepseek.Form) []float32 {
	t.Helper()
	m, err := deepseek.Load(ck, deepseek.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	n := (len(ids) + deepseek.PageSize) / deepseek.PageSize
	m.Reserve(n + 1)
	pages := make([]deepseek.PageID, n)
	for i := range pages {
		pages[i] = deepseek.PageID(i)
	}
	o, err := m.Forward(context.Background(), &deepseek.Batch{
		Runs: []deepseek.Run{{Tokens: ids, Pages: pages, Form: form, Logits: len(ids)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var all []float32
	for i := range ids {
		all = append(all, o.Logits(0, i, nil)...)
	}
	return all
}

// transposedKeys reports whether W^UK is stored transposed.
func transposedKeys(ck *checkpoint.Checkpoint) bool {
	switch deepseek.Inspect(ck).KVUp {
	case "attn_kv_b", "kv_b_proj":
		return false
	}
	return true
}

// TestSameNetwork: where encoding rounds nothing, the network is the same: every
// golden checkpoint, of whatever layout, as F32 in GGUF and MLX. To the bit, if
// W^UK lies as it did; if it is transposed, sums over it have another order, and both
// results are as far from the true ones as f32 is, 2e-6 (docs/numerics.md).
func TestSameNetwork(t *testing.T) {
	const farthest = 2 * 2e-6
	for _, c := range golden.Cases(t) {
		t.Run(c.Name, func(t *testing.T) {
			ck := openPath(t, c.Path)
			_, input := c.Ints(t, "input_ids")
			var ids []token.ID
			for _, id := range input {
				ids = append(ids, token.ID(id))
			}
			for _, format := range []checkpoint.Format{checkpoint.GGUF, checkpoint.MLX} {
				out := write(t, ck, filepath.Join(t.TempDir(), "out.gguf"), Options{Format: format, Type: tensor.F32})
				again := openPath(t, out)
				for _, form := range []deepseek.Form{deepseek.Absorbed, deepseek.Expanded} {
					got, want := logits(t, again, ids, form), logits(t, ck, ids, form)
					if transposedKeys(ck) != transposedKeys(again) {
						if d := distance(got, want); d > farthest {
							t.Errorf("%s, form %v: logits are %.2g from the input's, want at most %.2g", format, form, d, farthest)
						}
					} else if i := firstDifference(got, want); i >= 0 {
						t.Errorf("%s, form %v: logit %d is %v, want %v", format, form, i, got[i], want[i])
					}
				}
			}
		})
	}
}

// distance returns ‖a−b‖/‖b‖.
func distance(a, b []float32) float64 {
	var difference, size float64
	for i := range b {
		d := float64(a[i]) - float64(b[i])
		difference += d * d
		size += float64(b[i]) * float64(b[i])
	}
	return math.Sqrt(difference / size)
}

// TestThereAndBack: MLX in F32 by way of GGUF is the MLX that is made at once, byte
// for byte: whatever way kv_b and experts are cut, stacked and turned.
func TestThereAndBack(t *testing.T) {
	for _, c := range golden.Cases(t) {
		ck, dir := openPath(t, c.Path), t.TempDir()
		f32 := Options{Type: tensor.F32}
		gguf := openPath(t, write(t, ck, filepath.Join(dir, "a.gguf"), f32))
		f32.Format = checkpoint.MLX
		write(t, ck, filepath.Join(dir, "once"), f32)
		write(t, gguf, filepath.Join(dir, "twice"), f32)
		shards, err := filepath.Glob(filepath.Join(dir, "once", "*.safetensors"))
		if err != nil || len(shards) == 0 {
			t.Fatal(shards, err)
		}
		for _, s := range shards {
			if !bytes.Equal(mustRead(t, s), mustRead(t, filepath.Join(dir, "twice", filepath.Base(s)))) {
				t.Errorf("%s: %s differs", c.Name, filepath.Base(s))
			}
		}
	}
}

func mustRead(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// firstDifference returns the first place where bits differ, or -1.
func firstDifference(a, b []float32) int {
	for i := range b {
		if math.Float32bits(a[i]) != math.Float32bits(b[i]) {
			return i
		}
	}
	return -1
}
