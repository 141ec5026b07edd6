package checkpoint

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

func takeMemory(size int) ([]byte, error) {
	address, err := windows.VirtualAlloc(0, uintptr(size), windows.MEM_RESERVE|windows.MEM_COMMIT, windows.PAGE_READWRITE)
	if err != nil {
		return nil, err
	}
	// As of a view of a file: the address is no Go pointer.
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&address)), size), nil
}

func protectMemory(b []byte) error {
	var old uint32
	return windows.VirtualProtect(uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), windows.PAGE_READONLY, &old)
}

func freeMemory(b []byte) error {
	return windows.VirtualFree(uintptr(unsafe.Pointer(unsafe.SliceData(b))), 0, windows.MEM_RELEASE)
}
