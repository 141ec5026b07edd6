//go:build unix

package checkpoint

import (
	"os"

	"golang.org/x/sys/unix"
)

func mapping(f *os.File, size int) ([]byte, error) {
	b, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	// Of what is not in memory yet, where the file's system can.
	wantHugePages(b)
	return b, nil
}

func unmap(data []byte) error { return unix.Munmap(data) }
