//go:build !purego

package kernel

//go:noescape
func prefetch(b *byte, n int)
