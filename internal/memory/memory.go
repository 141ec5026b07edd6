// Package memory takes memory from the system that the garbage collector does not
// know: for weights and caches of many gigabytes, beside which it would let as much
// garbage lie before it collects. It knows nothing of what the memory is for.
package memory

import "fmt"

// Take returns size bytes of zeros. The system finds memory for them as they are
// written, in huge pages where it has such. Free gives them back.
func Take(size int) ([]byte, error) {
	b, err := take(size)
	if err != nil {
		return nil, fmt.Errorf("taking %d bytes of memory: %w", size, err)
	}
	return b, nil
}
