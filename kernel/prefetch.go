package kernel

// Prefetch asks for the memory of b, which is wanted soon: line by line into the second
// cache. Nothing waits for it.
func Prefetch(b []byte) {
	if len(b) > 0 {
		prefetch(&b[0], len(b))
	}
}
