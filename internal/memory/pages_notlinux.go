//go:build !linux

package memory

func smallPages([]byte) bool { return false }
