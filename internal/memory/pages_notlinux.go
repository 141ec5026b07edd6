//go:build !linux

package memory

func smallPages(string, []byte) bool { return false }
