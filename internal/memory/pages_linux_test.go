package memory

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

const smaps = `7f10c0000000-7f10c2000000 r--s 00000000 fe:00 42    /m.gguf
Rss:               32768 kB
FilePmdMapped:     30720 kB
VmFlags: rd mr
7f10c2000000-7f10c2001000 rw-p 00000000 00:00 0
FilePmdMapped:         0 kB
`

func TestHugeMapped(t *testing.T) {
	for _, c := range []struct {
		address uint64
		kB      int
		known   bool
	}{{0x7f10c0000000, 30720, true}, {0x7f10c1ffffff, 30720, true}, {0x7f10c2000000, 0, true}, {0x7f10c2001000, 0, false}} {
		if kB, known := hugeMapped(strings.NewReader(smaps), c.address); kB != c.kB || known != c.known {
			t.Errorf("at %x %d kB, known %t; want %d, %t", c.address, kB, known, c.kB, c.known)
		}
	}
}

// A file that was written is out of memory, so that its pages are not called small;
// what the system does with files in memory differs from one to the other.
func TestWrittenFileIsForgotten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "weights")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const size = (looks + 1) * hugePage
	if _, err := f.Write(make([]byte, size)); err != nil {
		t.Fatal(err)
	}
	if err := Written(f); err != nil {
		t.Fatal(err)
	}
	r, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := unix.Mmap(int(r.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(b)
	var fs unix.Statfs_t
	if err := unix.Fstatfs(int(r.Fd()), &fs); err != nil || fs.Type == unix.TMPFS_MAGIC {
		t.Skip("the files of this folder are always in memory", err)
	}
	if resident(b[:size/2]) {
		t.Error("a file is in memory after it was written")
	}
	if SmallPages(b) {
		t.Error("a file that is not in memory is said to lie in small pages")
	}
}
