package kernel

import "testing"

// TestPrefetch asks for every length from nothing on: it returns, which is all that can
// be seen of it.
func TestPrefetch(t *testing.T) {
	for n := range 200 {
		b := guardedBytes(t, make([]byte, n), 0)
		Prefetch(b)
	}
}
