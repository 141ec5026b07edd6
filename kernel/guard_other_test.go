//go:build !unix

package kernel

import (
	"bytes"
	"testing"
)

// atEnd returns n bytes before a canary, so that a loop that writes one byte
// too many is found out.
func atEnd(t testing.TB, n int) []byte {
	canary := bytes.Repeat([]byte{0xA5}, 64)
	mem := append(make([]byte, n), canary...)
	t.Cleanup(func() {
		if !bytes.Equal(mem[n:], canary) {
			t.Error("bytes after the operand were written")
		}
	})
	return mem[:n:n]
}
