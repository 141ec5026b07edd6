package kernel

import "testing"

// TestPrefetch asks for memory up to its last byte, behind which none can be read.
func TestPrefetch(t *testing.T) {
	for n := range 200 {
		b := guardedBytes(t, make([]byte, n), 0)
		Prefetch(b)
	}
}
