package quantize

import "os"

// allocated returns the bytes that a file takes of its disk: holes, too.
func allocated(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
