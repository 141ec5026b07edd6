//go:build unix

package checkpoint

import "golang.org/x/sys/unix"

func takeMemory(size int) ([]byte, error) {
	b, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, err
	}
	wantHugePages(b)
	return b, nil
}

func protectMemory(b []byte) error { return unix.Mprotect(b, unix.PROT_READ) }

func freeMemory(b []byte) error { return unix.Munmap(b) }
