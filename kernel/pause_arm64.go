//go:build !purego

package kernel

func pause()
