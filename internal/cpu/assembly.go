//go:build !purego

package cpu

const assembly = true
