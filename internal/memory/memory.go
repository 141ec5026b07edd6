// Package memory takes memory from the system that the garbage collector does not
// know: for weights and caches of many gigabytes, beside which it would let as much
// garbage lie before it collects. It knows nothing of what the memory is for.
package memory

import (
	"fmt"
	"os"
)

// HugePage is the size of a huge page, where a system with pages of 4 KiB has such.
const HugePage = 2 << 20

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
// (Linux). What ext4 keeps of a written file may lie in pages of 4 KiB, which whoever maps
// it gets for as long as they stay in memory; read again from the disk, the same file came
// in pages of up to 2 MiB, from which decoding on a virtual machine went 1.5 to 1.9 times as fast.
func Written(f *os.File) error {
	if err := f.Sync(); err != nil {
		return err
	}
	forget(f)
	return nil
}

// SmallPages reports whether the file at path, mapped as b, is in memory, and not in pages
// of 2 MiB, though the system has such. It looks at a few places, and says no where
// the system does not tell (not Linux, a file that may not be written).
func SmallPages(path string, b []byte) bool { return smallPages(path, b) }
