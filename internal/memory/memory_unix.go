//go:build unix

package memory

import "golang.org/x/sys/unix"

func take(size int) ([]byte, error) {
	b, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, err
	}
	wantHugePages(b)
	return b, nil
}

// Protect makes memory of Take read-only.
func Protect(b []byte) error { return unix.Mprotect(b, unix.PROT_READ) }

// Free gives memory of Take back, which nobody may use any more.
func Free(b []byte) error { return unix.Munmap(b) }
