package memory

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

const smaps = `7f10c0000000-7f10c2000000 r--s 00000000 fe:00 42    /m.gguf
Rss:               32768 kB
FilePmdMapped:     30720 kB
ShmemPmdMapped:        0 kB
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

func TestLookAt(t *testing.T) {
	b := make([]byte, 3*(looks+1)*HugePage)
	if got := lookAt(b[:(looks+1)*HugePage-1]); got != nil {
		t.Errorf("%d places of what has no room for them", len(got))
	}
	for at := range 3 {
		part := b[at*4096:][:(looks+1)*HugePage*(at+1)-at*4096*2]
		if len(part) < (looks+1)*HugePage {
			continue
		}
		places := lookAt(part)
		if len(places) != looks {
			t.Fatalf("%d places, want %d", len(places), looks)
		}
		last := uintptr(0)
		for _, p := range places {
			address := uintptr(unsafe.Pointer(&p[0]))
			if address%HugePage != 0 || len(p) != HugePage || address <= last {
				t.Errorf("a place of %d bytes at %x, after %x", len(p), address, last)
			}
			last = address
		}
	}
}

// written makes a file of zeros, gives it to done, and maps it.
func written(t *testing.T, size int, done func(*os.File) error) (path string, b []byte) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "weights")
	if err := os.WriteFile(path, make([]byte, size), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := done(f); err != nil {
		t.Fatal(err)
	}
	b, err = unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Munmap(b) })
	return path, b
}

// A file that was written is out of memory, so that its pages are not called small;
// what the system does with files in memory differs from one to the other.
func TestWrittenFileIsForgotten(t *testing.T) {
	_, probe := written(t, os.Getpagesize(), func(f *os.File) error {
		if err := f.Sync(); err != nil {
			return err
		}
		return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
	})
	if resident(probe) {
		t.Skip("the files of this folder are always in memory")
	}
	path, b := written(t, (looks+1)*HugePage, Written)
	for at := 0; at < len(b); at += os.Getpagesize() {
		if resident(b[at:][:os.Getpagesize()]) {
			t.Fatalf("byte %d of a file is in memory after it was written", at)
		}
	}
	if SmallPages(path, b) {
		t.Error("a file that is not in memory is said to lie in small pages")
	}
}
