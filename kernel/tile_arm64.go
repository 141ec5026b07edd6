//go:build !purego

package kernel

// The tiles take one pair of tokens or two, pitch bytes apart.

//go:noescape
func tile1Super32I8MM(acc *float32, panel, x *byte, pitch, blocks, affine int)

//go:noescape
func tile2Super32I8MM(acc *float32, panel, x *byte, pitch, blocks, affine int)

//go:noescape
func tile1Super16I8MM(acc *float32, panel, x *byte, pitch, blocks, affine int)

//go:noescape
func tile2Super16I8MM(acc *float32, panel, x *byte, pitch, blocks, affine int)

//go:noescape
func tile1Plain32I8MM(acc *float32, panel, x *byte, pitch, blocks int)

//go:noescape
func tile2Plain32I8MM(acc *float32, panel, x *byte, pitch, blocks int)

//go:noescape
func tile1Super32Dot(acc *float32, panel, x *byte, pitch, blocks, affine int)

//go:noescape
func tile2Super32Dot(acc *float32, panel, x *byte, pitch, blocks, affine int)

//go:noescape
func tile1Super16Dot(acc *float32, panel, x *byte, pitch, blocks, affine int)

//go:noescape
func tile2Super16Dot(acc *float32, panel, x *byte, pitch, blocks, affine int)

//go:noescape
func tile1Plain32Dot(acc *float32, panel, x *byte, pitch, blocks int)

//go:noescape
func tile2Plain32Dot(acc *float32, panel, x *byte, pitch, blocks int)

// tile adds blocks of a panel times one pair of tokens or two to their accumulators.
func tile(e Encoding, pairs int, acc *float32, panel, x *byte, pitch, blocks int) {
	values, _ := e.Block()
	affine := 0
	if encodings[e].affine {
		affine = 1
	}
	switch {
	case useI8MM && values == 32 && pairs == 1:
		tile1Plain32I8MM(acc, panel, x, pitch, blocks)
	case useI8MM && values == 32:
		tile2Plain32I8MM(acc, panel, x, pitch, blocks)
	case useI8MM && by32(e) && pairs == 1:
		tile1Super32I8MM(acc, panel, x, pitch, blocks, affine)
	case useI8MM && by32(e):
		tile2Super32I8MM(acc, panel, x, pitch, blocks, affine)
	case useI8MM && pairs == 1:
		tile1Super16I8MM(acc, panel, x, pitch, blocks, affine)
	case useI8MM:
		tile2Super16I8MM(acc, panel, x, pitch, blocks, affine)
	case values == 32 && pairs == 1:
		tile1Plain32Dot(acc, panel, x, pitch, blocks)
	case values == 32:
		tile2Plain32Dot(acc, panel, x, pitch, blocks)
	case by32(e) && pairs == 1:
		tile1Super32Dot(acc, panel, x, pitch, blocks, affine)
	case by32(e):
		tile2Super32Dot(acc, panel, x, pitch, blocks, affine)
	case pairs == 1:
		tile1Super16Dot(acc, panel, x, pitch, blocks, affine)
	default:
		tile2Super16Dot(acc, panel, x, pitch, blocks, affine)
	}
}
