package memory

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

func take(size int) ([]byte, error) {
	address, err := windows.VirtualAlloc(0, uintptr(size), windows.MEM_RESERVE|windows.MEM_COMMIT, windows.PAGE_READWRITE)
	if err != nil {
		return nil, err
	}
	// As of a view of a file: the address is no Go pointer.
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&address)), size), nil
}

// Protect makes memory of Take read-only.
func Protect(b []byte) error {
	var old uint32
	return windows.VirtualProtect(uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), windows.PAGE_READONLY, &old)
}

// Free gives memory of Take back, which nobody may use any more.
func Free(b []byte) error {
	return windows.VirtualFree(uintptr(unsafe.Pointer(unsafe.SliceData(b))), 0, windows.MEM_RELEASE)
}
