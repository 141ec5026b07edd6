package checkpoint_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/internal/golden"
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
