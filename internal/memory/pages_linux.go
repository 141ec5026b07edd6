package memory

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	hugePage = 2 << 20
	looks    = 16 // places of a mapping that are looked at
)

// smallPages touches places of b that are in memory, and asks the system whether it
// mapped huge pages for them.
func smallPages(b []byte) bool {
	first := -uintptr(unsafe.Pointer(&b[0])) % hugePage
	if uintptr(len(b)) < first+looks*hugePage {
		return false
	}
	places := (len(b) - int(first)) / hugePage
	touched, sum := 0, byte(0)
	for i := range looks {
		place := b[int(first)+i*places/looks*hugePage:][:hugePage]
		if resident(place) {
			sum += place[0]
			touched++
		}
	}
	runtime.KeepAlive(sum) // so that the places are touched
	if touched < looks/2 {
		return false
	}
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		return false
	}
	defer f.Close()
	huge, known := hugeMapped(f, uint64(uintptr(unsafe.Pointer(&b[first]))))
	return known && huge == 0
}

// resident reports whether all of b is in memory.
func resident(b []byte) bool {
	states := make([]byte, len(b)/os.Getpagesize())
	_, _, errno := unix.Syscall(unix.SYS_MINCORE, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), uintptr(unsafe.Pointer(&states[0])))
	if errno != 0 {
		return false
	}
	for _, s := range states {
		if s&1 == 0 {
			return false
		}
	}
	return true
}

// hugeMapped returns how many kB of the mapping at an address are in huge pages of
// a file, as proc(5) tells of smaps.
func hugeMapped(smaps io.Reader, address uint64) (kB int, known bool) {
	const field = "FilePmdMapped:"
	inside := false
	for s := bufio.NewScanner(smaps); s.Scan(); {
		line := s.Text()
		var from, to uint64
		if n, _ := fmt.Sscanf(line, "%x-%x ", &from, &to); n == 2 {
			inside = from <= address && address < to
		} else if inside && strings.HasPrefix(line, field) {
			n, _ := fmt.Sscanf(line[len(field):], "%d kB", &kB)
			return kB, n == 1
		}
	}
	return 0, false
}
