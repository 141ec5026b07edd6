//go:build !purego

package kernel

//go:noescape
func tile1Super32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, ahead *byte, step int)

//go:noescape
func tile2Super32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, ahead *byte, step int)

//go:noescape
func tile3Super32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, ahead *byte, step int)

//go:noescape
func tile4Super32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, ahead *byte, step int)

//go:noescape
func tile5Super32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, ahead *byte, step int)

//go:noescape
func tile6Super32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, ahead *byte, step int)

//go:noescape
func tile1Super16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int)

//go:noescape
func tile2Super16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int)

//go:noescape
func tile3Super16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int)

//go:noescape
func tile4Super16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int)

//go:noescape
func tile5Super16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int)

//go:noescape
func tile6Super16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int)

//go:noescape
func tile1Nibbles32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, ahead *byte, step int)

//go:noescape
func tile2Nibbles32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, ahead *byte, step int)

//go:noescape
func tile3Nibbles32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, ahead *byte, step int)

//go:noescape
func tile4Nibbles32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, ahead *byte, step int)

//go:noescape
func tile5Nibbles32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, ahead *byte, step int)

//go:noescape
func tile6Nibbles32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, ahead *byte, step int)

//go:noescape
func tile1Narrow16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int, ahead *byte, step int, most *int32)

//go:noescape
func tile2Narrow16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int, ahead *byte, step int, most *int32)

//go:noescape
func tile3Narrow16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int, ahead *byte, step int, most *int32)

//go:noescape
func tile4Narrow16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int, ahead *byte, step int, most *int32)

//go:noescape
func tile5Narrow16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int, ahead *byte, step int, most *int32)

//go:noescape
func tile6Narrow16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int, ahead *byte, step int, most *int32)

//go:noescape
func tile1Plain32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int, ahead *byte, step int)

//go:noescape
func tile2Plain32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int, ahead *byte, step int)

//go:noescape
func tile3Plain32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int, ahead *byte, step int)

//go:noescape
func tile4Plain32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int, ahead *byte, step int)

//go:noescape
func tile5Plain32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int, ahead *byte, step int)

//go:noescape
func tile6Plain32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int, ahead *byte, step int)

//go:noescape
func tile1Centred16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int)

//go:noescape
func tile2Centred16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int)

//go:noescape
func tile3Centred16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int)

//go:noescape
func tile4Centred16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int)

//go:noescape
func tile5Centred16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int)

//go:noescape
func tile6Centred16VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int)

//go:noescape
func tile1Centred32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int)

//go:noescape
func tile2Centred32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int)

//go:noescape
func tile3Centred32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int)

//go:noescape
func tile4Centred32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int)

//go:noescape
func tile5Centred32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int)

//go:noescape
func tile6Centred32VNNI(acc *float32, panel *byte, q *int8, d *float32, sums *int32, k, blocks int)

//go:noescape
func minimaPlain32VNNI(m *float32, panel *byte, d *float32, sums *int32, blocks int)

//go:noescape
func finishVNNI(dst, acc *float32, stride, tokens int)

//go:noescape
func mostVNNI(most *int32, q *int8, k, tokens, blocks int)

//go:noescape
func wideSumsVNNI(dst *int32, sums *int16, factor, n int)

//go:noescape
func pairSumsVNNI(dst, sums *int16, n int)

//go:noescape
func scaledSumsVNNI(dst *int32, sums *int16, factor, n int)

// tileSuper32 adds blocks of 256, with scales and minima every 32, to the
// accumulators of up to 6 tokens. sums are of 32.
func tileSuper32(tokens int, acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, ahead *byte, step int) {
	switch tokens {
	case 1:
		tile1Super32VNNI(acc, panel, q, d, sums, k, blocks, ahead, step)
	case 2:
		tile2Super32VNNI(acc, panel, q, d, sums, k, blocks, ahead, step)
	case 3:
		tile3Super32VNNI(acc, panel, q, d, sums, k, blocks, ahead, step)
	case 4:
		tile4Super32VNNI(acc, panel, q, d, sums, k, blocks, ahead, step)
	case 5:
		tile5Super32VNNI(acc, panel, q, d, sums, k, blocks, ahead, step)
	case 6:
		tile6Super32VNNI(acc, panel, q, d, sums, k, blocks, ahead, step)
	}
}

// tileSuper16 is the same with scales and minima every 16. sums are of 16.
func tileSuper16(tokens int, acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int) {
	switch tokens {
	case 1:
		tile1Super16VNNI(acc, panel, q, d, sums, k, blocks)
	case 2:
		tile2Super16VNNI(acc, panel, q, d, sums, k, blocks)
	case 3:
		tile3Super16VNNI(acc, panel, q, d, sums, k, blocks)
	case 4:
		tile4Super16VNNI(acc, panel, q, d, sums, k, blocks)
	case 5:
		tile5Super16VNNI(acc, panel, q, d, sums, k, blocks)
	case 6:
		tile6Super16VNNI(acc, panel, q, d, sums, k, blocks)
	}
}

