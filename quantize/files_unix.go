//go:build unix

package quantize

import (
	"os"
	"syscall"
)

// allocated returns the bytes that a file takes of its disk: holes take none.
func allocated(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return s.Blocks * 512
	}
	return 0
}
