package checkpoint_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/internal/golden"
	"github.com/deskseek/deskseek/tensor"
)

// TestFingerprint: the same weights under another path have the same fingerprint, and
// every other case another.
func TestFingerprint(t *testing.T) {
	seen := map[string]string{}
	for _, c := range golden.Cases(t) {
		ck, err := checkpoint.Open(c.Path)
		if err != nil {
			t.Fatal(err)
		}
		f := ck.Fingerprint()
		ck.Close()
		if other, ok := seen[f]; ok || len(f) != 32 {
			t.Errorf("%s and %s have the fingerprint %s", c.Name, other, f)
		}
		seen[f] = c.Name
		if info, err := os.Stat(c.Path); err != nil || info.IsDir() {
			continue
		}
		data, err := os.ReadFile(c.Path)
		if err != nil {
			t.Fatal(err)
		}
		moved := filepath.Join(t.TempDir(), "moved.gguf")
		if err := os.WriteFile(moved, data, 0o600); err != nil {
			t.Fatal(err)
		}
		ck, err = checkpoint.Open(moved)
		if err != nil {
			t.Fatal(err)
		}
		if g := ck.Fingerprint(); g != f {
			t.Errorf("%s: %s, moved %s", c.Name, f, g)
		}
		ck.Close()
	}
}

// TestFingerprintOfAnExpert: a network that differs in one expert of a stack, and not in its
// first, has another fingerprint, as one has that differs in a norm.
func TestFingerprintOfAnExpert(t *testing.T) {
	const experts, rows, cols = 64, 64, 512
	fingerprint := func(change func(norm, stack []byte)) string {
		norm, stack := make([]byte, 4*cols), make([]byte, 4*experts*rows*cols)
		if change != nil {
			change(norm, stack)
		}
		var file bytes.Buffer
		if err := checkpoint.WriteGGUF(&file, []checkpoint.KeyValue{{Key: "general.architecture", Value: "deepseek2"}}, []checkpoint.OutTensor{
			{Name: "blk.3.attn_norm.weight", DType: tensor.F32, Shape: []int{cols}, Data: bytes.NewReader(norm)},
			{Name: "blk.3.ffn_up_exps.weight", DType: tensor.F32, Shape: []int{experts, rows, cols}, Data: bytes.NewReader(stack)},
		}); err != nil {
			t.Fatal(err)
		}
		ck, err := checkpoint.OpenBytes("made", file.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		defer ck.Close()
		return ck.Fingerprint()
	}
	first := fingerprint(nil)
	if again := fingerprint(nil); again != first {
		t.Errorf("the same weights have %s and %s", first, again)
	}
	for name, change := range map[string]func(norm, stack []byte){
		"a value of a norm": func(norm, _ []byte) { norm[1203] = 1 },
		"expert 50": func(_, stack []byte) {
			for i := range 4 * rows * cols {
				stack[50*4*rows*cols+i] = 1
			}
		},
	} {
		if fingerprint(change) == first {
			t.Errorf("%s differs, and the fingerprint is the same", name)
		}
	}
}
