//go:build !purego

package kernel

import "unsafe"

// streamValues is how many values of a row are taken apart at a time: so little of
// a panel stays in the first cache.
const streamValues = 512

// stream does MatMulQ8 for at least panelRows rows and at most passTokens tokens,
// of the encodings without strips. While it does some rows, it reads ahead the
// memory of the next. The last panel is the last panelRows rows, some of them
// perhaps again.
func (s *Scratch) stream(dst []float32, stride int, w []byte, e Encoding, rows int, a *Q8Rows) {
	values, bytes := e.Block()
	blocks, rowBytes := a.K/values, e.rowBytes(a.K)
	s.tileSums(e, a)
	for next := 0; next < rows; next += panelRows {
		r := min(next, rows-panelRows)
		clear(s.acc[:a.N*2*panelRows])
		// What follows the last rows is read ahead too: nothing comes of an
		// address that there is not, and mostly the next call's weights are there.
		ahead := panelRows * rowBytes
		for b := 0; b < blocks; b += streamValues / values {
			n := min(streamValues/values, blocks-b)
			for half := range 2 {
				from := 16*half*rowBytes + b*bytes
				unpackHalf(&s.panel[64*half], e, &w[r*rowBytes+from], rowBytes, n, ahead-from)
				ahead += 16 * n * bytes
			}
			s.streamTiles(e, a, b, n)
		}
		finishVNNI(&dst[r], &s.acc[0], stride, a.N)
	}
}

// streamTiles is tiles with the sums that there are.
func (s *Scratch) streamTiles(e Encoding, a *Q8Rows, b, n int) {
	eachTile(a.N, func(_, t, size int) {
		tile := a.Slice(t, t+size)
		s.tileProducts(e, &tile, t, &s.acc[t*2*panelRows], b, n)
	})
}

// thirtyTwo reports whether centred blocks of 256 have a scale every 32, and are
// unpacked to super32 panels.
func thirtyTwo(e Encoding) bool {
	switch e {
	case IQ4_XS, IQ3_XXS, IQ3_S, IQ2_XXS, IQ1_S:
		return true
	}
	return false
}

// tileSums sets s.sums to what tileProducts needs of the sums of activations: in
// centred encodings what the sums of products begin at. Those of affine blocks of
// 32 begin at 0, and the sums that their minima need are in the second half of s.sums;
// affine blocks of 256 need none.
func (s *Scratch) tileSums(e Encoding, a *Q8Rows) {
	if need := a.N * a.K / 16; len(s.sums) < need {
		s.sums = make([]int32, need)
	}
	affine, zero, thirtyTwos := encodings[e].affine, encodings[e].zero, a.N*a.K/32
	switch {
	case a.Block == 32 && affine:
		clear(s.sums[:thirtyTwos])
		scaledSumsVNNI(&s.sums[len(s.sums)/2], &a.Sums[0], 1, thirtyTwos)
	case a.Block == 32 || thirtyTwo(e):
		scaledSumsVNNI(&s.sums[0], &a.Sums[0], -zero, thirtyTwos)
	case !affine:
		wideSumsVNNI(&s.sums[0], &a.Sums[0], -zero, a.N*a.K/16)
	}
}

// tileProducts adds the products of n blocks from b on, which are in the panel,
// and of the tokens of a, which are those from t on that the sums were made for.
func (s *Scratch) tileProducts(e Encoding, a *Q8Rows, t int, acc *float32, b, n int) {
	affine, panel := encodings[e].affine, &s.panel[0]
	blocks, q, d := a.K/a.Block, &a.Q[b*a.Block], &a.D[b]
	switch {
	case a.Block == 256 && affine:
		tileSuper16(a.N, acc, panel, q, d, &a.Sums[b*16], a.K, n)
	case thirtyTwo(e):
		tileCentred32(a.N, acc, panel, q, d, &s.sums[t*a.K/32+b*8], a.K, n)
	case a.Block == 256:
		tileCentred16(a.N, acc, panel, q, d, &s.sums[t*a.K/16+b*16], a.K, n)
	default:
		tilePlain32(a.N, acc, panel, q, d, &s.sums[t*blocks+b], a.K, n, panel, 0)
	}
	if a.Block == 32 && affine {
		sums := s.sums[len(s.sums)/2:]
		m := unsafe.Slice(acc, a.N*2*panelRows)
		for i := range a.N {
			minimaPlain32VNNI(&m[i*2*panelRows+panelRows], panel, &a.D[i*blocks+b], &sums[(t+i)*blocks+b], n)
		}
	}
}
