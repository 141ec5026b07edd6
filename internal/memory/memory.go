// Package memory takes memory from the system that the garbage collector does not
// know: for weights and caches of many gigabytes, beside which it would let as much
// garbage lie before it collects. It knows nothing of what the memory is for.
package memory

import (
	"fmt"
	"os"
)

// Take returns size bytes of zeros. The system finds memory for them as they are
// written, in huge pages where it has such. Free gives them back.
func Take(size int) ([]byte, error) {
	b, err := take(size)
	if err != nil {
		return nil, fmt.Errorf("taking %d bytes of memory: %w", size, err)
	}
	return b, nil
}

// Written makes a file of weights, just written, ready to be mapped: it is made
// durable, and the system forgets what it holds of it, where it can be told so
// (Linux). What is kept of written files lies in pages of 4 KiB, which whoever maps
// them gets for as long as they stay in memory; read again from the disk, a file
// comes in pages of up to 2 MiB, from which decoding on a virtual machine went
// nearly twice as fast.
func Written(f *os.File) error {
	if err := f.Sync(); err != nil {
		return err
	}
	forget(f)
	return nil
}

// SmallPages reports whether a mapped file is in memory, and in pages that Written
// speaks of: a sign of a file that was just written, by a download for example. It
// looks at a few places, and says no where the system does not tell (not Linux).
func SmallPages(b []byte) bool { return smallPages(b) }