// tilePlain32 is the same for blocks of 32, the sums of which begin at start.
func tilePlain32(tokens int, acc *float32, panel *byte, q *int8, d *float32, start *int32, k, blocks int, ahead *byte, step int) {
	switch tokens {
	case 1:
		tile1Plain32VNNI(acc, panel, q, d, start, k, blocks, ahead, step)
	case 2:
		tile2Plain32VNNI(acc, panel, q, d, start, k, blocks, ahead, step)
	case 3:
		tile3Plain32VNNI(acc, panel, q, d, start, k, blocks, ahead, step)
	case 4:
		tile4Plain32VNNI(acc, panel, q, d, start, k, blocks, ahead, step)
	case 5:
		tile5Plain32VNNI(acc, panel, q, d, start, k, blocks, ahead, step)
	case 6:
		tile6Plain32VNNI(acc, panel, q, d, start, k, blocks, ahead, step)
	}
}

// tileCentred16 is the same for centred weights with scales every 16, the sums of
// which begin at start.
func tileCentred16(tokens int, acc *float32, panel *byte, q *int8, d *float32, start *int32, k, blocks int) {
	switch tokens {
	case 1:
		tile1Centred16VNNI(acc, panel, q, d, start, k, blocks)
	case 2:
		tile2Centred16VNNI(acc, panel, q, d, start, k, blocks)
	case 3:
		tile3Centred16VNNI(acc, panel, q, d, start, k, blocks)
	case 4:
		tile4Centred16VNNI(acc, panel, q, d, start, k, blocks)
	case 5:
		tile5Centred16VNNI(acc, panel, q, d, start, k, blocks)
	case 6:
		tile6Centred16VNNI(acc, panel, q, d, start, k, blocks)
	}
}

// tileCentred32 is the same with scales every 32.
func tileCentred32(tokens int, acc *float32, panel *byte, q *int8, d *float32, start *int32, k, blocks int) {
	switch tokens {
	case 1:
		tile1Centred32VNNI(acc, panel, q, d, start, k, blocks)
	case 2:
		tile2Centred32VNNI(acc, panel, q, d, start, k, blocks)
	case 3:
		tile3Centred32VNNI(acc, panel, q, d, start, k, blocks)
	case 4:
		tile4Centred32VNNI(acc, panel, q, d, start, k, blocks)
	case 5:
		tile5Centred32VNNI(acc, panel, q, d, start, k, blocks)
	case 6:
		tile6Centred32VNNI(acc, panel, q, d, start, k, blocks)
	}
}

// tileNibbles32 is tileSuper32 for Q4_K.
func tileNibbles32(tokens int, acc *float32, panel *byte, q *int8, d *float32, sums *int16, k, blocks int, ahead *byte, step int) {
	switch tokens {
	case 1:
		tile1Nibbles32VNNI(acc, panel, q, d, sums, k, blocks, ahead, step)
	case 2:
		tile2Nibbles32VNNI(acc, panel, q, d, sums, k, blocks, ahead, step)
	case 3:
		tile3Nibbles32VNNI(acc, panel, q, d, sums, k, blocks, ahead, step)
	case 4:
		tile4Nibbles32VNNI(acc, panel, q, d, sums, k, blocks, ahead, step)
	case 5:
		tile5Nibbles32VNNI(acc, panel, q, d, sums, k, blocks, ahead, step)
	case 6:
		tile6Nibbles32VNNI(acc, panel, q, d, sums, k, blocks, ahead, step)
	}
}

// tileNarrow16 is tileCentred16 for Q6_K. most has the most of what the magnitudes
// of 16 activations come to together, in each block.
func tileNarrow16(tokens int, acc *float32, panel *byte, q *int8, d *float32, start *int32, k, blocks int, ahead *byte, step int, most *int32) {
	switch tokens {
	case 1:
		tile1Narrow16VNNI(acc, panel, q, d, start, k, blocks, ahead, step, most)
	case 2:
		tile2Narrow16VNNI(acc, panel, q, d, start, k, blocks, ahead, step, most)
	case 3:
		tile3Narrow16VNNI(acc, panel, q, d, start, k, blocks, ahead, step, most)
	case 4:
		tile4Narrow16VNNI(acc, panel, q, d, start, k, blocks, ahead, step, most)
	case 5:
		tile5Narrow16VNNI(acc, panel, q, d, start, k, blocks, ahead, step, most)
	case 6:
		tile6Narrow16VNNI(acc, panel, q, d, start, k, blocks, ahead, step, most)
	}
}
