//go:build unix && !linux

package memory

// wantHugePages does nothing: the system chooses.
func wantHugePages([]byte) {}
