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

// looks is how many places of a mapping are looked at.
const looks = 16

// smallPages touches places of a mapped file that are in memory, and asks the system
// whether it mapped huge pages for them.
func smallPages(path string, b []byte) bool {
	if os.Getpagesize() != 4096 || !hasHugePages() || unix.Access(path, unix.W_OK) != nil {
		return false // of a file that may not be written, mincore(2) says that all is in memory
	}
	places := lookAt(b)
	touched, sum := 0, byte(0)
	for _, place := range places {
		if resident(place) {
			sum += place[0]
			touched++
		}
	}
	runtime.KeepAlive(sum) // so that the places are touched
	if touched == 0 || touched < looks/2 {
		return false
	}
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		return false
	}
	defer f.Close()
	huge, known := hugeMapped(f, uint64(uintptr(unsafe.Pointer(&places[0][0]))))
	return known && huge == 0
}

// hasHugePages reports whether the system gives such at all.
func hasHugePages() bool {
	text, err := os.ReadFile("/sys/kernel/mm/transparent_hugepage/enabled")
	return err == nil && !strings.Contains(string(text), "[never]")
}

// lookAt returns places of b that could be huge pages, from all over it, or none if
// b is small.
func lookAt(b []byte) [][]byte {
	if len(b) < (looks+1)*HugePage {
		return nil
	}
	first := int(-uintptr(unsafe.Pointer(&b[0])) % HugePage)
	whole := (len(b) - first) / HugePage
	places := make([][]byte, looks)
	for i := range places {
		places[i] = b[first+i*whole/looks*HugePage:][:HugePage]
	}
	return places
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
	inside := false
	for s := bufio.NewScanner(smaps); s.Scan(); {
		line := s.Text()
		var from, to uint64
		if n, _ := fmt.Sscanf(line, "%x-%x ", &from, &to); n == 2 {
			inside = from <= address && address < to
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		if inside && (name == "FilePmdMapped" || name == "ShmemPmdMapped") {
			var n int
			if _, err := fmt.Sscanf(value, "%d kB", &n); err == nil {
				kB, known = kB+n, true
			}
		}
	}
	return kB, known
}
