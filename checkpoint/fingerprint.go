package checkpoint

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
)

// samples is how many tensors Fingerprint looks into, sampleBytes how far.
const (
	samples     = 64
	sampleBytes = 4096
)

// Fingerprint tells checkpoints apart by their names, shapes and encodings of tensors,
// and the first bytes of some tensors all over: two that were trained differently
// differ in all of them. It reads little, of hundreds of gigabytes. Files that were
// moved or cut otherwise have the same.
func (c *Checkpoint) Fingerprint() string {
	h := sha256.New()
	for _, name := range c.names {
		t := c.tensors[name]
		fmt.Fprintf(h, "%q %v %d %d\n", name, t.DType, t.Rows, t.Cols)
	}
	n := len(c.names)
	for i := range min(samples, n) {
		t := c.tensors[c.names[i*n/min(samples, n)]]
		_, _ = h.Write(t.Data[:min(len(t.Data), sampleBytes)]) // a hash takes all
		_, _ = io.WriteString(h, "\n")
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
