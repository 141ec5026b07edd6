package memory

import "golang.org/x/sys/unix"

// wantHugePages asks for pages of 2 MiB. A system that has none gives others.
func wantHugePages(b []byte) { _ = unix.Madvise(b, unix.MADV_HUGEPAGE) }
