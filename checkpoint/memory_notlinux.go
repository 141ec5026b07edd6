//go:build unix && !linux

package checkpoint

// wantHugePages does nothing: the system chooses.
func wantHugePages([]byte) {}
